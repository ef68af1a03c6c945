"""Batches as the bytes that an event log keeps: Arrow IPC streams, cut to fit an entry."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from fanzha.errors import Refused

__all__ = ["decode", "empty_batch", "encode", "parts"]

_HEADROOM = 4096
"""Bytes of a message kept free for its headers."""
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def encode(batch: pa.RecordBatch) -> bytes:
    """One batch as an Arrow IPC stream, with its schema and dictionaries."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def decode(payload: bytes) -> pa.RecordBatch:
    """The batch `encode` made. The bytes are ours and trusted."""
    with pa.ipc.open_stream(payload) as reader:
        return reader.read_next_batch()


def parts(batch: pa.RecordBatch, key: str, max_payload: int) -> Iterator[tuple[str, bytes]]:
    """(key, payload) for each entry the batch needs; the same batch is always cut the same way."""
    if batch.num_rows == 0:
        raise empty_batch()
    payload = encode(batch)
    if len(payload) <= max_payload - _HEADROOM:
        yield key, payload
        return
    if batch.num_rows == 1:
        raise Refused(
            "row_too_large",
            zh=f"一行数据超过 {max_payload} 字节",
            en=f"one row takes more than {max_payload} bytes",
        )
    half = batch.num_rows // 2
    yield from parts(batch.slice(0, half), f"{key}.0", max_payload)
    yield from parts(batch.slice(half), f"{key}.1", max_payload)


def empty_batch() -> Refused:
    return Refused("empty_batch", zh="没有任何数据行", en="the batch has no rows")
