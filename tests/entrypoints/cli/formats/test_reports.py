"""Every training leaves an honest report beside the model, and says what it could not use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fanzha.detection.account.batch.economy import Economy, invent
from fanzha.detection.payment import model as payment_model
from fanzha.detection.subscriber import model as subscriber_model
from fanzha.entrypoints.cli import accounts, links, payments, subscribers
from fanzha.errors import Refused
from tests.detection.payment.made import made as made_payments
from tests.detection.subscriber.made import made as made_subscribers


@pytest.fixture(autouse=True)
def _fewer_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_model, "_ROUNDS", dict.fromkeys(payment_model._ROUNDS, 20))
    families = {name: (given, 20) for name, (given, _) in subscriber_model._FAMILIES.items()}
    monkeypatch.setattr(subscriber_model, "_FAMILIES", families)


def report_of(model: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        model.with_name(model.name + ".report.json").read_text(encoding="utf-8")
    )
    for figures in found["figures"].values():
        for name in ("auc", "macro_f1"):
            if f"{name}_ci95" in figures:
                low, high = figures[f"{name}_ci95"]
                assert 0 <= low <= figures[name] <= high <= 1
    return found


def test_subscribers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame, edges = made_subscribers(400, graph_tells=False)
    column = next(name for name in frame.columns if name not in ("node", "label"))
    spoiled = frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("abc"))
        .otherwise(pl.col(column).cast(pl.String)).alias(column)
    )  # fmt: skip
    spoiled.write_csv(tmp_path / "s.csv")
    subscribers.train(str(tmp_path / "s.csv"), tmp_path / "m")
    told = capsys.readouterr().err
    found = report_of(tmp_path / "m")
    assert found["figures"]["五折 five folds"]["rows"] == frame["label"].count()
    assert column in found["columns"]
    assert f"{column}: 3 " in told
    assert "macro_f1" in told
    edges.rename({"node_a": "a"}).write_csv(tmp_path / "e.csv")
    with pytest.raises(Refused, match="no column node_a; it has a"):
        subscribers.score(
            str(tmp_path / "s.csv"), tmp_path / "m", str(tmp_path / "o.jsonl"), tmp_path / "e.csv"
        )
    edges.write_csv(tmp_path / "e.csv")
    subscribers.score(
        str(tmp_path / "s.csv"), tmp_path / "m", str(tmp_path / "o.jsonl"), tmp_path / "e.csv"
    )
    assert "--edges not used" in capsys.readouterr().err
    pl.concat([spoiled[:9], spoiled[4:6]]).write_csv(tmp_path / "twice.csv")
    with pytest.raises(Refused, match="twice 2 times, first in rows 5, 10"):
        subscribers.score(str(tmp_path / "twice.csv"), tmp_path / "m", str(tmp_path / "o.jsonl"))


def test_payments_are_measured_later_than_they_are_learned(tmp_path: Path) -> None:
    made_payments(days=60, customers=60).write_parquet(tmp_path / "p.parquet")
    payments.train(str(tmp_path / "p.parquet"), tmp_path / "m", feedback_days=2.0)
    found = report_of(tmp_path / "m")
    assert any("late" in name for name in found["figures"]) or found["not_measured"]


def test_links_are_measured_by_names_never_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = np.random.default_rng(3)
    words = ["pay", "bank", "login", "safe", "news", "shop", "tea", "book", "park", "river"]
    rows = []
    for k in range(300):
        a, b = chance.choice(words, 2)
        rows.append(
            {"url": f"{a}-{b}{k}-verify.top" if k % 2 else f"{a}{b}{k}.com", "label": k % 2}
        )
    pl.DataFrame(rows).write_csv(tmp_path / "l.csv")
    links.train([str(tmp_path / "l.csv")], tmp_path / "m", folds=3)
    found = report_of(tmp_path / "m")
    assert found["measured_on"] == 300
    assert found["figures"]["五折 all"]["auc"] > 0.8
    assert "macro_f1" in capsys.readouterr().err


def test_accounts(tmp_path: Path) -> None:
    moved, known = invent(Economy(accounts=500, groups=16), 4)
    moved.write_parquet(tmp_path / "t.parquet")
    known.select("account", "label").write_parquet(tmp_path / "l.parquet")
    accounts.train(
        [str(tmp_path / "t.parquet")], [str(tmp_path / "l.parquet")], tmp_path / "m", invented=0
    )
    (figures,) = report_of(tmp_path / "m")["figures"].values()
    assert 60 < figures["rows"] < 140
    assert {"auc_ci95", "ap_ci95", "macro_f1_ci95"} <= set(figures)
