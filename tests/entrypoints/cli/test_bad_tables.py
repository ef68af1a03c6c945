"""Hostile files through the commands that score tables: an answer a row, or an error in words."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanzha.detection.payment import model as payment_model
from fanzha.detection.subscriber import model as subscriber_model
from fanzha.entrypoints.cli import accounts, cards, dens, payments, subscribers
from fanzha.entrypoints.cli.whole import whole
from fanzha.errors import Refused
from fanzha.values import reserved
from tests.detection.payment.made import made as made_payments
from tests.detection.subscriber.made import made as made_subscribers

FEW = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(["", " ", "NaN", "-1", "1e400", "2026-11-01", "\x00", "账户", [], {}, [1]]),
    st.text(max_size=6),
)


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    """JSON Lines as other programs write them: NaN and Infinity too."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def row_of(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, ANYTHING))


def answered(run: Callable[[], None]) -> bool:
    """False where the file was refused in words; anything else is a fault."""
    with contextlib.suppress(Refused):
        run()
        return True
    return False


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────

TRANSFER = {"payer": 1, "payee": 2, "amount": 10.0, "time": 5}


def scored(folder: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    source, out = written(folder / "t.jsonl", rows), folder / "o.jsonl"
    out.unlink(missing_ok=True)
    return read(out) if answered(lambda: accounts.score(source, str(out), least=2.0)) else None


@FEW
@given(st.lists(row_of(("payer", "payee", "amount", "time")), max_size=6))
def test_any_transfers(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    found = scored(tmp_path, [TRANSFER, *rows])
    for row in found or []:
        assert row["score"] is None or 0.0 <= row["score"] <= 1.0
    if found is not None:
        names = [json.dumps(row["account"]) for row in found]
        assert len(set(names)) == len(names)


@FEW
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "payer": st.one_of(st.none(), st.integers(1, 4)),
                "payee": st.one_of(st.none(), st.integers(1, 4)),
                "amount": st.sampled_from([-5, 0, 1e300, 3.5, None]),
                "time": st.one_of(st.none(), st.sampled_from([0, 7, 2**60])),
            }
        ),
        min_size=1,
        max_size=12,
    )
)
def test_self_transfers_equal_times_nulls_and_odd_amounts(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    """Every account named gets one row; its score is null where nothing of it could be counted."""
    rows = [TRANSFER, *rows]
    found = scored(tmp_path, rows)
    assert found is not None
    named = {row[side] for row in rows for side in ("payer", "payee")} - {None}
    counted = {
        row[side]
        for row in rows
        for side in ("payer", "payee")
        if None not in (row["payer"], row["payee"], row["time"])
    }
    assert sorted(row["account"] for row in found) == sorted(named)
    assert {row["account"] for row in found if row["score"] is not None} == counted
    assert all((row["score"] is None) == (row["error"] is not None) for row in found)


def test_accounts_that_came_as_floats_keep_their_names(tmp_path: Path) -> None:
    frame = pl.DataFrame({"payer": [7.0, math.nan, 8.0], "payee": [8, 7, 9], "time": [1, 2, 3]})
    frame.write_parquet(tmp_path / "t.parquet")
    accounts.score(str(tmp_path / "t.parquet"), str(tmp_path / "o.jsonl"), least=2.0)
    assert sorted(row["account"] for row in read(tmp_path / "o.jsonl")) == [7, 8, 9]


def test_times_in_several_forms_are_one_clock(tmp_path: Path) -> None:
    """The same instants written alike or not: nobody's score moves."""
    alike = ["2026-11-01 00:00:00", "2026-11-01 00:00:00", "2026-11-02 06:30:00", "nonsense"]
    mixed = ["2026-11-01", "2026-11-01T08:00:00+08:00", "2026-11-02T06:30:00Z", None]
    found = []
    for times in (alike, mixed):
        rows = [{"payer": k, "payee": k + 1, "time": at} for k, at in enumerate(times)]
        found.append(scored(tmp_path, rows))
    assert found[0] == found[1]
    assert found[0] is not None
    assert [row["account"] for row in found[0] if row["score"] is None] == [4]


@pytest.mark.parametrize("absent", ["payer", "payee", "time"])
def test_a_missing_column_is_named(tmp_path: Path, absent: str) -> None:
    rows = [{k: v for k, v in TRANSFER.items() if k != absent}]
    with pytest.raises(Refused) as refused:
        accounts.score(written(tmp_path / "t.jsonl", rows), str(tmp_path / "o.jsonl"))
    assert absent in refused.value.en


@pytest.mark.parametrize("name", ["t.jsonl", "t.csv", "t.parquet"])
@pytest.mark.parametrize("data", [b"", b"\n\n", b"PAR1", b"\x1f\x8b\x00", b"\xff\xfe{}", b"[1]"])
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Refused):
        accounts.score(str(tmp_path / name), str(tmp_path / "o.jsonl"))
    with pytest.raises(Refused):
        subscribers.score(str(tmp_path / name), tmp_path / "no.model")


