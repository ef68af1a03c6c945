"""Streams merged by time: every row once, in one total order, within the stated slices."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.records import merge as merging
from fanzha.records.door import admit
from fanzha.records.schemas import STREAMS
from tests.records.rows import row

_BEGIN = 1_763_600_000_000


def batch(stream: str, ticks: list[int], first: int) -> pa.RecordBatch:
    rows = [row(stream, first + k, at=_BEGIN + t) for k, t in enumerate(ticks)]
    return admit(stream, pa.Table.from_pylist(rows), "test").batch


_TICKS = st.lists(st.integers(0, 400_000), max_size=25)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["subject", "visit", "call"]), st.lists(_TICKS, max_size=3)),
    st.integers(1, 12),
    st.sampled_from([1_000, 60_000, 10**9]),
)
def test_every_row_once_in_one_total_order(
    given_ticks: dict[str, list[list[int]]], slice_rows: int, slice_ms: int
) -> None:
    streams, sent = {}, set()
    for stream, pieces in given_ticks.items():
        batches, first = [], 1
        for ticks in pieces:
            if ticks:
                batches.append(batch(stream, ticks, first))
                sent |= {(_BEGIN + t, stream, first + k) for k, t in enumerate(ticks)}
                first += len(ticks)
        streams[stream] = batches
    walked = []
    with TemporaryDirectory() as folder, patch.object(merging, "RUN_ROWS", 7):
        for found in merging.merge(streams, Path(folder), slice_rows=slice_rows, slice_ms=slice_ms):
            ticks = []
            for stream, piece in found.pieces():
                at = pc.cast(piece["at"], pa.int64()).to_pylist()
                ticks += at
                walked += [
                    (a, STREAMS.index(stream), e)
                    for a, e in zip(at, piece["event_id"].to_pylist(), strict=True)
                ]
            assert 0 < len(ticks) <= slice_rows
            assert max(ticks) - min(ticks) < slice_ms
        assert list(Path(folder).iterdir()) == []
    assert walked == sorted(walked)
    assert {(a, STREAMS[s], e) for a, s, e in walked} == sent
    assert len(walked) == len(sent)
