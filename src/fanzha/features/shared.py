"""Windows shared out: each of several owns the keys of some partitions, and all hear all answers.

Every member walks the same rows in the same order. It counts those whose keys it owns, tells the
others what its windows say, and hears from them what theirs say: after that all members have the
same columns, which are those that one table alone would have given. What grows with the number of
keys, the windows, is divided; what everybody computes from the columns is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fanzha.features.declare import Window
from fanzha.features.frame import AT_BOUND, Columns, Frame
from fanzha.features.live import FeatureSet, WindowTable, parts_of
from fanzha.features.table import Counters

__all__ = ["PARTITIONS", "Share", "SharedFeatures", "partition_of"]

PARTITIONS = 64
Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]


def partition_of(keys: Keys) -> npt.NDArray[np.int64]:
    """0 … PARTITIONS − 1; the same in every process and for ever (SplitMix64's top bits)."""
    x = np.asarray(keys, np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(58)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Share:
    """What one member owns, and how it speaks to the others.

    `gather(mine)` gives every member's message of this step, its own included, in any order; it
    raises when the group has changed, and nothing that came of the step may then be kept.
    """

    partitions: frozenset[int]
    gather: Callable[[bytes], Sequence[bytes]]

    def owns(self, keys: Keys) -> Bools:
        """Which keys are ours."""
        mine = np.zeros(PARTITIONS, np.bool_)
        mine[list(self.partitions)] = True
        return mine[partition_of(keys)]


class SharedFeatures(FeatureSet):
    """A feature set whose tables hold the keys of a share; answers as if they held all."""

    def __init__(self, windows: Iterable[Window], share: Share) -> None:
        super().__init__(windows)
        self._share = share
        self._totals = {w.name: Counters() for w in self._windows}
        self._watermarks: dict[str, int] = {}

    def update(self, stream: str, columns: Columns) -> dict[str, npt.NDArray[Any]]:
        """As `FeatureSet.update`; every member must call it with the same rows."""
        n = len(columns["at"])
        at = np.clip(np.asarray(columns["at"], np.int64), -AT_BOUND, AT_BOUND)
        before = self._watermarks.get(stream, -AT_BOUND)
        watermark = np.maximum(np.maximum.accumulate(at), before) if n else at
        if n:
            self._watermarks[stream] = int(watermark[-1])
        frame = Frame(columns)
        answers: dict[str, npt.NDArray[Any]] = {}
        sections: list[_Section] = []
        for table in self._tables:
            if table.stream != stream:
                continue
            for window in table.windows:
                answers.update({f.name: np.full(n, np.nan) for f in window.features})
                answers[_truncated(window)] = np.zeros(n, np.bool_)
            keys = frame.keys(table.key)
            mine = np.flatnonzero(self._share.owns(keys) & (keys != 0))
            sections += self._own(table, columns, watermark, mine)
        if not sections:
            return {}
        for message in self._share.gather(_packed(sections)):
            self._merge(message, answers)
        return answers

    def _own(
        self, table: WindowTable, columns: Columns, watermark: npt.NDArray[np.int64],
        mine: npt.NDArray[np.intp],
    ) -> Iterator[_Section]:  # fmt: skip
        """By window: what our keys are told, and how our counters moved."""
        before = [list(vars(c).values()) for c in table.table.counters]
        part = {c: np.asarray(array)[mine] for c, array in columns.items()}
        part["watermark"] = watermark[mine]
        told = table.update(Frame(part))
        after = [list(vars(c).values()) for c in table.table.counters]
        for window, a, b in zip(table.windows, before, after, strict=True):
            names = [*(f.name for f in window.features), _truncated(window)]
            moved = [y - x for x, y in zip(a, b, strict=True)]
            yield window.name, names, mine, {name: told[name] for name in names}, moved

    def _merge(self, message: bytes, answers: dict[str, npt.NDArray[Any]]) -> None:
        for name, rows, told, moved in _unpacked(message):
            for column, values in told.items():
                answers[column][rows] = values
            total = self._totals[name]
            for counter, more in zip(vars(total), moved, strict=True):
                setattr(total, counter, getattr(total, counter) + int(more))

    def counters(self) -> dict[str, Counters]:
        """By window, summed over the members."""
        return dict(self._totals)

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """The tables of our share, and what every member knows alike."""
        totals = [list(vars(c).values()) for c in self._totals.values()]
        return {
            **super().snapshot(),
            "shared.totals": np.array(totals, np.int64),
            "shared.streams": np.array(list(self._watermarks), np.str_),
            "shared.watermarks": np.array(list(self._watermarks.values()), np.int64),
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over the keys of our share from snapshots of any earlier division: parts of the
        n-th snapshot are named `<n>@<part>`; the first is complete in what all know alike."""
        pieces: dict[str, dict[str, npt.NDArray[Any]]] = {}
        for name, array in state.items():
            number, at, part = name.partition("@")
            pieces.setdefault(number if at else "0", {})[part if at else name] = array
        for t in self._tables:
            for piece in pieces.values():
                t.adopt(parts_of(t.name, piece), self._share.owns)
        first = pieces[min(pieces, key=int)]
        if "shared.totals" in first:
            for total, values in zip(self._totals.values(), first["shared.totals"], strict=True):
                for counter, value in zip(vars(total), values, strict=True):
                    setattr(total, counter, int(value))
            streams = [str(s) for s in first["shared.streams"]]
            self._watermarks = dict(zip(streams, first["shared.watermarks"].tolist(), strict=True))
        else:
            for t in self._tables:
                stream, reached = t.stream, t.table.watermark
                self._watermarks[stream] = max(self._watermarks.get(stream, reached), reached)


def _truncated(window: Window) -> str:
    return f"{window.name}_truncated"


_Section = tuple[str, list[str], npt.NDArray[np.intp], dict[str, npt.NDArray[Any]], list[int]]


def _packed(sections: Sequence[_Section]) -> bytes:
    """One Arrow IPC stream: a table after the other, each under the name of its window."""
    sink = pa.BufferOutputStream()
    for name, columns, rows, told, moved in sections:
        arrays = {"": pa.array(rows.astype(np.int64)), **{c: pa.array(told[c]) for c in columns}}
        batch = pa.record_batch(arrays)
        about = {"window": name, "moved": ",".join(map(str, moved))}
        with pa.ipc.new_stream(sink, batch.schema.with_metadata(about)) as writer:
            writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _unpacked(
    message: bytes,
) -> Iterable[tuple[str, npt.NDArray[np.int64], dict[str, npt.NDArray[Any]], list[int]]]:
    source = pa.BufferReader(message)
    while source.tell() < len(message):
        with pa.ipc.open_stream(source) as reader:
            about = reader.schema.metadata
            batch = reader.read_next_batch()
            reader.read_all()
        moved = [int(v) for v in about[b"moved"].decode().split(",")]
        columns = {
            name: batch.column(name).to_numpy(zero_copy_only=False)
            for name in batch.schema.names
            if name
        }
        yield about[b"window"].decode(), batch.column("").to_numpy(), columns, moved
