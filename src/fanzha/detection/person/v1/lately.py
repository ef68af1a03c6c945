"""Who took up and hung up calls lately: by that a call whose end is missing is known to be over.

Records come late, twice, from two sources, or never. An answer that reaches the log when the talk
is long over would otherwise count as a call still on the line, and so would one whose end was lost:
a longer talk with every minute. A card in a phone that calls somebody else has hung up before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import Array, equals, instants, truths

__all__ = ["Lately"]

_COLUMNS = {"caller": "u8", "callee": "u8", "at": "i8", "end": "?", "single": "?"}
_SINGLE = (pl.col("caller_kind") == "mobile") & ~pl.col("from_abroad") & ~pl.col("by_resale")
"""A card in a phone holds one talk; a trunk shows one number for many."""


class Lately:
    """The newest `limit` answers and ends of calls, in order of the log."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._first = 0
        """Number of the oldest row held; rows are numbered from 0 as they come."""
        self._held = 0
        self._rows: dict[str, Array] = {n: np.empty(0, kind) for n, kind in _COLUMNS.items()}

    def __len__(self) -> int:
        return min(self._held, self._limit)

    @property
    def noted(self) -> int:
        """How many rows have been noted so far."""
        return self._first + self._held

    def take_in(self, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
        """Note a batch of calls; for each of its rows how many rows were noted by then."""
        end = equals(frame, "phase", "end")
        wanted = end | equals(frame, "phase", "answer")
        upto = self.noted + np.cumsum(wanted)
        more = int(wanted.sum())
        if more:
            self._make_room(more)
            fresh = {
                "caller": frame["caller_key"].to_numpy(),
                "callee": frame["callee_key"].to_numpy(),
                "at": instants(frame),
                "end": end,
                "single": truths(frame, _SINGLE)[0],
            }
            for name, column in self._rows.items():
                column[self._held : self._held + more] = fresh[name][wanted]
            self._held += more
        return upto

    def over(self, row: Mapping[str, Any], upto: int) -> bool:
        """Whether those two had hung up at or after this row, when `upto` rows had been noted."""
        rows = self._upto(upto)
        mine = (rows["caller"] == row["caller_key"]) & (rows["callee"] == row["callee_key"])
        return bool((mine & rows["end"] & (rows["at"] >= row["at"])).any())

    def elsewhere(self, caller: int, callee: int, since: int, upto: int) -> bool:
        """Whether the caller has talked to somebody else it called since an instant. The called
        person may: a second call waits, or comes in while the first is held."""
        rows = self._upto(upto)
        busy = (rows["caller"] == caller) & (rows["callee"] != callee) & rows["single"]
        return bool((busy & ~rows["end"] & (rows["at"] > since)).any())

    def _make_room(self, more: int) -> None:
        """Where there is none left, move what counts to the front, and leave as much free again."""
        if self._held + more <= len(self._rows["at"]):
            return
        gone = max(0, self._held - self._limit)
        for name, column in self._rows.items():
            moved = np.empty(2 * (self._held - gone + more), column.dtype)
            moved[: self._held - gone] = column[gone : self._held]
            self._rows[name] = moved
        self._first, self._held = self._first + gone, self._held - gone

    def _upto(self, upto: int) -> dict[str, Array]:
        low, high = max(0, upto - self._limit - self._first), upto - self._first
        return {name: column[low:high] for name, column in self._rows.items()}

    def snapshot(self) -> dict[str, Array]:
        held = {name: column[: self._held].copy() for name, column in self._rows.items()}
        return {**held, "first": np.array([self._first], np.int64)}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._first, self._held = int(state["first"][0]), len(state["at"])
        self._rows = {name: state[name].copy() for name in _COLUMNS}
