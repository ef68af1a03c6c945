"""An edition of the rule set: made anew whenever what is in force changes."""

from __future__ import annotations

from datetime import datetime

from fanzha.detection.rules.rule import RuleText
from fanzha.detection.rules.ruleset import Look, Mode, Mute, Ruled, RuleSet
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.policy import WorkshopPolicy
from fanzha.ports.workshop import WorkshopOffice, WorkshopUnit

__all__ = ["ensure_edition", "new_edition"]


def new_edition(
    work: WorkshopUnit, policy: WorkshopPolicy, salt: str, because: str, now: datetime
) -> int:
    """Store what is in force now, in the commit of what changed it; gives the edition's number.

    Scorers find it within a second and go by it from an entry of their log that they note.
    """
    return work.sets.add(_in_force(work, policy, salt, now).plain(), because, now)


def ensure_edition(
    office: WorkshopOffice, policy: WorkshopPolicy, salt: str, now: datetime
) -> None:
    """A centre without an edition, or with other shares to look at, gets one."""
    with office.work() as work:
        work.sets.lock()
        newest = work.sets.newest()
        look = Look(salt, policy.look.quiet, policy.look.faint)
        if newest is None or newest.look != look:
            new_edition(work, policy, salt, "policy", now)


def _in_force(work: WorkshopUnit, policy: WorkshopPolicy, salt: str, now: datetime) -> RuleSet:
    mutes: dict[str, list[Mute]] = {}
    for snooze in work.snoozes.running(now):
        mute = Mute(int(snooze.until.timestamp() * 1000), snooze.key, snooze.area)
        mutes.setdefault(snooze.rule, []).append(mute)
    rules = tuple(
        Ruled(
            rule=RuleText.of(v.text),
            version=v.version,
            mode=Mode.LIVE if v.state == states.LIVE else Mode.SHADOW,
            mutes=tuple(mutes.get(v.rule, ())),
        )
        for v in work.rules.in_force()
    )
    return RuleSet(0, rules, Look(salt, policy.look.quiet, policy.look.faint))
