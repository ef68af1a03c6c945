"""Arrow batches and names on the wire: whole, escaped, and refused when they are nonsense."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.adapters.nats import wire
from fanzha.errors import Refused
from fanzha.records.batches import encode

_ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 2**63 - 1), "text": st.none() | st.text(), "ok": st.booleans()}
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=100, deadline=None)
@given(_ROWS)
def test_a_batch_comes_back_as_it_was(rows: list[dict[str, object]]) -> None:
    batch = pa.RecordBatch.from_pylist(rows)
    assert wire.decode_foreign(encode(batch)).equals(batch)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_foreign_bytes_are_refused(payload: bytes) -> None:
    with pytest.raises(Refused):
        wire.decode_foreign(payload)


@settings(max_examples=300, deadline=None)
@given(_ROWS, st.integers(0, 10_000), st.integers(0, 255), st.integers(0, 10_000))
def test_damaged_batches_are_refused_or_valid(
    rows: list[dict[str, object]], at: int, value: int, cut: int
) -> None:
    payload = bytearray(encode(pa.RecordBatch.from_pylist(rows)))
    payload[at % len(payload)] = value
    if cut % 3 == 0:
        del payload[cut % len(payload) :]
    try:
        batch = wire.decode_foreign(bytes(payload))
    except Refused:
        return
    batch.validate(full=True)


def test_a_stream_of_several_batches_is_one() -> None:
    one = pa.record_batch({"a": [1, 2]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, one.schema) as writer:
        writer.write_batch(one)
        writer.write_batch(one)
    assert wire.decode_foreign(sink.getvalue().to_pybytes())["a"].to_pylist() == [1, 2, 1, 2]


def test_a_stream_without_rows_is_refused() -> None:
    empty = pa.record_batch({"a": pa.array([], pa.int64())})
    with pytest.raises(Refused, match="empty_batch"):
        wire.decode_foreign(encode(empty))


@given(st.text(min_size=1, max_size=20))
def test_names_are_one_subject_token_and_come_back(name: str) -> None:
    token = wire.token(name, "sender")
    assert re.fullmatch(r"[A-Za-z0-9_%-]+", token)
    headers = {"Nats-Sequence": "7", "Nats-Time-Stamp": "2026-11-24T16:22:53.123456789Z"}
    stored = wire.stored(f"events.call.{token}", headers, b"")
    assert (stored.sender, stored.stream, stored.sequence) == (name, "call", 7)


@given(st.text(max_size=100))
def test_keys_are_one_line_of_ascii_or_refused(key: str) -> None:
    try:
        id = wire.message_id(key)
    except Refused:
        assert not key or any(ord(c) > 127 for c in key) or not key.isprintable()
        return
    assert id.isascii()
    assert id.isprintable()
    assert " " not in id


@pytest.mark.parametrize("name", ["", "x" * 300, "\ud800"])
def test_names_without_sense_are_refused(name: str) -> None:
    with pytest.raises(Refused, match="bad_name"):
        wire.token(name, "sender")
