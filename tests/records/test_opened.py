"""The size of a foreign stream is told from its heads: true for honest ones, enough for bombs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.nats import wire
from fanzha.errors import Refused
from fanzha.records.opened import BYTES_MAX, ROWS_MAX, size_of

COMPRESSIONS = st.sampled_from([None, "lz4", "zstd"])


def stream(batch: pa.RecordBatch, compression: str | None, times: int = 1) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        for _ in range(times):
            writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


@given(st.integers(0, 3000), st.integers(1, 3), COMPRESSIONS, st.booleans())
def test_an_honest_stream_is_told_as_it_is(
    n: int, times: int, compression: str | None, coded: bool
) -> None:
    texts = pa.array([f"{k % 7} 短信" * (k % 5) for k in range(n)], pa.string())
    batch = pa.record_batch({"n": np.arange(n), "t": texts.dictionary_encode() if coded else texts})
    payload = stream(batch, compression, times)
    size = size_of(payload)
    assert size.rows == n * times
    assert size.bearable
    with pa.ipc.open_stream(payload) as reader:
        opened = reader.read_all()
    assert size.bytes >= opened.get_total_buffer_size() - 64 * (4 * times + 4)
    assert n == 0 or wire.decode_foreign(payload).num_rows == n * times


def nought(rows: int) -> pa.RecordBatch:
    return pa.record_batch({"n": pa.array(np.zeros(rows, np.int64))})


def run_ended(rows: int, text: str) -> pa.RecordBatch:
    ends = pa.array([rows], pa.int32())
    return pa.record_batch({"t": pa.RunEndEncodedArray.from_arrays(ends, pa.array([text]))})


@pytest.mark.parametrize(
    "payload",
    [
        stream(nought(ROWS_MAX), "zstd", 40),
        stream(nought(ROWS_MAX), "lz4", 40),
        stream(pa.record_batch({"n": pa.nulls(10**8)}), None),
        stream(
            pa.record_batch(
                {"t": pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int8), ["x" * 10_000])}
            ),
            "lz4",
        ),
        stream(run_ended(100_000, "x" * 10_000), None),
    ],
    ids=["zstd", "lz4", "nulls", "dictionary", "runs"],
)
def test_what_would_fill_the_memory_is_refused_unopened(payload: bytes) -> None:
    assert len(payload) < BYTES_MAX // 100
    before = pa.total_allocated_bytes()
    with pytest.raises(Refused) as refused:
        wire.decode_foreign(payload)
    assert refused.value.code == "batch_too_large"
    assert pa.total_allocated_bytes() - before < 1 << 20


HONEST = stream(nought(1000), "lz4")


@given(st.lists(st.tuples(st.integers(0, len(HONEST) - 1), st.integers(0, 255)), max_size=6))
def test_damaged_heads_are_refused_not_followed(changes: list[tuple[int, int]]) -> None:
    payload = bytearray(HONEST)
    for at, value in changes:
        payload[at] = value
    try:
        size = size_of(bytes(payload))
    except (pa.ArrowException, OSError, ValueError, EOFError):
        return
    assert size.rows >= 0
    assert size.bytes >= 0
