"""The watch: a newly published version that misbehaves goes back by itself, and it is said why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fanzha.lifecycles.actor import system
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import RuleVersion
from fanzha.lifecycles.rule.policy import WatchOver
from fanzha.ports.workshop import WorkshopUnit
from fanzha.usecases.workshop.act import Act, Bench, act
from fanzha.usecases.workshop.compare import Estimate

__all__ = ["Behaviour", "goes_back", "watch_over"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a live version has done since it was published."""

    cases_an_hour: float
    cases: int
    shadow_cases_an_hour: float | None
    precision: Estimate | None


def goes_back(bounds: WatchOver, shown: Behaviour) -> tuple[str, str] | None:
    """Why it must go back, in both languages; None where it may stay.

    Precision counts by the upper end of its interval: chance alone throws nothing out.
    """
    precision = shown.precision
    judged = precision is not None and precision.n >= bounds.judged_least
    if precision is not None and judged and precision.high < bounds.precision_least:
        return (
            f"精确率 {precision.share:.1%}（至多 {precision.high:.1%}）低于"
            f" {bounds.precision_least:.0%}",
            f"precision {precision.share:.1%} (at most {precision.high:.1%}) is below"
            f" {bounds.precision_least:.0%}",
        )
    usual = shown.shadow_cases_an_hour
    many = usual is not None and shown.cases >= bounds.hits_least
    if usual is not None and many and shown.cases_an_hour > bounds.hits_most * usual:
        return (
            f"每小时命中 {shown.cases_an_hour:.1f}，超过影子期 {usual:.1f} 的"
            f" {bounds.hits_most:g} 倍",
            f"{shown.cases_an_hour:.1f} cases an hour, more than {bounds.hits_most:g} times"
            f" the {usual:.1f} of its shadow",
        )
    return None


def watch_over(
    work: WorkshopUnit, bench: Bench, version: RuleVersion, shown: Behaviour, now: datetime
) -> RuleVersion | None:
    """Roll back where the policy says so; gives the version as it then is, else None."""
    bounds = bench.policy.watch
    fresh = version.live_since is not None and now - version.live_since <= timedelta(
        hours=bounds.hours
    )
    if version.state != states.LIVE or not fresh:
        return None
    why = goes_back(bounds, shown)
    if why is None:
        return None
    note = f"守望：{why[0]} / watch: {why[1]}"
    wanted = Act("roll_back", states.LIVE, note)
    return act(work, bench, system(bench.root, "watch"), version, wanted, (), now)
