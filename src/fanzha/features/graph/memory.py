"""The memory of a graph: reserved once as addresses, touched as accounts and edges come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.errors import Misconfigured
from fanzha.features.graph.store import SIZE, STRIDE, TOP, Accounts, Graph, Terms
from fanzha.features.kernel import index
from fanzha.features.kernel import store as table
from fanzha.features.kernel.reserve import reserve

_PARTS = ("directory", "depths", "fill", "slots", "words", "free", "edges", "runs")


class GraphMemory:
    """Accounts by key in an extendible index, and one arena of runs of edges."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        # A segment is at least about half full once it has split; twice that is room for chance.
        segments = max(4, 4 * terms.rows_max // index.SEGMENT)
        depth = max(2, int(np.ceil(np.log2(segments))) + 2)
        accounts = Accounts(
            directory=np.zeros(1 << depth, np.int32),
            depths=np.zeros(segments, np.int8),
            fill=np.zeros(segments, np.int32),
            slots=np.frombuffer(reserve(4 * segments * index.SEGMENT), np.uint32),
            meta=np.zeros(SIZE, np.int64),
            words=np.frombuffer(reserve(8 * STRIDE * terms.rows_max), np.int64),
            free=np.frombuffer(reserve(4 * terms.rows_max), np.uint32),
            held=np.zeros(index.SEGMENT, np.uint32),
        )
        accounts.meta[table.SEGMENTS] = 1
        accounts.meta[table.WATERMARK] = table.LOWEST
        self.graph = Graph(
            accounts=accounts,
            edges=np.frombuffer(reserve(16 * terms.slots_max), np.int64),
            runs=np.full(terms.sizes + 1, -1, np.int64),
        )

    @property
    def keys(self) -> int:
        """Accounts that are tracked now."""
        meta = self.graph.accounts.meta
        return int(meta[table.ROWS] - meta[table.FREE])

    @property
    def slots(self) -> int:
        """Slots of edges ever taken."""
        return int(self.graph.accounts.meta[TOP])

    @property
    def bytes(self) -> int:
        """Memory in use: rows ever made, segments, runs ever taken, free list, directory."""
        return sum(self._used(name).nbytes for name in _PARTS)

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """The parts in use, copied."""
        parts = {name: self._used(name).copy() for name in _PARTS}
        return {"meta": self.graph.accounts.meta.copy(), **parts}

    def restore(self, state: Mapping[str, npt.NDArray[Any]], *, fits: bool) -> None:
        """Take over a snapshot; `fits` says that it was made with the same terms."""
        meta = self.graph.accounts.meta
        if not fits:
            raise _bad("快照与当前特征定义不符", "the snapshot was made with other declarations")
        if meta[table.SEEN]:
            raise _bad("只能恢复到新图", "a snapshot is only taken over by a new graph")
        meta[:] = state["meta"]
        for name in _PARTS:
            target = self._used(name)
            if target.shape != state[name].shape:
                meta[:] = 0
                meta[table.SEGMENTS], meta[table.WATERMARK] = 1, table.LOWEST
                raise _bad("快照不完整", "the snapshot is not whole")
            target[:] = state[name]

    def _used(self, name: str) -> npt.NDArray[Any]:
        """The part of an array that is in use."""
        meta = self.graph.accounts.meta
        length = {
            "directory": 1 << int(meta[table.DEPTH]),
            "depths": int(meta[table.SEGMENTS]),
            "fill": int(meta[table.SEGMENTS]),
            "slots": int(meta[table.SEGMENTS]) * index.SEGMENT,
            "words": int(meta[table.ROWS]) * STRIDE,
            "free": int(meta[table.FREE]),
            "edges": 2 * int(meta[TOP]),
            "runs": self._terms.sizes + 1,
        }[name]
        owner = self.graph if name in ("edges", "runs") else self.graph.accounts
        used: npt.NDArray[Any] = getattr(owner, name)[:length]
        return used


def _bad(zh: str, en: str) -> Misconfigured:
    return Misconfigured("snapshot_unfit", zh=zh, en=en, field="snapshot")
