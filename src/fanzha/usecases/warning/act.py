"""What people at the desk do with a warning: every verb of its table, with its consequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, Role, Unit, system
from fanzha.lifecycles.machine import BACK, NotAllowed, Rule
from fanzha.lifecycles.warning import states
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.model import Before, Change, FraudWarning
from fanzha.ports.case_file import Note, StopRequest
from fanzha.ports.deed_book import Deed
from fanzha.ports.unit_of_work import UnitOfWork
from fanzha.ports.warning_book import StateChanged
from fanzha.usecases.warning.issue import raised_grade
from fanzha.usecases.warning.policies import WarningPolicies


@dataclass(frozen=True, slots=True)
class Paid:
    """What the person says about money that has left."""

    payee_account: str
    amount_fen: int
    paid_at: datetime
    payee_name: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """A verb, decided while looking at `expected_state`, with what it needs."""

    verb: str
    expected_state: str
    note: str = ""
    agreed: tuple[str, ...] = ()
    unit: str | None = None
    owner: tuple[UUID, str] | None = None
    grade: WarningGrade | None = None
    paid: Paid | None = None


class NotHere(Refused):
    """The warning is not in this person's jurisdiction, or does not exist."""

    def __init__(self) -> None:
        super().__init__(
            "not_here", zh="这条预警不在您的辖区", en="this warning is not in your jurisdiction"
        )


def act(
    work: UnitOfWork,
    policies: WarningPolicies,
    actor: Actor,
    warning: UUID,
    act: Act,
    now: datetime,
) -> FraudWarning:
    """Apply one verb: one guarded change, its deed, and what follows from it, in one commit."""
    before = work.warnings.get(warning)
    if before is None:
        raise NotHere
    if before.state != act.expected_state:
        raise StateChanged(before)
    rule = states.WARNING.rule(before.state, act.verb, actor)
    _check_needs(rule, act)
    _check_owner(before, act, actor)
    consequence = _CONSEQUENCES.get(act.verb)
    step = _Step(work, policies, actor, before, act, now)
    change = consequence(step) if consequence else Change(set={})
    target = rule.leads(before.state, before.before.state if before.before else None)
    grade = change.set.get("grade", before.grade)
    if rule.clock == "":
        change.set["clock"] = None
    elif rule.clock is not None:
        change.set.setdefault("clock", policies.clock(rule.clock, grade, now))
        # A step was taken: what was late is no longer; what was handed up stays marked as such.
        change.set.setdefault("escalated", 0)
    change.set["updated_at"] = now
    change.set["before"] = _standing(before, now) if _can_be_undone(rule) else None
    if act.note:
        # Written where the warning still is: what belongs to it moves with it.
        work.file.note(Note(before.id, now, actor.display, act.note, before.unit))
    after = work.warnings.advance(before, target, change)
    work.deeds.append(_deed(rule, act, actor, before, after, now))
    if grade != before.grade and act.verb != "raise_grade":
        work.deeds.append(
            Deed(
                at=now,
                actor=system(policies.tiers.root),
                verb="raise_grade" if grade < before.grade else "grade",
                object_kind="warning",
                object_id=str(before.id),
                unit=after.unit,
                before=before.grade.code,
                after=grade.code,
                detail={"because": act.verb},
            )
        )
    return after


def _can_be_undone(rule: Rule) -> bool:
    return rule.target not in (None, BACK) and states.WARNING.remembers(rule.target)


def _standing(warning: FraudWarning, now: datetime) -> Before:
    return Before(
        at=now,
        state=warning.state,
        grade=warning.grade,
        clock=warning.clock,
        escalated=warning.escalated,
        missed_contacts=warning.missed_contacts,
        outcome=warning.outcome,
    )


def _deed(
    rule: Rule, act: Act, actor: Actor, before: FraudWarning, after: FraudWarning, now: datetime
) -> Deed:
    detail: dict[str, object] = {}
    if act.agreed:
        detail["agreed"] = list(act.agreed)
    if act.unit:
        detail["unit"] = act.unit
    if act.owner:
        detail["owner"] = act.owner[1]
    if act.grade:
        detail["grade"] = act.grade.code
    return Deed(
        at=now,
        actor=actor,
        verb=rule.verb,
        object_kind="warning",
        object_id=str(before.id),
        unit=after.unit,
        before=before.state,
        after=after.state,
        article=rule.article,
        detail=detail,
    )


def _check_needs(rule: Rule, act: Act) -> None:
    given = {
        "note": bool(act.note.strip()),
        "unit": act.unit is not None,
        "owner": act.owner is not None,
        "grade": act.grade is not None,
        "paid": act.paid is not None,
    }
    for need in rule.needs:
        if not given[need]:
            raise Refused(
                "missing_field",
                zh=f"「{rule.zh}」需要填写 {need}",
                en=f"“{rule.en}” needs the field {need}",
                field=need,
            )