def test_an_empty_table_has_an_empty_answer(tmp_path: Path) -> None:
    empty = pl.DataFrame(schema={"payer": pl.Int64, "payee": pl.Int64, "time": pl.Int64})
    empty.write_parquet(tmp_path / "t.parquet")
    accounts.score(str(tmp_path / "t.parquet"), str(tmp_path / "o.parquet"))
    assert pl.read_parquet(tmp_path / "o.parquet").shape == (0, 4)


def test_the_line_at_fault_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(TRANSFER) + "\n\n{broken\n", encoding="utf-8")
    with pytest.raises(Refused, match="line 3"):
        whole(str(path))


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_transfers_come_by_a_pipe_in_any_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    frame, held = pl.DataFrame([TRANSFER, {**TRANSFER, "payee": 3}]), io.BytesIO()
    getattr(frame, {"jsonl": "write_ndjson"}.get(kind, f"write_{kind}"))(held)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(held.getvalue())))
    accounts.score("-", str(tmp_path / "o.jsonl"), least=2.0)
    named = [1, 2, 3] if kind != "csv" else ["1", "2", "3"]  # CSV has no numbers
    assert [row["account"] for row in read(tmp_path / "o.jsonl")] == named


# ── payments and subscribers ─────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of payments and one of subscribers."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as few:
        few.setattr(payment_model, "_ROUNDS", dict.fromkeys(payment_model._ROUNDS, 8))
        kept = {name: (given, 8) for name, (given, _) in subscriber_model._FAMILIES.items()}
        few.setattr(subscriber_model, "_FAMILIES", kept)
        made_payments(days=30, customers=20).write_parquet(folder / "p.parquet")
        payments.train(str(folder / "p.parquet"), folder / "payments", feedback_days=2.0)
        figures, _ = made_subscribers(300, graph_tells=False)
        figures.write_parquet(folder / "s.parquet")
        subscribers.train(str(folder / "s.parquet"), folder / "subscribers")
    return folder


