"""The worker's part in the workshop: outcomes become labels, the watch, rehearsals started."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import datetime, timedelta

from fanzha.adapters.postgres.rules_figures import RuleFigures
from fanzha.bootstrap import Parts, utc_now
from fanzha.detection.rules.ruleset import Mode
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import RuleVersion
from fanzha.ports.workshop import RuleChanged
from fanzha.usecases.workshop.compare import estimate
from fanzha.usecases.workshop.watch_over import Behaviour, watch_over

_log = logging.getLogger("fanzha.worker.workshop")
_SETTLED = timedelta(minutes=5)
"""An outcome counts as a label when it has stood for so long: it can be taken back at first."""


def tend(parts: Parts) -> None:
    """One round: labels from outcomes, then the watch over what was newly published."""
    now, figures = utc_now(), RuleFigures(parts.database)
    with parts.workshop.work() as work:
        work.labels.harvest(now - _SETTLED)
        live = [v for v in work.rules.in_force() if v.state == states.LIVE]
    hours = timedelta(hours=parts.bench.policy.watch.hours)
    for version in live:
        if version.live_since is None or now - version.live_since > hours:
            continue
        shown = behaviour(figures, version, now)
        try:
            with parts.workshop.work() as work:
                gone = watch_over(work, parts.bench, version, shown, now)
        except RuleChanged:
            continue  # a person was quicker; the next round sees what they made of it
        if gone is not None:
            _log.warning("rule %s was rolled back by the watch", gone.ref)


def behaviour(figures: RuleFigures, version: RuleVersion, now: datetime) -> Behaviour:
    """What a live version has done until now, beside its time in shadow."""
    shadow, live = version.shadow_since, version.live_since
    assert live is not None
    cases = figures.cases(version.ref, Mode.LIVE, live)
    usual = None
    if shadow is not None:
        usual = figures.cases(version.ref, Mode.SHADOW, shadow) / _hours(shadow, live)
    return Behaviour(
        cases_an_hour=cases / _hours(live, now),
        cases=cases,
        shadow_cases_an_hour=usual,
        precision=estimate(figures.verdicts(code=f"rule:{version.ref}")),
    )


def _hours(begin: datetime, end: datetime) -> float:
    """A day at least: what is called and paid has its hours, and a busy morning is no busy day."""
    return max((end - begin) / timedelta(hours=1), 24.0)


def waiting(parts: Parts) -> bool:
    """Whether a rehearsal is to be taken up."""
    with parts.workshop.work() as work:
        return work.rehearsals.waits(utc_now() - timedelta(minutes=10))


async def rehearse_beside() -> None:
    """A rehearsal in a process of its own: it takes minutes of a whole core, and texts must not
    wait for it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fanzha.entrypoints.cli.main", "rules", "work"
    )
    try:
        await child.wait()
    except asyncio.CancelledError:
        child.terminate()
        await child.wait()
        raise
