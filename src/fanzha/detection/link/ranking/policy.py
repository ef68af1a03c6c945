"""Reads `link-ranking.yaml`: what is added to the trained number, in log-odds."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import yaml

from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["RankingPolicy", "load_ranking"]


@dataclass(frozen=True, slots=True)
class RankingPolicy:
    """Log-odds, but for `said_from`, a score."""

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
    said_from: float


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
    for name in sorted(wanted):
        value = data[name]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise invalid(name, "is not a number")
    policy = RankingPolicy(**{name: float(data[name]) for name in wanted})
    if not policy.path_least <= 0.0 <= policy.path_most:
        raise invalid("path_least", "must be at most 0, and path_most at least 0")
    return policy