def _check_owner(before: FraudWarning, act: Act, actor: Actor) -> None:
    """A signed warning is acted on by its owner, or by the duty officer over them."""
    taken = before.owner_id is not None and str(before.owner_id) != actor.id
    if taken and act.verb != "sign" and not actor.roles & {Role.DUTY_OFFICER, Role.SYSTEM}:
        raise NotAllowed(
            "taken_by_another",
            zh=f"已由 {before.owner_display} 签收",
            en=f"signed by {before.owner_display}",
            field="verb",
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """What a consequence may look at."""

    work: UnitOfWork
    policies: WarningPolicies
    actor: Actor
    before: FraudWarning
    act: Act
    now: datetime


_Consequence = Callable[[_Step], Change]

_FREED: dict[str, object] = {"owner_id": None, "owner_display": None, "locked_until": None}


def _sign(step: _Step) -> Change:
    return Change(
        set={
            "owner_id": UUID(step.actor.id),
            "owner_display": step.actor.display,
            "locked_until": step.now + step.policies.clocks.lock,
            # Who signs has not helped anybody yet: what was reported late counts until a contact.
            "escalated": step.before.escalated,
        }
    )


def _start_contact(step: _Step) -> Change:
    return Change(set={"locked_until": None})


def _no_answer(step: _Step) -> Change:
    """Three missed contacts raise the grade by one."""
    missed = step.before.missed_contacts + 1
    return Change(
        set={
            "missed_contacts": missed,
            "grade": raised_grade(step.before.grade, step.policies, missed),
            "outcome": "unreached",
        }
    )


def _not_believing(step: _Step) -> Change:
    grade = step.before.grade
    raised = grade.raised if step.policies.grades.not_believing else grade
    return Change(set={"grade": raised, "outcome": "not_believing"})


def _already_paid(step: _Step) -> Change:
    """The four fields of the stop order are kept in the same step that says the money left."""
    paid = step.act.paid
    assert paid is not None
    step.work.file.request_stop(
        StopRequest(
            id=uuid5(step.before.id, f"stop|{paid.payee_account}|{paid.paid_at.isoformat()}"),
            warning_id=step.before.id,
            payee_account=paid.payee_account,
            payee_name=paid.payee_name,
            amount_fen=paid.amount_fen,
            paid_at=paid.paid_at,
            requested_at=step.now,
            requested_by=step.actor.id,
            unit=step.before.unit,
        )
    )
    return Change(set={"outcome": "already_paid"})


def _dissuaded(step: _Step) -> Change:
    return Change(set={"outcome": "dissuaded"})


def _false_alarm(step: _Step) -> Change:
    return Change(set={"outcome": "false_alarm"})


def _to_unit(unit: Unit, now: datetime) -> Change:
    """Handed to another centre: nobody there owns it yet."""
    return Change(set={**_FREED, "pushed_at": now}, unit=unit)


def _hand_up(step: _Step) -> Change:
    change = _to_unit(step.policies.tiers.parent(step.before.unit), step.now)
    change.set["escalated"] = step.before.escalated + 1
    return change


def _hand_down(step: _Step) -> Change:
    unit = step.policies.tiers.by_code.get(step.act.unit or "")
    if unit is None or not unit.within(step.actor.unit.scope):
        raise Refused(
            "unit_not_below",
            zh="只能下派到本中心以下的单位",
            en="it can be handed to a unit below yours only",
            field="unit",
        )
    return _to_unit(unit, step.now)


def _reassign(step: _Step) -> Change:
    assert step.act.owner is not None
    return Change(set={"owner_id": step.act.owner[0], "owner_display": step.act.owner[1]})


def _release(step: _Step) -> Change:
    """Given back as it was: signing and giving back does not win time."""
    clock = step.policies.sign_clock_again(step.before, step.now)
    return Change(set={**_FREED, "clock": clock, "escalated": step.before.escalated})


def _raise_grade(step: _Step) -> Change:
    assert step.act.grade is not None
    if step.act.grade >= step.before.grade:
        raise Refused(
            "grade_not_higher",
            zh="只能升到更高的等级",
            en="a grade can only be raised",
            field="grade",
        )
    return Change(set={"grade": step.act.grade})


def _undo(step: _Step) -> Change:
    """Back to how it stood, its clock included; its owner is who it was all along.

    A grade that the step raised falls back, but not below what the findings by now ask for.
    """
    kept = step.before.before
    if kept is None:
        return Change(set={})
    if step.now - kept.at > step.policies.clocks.undo:
        seconds = step.policies.clocks.undo.seconds
        raise NotAllowed(
            "too_late_to_undo",
            zh=f"超过 {seconds} 秒，不能撤回",
            en=f"more than {seconds} seconds have passed",
            field="verb",
        )
    case = step.before.case
    found = step.policies.grades.grade(case.stage, case.score, live=case.live).grade
    return Change(
        set={
            "grade": min(kept.grade, found),
            "clock": kept.clock,
            "escalated": kept.escalated,
            "missed_contacts": kept.missed_contacts,
            "outcome": kept.outcome,
        }
    )


_CONSEQUENCES: dict[str, _Consequence] = {
    "sign": _sign,
    "start_contact": _start_contact,
    "record_no_answer": _no_answer,
    "record_nobody_met": _no_answer,
    "record_not_believing": _not_believing,
    "record_already_paid": _already_paid,
    "record_dissuaded": _dissuaded,
    "record_false_alarm": _false_alarm,
    "hand_up": _hand_up,
    "hand_down": _hand_down,
    "reassign": _reassign,
    "release": _release,
    "raise_grade": _raise_grade,
    "undo": _undo,
}
