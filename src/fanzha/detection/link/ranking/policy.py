"""Reads `link-ranking.yaml`: what is added to the trained number, in log-odds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fanzha.detection.link.v1.lookalike import KINDS
from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["RankingPolicy", "load_ranking"]

_BY_KIND = ("look_alike", "look_alike_on_platform")


@dataclass(frozen=True, slots=True)
class RankingPolicy:
    """Log-odds, but for `said_from`, a score, and what look-alikes weigh by kind, in [0, 1)."""

    path_least: float
    path_most: float
    known_ordinary: float
    known_scam: float
    held: float
    closed: float
    bare_address: float
    user: float
    odd_port: float
    installer: float
    short_drawn_alike: float
    said_from: float
    look_alike: Mapping[str, float]
    look_alike_on_platform: Mapping[str, float]


@policy_reader
def load_ranking(path: Path) -> RankingPolicy:
    """Unknown and missing keys are refused, and what is no number."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    wanted = {f.name for f in fields(RankingPolicy)}
    if not isinstance(data, dict) or set(data) != wanted | {"version", "in_force_on"}:
        raise invalid(path.name, f"needs version, in_force_on, {sorted(wanted)}, nothing else")
    if not isinstance(data["in_force_on"], date):
        raise invalid("in_force_on", "is not a date")
    for name in sorted(wanted - set(_BY_KIND)):
        value = data[name]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise invalid(name, "is not a number")
    made: dict[str, Any] = {name: float(data[name]) for name in wanted - set(_BY_KIND)}
    made |= {name: _by_kind(data[name], name) for name in _BY_KIND}
    policy = RankingPolicy(**made)
    if not 0.0 <= policy.short_drawn_alike < 1.0:
        raise invalid("short_drawn_alike", "must be at least 0 and below 1")
    if not policy.path_least <= 0.0 <= policy.path_most:
        raise invalid("path_least", "must be at most 0, and path_most at least 0")
    return policy


def _by_kind(value: Any, field: str) -> dict[str, float]:
    """A weight in [0, 1) for each kind of look-alike that is named."""
    if not isinstance(value, dict) or not set(value) <= set(KINDS[1:]):
        raise invalid(field, f"needs weights by kinds out of {KINDS[1:]}")
    for weight in value.values():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not 0.0 <= weight < 1.0:
            raise invalid(field, "a weight is at least 0 and below 1")
    return {str(kind): float(weight) for kind, weight in value.items()}
