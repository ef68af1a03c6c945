"""What is packed comes out again; anything else is refused before it can do harm."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.lists.packing import pack, public_of, sign, unpack, verify
from fanzha.errors import Refused
from fanzha.lists.form import CHANGES, ENTRIES, Lists

ROW = st.tuples(
    st.integers(1, 5),
    st.integers(0, 2),
    st.binary(max_size=40),
    st.sampled_from([1, 2, 3, 9]),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
)
ROWS = st.lists(ROW, max_size=20)
KEY = bytes(range(32))


def table(rows: list[tuple[object, ...]], form: pa.Schema = ENTRIES) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(form)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, form, strict=True)]
    return pa.table(arrays, schema=form)


LISTS = Lists(7, table([(1, 0, b"+8615412345678", 3, 99, 0)]))
BODY = pack(LISTS, made_at=1_764_000_000, centre="清澜")


@given(ROWS, st.integers(0, 2**63 - 1), st.text(max_size=10))
def test_a_whole_list_comes_out_as_it_went_in(
    rows: list[tuple[object, ...]], version: int, centre: str
) -> None:
    parcel = unpack(pack(Lists(version, table(rows)), made_at=5, centre=centre))
    assert (parcel.made_at, parcel.centre) == (5, centre)
    assert (parcel.lists.version, parcel.lists.since) == (version, None)
    assert parcel.lists.entries.equals(table(rows))


@given(ROWS, st.data())
def test_changes_come_out_as_they_went_in(
    rows: list[tuple[object, ...]], data: st.DataObject
) -> None:
    changes = table([(*row, data.draw(st.booleans())) for row in rows], CHANGES)
    lists = unpack(pack(Lists(9, changes, 4), made_at=0, centre="x")).lists
    assert (lists.version, lists.since) == (9, 4)
    assert lists.entries.equals(changes)


def test_the_same_gives_the_same_bytes() -> None:
    assert pack(LISTS, made_at=1_764_000_000, centre="清澜") == BODY


def test_only_the_owner_of_the_key_can_sign() -> None:
    verify(BODY, sign(BODY, KEY), public_of(KEY))
    for body, signature, key in (
        (BODY + b"\0", sign(BODY, KEY), public_of(KEY)),
        (BODY, sign(BODY, bytes(32)), public_of(KEY)),
        (BODY, sign(BODY, KEY), public_of(bytes(32))),
        (BODY, "", public_of(KEY)),
        (BODY, "not base64 £", public_of(KEY)),
        (BODY, sign(BODY, KEY), b"short"),
    ):
        with pytest.raises(Refused) as caught:
            verify(body, signature, key)
        assert caught.value.code == "list_signature"


def test_a_bomb_is_refused_unopened() -> None:
    rows = 300_000
    columns = [
        pa.array([1] * rows, pa.uint8()), pa.array([0] * rows, pa.uint8()),
        pa.array([b"0" * 1000] * rows, pa.binary()), pa.array([3] * rows, pa.uint8()),
        pa.array([1] * rows, pa.uint64()), pa.array([0] * rows, pa.uint32()),
    ]  # fmt: skip
    body = pack(Lists(1, pa.table(columns, schema=ENTRIES)), made_at=0, centre="x")
    assert len(body) < 2_000_000
    before = pa.total_allocated_bytes()
    with pytest.raises(Refused) as caught:
        unpack(body, opened_max=100 << 20)
    assert caught.value.code == "list_too_large"
    assert pa.total_allocated_bytes() - before < 1 << 20


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"version": "7"},
        {"version": "7", "made_at": "1"},
        {"version": "7", "made_at": "1", "rows": "1"},
        {"version": "-7", "made_at": "1", "rows": "0"},
        {"version": "7", "made_at": "x", "rows": "0"},
        {"version": "7", "made_at": "1", "since": "8", "rows": "0"},
        {"version": "9" * 19, "made_at": "1", "rows": "0"},
    ],
)
def test_a_list_that_says_nothing_of_itself_is_refused(said: dict[str, str]) -> None:
    form = CHANGES if "since" in said else ENTRIES
    with pytest.raises(Refused):
        unpack(streamed(pa.table([pa.array([], f.type) for f in form], schema=form), said))


def test_other_columns_are_refused() -> None:
    said = {"version": "7", "made_at": "1", "rows": "1"}
    unpack(streamed(LISTS.entries, said))
    with pytest.raises(Refused):
        unpack(streamed(pa.table({"a": [1]}), said))
    nulls = LISTS.entries.set_column(2, pa.field("key", pa.binary()), pa.array([None], pa.binary()))
    with pytest.raises(Refused):
        unpack(streamed(nulls, said))
    with pytest.raises(Refused):  # changes that are called a whole list
        unpack(streamed(table([], CHANGES), {**said, "rows": "0"}))


def streamed(given: pa.Table, said: dict[str, str]) -> bytes:
    given = given.replace_schema_metadata(said)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, given.schema) as writer:
        writer.write_table(given)
    body: bytes = sink.getvalue().to_pybytes()
    return body


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        unpack(body)


@given(st.lists(st.tuples(st.integers(0, len(BODY) - 1), st.integers(0, 255)), max_size=6))
def test_damaged_bodies_are_lists_or_refused(damage: list[tuple[int, int]]) -> None:
    body = bytearray(BODY)
    for place, value in damage:
        body[place] = value
    try:
        parcel = unpack(bytes(body))
    except Refused:
        return
    assert parcel.lists.entries.schema.equals(ENTRIES)


@given(st.integers(0, len(BODY) - 1))
def test_a_body_cut_short_is_a_whole_one_or_refused(length: int) -> None:
    """The end of stream may be left out; no row may."""
    try:
        assert unpack(BODY[:length]).lists.entries.equals(LISTS.entries)
    except Refused:
        return
