"""The door: what passes is in normal form, what does not is named, and nothing is lost between."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.records.door import admit
from fanzha.records.schemas import COLUMNS, STREAMS, admitted_schema
from fanzha.records.sealed import seal_personal
from fanzha.values import reserved
from tests.records.rows import row

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


@pytest.mark.parametrize("stream", STREAMS)
def test_a_complete_row_of_every_stream_passes(stream: str) -> None:
    found = admit(stream, table(row(stream)), "test", now=NOW)
    assert found.refused == []
    assert found.batch.schema == admitted_schema(stream)
    assert found.batch.num_rows == 1


@pytest.mark.parametrize("stream", STREAMS)
def test_every_required_column_is_required_by_name(stream: str) -> None:
    for column in COLUMNS[stream]:
        if not column.required:
            continue
        broken = row(stream)
        broken[column.name] = None
        found = admit(stream, table(row(stream, 2), broken), "test", now=NOW)
        assert found.batch.num_rows == 1, column.name
        (refusal,) = found.refused
        assert (refusal.row, refusal.code, refusal.field) == (2, "missing", column.name)
        assert refusal.zh
        assert refusal.en
        assert refusal.raw is not None


@pytest.mark.parametrize(
    ("stream", "change", "code", "field"),
    [
        ("call", {"phase": "ring"}, "enumeration", "phase"),
        ("call", {"talk_s": -1.0}, "range", "talk_s"),
        ("call", {"event_id": -1}, "type", "event_id"),
        ("call", {"at": "yesterday"}, "type", "at"),
        ("call", {"at": "1999-12-31T23:59:59Z"}, "time_past", "at"),
        ("call", {"at": "2026-11-20T03:11:00Z"}, "time_future", "at"),
        ("transfer", {"amount_fen": 0}, "range", "amount_fen"),
        ("transfer", {"amount_fen": 10.5}, "type", "amount_fen"),
        ("transfer", {"payer": "no account"}, None, "payer"),
        ("text", {"channel": "chat"}, "lawful_basis", "lawful_basis"),
        ("text", {"channel": "transcript", "lawful_basis": "  "}, "lawful_basis", "lawful_basis"),
        ("text", {"recipient": None}, "missing", "recipient"),
        ("text", {"body": "长" * 70_000}, "length", "body"),
        ("visit", {"url": "http://"}, None, "url"),
        ("subject", {"birth_year": 1700}, "range", "birth_year"),
    ],
)
def test_a_broken_rule_is_named(
    stream: str, change: dict[str, Any], code: str | None, field: str
) -> None:
    found = admit(stream, table(row(stream, 1, **change)), "test", now=NOW)
    (refusal,) = found.refused
    assert refusal.field == field
    if code is not None:
        assert refusal.code == code
    assert found.batch.num_rows == 0


def test_a_chat_with_a_lawful_basis_and_a_post_without_a_recipient_pass() -> None:
    chat = row("text", 1, channel="chat", lawful_basis="用户同意", thread_id=1, turn=0)
    post = row("text", 2, channel="post", recipient=None)
    assert admit("text", table(chat, post), "test", now=NOW).batch.num_rows == 2


def test_the_words_of_a_refusal_hold_nothing_of_the_person() -> None:
    secret = "6217000011112222"
    found = admit("transfer", table(row("transfer", 1, payer=secret)), "test", now=NOW)
    (refusal,) = found.refused
    assert secret not in refusal.zh + refusal.en + (refusal.field or "") + refusal.code


def test_the_same_number_in_every_way_of_writing_has_one_key() -> None:
    national = reserved.mobile(7).removeprefix("+86")
    ways = [
        f"+86{national}", f"0086{national}", f"86{national}", national,
        f" {national[:3]}-{national[3:7]} {national[7:]} ",
    ]  # fmt: skip
    rows = [row("line", n, number=way) for n, way in enumerate(ways)]
    found = admit("line", table(*rows), "test", now=NOW)
    assert found.refused == []
    assert len(set(found.batch["number"].to_pylist())) == 1
    assert len(set(found.batch["number_key"].to_pylist())) == 1


def test_no_text_keeps_a_sign_that_no_database_can_hold() -> None:
    """The row is taken: what hides in a scammer's text must not take the text out of sight."""
    rows = [
        ("app", {"package": "a.\0example", "label": "安全\0助手"}),
        ("text", {"body": "退\0款", "sender": "\0", "lawful_basis": "\0"}),
    ]
    for stream, hidden in rows:
        found = admit(stream, table(row(stream, 1, **hidden)), "test", now=NOW)
        assert found.refused == []
        [taken] = found.batch.to_pylist()
        assert "\0" not in json.dumps(taken, default=str, ensure_ascii=False)
        assert "\\u0000" not in json.dumps(taken, default=str)
    broken = admit("app", table(row("app", 1, package="\0")), "test", now=NOW)
    assert [r.code for r in broken.refused] == ["missing"]


def test_a_sender_known_by_its_key_speaks_for_itself_only() -> None:
    rows = table(row("call", 1, source="me"), row("call", 2, source="you"), row("call", 3))
    rows = rows.set_column(1, "source", pa.array(["me", "you", None]))
    found = admit("call", rows, "me", now=NOW, own_source_only=True)
    assert found.batch["source"].to_pylist() == ["me", "me"]
    assert [r.code for r in found.refused] == ["source_foreign"]


def test_unknown_columns_are_counted_and_kept_with_a_refused_row() -> None:
    found = admit("call", table(row("call", 1, colour="red", phase="?")), "test", now=NOW)
    assert found.unknown_columns == {"colour": 1}
    assert isinstance(found.refused[0].raw, dict)
    assert found.refused[0].raw["colour"] == "red"


_CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(max_size=20)
)


@given(st.data())
def test_whatever_the_cells_hold_each_row_passes_or_is_refused(data: st.DataObject) -> None:
    stream = data.draw(st.sampled_from(STREAMS))
    column = data.draw(st.sampled_from(COLUMNS[stream]))
    value = data.draw(_CELLS)
    try:
        rows = table(row(stream, 1), {**row(stream, 2), column.name: value})
    except (pa.ArrowException, OverflowError):
        return  # Arrow itself cannot hold such a column
    found = admit(stream, rows, "test", now=NOW)
    assert found.batch.num_rows + len(found.refused) == 2
    for refusal in found.refused:
        json.dumps(refusal.raw)


def test_personal_columns_are_sealed_and_nothing_else_changes() -> None:
    for stream in STREAMS:
        batch = admit(stream, table(row(stream, 1), row(stream, 2)), "test", now=NOW).batch
        sealed = seal_personal(stream, batch, lambda plain, context: f"<{context}>")
        assert sealed.schema == batch.schema
        for name in batch.schema.names:
            if sealed[name] != batch[name]:
                assert name in ("payer_name", "payee_name", "holder")
                assert set(sealed[name].to_pylist()) == {f"<{stream}.{name}>"}
    transfers = admit("transfer", table(row("transfer")), "test", now=NOW).batch
    text = str(seal_personal("transfer", transfers, lambda p, c: "x").to_pylist())
    assert "陈静" not in text
