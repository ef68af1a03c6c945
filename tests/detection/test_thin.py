"""Conditions over a few rows: what is written out says what the query engine says, everywhere."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal

from fanzha.detection.account.v1.channel import HOLDER_SCHEMA, PAYER_SCHEMA
from fanzha.detection.arrays import among, known, known_all
from fanzha.detection.call.v1.schema import CALLEE_SCHEMA, CALLER_SCHEMA, CHECKING_SCHEMA
from fanzha.detection.person.v1.episode import FACTS, SPOKEN
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import SignalSet
from fanzha.detection.thin.written import THIN, thin
from tests.fixtures import POLICIES

_FILES: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "call-v1-caller": (CALLER_SCHEMA, ()),
    "call-v1-callee": (CALLEE_SCHEMA, ("caller_why",)),
    "call-v1-checking": (CHECKING_SCHEMA, ()),
    "account-v1-holder": (HOLDER_SCHEMA, ()),
    "account-v1-payer": (PAYER_SCHEMA, ("payee_why",)),
    "person-v1": ({name: kind for name, (kind, _) in FACTS.items()}, SPOKEN),
}
_NUMBERS = (
    0.0, -0.0, 1.0, 2.0, 3.0, 5.0, 12.0, 50.0, 0.5, 0.6, 0.8, 0.9, 0.95, 0.98, 1.02, 1000.0, 3600.0,
    86_400.0, 500_000.0, 1_000_000.0, 2.0**53, 0.1 + 0.2, math.inf, -math.inf, math.nan,
)  # fmt: skip
_WHOLE = (0, 1, 2, 3, 7, 10, 60, 99_999, 100_000, 1_000_000, 2**40 + 1)
_TEXTS = ("", "out", "in", "end", "answer", "mobile", "cash", "wallet", "merchant", "私人")


def _column(kind: Any, rng: np.random.Generator, rows: int) -> list[Any]:
    told: list[Any]
    if kind == pl.Boolean:
        told = (rng.random(rows) < 0.5).tolist()
    elif kind == pl.String:
        told = rng.choice(_TEXTS, rows).tolist()
    elif kind in (pl.Float64, pl.Float32):
        told = np.where(
            rng.random(rows) < 0.7, rng.choice(_NUMBERS, rows), rng.lognormal(3.0, 4.0, rows)
        ).tolist()
    else:
        told = rng.choice(
            [0, 1, 2, 3, 7, 10, 60, 99_999, 100_000, 1_000_000, 2**40 + 1], rows
        ).tolist()
    return [value if rng.random() < 0.8 else None for value in told]


def _frame(schema: Mapping[str, Any], rng: np.random.Generator, rows: int) -> pl.DataFrame:
    kept = {name: kind for name, kind in schema.items() if rng.random() < 0.95}
    columns = {name: _column(kind, rng, rows) for name, kind in kept.items()}
    return pl.DataFrame(columns, schema=kept)


@pytest.fixture(scope="module", params=_FILES)
def weighed(request: pytest.FixtureRequest) -> tuple[SignalSet, Mapping[str, Any]]:
    schema, spoken = _FILES[request.param]
    found = load_signals(POLICIES / "detection" / f"{request.param}.yaml", schema, spoken=spoken)
    return found, schema


def _by_engine(signals: SignalSet, frame: pl.DataFrame) -> tuple[pl.DataFrame, Any]:
    """The same set made to ask the query engine."""
    apart = replace(signals, plans={})
    plan = apart._plan(frame)
    apart.plans[tuple(frame.columns)] = replace(plan, few=None)
    scored = apart.score(frame)
    return scored.frame, scored.weights


@given(seed=st.integers(0, 2**32), rows=st.integers(1, THIN))
@settings(max_examples=25, deadline=None)
def test_every_shipped_condition_says_the_same(
    weighed: tuple[SignalSet, Mapping[str, Any]], seed: int, rows: int
) -> None:
    signals, schema = weighed
    frame = _frame(schema, np.random.default_rng(seed), rows)
    told = replace(signals, plans={}).score(frame)
    kept, weights = _by_engine(signals, frame)
    np.testing.assert_array_equal(told.weights, weights)
    assert_frame_equal(told.frame, kept, check_exact=True)


def test_shipped_conditions_are_written_out(
    weighed: tuple[SignalSet, Mapping[str, Any]],
) -> None:
    signals, schema = weighed
    assert signals._plan(pl.DataFrame(schema=dict(schema))).few is not None


_SCHEMA = {
    "a": pl.Float64, "b": pl.Float64, "n": pl.Int64, "u": pl.UInt64, "s": pl.String,
    "p": pl.Boolean, "q": pl.Boolean, "r": pl.Float32,
}  # fmt: skip
_CONDITIONS = (
    "NOT (p AND q)", "NOT (p OR NOT q)", "NOT (a >= 0.8 * b OR p)", "a BETWEEN 0.9 * b AND 1.1 * b",
    "a / b >= 0.95", "a / GREATEST(b, 1) < 0.5", "LEAST(a, b) > 2", "n >= 0.8 * a", "u = 3",
    "s IN ('out', 'cash')", "s NOT IN ('out', 'cash')", "s <> 'out' OR s IS NULL", "a IS NOT NULL",
    "COALESCE(p, q, TRUE)", "NOT COALESCE(p, FALSE)", "COALESCE(a, b, 1) <= 3", "r <= 3 AND r > 0",
    "CASE WHEN p THEN a ELSE b END >= 0.5", "p = q", "a = b", "a <> b", "NOT (a < b)", "a - b > 0",
    "(a + b) * 2 >= n", "n > 9007199254740993", "NOT p IS NULL", "a >= 500000 AND NOT (n < 3)",
    "n >= 3 * u", "n * n * n > 5", "GREATEST(2 * n, 3) < 10", "n >= 0.8", "n - u < 0",
    "a >= 0.7 * n", "n * 0.8 <= a", "LEAST(n / 3.0, 1.0) > 0.5", "CAST(n AS DOUBLE) * n * n > 5",
    "CAST(u AS DOUBLE) * 4 > n", "(-CAST(n AS DOUBLE)) < a", "CAST(r AS DOUBLE) * 2 > 1",
    "TRUE IS NULL OR p", "1 IS NOT NULL AND p", "'x' IS NULL OR q", "0.5 IS NOT NULL AND q",
    "'out' IN ('out', 'cash') AND p",
)  # fmt: skip


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_conditions_of_a_workshop_say_the_same(seed: int) -> None:
    frame = _frame({**_SCHEMA}, np.random.default_rng(seed), 20)
    for sql in _CONDITIONS:
        when = pl.sql_expr(sql)
        if not set(when.meta.root_names()) <= set(frame.columns):
            continue
        few = thin(frame.schema, [], [when])
        if few is None:
            continue
        told = few.answers(frame)
        if told is None:
            assert "n *" in sql.replace("CAST(n AS DOUBLE) *", "")  # beyond what is exact
            continue
        asked = frame.select(w=when.fill_null(value=False))["w"].to_list()
        assert [row[0] for row in told[1]] == asked, sql


@pytest.mark.parametrize("name", _FILES)
def test_no_rows_are_scored_as_none(name: str) -> None:
    schema, spoken = _FILES[name]
    signals = load_signals(POLICIES / "detection" / f"{name}.yaml", dict(schema), spoken=spoken)
    scored = signals.score(pl.DataFrame(schema=dict(schema)))
    assert scored.weights.shape == (0, len(signals.signals))
    assert scored.score.shape == (0,)


def test_few_rows_and_many_are_looked_at_alike() -> None:
    texts, truths = ["x", None, "y"] * 70, [True, None, False] * 70
    many = pl.DataFrame({"s": texts, "p": truths})
    for column, values in (("s", ("x",)), ("s", ("x", None)), ("p", (True,)), ("absent", (None,))):
        one_by_one = [bool(among(many[k : k + 1], column, *values)[0]) for k in range(many.height)]
        assert among(many, column, *values).tolist() == one_by_one
    told = {"a": np.array([1.0, np.nan, np.inf]), "b": np.arange(6.0)[::2]}
    for made, (name, numbers) in zip(known_all(told), told.items(), strict=True):
        assert_series_equal(made, known(name, numbers))


def test_constants_are_written_without_a_warning() -> None:
    schema = {"p": pl.Boolean(), "a": pl.Float64()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for sql in ("TRUE IS NULL", "1 IS NOT NULL", "0.5 IS NULL OR p", "'x' IS NOT NULL",
                    "'x' IN ('x', 'y')", "NULL IS NULL", "(1 = 1) = p", "1 < 2 OR p"):  # fmt: skip
            thin(schema, [], [pl.sql_expr(sql)])


def test_what_is_not_known_is_left_to_the_engine() -> None:
    frame = pl.DataFrame({"s": ["a"], "n": [1]})
    for sql in ("s LIKE 'a%'", "LENGTH(s) > 1", "n / 2 > 1", "n % 2 = 0", "s > 'a' || 'b'"):
        assert thin(frame.schema, [], [pl.sql_expr(sql)]) is None, sql


def test_a_column_of_another_type_is_left_to_the_engine() -> None:
    few = thin({"a": pl.Float64()}, [], [pl.sql_expr("a >= 2")])
    assert few is not None
    assert few.answers(pl.DataFrame({"a": ["2"]})) is None


def test_names_and_texts_of_a_rule_are_no_code() -> None:
    name = "a b'); import os #"
    frame = pl.DataFrame({name: ["'); raise SystemExit #", "x"]})
    when = pl.col(name) == "'); raise SystemExit #"
    few = thin(frame.schema, [], [when])
    assert few is not None
    assert few.answers(frame) == ([], [(True,), (False,)])
