"""Reads a detector version from its YAML file; whatever it does not know it refuses at load."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from fanzha.detection.finding import Stage
from fanzha.detection.signals import Derived, Excuse, Signal, SignalSet
from fanzha.detection.words import invalid, template
from fanzha.errors import policy_reader

__all__ = ["load_signals"]

_FILE = {
    "detector",
    "version",
    "in_force_on",
    "threshold",
    "bands",
    "derived",
    "excuses",
    "signals",
}
_SIGNAL = {"code", "when", "weight", "zh", "en", "source"}
_SIGNAL_MAY = {"times", "scam_type", "stage"}
_EXCUSE = {"code", "when", "source"}
_CODE = re.compile(r"[a-z][a-z0-9_]{2,40}")

Schema = Mapping[str, pl.DataType | type[pl.DataType]]


@policy_reader
def load_signals(
    path: Path,
    schema: Schema,
    *,
    needs: Mapping[str, Sequence[str]] | None = None,
    spoken: Sequence[str] = (),
) -> SignalSet:
    """Read and check a signal file against the columns its detector offers.

    `schema` names every column a condition may read, with its type; `spoken` names what only
    templates may use (words in two languages); `needs` maps a feature to received columns.
    """
    data = _mapping(path)
    _keys(data, _FILE, set(), path.name)
    if not isinstance(data["in_force_on"], date):
        raise invalid("in_force_on", "is not a date")
    bands = tuple(float(band) for band in data["bands"])
    if list(bands) != sorted(set(bands)):
        raise invalid("bands", "must rise")
    probe = pl.DataFrame(schema=dict(schema))
    derived = []
    for name, sql in (data["derived"] or {}).items():
        value = _expression(sql, probe, f"derived.{name}")
        derived.append(Derived(name, str(sql), value, _roots(value)))
        probe = probe.with_columns(value.alias(name))
    signals = tuple(_signal(item, probe, spoken) for item in data["signals"])
    codes = [signal.code for signal in signals]
    if len(set(codes)) != len(codes):
        raise invalid("signals", "a code stands twice")
    return SignalSet(
        detector=str(data["detector"]),
        version=str(data["version"]),
        threshold=_number(data["threshold"], "threshold", 0.0, 1.0),
        bands=bands,
        derived=tuple(derived),
        excuses=tuple(_excuse(item, probe) for item in data["excuses"] or ()),
        signals=signals,
        needs=dict(needs or {}),
    )


def _signal(item: Mapping[str, Any], probe: pl.DataFrame, spoken: Sequence[str]) -> Signal:
    code = _code(item)
    _keys(item, _SIGNAL, _SIGNAL_MAY, code)
    when = _expression(item["when"], probe, code, boolean=True)
    zh, en = (template(item[language], language, code) for language in ("zh", "en"))
    times = item.get("times")
    slots = zh.columns | en.columns
    if strange := sorted(slots - set(probe.columns) - set(spoken)):
        raise invalid(code, f"templates name unknown columns {strange}")
    if times is not None and times not in probe.columns:
        raise invalid(code, "times names an unknown column")
    reads = _roots(when) | (slots - set(spoken)) | ({times} if times else set())
    return Signal(
        code=code,
        sql=item["when"],
        when=when,
        weight=_number(item["weight"], code, 0.0, 10.0),
        times=times,
        zh=zh,
        en=en,
        source=str(item["source"]),
        scam_type=item.get("scam_type"),
        stage=_stage(item.get("stage", "contact"), code),
        columns=frozenset(reads),
    )


def _excuse(item: Mapping[str, Any], probe: pl.DataFrame) -> Excuse:
    code = _code(item)
    _keys(item, _EXCUSE, set(), code)
    when = _expression(item["when"], probe, code, boolean=True)
    return Excuse(code, when, _roots(when))


def _expression(sql: object, probe: pl.DataFrame, where: str, boolean: bool = False) -> pl.Expr:
    """Parse, name-check and type-check a condition on an empty frame of the right types."""
    try:
        expression = pl.sql_expr(str(sql))
    except pl.exceptions.PolarsError as error:
        raise invalid(where, f"is not SQL: {_brief(error)}") from error
    if strange := sorted(_roots(expression) - set(probe.columns)):
        raise invalid(where, f"names unknown columns {strange}")
    try:
        kind = probe.select(expression.alias("value")).schema["value"]
    except pl.exceptions.PolarsError as error:
        raise invalid(where, f"does not fit the column types: {_brief(error)}") from error
    if boolean and kind != pl.Boolean:
        raise invalid(where, "is not a yes-or-no condition")
    return expression


def _roots(expression: pl.Expr) -> frozenset[str]:
    return frozenset(expression.meta.root_names())


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0][:120]


def _code(item: Mapping[str, Any]) -> str:
    code = item.get("code") if isinstance(item, Mapping) else None
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise invalid("code", "each entry needs a code of lower-case letters, digits and _")
    return code


def _stage(name: object, where: str) -> Stage:
    try:
        return Stage(str(name))
    except ValueError as error:
        raise invalid(where, f"stage is one of {[s.value for s in Stage]}") from error


def _number(value: object, where: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
        raise invalid(where, f"needs a number between {low} and {high}")
    return float(value)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict):
        raise invalid(path.name, "is not a mapping")
    return data


def _keys(item: Mapping[str, Any], must: set[str], may: set[str], where: str) -> None:
    if unknown := sorted(set(item) - must - may):
        raise invalid(where, f"unknown keys {unknown}")
    if absent := sorted(must - set(item)):
        raise invalid(where, f"keys {absent} are absent")
