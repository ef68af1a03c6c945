"""The last minutes' acts of everybody, for people who turn out to be in danger a moment later.

Senders have delays of their own, so an act may reach the log before the contact that led to it.
Fusion therefore looks back when it opens an episode. Only rows that could say anything are kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import instants
from fanzha.detection.person.v1.evidence import ACTS, COLUMNS, PARTIES

__all__ = ["Act", "Recent"]


class Act(NamedTuple):
    """A row that fusion may have to take in later."""

    number: int
    """Which act it was, from 0, in order of the log."""
    stream: str
    row: dict[str, Any]


class Recent:
    """The newest `limit` acts, by the keys of those they concern."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._acts: deque[Act] = deque()
        self._by_key: dict[int, deque[Act]] = {}
        self._noted = 0

    def __len__(self) -> int:
        return len(self._acts)

    @property
    def noted(self) -> int:
        """How many acts have been noted so far."""
        return self._noted

    def take_in(self, stream: str, frame: pl.DataFrame) -> npt.NDArray[np.int64]:
        """Note a batch; for each of its rows how many acts were noted before it."""
        if stream not in ACTS:
            return np.full(frame.height, self._noted, np.int64)
        absent = [c for c in COLUMNS[stream] if c not in frame.columns]
        whole = frame.with_columns(pl.lit(None).alias(c) for c in absent).select(COLUMNS[stream])
        which = whole.select(ACTS[stream].fill_null(value=False)).to_series().to_numpy()
        upto = self._noted + np.concatenate([[0], np.cumsum(which)[:-1]])
        wanted = np.flatnonzero(which)
        if len(wanted):
            ticks = instants(frame)[wanted].tolist()
            for at, row in zip(ticks, whole[wanted].iter_rows(named=True), strict=True):
                self._note(Act(self._noted, stream, {**row, "at": at}))
        return upto.astype(np.int64)

    def _note(self, act: Act) -> None:
        self._noted += 1
        self._acts.append(act)
        for key in _keys(act):
            self._by_key.setdefault(key, deque()).append(act)

    def of(self, keys: Iterable[int], since: int, upto: int) -> list[tuple[int, Act]]:
        """(key it concerns, act) since an instant, in order of the log, as known when `upto` acts
        had been noted."""
        oldest = upto - self._limit
        found = [
            (act.number, key, act)
            for key in keys
            for act in self._by_key.get(key, ())
            if oldest <= act.number < upto and act.row["at"] >= since
        ]
        return [(key, act) for _, key, act in sorted(found, key=lambda item: item[:2])]

    def forget(self) -> None:
        """Drop what no row to come can ask for. Call between batches."""
        while self._acts and self._acts[0].number < self._noted - self._limit:
            act = self._acts.popleft()
            for key in _keys(act):
                mine = self._by_key[key]
                mine.popleft()
                if not mine:
                    del self._by_key[key]

    def to_json(self) -> list[Any]:
        return [self._noted, [list(act) for act in self._acts]]

    def from_json(self, plain: list[Any]) -> None:
        for number, stream, row in plain[1]:
            self._noted = number
            self._note(Act(number, stream, row))
        self._noted = plain[0]
        assert all(a.number < b.number for a, b in pairwise(self._acts))


def _keys(act: Act) -> set[int]:
    return {act.row[name] for name in PARTIES[act.stream]} - {0, None}
