"""What time does by itself: remind one tier higher, free what nobody works on, archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from fanzha.lifecycles.actor import Actor, system
from fanzha.lifecycles.warning import states
from fanzha.lifecycles.warning.model import Change, FraudWarning
from fanzha.ports.deed_book import Deed
from fanzha.ports.unit_of_work import Office, UnitOfWork
from fanzha.usecases.warning.policies import WarningPolicies

_BATCH = 200


def run_clocks(office: Office, policies: WarningPolicies, now: datetime) -> int:
    """Handle what is due; gives how many warnings changed. Call again while it is not zero."""
    actor = system(policies.tiers.root, "clock")
    with office.work(policies.tiers.root.scope) as work:
        due = work.clocks.run_out(now, _BATCH)
        for warning in due:
            _run_out(work, policies, actor, warning, now)
        left = work.clocks.abandoned(now, _BATCH)
        for warning in left:
            _release(work, policies, actor, warning, now)
    return len(due) + len(left)


def _run_out(
    work: UnitOfWork,
    policies: WarningPolicies,
    actor: Actor,
    before: FraudWarning,
    now: datetime,
) -> None:
    """An archive clock archives; any other reports the delay one tier higher and stays late."""
    clock = before.clock
    assert clock is not None
    if clock.name == "archive":
        _advance(work, actor, before, "archive", {"clock": None}, now, {})
        return
    term = policies.clocks.term(clock.name, before.grade)
    escalated = before.escalated + 1
    last = escalated >= policies.clocks.escalations_max
    again = None if last else now + term * policies.clocks.again_after
    detail = {"clock": clock.name, "due_at": clock.due_at.isoformat(), "times": escalated}
    changes: dict[str, object] = {
        "clock": replace(clock, escalates_at=again),
        "escalated": escalated,
    }
    _advance(work, actor, before, "escalate", changes, now, detail)


def _release(
    work: UnitOfWork,
    policies: WarningPolicies,
    actor: Actor,
    before: FraudWarning,
    now: datetime,
) -> None:
    """Taken from the queue and then left: it goes back, its sign clock having run on."""
    changes: dict[str, object] = {
        "owner_id": None,
        "owner_display": None,
        "locked_until": None,
        "clock": policies.sign_clock_again(before, now),
    }
    detail = {"because": "no step within the lock", "owner": before.owner_display}
    _advance(work, actor, before, "release", changes, now, detail)


def _advance(
    work: UnitOfWork,
    actor: Actor,
    before: FraudWarning,
    verb: str,
    changes: dict[str, object],
    now: datetime,
    detail: Mapping[str, object],
) -> None:
    rule = states.WARNING.rule(before.state, verb, actor)
    changes["updated_at"] = now
    after = work.warnings.advance(before, rule.leads(before.state), Change(set=changes))
    work.deeds.append(
        Deed(
            at=now,
            actor=actor,
            verb=verb,
            object_kind="warning",
            object_id=str(before.id),
            unit=after.unit,
            before=before.state,
            after=after.state,
            article=rule.article,
            detail=detail,
        )
    )
