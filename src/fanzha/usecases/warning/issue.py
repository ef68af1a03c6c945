"""Issue a warning for a person in danger, or raise the one that this episode already has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from fanzha.lifecycles.actor import Actor, system
from fanzha.lifecycles.warning import states
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.model import (
    Case,
    Change,
    FraudWarning,
    NewWarning,
    Person,
)
from fanzha.lifecycles.warning.policy import Grading
from fanzha.ports.deed_book import Deed
from fanzha.ports.outbox import Message
from fanzha.ports.unit_of_work import UnitOfWork
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.usecases.warning.route import route

_IDS = uuid5(NAMESPACE_URL, "urn:fanzha:warning")


def warning_id(person: str, episode: str) -> UUID:
    """The same person and episode give the same id, so nothing can be issued twice."""
    return uuid5(_IDS, f"{person}|{episode}")


def issue(
    work: UnitOfWork,
    policies: WarningPolicies,
    *,
    person: Person,
    episode: str,
    place: str | None,
    case: Case,
    now: datetime,
) -> FraudWarning:
    """One warning per person and episode. A later, graver case raises it; it never doubles."""
    grading = policies.grades.grade(case.stage, case.score, live=case.live)
    before = work.warnings.of_episode(person.token, episode)
    if before is None:
        return _issue(work, policies, person, episode, place, case, grading, now)
    return _raise(work, policies, before, person, case, grading, now)


def _issue(
    work: UnitOfWork,
    policies: WarningPolicies,
    person: Person,
    episode: str,
    place: str | None,
    case: Case,
    grading: Grading,
    now: datetime,
) -> FraudWarning:
    unit = route(policies.tiers, place, work.warnings.load)
    warning = work.warnings.add(
        NewWarning(
            id=warning_id(person.token, episode),
            person=person,
            episode=episode,
            case=case,
            grade=grading.grade,
            basis_zh=grading.basis_zh,
            basis_en=grading.basis_en,
            unit=unit,
            state=states.PUSHED,
            clock=policies.clock("sign", grading.grade, now),
            issued_at=now,
        )
    )
    actor = system(policies.tiers.root)
    detail = {"score": round(case.score, 4), "stage": case.stage.value, "type": case.scam_type}
    _record(work, actor, warning, now, "issue", None, None, {**detail, "number": warning.number})
    _record(
        work,
        actor,
        warning,
        now,
        "grade",
        None,
        grading.grade.code,
        _basis(policies, grading),
    )
    _record(work, actor, warning, now, "push", None, states.PUSHED, {"unit": unit.code})
    _send(work, policies, warning, person, now)
    return warning


def _raise(
    work: UnitOfWork,
    policies: WarningPolicies,
    before: FraudWarning,
    person: Person,
    case: Case,
    grading: Grading,
    now: datetime,
) -> FraudWarning:
    """Later findings of the episode: the warning keeps what is gravest and may open again."""
    graver = grading.grade < before.grade
    grade = min(before.grade, grading.grade)
    closed = before.state in (
        states.DISSUADED,
        states.FALSE_ALARM,
        states.FOLLOWING_UP,
        states.ARCHIVED,
    )
    further = case.stage.imminence > before.case.stage.imminence
    reopen = closed and grading.grade <= policies.grades.reopen_at and (graver or further)
    verb = "reopen" if reopen else "add_finding"
    actor = system(policies.tiers.root)
    rule = states.WARNING.rule(before.state, verb, actor)
    changes: dict[str, object] = {"case": case}
    if graver:
        changes |= {"grade": grade, "basis_zh": grading.basis_zh, "basis_en": grading.basis_en}
    if reopen or (graver and before.state == states.PUSHED):
        changes |= {"clock": policies.clock("sign", grade, now), "pushed_at": now}
    if reopen:
        changes["before"] = None
    after = work.warnings.advance(
        before, rule.leads(before.state), Change(set=changes, evidence=case.evidence)
    )
    detail = {"score": round(case.score, 4), "stage": case.stage.value, "type": case.scam_type}
    _record(work, actor, after, now, verb, before.state, after.state, detail)
    if graver:
        _record(
            work,
            actor,
            after,
            now,
            "raise_grade",
            before.grade.code,
            grade.code,
            _basis(policies, grading),
        )
        _send(work, policies, after, person, now)
    return after


def _basis(policies: WarningPolicies, grading: Grading) -> dict[str, object]:
    """Why this grade, for the record."""
    return {
        "basis_zh": grading.basis_zh,
        "basis_en": grading.basis_en,
        "policy": policies.grades.version,
    }


def _send(
    work: UnitOfWork,
    policies: WarningPolicies,
    warning: FraudWarning,
    person: Person,
    now: datetime,
) -> None:
    """The texts of this grade. One a channel and grade: a raise says it again, more clearly."""
    if person.number is None:
        return
    for channel in policies.clocks.channels[warning.grade]:
        work.outbox.put(
            Message(
                id=uuid5(warning.id, f"{channel}|{warning.grade.code}"),
                warning_id=warning.id,
                channel=channel,
                to=person.number,
                body=policies.wording(warning.case.scam_type, warning.grade),
                created_at=now,
                unit=warning.unit,
            )
        )


def _record(
    work: UnitOfWork,
    actor: Actor,
    warning: FraudWarning,
    now: datetime,
    verb: str,
    before: str | None,
    after: str | None,
    detail: Mapping[str, object],
) -> None:
    work.deeds.append(
        Deed(
            at=now,
            actor=actor,
            verb=verb,
            object_kind="warning",
            object_id=str(warning.id),
            unit=warning.unit,
            before=before,
            after=after,
            article="反电信网络诈骗法第三十四条",
            detail=detail,
        )
    )


def raised_grade(grade: WarningGrade, policies: WarningPolicies, missed: int) -> WarningGrade:
    """The grade after this many missed contacts: each full three raise it by one."""
    if missed and missed % policies.grades.missed_contacts == 0:
        return grade.raised
    return grade
