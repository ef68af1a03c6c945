"""Gates, watch, sampling and drift of the workshop: a dated file, unknown keys refused."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml

from fanzha.errors import Misconfigured, policy_reader

__all__ = ["WorkshopPolicy", "load_gates"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gates:
    replay_days: float
    shadow_days: float
    judged: float
    elders_age: float
    elders_excess: float
    desk_calls_a_day: float


@dataclass(frozen=True, slots=True)
class DeskCost:
    minutes_a_call: float
    calls_a_shift: float
    grave_score: float


@dataclass(frozen=True, slots=True)
class WatchOver:
    """When a live version goes back by itself."""

    hours: float
    precision_least: float
    judged_least: float
    hits_most: float
    hits_least: float


@dataclass(frozen=True, slots=True)
class LookShares:
    faint: float
    quiet: float


@dataclass(frozen=True, slots=True)
class DriftBounds:
    days: float
    reference_days: float
    psi: float


@dataclass(frozen=True, slots=True)
class Sampling:
    cases: float


@dataclass(frozen=True, slots=True)
class SnoozeBounds:
    """How long one person may mute a rule: for some, and altogether."""

    days_most: float
    hours_alone: float
    alone_days: float
    alone_share: float


@dataclass(frozen=True, slots=True)
class ReplayBounds:
    days_most: float


@dataclass(frozen=True, slots=True)
class WorkshopPolicy:
    """`policies/workshop/gates.yaml`; its comments say what each number means."""

    version: str
    gates: Gates
    desk: DeskCost
    watch: WatchOver
    look: LookShares
    drift: DriftBounds
    sample: Sampling
    snooze: SnoozeBounds
    replay: ReplayBounds


_PARTS: dict[str, type[Any]] = {
    "gates": Gates,
    "desk": DeskCost,
    "watch": WatchOver,
    "look": LookShares,
    "drift": DriftBounds,
    "sample": Sampling,
    "snooze": SnoozeBounds,
    "replay": ReplayBounds,
}


@policy_reader
def load_gates(path: Path) -> WorkshopPolicy:
    """Read and check the file."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if set(data) != {"version", "in_force_on", *_PARTS}:
        raise _bad(path.name, f"needs version, in_force_on, {sorted(_PARTS)}, nothing else")
    if not isinstance(data["in_force_on"], date):
        raise _bad("in_force_on", "is not a date")
    parts = {name: _part(name, data[name], kind) for name, kind in _PARTS.items()}
    return WorkshopPolicy(version=str(data["version"]), **parts)


def _part(name: str, item: Any, kind: type[T]) -> T:
    wanted = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(item, dict) or set(item) != wanted:
        raise _bad(name, f"needs {sorted(wanted)}, nothing else")
    for key, value in item.items():
        if not _number(value):
            raise _bad(f"{name}.{key}", "is no number, or below 0")
    return kind(**item)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "policy_invalid",
        zh=f"政策文件有误：{what}",
        en=f"the policy file is wrong: {what}",
        field=field,
    )
