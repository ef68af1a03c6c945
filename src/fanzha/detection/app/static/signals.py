"""The signals of static verdicts: SQL conditions with weights for and against, in log-odds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.app.static.policy import exact, number, read_policy
from fanzha.detection.words import Template, invalid, template
from fanzha.errors import policy_reader

__all__ = ["Signal", "Signals", "load_signals"]

_CODE = re.compile(r"[a-z][a-z0-9_]{2,40}")
_KEYS = {"detector", "prior", "levels", "imitation_from", "purpose_keeps", "publisher_keeps",
         "house_keeps", "signals"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signal:
    """`weight` in log-odds, below 0 where it speaks for the app; `times` a column it is times."""

    code: str
    when: pl.Expr
    weight: float
    times: str | None
    zh: Template
    en: Template


@dataclass(frozen=True, eq=False)
class Signals:
    """A version of the verdict: prior, levels and signals."""

    detector: str
    version: str
    prior: float
    suspicious: float
    fraud: float
    imitation_from: int
    keeps: tuple[float, float, float]
    signals: tuple[Signal, ...]

    def weigh(self, frame: pl.DataFrame) -> npt.NDArray[np.float64]:
        """(rows, signals): what each adds to a row's log-odds; 0 where it does not hold."""
        held = frame.select(
            (
                one.when.fill_null(False).cast(pl.Float64)
                * (pl.col(one.times).fill_null(0.0) if one.times else 1.0)
            ).alias(one.code)
            for one in self.signals
        )
        weights = np.array([one.weight for one in self.signals])
        return np.asarray(held.to_numpy().reshape(frame.height, len(weights)) * weights)


@policy_reader
def load_signals(
    path: Path, schema: Mapping[str, type[pl.DataType]], spoken: Sequence[str]
) -> Signals:
    """Read and check against the columns on offer; `spoken` are those only templates may use."""
    data = read_policy(path, _KEYS)
    levels = data["levels"]
    exact(levels, {"suspicious", "fraud"}, "levels")
    probe = pl.DataFrame(schema=dict(schema))
    signals = tuple(_signal(item, probe, set(spoken)) for item in data["signals"])
    codes = [one.code for one in signals]
    if len(set(codes)) != len(codes):
        raise invalid("signals", "a code stands twice")
    suspicious = number(levels["suspicious"], "suspicious", 0, 1)
    return Signals(
        detector=str(data["detector"]),
        version=str(data["version"]),
        prior=number(data["prior"], "prior", -20, 20),
        suspicious=suspicious,
        fraud=number(levels["fraud"], "fraud", suspicious, 1),
        imitation_from=int(number(data["imitation_from"], "imitation_from", 1, 3)),
        keeps=(
            number(data["purpose_keeps"], "purpose_keeps", 0, 1),
            number(data["publisher_keeps"], "publisher_keeps", 0, 1),
            number(data["house_keeps"], "house_keeps", 0, 1),
        ),
        signals=signals,
    )


def _signal(item: Any, probe: pl.DataFrame, spoken: set[str]) -> Signal:
    exact(item, {"code", "when", "weight", "zh", "en", "source"}, "signals", frozenset({"times"}))
    code = str(item["code"])
    if not _CODE.fullmatch(code):
        raise invalid("signals", "a code is of small letters, digits and _")
    try:
        when = pl.sql_expr(str(item["when"]))
    except pl.exceptions.PolarsError as error:
        raise invalid(code, "is not SQL") from error
    if strange := sorted(set(when.meta.root_names()) - set(probe.columns)):
        raise invalid(code, f"names unknown columns {strange}")
    try:
        kind = probe.select(when.alias("value")).schema["value"]
    except pl.exceptions.PolarsError as error:
        raise invalid(code, "does not fit the column types") from error
    if kind != pl.Boolean:
        raise invalid(code, "is not a yes-or-no condition")
    zh, en = (template(item[language], language, code) for language in ("zh", "en"))
    if strange := sorted((zh.columns | en.columns) - set(probe.columns) - spoken):
        raise invalid(code, f"templates name unknown columns {strange}")
    times = item.get("times")
    if times is not None and times not in probe.columns:
        raise invalid(code, "times names an unknown column")
    return Signal(code, when, number(item["weight"], code, -10, 10), times, zh, en)
