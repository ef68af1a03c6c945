"""What a model's contributions mean, in words: a few reasons an account, heaviest first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.catalogue import FEATURES, BatchFeature
from fanzha.detection.finding import Reason

__all__ = ["reasons_of", "theme"]

F64 = npt.NDArray[np.float64]
_COMPANY = frozenset({"first", "second", "suspects", "close", "quiet", "siblings"})
_LOWEST = {"log": 0.0, "ln": 0.0, "rare": 0.5, "logit": -4.6}
"""Below these nothing is there to be told of: no ring beyond chance, nobody suspected."""
_TOLD = 4


def theme(name: str) -> str:
    """Features that say the same thing in other ways share a theme; one of them is told."""
    words = name.split("_")
    if words[0] in _COMPANY:
        return "company"
    return "_".join(words[:2]) if words[0] == "near" else words[0]


def reasons_of(
    score: float, values: Mapping[str, float], parts: Mapping[str, float]
) -> list[Reason]:
    """`parts` are contributions in log-odds by feature; what speaks for laundering is told, and
    the parts told add up to the score."""
    by_theme: dict[str, float] = {}
    best: dict[str, tuple[float, str]] = {}
    for name, part in parts.items():
        kind = theme(name)
        by_theme[kind] = by_theme.get(kind, 0.0) + part
        if _is_there(FEATURES[name], values[name]):
            best[kind] = max(best.get(kind, (0.0, "")), (part, name))
    speaking = [(by_theme[kind], kind) for kind, (_, name) in best.items() if name]
    heavy = sorted((one for one in speaking if one[0] > 0), reverse=True)[:_TOLD]
    whole = sum(weight for weight, _ in heavy)
    return [_reason(best[kind][1], values, score * weight / whole) for weight, kind in heavy]


def spread(circle: F64, conduct: F64, place: int) -> F64:
    """Contributions of both stages as one row an account.

    The first stage's score is one feature of the second (column `place`); what it contributes goes
    to the first stage's features by their share of what pulls the same way.
    """
    through = circle[:, place]
    same_way = np.where(np.sign(conduct) == np.sign(through)[:, None], np.abs(conduct), 0.0)
    total = same_way.sum(axis=1, keepdims=True)
    share = np.divide(same_way, total, out=np.zeros_like(same_way), where=total > 0)
    told = circle.copy()
    told[:, place] = 0.0
    told[:, : conduct.shape[1]] += through[:, None] * share
    return told


def _is_there(feature: BatchFeature, value: float) -> bool:
    if not math.isfinite(value):
        return False
    if feature.unit in _LOWEST:
        return value > _LOWEST[feature.unit]
    return value > 0 or not feature.law


def _reason(name: str, values: Mapping[str, float], part: float) -> Reason:
    feature, value = FEATURES[name], _shown(FEATURES[name].unit, values[name])
    zh, en = (text.replace("{value}", value) for text in (feature.zh, feature.en))
    return Reason(code=name, zh=zh, en=en, part=part)


def _shown(unit: str, value: float) -> str:
    match unit:
        case "count":
            return f"{value:,.0f}" if value >= 0.95 else f"{value:.2f}"
        case "share":
            return f"{value:.0%}"
        case "times":
            return f"{math.exp(min(value, 50.0)):.2g}"
        case "log":
            return f"{10 ** min(value, 12.0):.2g}"
        case "ln":
            return f"{math.exp(min(value, 27.0)):.2g}"
        case "rare":
            return f"{10 ** min(value, 12.0):,.0f}"
        case "logit":
            return f"{1 / (1 + math.exp(-value)):.0%}"
        case _:
            return f"{value:.2g}"


def words(reasons: Sequence[Reason]) -> list[dict[str, object]]:
    """Plain rows of `code`, `zh`, `en`, `part`."""
    return [{"code": r.code, "zh": r.zh, "en": r.en, "part": round(r.part, 4)} for r in reasons]
