"""Graph features at work: batches of transfers in, one number a feature and transfer out."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.features.frame import Columns, Ints
from fanzha.features.graph import store as memory
from fanzha.features.graph.catalogue import Meaning, meanings
from fanzha.features.graph.declare import FEN_BOUND, GraphWindow, Pattern
from fanzha.features.graph.memory import GraphMemory
from fanzha.features.graph.rows import update
from fanzha.features.graph.store import AT_BOUND, Batch, Told, room_for
from fanzha.features.kernel.store import EXPIRED

CHUNK = 16_384
"""Rows that go through the kernel at a time: their columns stay in the processor's cache."""
_BITS = {
    Pattern.THROUGH: memory.THROUGH,
    Pattern.GATHER_SCATTER: memory.GATHER,
    Pattern.SCATTER_GATHER: memory.SCATTER,
    Pattern.CYCLE: memory.CYCLE,
}
_KEPT = ("longest", "lateness", "forget", "cap", "rows_max", "slots_max")
"""Terms on which the state depends: what is told may change without losing it."""


@dataclass(frozen=True, slots=True)
class GraphCounters:
    """What a graph did not keep, and how much it worked.

    `late` and `refused` transfers left no edge; `truncated` ones were told a lower bound; `dropped`
    edges gave way because memory was used up, not because of the cap; `expired` accounts were
    silent. `steps` are edges looked at or moved, `most_steps` those of one transfer.
    """

    late: int = 0
    refused: int = 0
    truncated: int = 0
    dropped: int = 0
    expired: int = 0
    steps: int = 0
    most_steps: int = 0


class GraphSet:
    """The graph of one stream of transfers. Deterministic, and blind to batch boundaries."""

    def __init__(self, window: GraphWindow) -> None:
        self.window = window
        self.meanings: tuple[Meaning, ...] = meanings(window)
        self._memory = GraphMemory(window.terms)
        self._room = room_for(window.terms)
        self._late = self._refused = self._truncated = 0
        self._cuts = self._cut_columns()
        kept = [getattr(window.terms, name) for name in _KEPT]
        self._declared = np.array([zlib.crc32(repr(kept).encode())])

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature, in the order of `meanings`; the columns of truncation are not among
        them."""
        return tuple(m.name for m in self.meanings)

    def update(self, columns: Columns) -> dict[str, npt.NDArray[Any]]:
        """Take in a batch and tell each transfer's features, as they stand after it.

        `columns` has `at` (int64 ms), `payer_key` and `payee_key` (uint64, 0 for none), `amount`
        (int64 fen; below 0 is 0, and 2^53 is the most), and may have `counted` (rows that are not
        only read). Gives float64 a feature, NaN where it is null: a key of 0, or a graph that was
        full. For each side and pattern a boolean column `…_truncated` says that a cap cut the
        answer, which is then a lower bound; `<name>_truncated` that any of them did; and `late`
        that the row was: it is told what stands at the oldest instant that still counts.
        """
        n = len(columns["at"])
        at = np.clip(np.asarray(columns["at"], np.int64), -AT_BOUND, AT_BOUND)
        fen = np.clip(np.asarray(columns["amount"], np.int64), 0, FEN_BOUND - 1)
        payers = np.ascontiguousarray(columns["payer_key"], np.uint64)
        payees = np.ascontiguousarray(columns["payee_key"], np.uint64)
        counted = np.asarray(columns.get("counted", np.ones(n, np.bool_)), np.bool_)
        numbers = np.empty((self.window.terms.outputs, n), np.float64)
        flags = np.empty(n, np.int32)
        for start in range(0, n, CHUNK):
            rows = slice(start, start + CHUNK)
            batch = Batch(at[rows], payers[rows], payees[rows], fen[rows], counted[rows])
            told = Told(np.empty((len(numbers), len(batch.at)), np.float64), flags[rows])
            update(self.window.terms, self._memory.graph, self._room, batch, told)
            numbers[:, rows] = told.numbers
        return self._named(numbers, flags)

    def _named(
        self, numbers: npt.NDArray[np.float64], flags: npt.NDArray[np.int32]
    ) -> dict[str, npt.NDArray[Any]]:
        late = (flags & memory.LATE) != 0
        refused = (flags & memory.REFUSED) != 0
        found: dict[str, npt.NDArray[Any]] = dict(zip(self.names, numbers, strict=True))
        for name, bit in self._cuts.items():
            found[name] = (flags & bit) != 0
        cut = flags >= memory.PAYER
        found[f"{self.window.name}_truncated"] = cut
        found["late"] = late
        self._late += int(np.count_nonzero(late))
        self._refused += int(np.count_nonzero(refused))
        self._truncated += int(np.count_nonzero(cut))
        return found

    def _cut_columns(self) -> dict[str, int]:
        """Columns that say what a cap cut, each with its bit of the flags."""
        sides = {"payer": memory.PAYER, "payee": memory.PAYEE, "pair": memory.PAIR}
        cuts = {
            f"{side}_{span}_truncated": bit << w
            for w, span in enumerate(self.window.windows)
            for side, bit in sides.items()
        }
        return cuts | {f"{p}_truncated": _BITS[p] for p in Pattern if p in self.window.patterns}

    # ── state ────────────────────────────────────────────────────────────────────────────────────

    def counters(self) -> GraphCounters:
        """What was not kept, and the work, since the beginning."""
        meta = self._memory.graph.accounts.meta
        return GraphCounters(
            self._late,
            self._refused,
            self._truncated,
            int(meta[memory.DROPPED]),
            int(meta[EXPIRED]),
            int(meta[memory.STEPS]),
            int(meta[memory.MOST]),
        )

    def sizes(self) -> tuple[int, int, int]:
        """Accounts tracked, slots of edges taken, bytes in use."""
        return self._memory.keys, self._memory.slots, self._memory.bytes

    def snapshot(self) -> dict[str, Ints]:
        """The parts in use, copied."""
        counted = np.array([self._late, self._refused, self._truncated], np.int64)
        return {**self._memory.snapshot(), "counted": counted, "declared": self._declared}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over a snapshot made with the same caps and longest span, whatever patterns are
        told; only into a new set.

        Raises Misconfigured where these differ, the set is in use, or a part is cut
        short.
        """
        self._memory.restore(state, fits=np.array_equal(state["declared"], self._declared))
        self._late, self._refused, self._truncated = (int(v) for v in state["counted"])
