"""Say what a drawn case or row turned out to be: a label, and a deed of whoever said so."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.rule.model import Hands, Label, RuleVersion, Verdict
from fanzha.ports.deed_book import Deed
from fanzha.ports.workshop import WorkshopUnit
from fanzha.usecases.workshop.act import Bench, of_the_centre, own

__all__ = ["judge_case", "judge_look", "may_judge"]

_WHO = frozenset({Role.ANALYST, Role.DUTY_OFFICER})


def may_judge(actor: Actor, version: RuleVersion, hands: Hands) -> bool:
    """Whether somebody has no hand in a version, whose cases decide if it passes its gates."""
    return actor.may(_WHO) and actor.id not in own(version, hands)


def judge_case(
    work: WorkshopUnit, bench: Bench, actor: Actor, version: RuleVersion, *, rehearsal: UUID,
    n: int, token: bytes, share: float, verdict: Verdict, now: datetime,
) -> None:  # fmt: skip
    """The n-th case of a rehearsal is true or false; judged again, the later word counts.

    `token` and `share` are the case's. Refused to the author and to whoever ever submitted the
    version.
    """
    of_the_centre(actor, _WHO)
    work.sets.lock()  # nobody submits it meanwhile
    if not may_judge(actor, version, work.rules.hands(version.rule, version.version)):
        raise NotAllowed(
            "own_case",
            zh="自己起草或提请的规则，其样本须由他人评判",
            en="somebody other than author and submitter judges the cases of a version",
        )
    about = f"sample:{rehearsal}:{n}"
    work.labels.add([Label(about, token, verdict, "sample", share, actor.display, now)])
    work.deeds.append(_deed(bench, actor, "rule_case", version.ref, about, verdict, now))


def judge_look(
    work: WorkshopUnit, bench: Bench, actor: Actor, *, id: str, detector: str, token: bytes,
    share: float, verdict: Verdict, now: datetime,
) -> None:  # fmt: skip
    """A row that was drawn by chance is true or false."""
    of_the_centre(actor, _WHO)
    about = f"look:{id}"
    work.labels.add([Label(about, token, verdict, "look", share, actor.display, now)])
    work.deeds.append(_deed(bench, actor, "look", detector, about, verdict, now))


def _deed(
    bench: Bench, actor: Actor, kind: str, id: str, about: str, verdict: Verdict, now: datetime
) -> Deed:
    return Deed(
        at=now, actor=actor, verb="judge", object_kind=kind, object_id=id, unit=bench.root,
        after=verdict.value, detail={"about": about},
    )  # fmt: skip