@FEW
@given(
    st.lists(
        row_of(("id", "time", "customer", "terminal", "amount", "label")), min_size=1, max_size=8
    )
)
def test_any_payments(models: Path, tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """One row for each line, in order: a score, or what was wrong with it."""
    good = {"id": "g", "time": 1_702_700_000, "customer": "c", "terminal": "t", "amount": 12.5}
    source, out = written(tmp_path / "p.jsonl", [good, *rows]), tmp_path / "o.jsonl"
    payments.score(source, models / "payments", str(out), reasons_from=2.0)
    found = read(out)
    assert [row["line"] for row in found] == list(range(1, len(rows) + 2))
    for row in found:
        assert (row["score"] is None) == (row["error"] is not None)
        assert row["score"] is None or 0.0 <= row["score"] <= 1.0


def test_payments_of_one_id_and_one_instant_are_each_scored(models: Path, tmp_path: Path) -> None:
    one = {"id": "x", "time": 1_702_700_000, "customer": "c", "terminal": "t", "amount": 12.5}
    rows = [one, one, {**one, "amount": -3}, {**one, "amount": 1e15}, {**one, "amount": math.nan}]
    out = tmp_path / "o.jsonl"
    payments.score(written(tmp_path / "p.jsonl", rows), models / "payments", str(out))
    found = read(out)
    assert [row["id"] for row in found] == ["x"] * 5
    assert [row["score"] is None for row in found] == [False, False, True, True, True]
    assert all("amount" in row["error"] for row in found[2:])


def test_no_payments_no_answers(models: Path, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text("", encoding="utf-8")
    payments.score(str(tmp_path / "p.jsonl"), models / "payments", str(tmp_path / "o.jsonl"))
    assert read(tmp_path / "o.jsonl") == []


@FEW
@given(data=st.data())
def test_any_subscribers(models: Path, tmp_path: Path, data: st.DataObject) -> None:
    names = pl.read_parquet(models / "s.parquet").columns
    rows = data.draw(st.lists(row_of(tuple(names)), min_size=1, max_size=5))
    source, out = written(tmp_path / "s.jsonl", rows), tmp_path / "o.jsonl"
    out.unlink(missing_ok=True)
    if answered(lambda: subscribers.score(source, models / "subscribers", str(out))):
        found = read(out)
        assert len(found) == len(rows)
        assert all(row["score"] is None or 0.0 <= row["score"] <= 1.0 for row in found)
        assert all(row["error"] for row in found if row["score"] is None)


def test_a_subscriber_of_whom_nothing_is_known_has_no_score(models: Path, tmp_path: Path) -> None:
    frame = pl.read_parquet(models / "s.parquet").drop("label")[:3]
    figures = [name for name, kind in frame.schema.items() if name != "node" and kind.is_numeric()]
    first = pl.int_range(pl.len()) == 0
    frame.with_columns(
        pl.when(first).then(None).otherwise(name).alias(name) for name in figures
    ).write_parquet(tmp_path / "s.parquet")
    subscribers.score(str(tmp_path / "s.parquet"), models / "subscribers", str(tmp_path / "o"))
    found = read(tmp_path / "o")
    assert [row["score"] is None for row in found] == [True, False, False]
    assert "figures are absent" in found[0]["error"]


def test_a_subscriber_twice_is_refused_in_words(models: Path, tmp_path: Path) -> None:
    frame = pl.read_parquet(models / "s.parquet")[:2]
    pl.concat([frame, frame[:1]]).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(Refused, match="twice"):
        subscribers.score(str(tmp_path / "s.parquet"), models / "subscribers")


# ── cards and dens ───────────────────────────────────────────────────────────────────────────────


def test_cards_come_by_standard_input_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"event_id": 1, "source": "x", "at": "2026-11-20T12:00:00Z", "action": "activate",
           "number": reserved.mobile(1)}  # fmt: skip
    text = json.dumps(row) + "\n{broken\n" + json.dumps({**row, "event_id": 2, "number": 5}) + "\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    out = tmp_path / "o.jsonl"
    cards.score(Path("-"), out=str(out), everything=True)
    found = read(out)
    assert {row["line"] for row in found if row["error"]} == {2, 3}
    with pytest.raises(Refused, match="one file only"):
        cards.score(Path("-"), calls=Path("-"))
    with pytest.raises(Refused, match="one file only"):
        dens.score(Path("-"), lines=Path("-"))


def test_findings_that_cannot_be_used_are_answered(tmp_path: Path) -> None:
    row = {"event_id": 1, "source": "x", "at": "2026-11-20T12:00:00Z", "action": "activate",
           "number": reserved.mobile(1)}  # fmt: skip
    told = {"subject": reserved.mobile(1), "detector": "text/v1", "score": 0.9}
    lines, findings, out = (tmp_path / name for name in ("l.jsonl", "f.jsonl", "o.jsonl"))
    lines.write_text(json.dumps(row) + "\n")
    findings.write_text(
        "\n".join([json.dumps(told), "{broken", json.dumps({**told, "score": None})])
    )
    cards.score(lines, findings=findings, out=str(out), everything=True)
    faults = [(row["file"], row["line"]) for row in read(out) if row["error"]]
    assert faults == [("f.jsonl", 2), ("f.jsonl", 3)]


@FEW
@given(st.lists(row_of(("event_id", "source", "at", "number", "action", "holder")), max_size=5))
def test_any_card_records(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """Rows that are no records are answered under their line."""
    source, out = written(tmp_path / "l.ndjson", rows), tmp_path / "o.jsonl"
    out.unlink(missing_ok=True)
    if answered(lambda: cards.score(Path(source), out=str(out), everything=True)):
        told = {row["line"] for row in read(out) if row["error"]}
        assert told <= set(range(1, len(rows) + 1))


def test_half_characters_keep_names_apart(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"payer": "\\ud800", "payee": "\\uD801x", "n": 1}\n'
        '{"payer": "\\ud802", "payee": "\\\\ud800 \\ud83d\\ude00", "n": 2.5}\n'
    )
    frame = whole(str(path))
    assert frame["payer"].to_list() == ["\\ud800", "\\ud802"]
    assert frame["payee"].to_list() == ["\\ud801x", "\\ud800 \U0001f600"]
    assert frame["n"].to_list() == [1.0, 2.5]


def test_columns_of_bytes_are_texts_or_named(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pl.DataFrame({"a": [b"x", None], "b": [1, 2]}).write_parquet(path)
    assert whole(str(path))["a"].to_list() == ["x", None]
    pl.DataFrame({"a": [b"\xff"]}).write_parquet(path)
    with pytest.raises(Refused, match="column_type") as told:
        whole(str(path))
    assert told.value.field == "a"


def test_damaged_gzip_and_names_with_nul(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b'{"a":%d}\n' % (i * i) for i in range(9999)))
    for damaged in (packed[:99] + bytes(99) + packed[198:], packed[:999], packed[:11]):
        (tmp_path / "a.jsonl").write_bytes(damaged)
        with pytest.raises(Refused):
            whole(str(tmp_path / "a.jsonl"))
    with pytest.raises(Refused):
        whole("a\0b")
