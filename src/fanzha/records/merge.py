"""Several streams in the order of time, for files larger than memory: sorted runs, one merge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.records.schemas import STREAMS, admitted_schema

#: Rows of one stream sorted at once, and rows of one run held while merging.
RUN_ROWS = 500_000
_HELD_ROWS = 8_192
_ORDER = [("at", "ascending"), ("event_id", "ascending")]


@dataclass(frozen=True, slots=True)
class Slice:
    """A bounded stretch of time: each stream's rows in it, sorted by `at`, `event_id`.

    Slices follow one another in the total order (`at`, stream order, `event_id`): no row of a later
    slice comes before any of an earlier one.
    """

    batches: dict[str, pa.RecordBatch]

    @property
    def rows(self) -> int:
        return sum(batch.num_rows for batch in self.batches.values())

    def pieces(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The rows in their total order (`at`, stream order, `event_id`), neighbours of one stream
        together. Exact, and for streams that alternate as short as one row."""
        streams = [stream for stream in STREAMS if stream in self.batches]
        times = [_ticks(self.batches[stream]) for stream in streams]
        owner = np.repeat(np.arange(len(streams)), [len(ticks) for ticks in times])
        order = np.lexsort((owner, np.concatenate(times))) if times else np.zeros(0, np.intp)
        sorted_owner = owner[order]
        cuts = np.flatnonzero(np.diff(sorted_owner)) + 1
        taken = [0] * len(streams)
        for piece in np.split(sorted_owner, cuts):
            if not len(piece):
                continue
            at = int(piece[0])
            batch = self.batches[streams[at]].slice(taken[at], len(piece))
            taken[at] += len(piece)
            yield streams[at], batch


def merge(
    streams: Mapping[str, Iterable[pa.RecordBatch]],
    spill: Path,
    *,
    slice_rows: int = 10_000,
    slice_ms: int = 60_000,
) -> Iterator[Slice]:
    """The rows of all streams by time, in slices of at most `slice_rows` rows and `slice_ms`.

    `streams` gives admitted batches in any order of time. Each stream is written to the folder
    `spill` as sorted runs of `RUN_ROWS` rows, which are removed at the end; what is held in memory
    is one run while sorting and a few thousand rows of each run while merging.
    """
    runs: list[_Run] = []
    try:
        for stream in STREAMS:
            if stream in streams:
                runs.extend(_sorted_runs(stream, streams[stream], spill))
        yield from _slices(runs, slice_rows, slice_ms)
    finally:
        for run in runs:
            run.close()


#: A place in the total order: instant, stream order, event id.
_Place = tuple[int, int, int]


class _Run:
    """One sorted run on disk, read a little at a time; `held` is what has been read, not given."""

    def __init__(self, stream: str, path: Path) -> None:
        self.stream = stream
        self.order = STREAMS.index(stream)
        self._path = path
        self._file = pa.OSFile(str(path), "rb")
        self._reader = pa.ipc.open_stream(self._file)
        self.held: pa.RecordBatch | None = None
        self.ticks: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self.event_ids: npt.NDArray[np.uint64] = np.zeros(0, np.uint64)
        self._advance()

    def _advance(self) -> None:
        self.held = None
        for batch in self._reader:
            if batch.num_rows:
                self.held, self.ticks = batch, _ticks(batch)
                self.event_ids = batch.column("event_id").to_numpy()
                return

    @property
    def last(self) -> _Place:
        return int(self.ticks[-1]), self.order, int(self.event_ids[-1])

    def count_upto(self, end: _Place) -> int:
        """How many held rows stand at or before `end`."""
        at, order, event_id = end
        after = int(np.searchsorted(self.ticks, at, side="right"))
        if self.order < order:
            return after
        before = int(np.searchsorted(self.ticks, at, side="left"))
        if self.order > order:
            return before
        same = self.event_ids[before:after]
        return before + int(np.searchsorted(same, np.uint64(event_id), side="right"))

    def give(self, count: int) -> pa.RecordBatch:
        """The first `count` held rows, which are let go of."""
        assert self.held is not None
        given = self.held.slice(0, count)
        if count == self.held.num_rows:
            self._advance()
        else:
            self.held = self.held.slice(count)
            self.ticks, self.event_ids = self.ticks[count:], self.event_ids[count:]
        return given

    def close(self) -> None:
        self._reader.close()
        self._file.close()
        self._path.unlink(missing_ok=True)


def _sorted_runs(stream: str, batches: Iterable[pa.RecordBatch], spill: Path) -> Iterator[_Run]:
    gathered: list[pa.RecordBatch] = []
    rows = count = 0
    for batch in batches:
        gathered.append(batch)
        rows += batch.num_rows
        if rows >= RUN_ROWS:
            yield _write_run(stream, gathered, spill / f"{stream}-{count}.run")
            gathered, rows, count = [], 0, count + 1
    if rows:
        yield _write_run(stream, gathered, spill / f"{stream}-{count}.run")


def _write_run(stream: str, batches: list[pa.RecordBatch], path: Path) -> _Run:
    table = pa.Table.from_batches(batches, schema=admitted_schema(stream))
    table = table.take(pc.sort_indices(table, sort_keys=_ORDER))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=_HELD_ROWS)
    return _Run(stream, path)


def _slices(runs: list[_Run], slice_rows: int, slice_ms: int) -> Iterator[Slice]:
    while live := [run for run in runs if run.held is not None]:
        end = _end(live, slice_rows, slice_ms)
        parts: dict[str, list[pa.RecordBatch]] = {}
        for run in live:
            count = run.count_upto(end)
            if count:
                parts.setdefault(run.stream, []).append(run.give(count))
        yield Slice({stream: _joined(pieces) for stream, pieces in parts.items()})


def _end(live: list[_Run], slice_rows: int, slice_ms: int) -> _Place:
    """Where the next slice ends: within the rows held, the row limit and the time limit.

    Nothing is known of a run beyond what is held, so the end is no later than any held end.
    """
    latest = min(int(run.ticks[0]) for run in live) + slice_ms - 1
    end = min(min(run.last for run in live), (latest, len(STREAMS), 0))
    counts = [run.count_upto(end) for run in live]
    if sum(counts) <= slice_rows:
        return end
    ticks = np.concatenate([run.ticks[:n] for run, n in zip(live, counts, strict=True)])
    orders = np.repeat([run.order for run in live], counts)
    ids = np.concatenate([run.event_ids[:n] for run, n in zip(live, counts, strict=True)])
    last = np.lexsort((ids, orders, ticks))[slice_rows - 1]
    return int(ticks[last]), int(orders[last]), int(ids[last])


def _joined(pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Rows of one stream out of several runs as one sorted batch."""
    if len(pieces) == 1:
        return pieces[0]
    table = pa.Table.from_batches(pieces)
    return table.take(pc.sort_indices(table, sort_keys=_ORDER)).combine_chunks().to_batches()[0]


def _ticks(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    ticks: npt.NDArray[np.int64] = batch.column("at").cast(pa.int64()).to_numpy()
    return ticks
