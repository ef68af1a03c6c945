"""A graph that has taken in most of a stream, and is timed over what follows."""

from __future__ import annotations

import time
from typing import Any

from bench.peers.transfers import Columns, cut
from fanzha.features.graph.declare import GraphWindow, Pattern
from fanzha.features.graph.live import GraphSet

BATCH, SMALL = 25_000, 128
State = dict[str, Any] | None


class RunningGraph:
    """Warmed up with the first rows of a stream, or with the state of a graph that was; each
    measurement goes on from where it stands."""

    def __init__(
        self, data: Columns, warm: int, patterns: tuple[Pattern, ...], state: State = None
    ) -> None:
        self._data = data
        self._at = warm
        self.graph = GraphSet(GraphWindow("graph", patterns=patterns))
        if state is not None:
            self.graph.restore(state)
            return
        for start in range(0, warm, BATCH):
            self.graph.update(cut(data, start, min(start + BATCH, warm)))

    def rate(self, many: int) -> float:
        """Transfers a second over the next so many, columns in to features out."""
        stop = self._at + many
        taken = 0.0
        for start in range(self._at, stop, BATCH):
            taken += self._taken(start, min(start + BATCH, stop))
        self._at = stop
        return many / taken

    def batch_ms(self, many: int) -> list[float]:
        """Milliseconds of each of the next batches of 128."""
        stop = self._at + many * SMALL
        found = [1000 * self._taken(start, start + SMALL) for start in range(self._at, stop, SMALL)]
        self._at = stop
        return found

    def share(self, name: str, many: int) -> float:
        """Share of the next rows where a feature or a column of truncation is not 0."""
        told = self.graph.update(cut(self._data, self._at, self._at + many))
        self._at += many
        return float((told[name] > 0).mean())

    def _taken(self, start: int, stop: int) -> float:
        batch = cut(self._data, start, stop)
        if len(batch["at"]) != stop - start:
            raise ValueError("the stream is too short for what is to be measured")
        begun = time.process_time()
        self.graph.update(batch)
        return time.process_time() - begun


def percentile(values: list[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
