"""Payments, subscribers and cards from files: what goes in comes out, with what was wrong said."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fanzha.detection.payment import model as payment_model
from fanzha.detection.subscriber import model as subscriber_model
from fanzha.entrypoints.cli import cards, dens, payments, subscribers
from fanzha.errors import Misconfigured, Refused
from fanzha.values import reserved
from tests.detection.payment.made import made as made_payments
from tests.detection.subscriber.made import made as made_subscribers
from tests.fixtures import POLICIES


@pytest.fixture(autouse=True)
def _fewer_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = dict.fromkeys(payment_model._ROUNDS, 30)
    monkeypatch.setattr(payment_model, "_ROUNDS", rounds)
    families = {name: (given, 30) for name, (given, _) in subscriber_model._FAMILIES.items()}
    monkeypatch.setattr(subscriber_model, "_FAMILIES", families)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def paid(tmp_path: Path) -> tuple[pl.DataFrame, Path]:
    """Payments of forty days learned from, and those after."""
    frame = made_payments(days=50, customers=40)
    early = frame["time"] < 1_700_000_000 + 40 * 86_400
    frame.filter(early).write_parquet(tmp_path / "early.parquet")
    payments.train(str(tmp_path / "early.parquet"), tmp_path / "m", feedback_days=2.0)
    return frame.filter(~early), tmp_path


def test_payments_are_scored_in_time_whatever_their_order(
    paid: tuple[pl.DataFrame, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    late, folder = paid
    late.write_parquet(folder / "late.parquet")
    late.reverse().write_ndjson(folder / "reversed.jsonl")
    payments.score(str(folder / "late.parquet"), folder / "m", str(folder / "a.parquet"))
    payments.score(str(folder / "reversed.jsonl"), folder / "m", str(folder / "b.jsonl"))
    one = pl.read_parquet(folder / "a.parquet")
    other = {row["id"]: row["score"] for row in lines(folder / "b.jsonl")}
    assert one["id"].to_list() == late["id"].to_list()
    assert [other[name] for name in one["id"]] == pytest.approx(one["score"].to_list(), abs=1e-6)
    assert one.filter(pl.col("score") >= 0.1)["reasons"].list.len().min() >= 1
    assert "payments-" in capsys.readouterr().err


def test_nothing_later_than_a_payment_moves_its_score(paid: tuple[pl.DataFrame, Path]) -> None:
    late, folder = paid
    for name, rows in (("all", late), ("half", late[: late.height // 2])):
        rows.write_parquet(folder / f"{name}.parquet")
        payments.score(
            str(folder / f"{name}.parquet"), folder / "m", str(folder / f"o-{name}.parquet")
        )
    whole, half = (pl.read_parquet(folder / f"o-{name}.parquet") for name in ("all", "half"))
    np.testing.assert_allclose(half["score"], whole["score"][: half.height], atol=1e-9)


def test_bad_payments_are_answered_and_move_no_other(
    paid: tuple[pl.DataFrame, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    late, folder = paid
    late.write_ndjson(folder / "good.jsonl")
    payments.score(str(folder / "good.jsonl"), folder / "m", str(folder / "a.jsonl"))
    bad = [
        '{"id": "x1", "time": "yesterday", "customer": 1, "terminal": 2, "amount": 3}',
        '{"id": "x2", "time": 1705000000, "customer": 1, "terminal": 2, "amount": -3}',
        '{"id": "x3", "time": 1705000000, "customer": 1, "terminal": 2, "amount": 1e300}',
        '{"id": "x4", "time": 1705000000, "customer": 1, "terminal": 2}',
        "not json",
    ]
    text = "\n".join([*bad, (folder / "good.jsonl").read_text()])
    stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    payments.score("-", folder / "m", str(folder / "b.jsonl"))
    found = lines(folder / "b.jsonl")
    assert all(row["score"] is None and row["error"] for row in found[:5])
    assert [row["id"] for row in found[:4]] == ["x1", "x2", "x3", "x4"]
    assert [row["score"] for row in found[5:]] == [
        row["score"] for row in lines(folder / "a.jsonl")
    ]


def test_payments_without_customer_or_labels_are_scored(
    paid: tuple[pl.DataFrame, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    late, folder = paid
    late.drop("customer", "label").write_parquet(folder / "bare.parquet")
    payments.score(str(folder / "bare.parquet"), folder / "m", str(folder / "o.parquet"))
    found = pl.read_parquet(folder / "o.parquet")
    assert found["score"].null_count() == 0
    assert found["missing"].list.contains("customer").all()
    assert "no further outcomes" in capsys.readouterr().err


def test_times_as_timestamps_and_other_names(paid: tuple[pl.DataFrame, Path]) -> None:
    late, folder = paid
    late.write_parquet(folder / "a.parquet")
    named = late.with_columns(pl.from_epoch("time")).rename(
        {"id": "TRANSACTION_ID", "time": "TX_DATETIME", "customer": "CUSTOMER_ID",
         "terminal": "TERMINAL_ID", "amount": "TX_AMOUNT", "label": "TX_FRAUD"}
    )  # fmt: skip
    named.write_parquet(folder / "b.parquet")
    payments.score(str(folder / "a.parquet"), folder / "m", str(folder / "oa.parquet"))
    payments.score(
        str(folder / "b.parquet"), folder / "m", str(folder / "ob.parquet"), columns="fdh"
    )
    one, other = (pl.read_parquet(folder / name) for name in ("oa.parquet", "ob.parquet"))
    assert one["score"].to_list() == other["score"].to_list()
    for wrong in ("time", "when=TX", "time="):
        with pytest.raises(Refused):
            payments.score(str(folder / "a.parquet"), folder / "m", columns=wrong)


def test_no_customer_stands_in_a_model(paid: tuple[pl.DataFrame, Path]) -> None:
    _, folder = paid
    frame = made_payments(days=50, customers=40).with_columns(
        pl.format("customer-{}", "customer").alias("customer")
    )
    frame.write_parquet(folder / "named.parquet")
    payments.train(str(folder / "named.parquet"), folder / "named", feedback_days=2.0)
    import zipfile

    with zipfile.ZipFile(folder / "named") as file:
        assert not any(b"customer-7" in file.read(name) for name in file.namelist())


@pytest.mark.parametrize("graph_tells", [True, False])
def test_subscribers_alone_or_together_score_alike(tmp_path: Path, graph_tells: bool) -> None:
    frame, edges = made_subscribers(300, graph_tells=graph_tells)
    held = frame["node"] % 5 == 0
    frame.filter(~held).write_parquet(tmp_path / "train.parquet")
    frame.filter(held).drop("label").write_parquet(tmp_path / "held.parquet")
    frame.drop("label").write_parquet(tmp_path / "all.parquet")
    edges.write_parquet(tmp_path / "edges.parquet")
    model, ties = tmp_path / "m", tmp_path / "edges.parquet"
    subscribers.train(str(tmp_path / "train.parquet"), model, ties)
    for name in ("held", "all"):
        out = str(tmp_path / f"{name}-o.parquet")
        subscribers.score(str(tmp_path / f"{name}.parquet"), model, out, ties)
    one, whole = (pl.read_parquet(tmp_path / f"{n}-o.parquet") for n in ("held", "all"))
    assert one["node"].to_list() == frame.filter(held)["node"].to_list()
    both = one.join(whole, on="node", suffix="_all")
    assert both.height == one.height
    np.testing.assert_allclose(both["score"], both["score_all"], atol=0.02)


def test_subscribers_lacking_columns_or_values_are_scored_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, _ = made_subscribers(300, graph_tells=False)
    frame.write_parquet(tmp_path / "train.parquet")
    subscribers.train(str(tmp_path / "train.parquet"), tmp_path / "m")
    said = capsys.readouterr().err
    assert "parts of cross-validation: 5 / 5" in said
    assert "auc_without_graph: auc " in said
    assert "macro_f1 " in said
    less = frame.select("node", "opposite_count", "sms_count")
    less.write_csv(tmp_path / "less.csv")
    subscribers.score(str(tmp_path / "less.csv"), tmp_path / "m", str(tmp_path / "o.jsonl"))
    found = lines(tmp_path / "o.jsonl")
    assert len(found) == 300
    assert all({"noise", "opposite_unique"} <= set(row["missing"]) for row in found)
    assert all(0.0 <= row["score"] <= 1.0 for row in found)
    assert "columns absent: opposite_unique, noise" in capsys.readouterr().err
    (tmp_path / "none.jsonl").write_text('{"node": 1, "strange": 2}\n')
    with pytest.raises(Refused, match="columns_absent"):
        subscribers.score(str(tmp_path / "none.jsonl"), tmp_path / "m")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(Refused, match="file_unreadable"):
        subscribers.score(str(tmp_path / "broken.parquet"), tmp_path / "m")
    (tmp_path / "paid.csv").write_text("time,amount\n1,2\n")
    with pytest.raises(Misconfigured, match="model_invalid"):
        payments.score(str(tmp_path / "paid.csv"), tmp_path / "m")


@pytest.mark.parametrize("kind", ["parquet", "ndjson"])
def test_subscribers_come_by_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    frame, _ = made_subscribers(300, graph_tells=False)
    frame.write_parquet(tmp_path / "f.parquet")
    subscribers.train(str(tmp_path / "f.parquet"), tmp_path / "m")
    subscribers.score(str(tmp_path / "f.parquet"), tmp_path / "m", str(tmp_path / "a.jsonl"))
    held = io.BytesIO()
    getattr(frame, f"write_{kind}")(held)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(held.getvalue())))
    subscribers.score("-", tmp_path / "m", str(tmp_path / "b.jsonl"))
    assert lines(tmp_path / "b.jsonl") == lines(tmp_path / "a.jsonl")


def test_subscribers_are_measured_both_ways(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, edges = made_subscribers(300, graph_tells=False)
    frame.write_parquet(tmp_path / "f.parquet")
    edges.write_parquet(tmp_path / "e.parquet")
    subscribers.evaluate(
        str(tmp_path / "f.parquet"), tmp_path / "e.parquet", repeats=1, splits=2, graph=False
    )
    found = json.loads(capsys.readouterr().out)
    for way, parts in (("five_folds", 5), ("random_80_20", 2)):
        assert found[way]["auc"]["parts"] == parts
        assert 0.6 < found[way]["auc"]["mean"] <= 1.0
        low, high = found[way]["macro_f1"]["ci95"]
        assert low < found[way]["macro_f1"]["mean"] < high
        assert found[way]["used_graph"]["most"] == 0.0


def test_cards_are_ranked_and_refused_rows_answered(tmp_path: Path) -> None:
    noon = datetime(2026, 11, 20, 4, tzinfo=UTC)
    rows = [
        {"event_id": i, "at": (noon + timedelta(minutes=i)).isoformat(), "action": "activate",
         "number": reserved.mobile(i), "product": "phone", "outlet": "corner",
         "holder": f"E1234567{i % 5}"}
        for i in range(12)
    ]  # fmt: skip
    rows.append({"event_id": 99, "at": noon.isoformat(), "number": reserved.mobile(50)})
    path = tmp_path / "lines.ndjson"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    cards.score(path, out=str(tmp_path / "o.jsonl"))
    found = lines(tmp_path / "o.jsonl")
    assert len(found) == 13
    assert all(row["due_hours"] == 24 and row["todo_zh"] for row in found[:12])
    assert [row["rank"] for row in found[:12]] == list(range(1, 13))
    assert found[12]["error"]
    assert found[12]["line"] == 13


@pytest.mark.parametrize("kind", ["card", "den"])
def test_cards_and_dens_go_by_policies_of_ones_own(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What others train is written here: `--model` names the folder of it, and its version."""
    for path in (POLICIES / "detection").glob(f"{kind}-v1*.yaml"):
        text = path.read_text("utf-8").replace('version: "2026-11"', 'version: "ours-7"')
        (tmp_path / path.name).write_text(text, "utf-8")
    row = {"event_id": 1, "source": "x", "at": "2026-11-20T12:00:00Z", "action": "activate",
           "call_id": 1, "phase": "end", "number": reserved.mobile(1),
           "caller": reserved.mobile(1), "callee": reserved.mobile(2)}  # fmt: skip
    source, out = tmp_path / "r.jsonl", str(tmp_path / "o.jsonl")
    source.write_text(json.dumps(row) + "\n")
    score = cards.score if kind == "card" else dens.score
    score(source, out=out, model=tmp_path)
    assert f"{kind}/v1 ours-7" in capsys.readouterr().err
    with pytest.raises(Misconfigured):
        score(source, out=out, model=source)
