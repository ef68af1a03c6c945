"""Every signal of every file: what holds is said, and stops being said once it no longer holds.

The files themselves are the cases. DuckDB, which has never seen our code, says which conditions
hold on a row; a row on which a signal holds is looked for among values near the file's own terms,
then changed column by column until it does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
import yaml

from fanzha.detection.account.v1.channel import HOLDER_SCHEMA, PAYER_SCHEMA
from fanzha.detection.app.v1.channel import APP_SCHEMA
from fanzha.detection.call.v1.schema import CALLEE_SCHEMA, CALLER_SCHEMA, CHECKING_SCHEMA
from fanzha.detection.person.v1.episode import FACTS, SPOKEN
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import SignalSet
from tests.detection.streams import POLICIES

Schema = Mapping[str, pl.DataType | type[pl.DataType]]
_ROWS = 4_000


@dataclass(frozen=True)
class File:
    """One signal file: what our code made of it, and its plain text for the oracle."""

    signals: SignalSet
    schema: Schema
    derived: Mapping[str, str]
    when: Mapping[str, str]
    excuses: tuple[str, ...]


_FILES: Mapping[str, tuple[Schema, tuple[str, ...]]] = {
    "call-v1-caller": (CALLER_SCHEMA, ()),
    "call-v1-callee": (CALLEE_SCHEMA, ("caller_why",)),
    "call-v1-checking": (CHECKING_SCHEMA, ()),
    "account-v1-holder": (HOLDER_SCHEMA, ()),
    "account-v1-payer": (PAYER_SCHEMA, ("payee_why",)),
    "app-v1": (APP_SCHEMA, ()),
    "person-v1": ({name: kind for name, (kind, _) in FACTS.items()}, SPOKEN),
}


@cache
def file(name: str) -> File:
    schema, spoken = _FILES[name]
    path = POLICIES / "detection" / f"{name}.yaml"
    plain = yaml.safe_load(path.read_text("utf-8"))
    return File(
        signals=load_signals(path, schema, spoken=spoken),
        schema=schema,
        derived=plain["derived"] or {},
        when={s["code"]: s["when"] for s in plain["signals"]},
        excuses=tuple(e["when"] for e in plain["excuses"] or ()),
    )


CASES = [(name, code) for name in _FILES for code in file(name).when]


def candidates(told: File, column: str, texts: str) -> list[Any]:
    """Values of a column worth trying: the terms that stand in the conditions, and around them."""
    kind = told.schema[column]
    if kind == pl.Boolean:
        return [True, False, None]
    if kind == pl.String:
        words = sorted(set(re.findall(r"'([^']*)'", texts)))
        return [*words, "other", None]
    terms = {float(n) for n in re.findall(r"\b\d+(?:\.\d+)?\b", texts)}
    near = {v for t in terms for v in (t, t / 2, t * 2, t + 1)} | {0.0, 0.3, 0.7, 1.0}
    values: list[Any] = sorted(near)
    if kind == pl.Int64:
        values = sorted({round(v) for v in values})
    return [*values, None]


def rows(told: File, code: str, seed: int, size: int = _ROWS) -> pl.DataFrame:
    """Random rows; the columns that the signal reads hold values near its own terms."""
    rng = np.random.default_rng(seed)
    own = told.when[code] + " " + " ".join(told.derived.values())
    frame = {}
    for column, kind in told.schema.items():
        picked = candidates(told, column, own)
        drawn = rng.integers(0, len(picked), size)
        frame[column] = pl.Series(column, picked, dtype=kind).gather(drawn)
    return pl.DataFrame(frame)


def oracle(told: File, frame: pl.DataFrame) -> pl.DataFrame:
    """What DuckDB says: for each signal whether it holds; none where an excuse does."""
    inner = "SELECT * FROM frame"
    for name, sql in told.derived.items():
        inner = f"SELECT *, {sql} AS {name} FROM ({inner})"
    excused = " OR ".join(f"coalesce({e}, false)" for e in told.excuses) or "false"
    asked = ", ".join(
        f"coalesce({sql}, false) AND NOT ({excused}) AS {code}" for code, sql in told.when.items()
    )
    found: pl.DataFrame = duckdb.sql(f"SELECT {asked} FROM ({inner})").pl()
    return found


def said(told: File, frame: pl.DataFrame, index: int) -> set[str]:
    """Codes of the reasons for one row."""
    return {reason.code for reason in told.signals.score(frame[[index]]).reasons(0)}


@pytest.mark.parametrize(("name", "code"), CASES, ids=[f"{n}:{c}" for n, c in CASES])
def test_a_reason_follows_its_condition(name: str, code: str) -> None:
    told = file(name)
    (signal,) = [s for s in told.signals.signals if s.code == code]
    for attempt in range(16):  # a condition of many parts holds on few random rows
        frame = rows(told, code, len(code) + attempt, _ROWS * (16 if attempt else 1))
        scaled = (
            np.ones(len(frame), bool)
            if signal.times is None or signal.times in told.derived
            else frame[signal.times].fill_null(0.0).to_numpy() > 0.0
        )
        hits = np.flatnonzero(oracle(told, frame)[code].to_numpy() & scaled)
        if len(hits):
            break
    assert len(hits), "no input makes this signal hold: it says nothing, ever"
    index = int(hits[0])
    assert code in said(told, frame, index)
    changed = _changed_until_it_fails(told, frame[[index]], code)
    assert changed is not None, "no change of the input makes this signal fail"
    assert code not in said(told, changed, 0)


def _changed_until_it_fails(told: File, row: pl.DataFrame, code: str) -> pl.DataFrame | None:
    """The row with one column changed so that the condition, by the oracle, fails."""
    texts = told.when[code] + " " + " ".join(told.derived.values())
    changed = pl.concat(
        [
            row.with_columns(pl.lit(value, dtype=told.schema[column]).alias(column))
            for column in told.schema
            if re.search(rf"\b{column}\b", texts)
            for value in candidates(told, column, told.when[code])
        ]
    )
    fails = np.flatnonzero(~oracle(told, changed)[code].to_numpy())
    return changed[[int(fails[0])]] if len(fails) else None


@pytest.mark.parametrize("name", _FILES)
def test_what_is_said_is_what_holds(name: str) -> None:
    """On rows near every term of the file: the codes are the conditions that hold, no others."""
    told = file(name)
    frame = pl.concat([rows(told, code, seed=7)[:60] for code in told.when])
    holds = oracle(told, frame)
    scored = told.signals.score(frame)
    for index in range(len(frame)):
        reasons = scored.reasons(index)
        expected = {
            s.code
            for s in told.signals.signals
            if holds[s.code][index] and (s.times is None or (scored.row(index)[s.times] or 0) > 0)
        }
        assert {r.code for r in reasons} == expected
        assert sum(r.part for r in reasons) == pytest.approx(float(scored.score[index]))
        assert all(r.zh and r.en and "{" not in r.zh + r.en for r in reasons)
