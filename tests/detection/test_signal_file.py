"""A signal file with a mistake is refused at load, and the message says where."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.finding import Stage
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import SignalSet
from fanzha.errors import Misconfigured

SCHEMA = {
    "calls": pl.Int64,
    "callees": pl.Int64,
    "kind": pl.String,
    "number": pl.String,
    "degree": pl.Float64,
}


def signal(**changes: Any) -> dict[str, Any]:
    return {
        "code": "many_calls",
        "when": "calls >= 10",
        "weight": 0.5,
        "zh": "呼出 {calls:count} 次",
        "en": "{calls:count} calls",
        "source": "D1",
        **changes,
    }


def document(*signals: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "detector": "call/v1",
        "version": "2026-11",
        "in_force_on": date(2026, 11, 1),
        "threshold": 0.3,
        "bands": [0.3, 0.6],
        "derived": {"spread": "callees / GREATEST(calls, 1)"},
        "excuses": [],
        "signals": list(signals or [signal()]),
        **changes,
    }


def load(tmp_path: Path, content: dict[str, Any]) -> SignalSet:
    path = tmp_path / "signals.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_signals(path, SCHEMA, needs={"calls": ("caller",)}, spoken=("why",))


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (document(extra=1), "signals.yaml"),
        (document(signal(weights=2)), "many_calls"),
        (document(signal(when="call >= 10")), "many_calls"),
        (document(signal(when="calls >=")), "many_calls"),
        (document(signal(when="calls + 1")), "many_calls"),
        (document(signal(when="kind > 3")), "many_calls"),
        (document(signal(zh="{calls}")), "many_calls"),
        (document(signal(zh="{call:count}")), "many_calls"),
        (document(signal(en="{calls:furlong}")), "many_calls"),
        (document(signal(en="{calls:count")), "many_calls"),
        (document(signal(weight=0)), "many_calls"),
        (document(signal(weight=True)), "many_calls"),
        (document(signal(times="nothing")), "many_calls"),
        (document(signal(stage="soon")), "many_calls"),
        (document(signal(code="X")), "code"),
        (document(signal(), signal()), "signals"),
        (document(bands=[0.6, 0.3]), "bands"),
        (document(threshold=1.5), "threshold"),
        (document(derived={"spread": "calles / 2"}), "derived.spread"),
        (document(excuses=[{"code": "filed", "when": "calles > 1", "source": "x"}]), "filed"),
        (document(in_force_on="soon"), "in_force_on"),
        ({k: v for k, v in document().items() if k != "threshold"}, "signals.yaml"),
    ],
)
def test_mistakes_are_refused_and_named(
    tmp_path: Path, content: dict[str, Any], field: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        load(tmp_path, content)
    assert refused.value.field == field
    assert refused.value.zh
    assert refused.value.en


def test_absent_file_is_misconfigured(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        load_signals(tmp_path / "none.yaml", SCHEMA)


def test_words_carry_units_and_masks(tmp_path: Path) -> None:
    words = signal(
        when="calls > 0",
        zh="{number:number} 呼出 {calls:count} 次，分散 {spread:share}，{why:words}",
        en="{number:number} made {calls:count} calls, spread {spread:share}, {why:words}",
    )
    scored = load(tmp_path, document(words)).score(
        pl.DataFrame(
            {"calls": [1200], "callees": [600], "number": ["+8615412345678"]},
            schema_overrides=SCHEMA,
        )
    )
    (reason,) = scored.reasons(0, {"why": ("因为", "because")})
    assert reason.zh == "154****5678 呼出 1,200 次，分散 50%，因为"
    assert reason.en == "154****5678 made 1,200 calls, spread 50%, because"


def test_excuse_silences_every_signal(tmp_path: Path) -> None:
    content = document(excuses=[{"code": "filed", "when": "kind = 'service'", "source": "x"}])
    frame = pl.DataFrame(
        {"calls": [50, 50], "kind": ["service", "mobile"]}, schema_overrides=SCHEMA
    )
    scored = load(tmp_path, content).score(frame)
    assert scored.over.tolist() == [1]
    assert scored.reasons(0) == ()


def test_absent_and_null_columns_are_named_not_guessed(tmp_path: Path) -> None:
    of_a_kind = signal(code="of_a_kind", when="kind = 'x'", zh="甲类", en="kind x")
    rules = load(tmp_path, document(signal(), of_a_kind))
    scored = rules.score(pl.DataFrame({"kind": ["x"]}))
    assert [r.code for r in scored.reasons(0)] == ["of_a_kind"]
    assert scored.missing(0) == ("caller",)
    told = rules.score(pl.DataFrame({"kind": [None], "caller": ["y"], "calls": [10]}))
    assert [r.code for r in told.reasons(0)] == ["many_calls"]
    assert told.missing(0) == ()


def test_scale_and_stage_and_type(tmp_path: Path) -> None:
    rules = load(
        tmp_path,
        document(
            signal(times="degree", scam_type="GJF01", stage="trust"),
            signal(code="more", when="calls >= 20", scam_type="SD", weight=0.1),
        ),
    )
    frame = pl.DataFrame({"calls": [30, 30, 30], "degree": [0.0, 0.5, None]})
    scored = rules.score(frame)
    assert scored.score[0] == pytest.approx(1 - np.exp(-0.1))
    assert scored.score[1] == pytest.approx(1 - np.exp(-0.35))
    assert [r.code for r in scored.reasons(2)] == ["more"]
    assert scored.stage(1) is Stage.TRUST
    assert scored.stage(0) is Stage.CONTACT
    assert scored.scam_type(1) == "GJF01"
    assert scored.scam_type(0) == "SD"


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.floats(0.01, 3), min_size=1, max_size=6),
    calls=st.integers(0, 60),
)
def test_parts_add_up_to_the_score(
    tmp_path_factory: pytest.TempPathFactory, weights: list[float], calls: int
) -> None:
    signals = [
        signal(code=f"over_{k}0", when=f"calls >= {10 * k}", weight=w)
        for k, w in enumerate(weights)
    ]
    rules = load(tmp_path_factory.mktemp("rules"), document(*signals))
    scored = rules.score(pl.DataFrame({"calls": [calls]}, schema_overrides=SCHEMA))
    held = [w for k, w in enumerate(weights) if calls >= 10 * k]
    assert scored.score[0] == pytest.approx(1 - np.exp(-sum(held)))
    reasons = scored.reasons(0)
    assert sum(r.part for r in reasons) == pytest.approx(scored.score[0])
    assert len(reasons) == len(held)
    assert 0 <= scored.score[0] < 1
