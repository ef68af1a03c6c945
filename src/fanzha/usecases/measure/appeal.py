"""Appeals: filed with the code of a notice, clocked, decided with reasons; an upheld one lifts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, system
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.measure import appeal_states as steps
from fanzha.lifecycles.measure import states
from fanzha.lifecycles.measure.model import Appeal, Measure
from fanzha.ports.deed_book import Deed
from fanzha.ports.register import AppealWords, MeasureChanged, RegisterUnit
from fanzha.usecases.measure.act import end, find
from fanzha.usecases.measure.propose import Register

__all__ = ["AppealAct", "act_on_appeal", "by_code", "file", "withdraw"]

_CONTACT_MOST = 200
_REASONS_MOST = 1000


@dataclass(frozen=True, slots=True)
class AppealAct:
    """A verb on an appeal, decided while looking at one of its revisions."""

    verb: str
    expected_state: str
    expected_revision: int
    reasons: str = ""
    note: str = ""


def by_code(work: RegisterUnit, code: int) -> Measure:
    """The measure a notice speaks of. The same refusal whether the code is wrong or forgotten."""
    found = work.measures.by_code(code)
    if found is None or found.state in (states.PROPOSED, states.DECLINED):
        raise Refused(
            "code_unknown",
            zh="没有这个申诉码，请核对通知",
            en="there is no such appeal code: see the notice",
            field="code",
        )
    return found


def file(
    work: RegisterUnit,
    register: Register,
    id: UUID,
    measure: Measure,
    words: AppealWords,
    now: datetime,
) -> Appeal:
    """Filed by whoever holds the notice. Refused where nothing stands any more, or an appeal is
    open already; the same id again is the same appeal."""
    if (there := work.appeals.get(id)) is not None:
        return there
    clocks = register.policy.appeal
    if measure.state not in states.IN_FORCE:
        raise Refused(
            "measure_over",
            zh="该措施已结束，无需申诉",
            en="the measure is over: there is nothing to appeal",
            field="code",
        )
    if not words.text.strip() or len(words.text) > clocks.words_most:
        raise Refused(
            "words_needed",
            zh=f"请写明申诉理由（至多 {clocks.words_most} 字）",
            en=f"say why, in at most {clocks.words_most} letters",
            field="text",
        )
    if len(words.contact) > _CONTACT_MOST:
        raise Refused(
            "contact_long", zh="联系方式过长", en="the contact is too long", field="contact"
        )
    earlier = work.appeals.of(measure.id)
    if any(a.state in steps.OPEN for a in earlier):
        raise Refused(
            "appeal_open", zh="已有申诉在办理", en="an appeal is being dealt with", field="code"
        )
    if len(earlier) >= clocks.open_most:
        raise Refused(
            "appeals_spent",
            zh="该措施的申诉次数已用完，可依法申请行政复议或提起诉讼",
            en="no further appeal here: administrative reconsideration or the court are open",
            field="code",
        )
    due = now + clocks.accept
    appeal = work.appeals.add(
        Appeal(
            id=id,
            number="",
            revision=1,
            state=steps.FILED,
            measure_id=measure.id,
            measure_number=measure.number,
            filed_at=now,
            updated_at=now,
            due_at=due,
            escalates_at=due,
            checked_by=None,
            decided_by=None,
            decided_display=None,
            reasons="",
            note="",
            unit=measure.unit,
        ),
        words,
    )
    work.deeds.append(_deed(system(register.root, "party"), "file", appeal, None, now, ""))
    return appeal


def withdraw(work: RegisterUnit, register: Register, before: Appeal, now: datetime) -> Appeal:
    """By the party itself."""
    party = system(register.root, "party")
    rule = steps.APPEAL.rule(before.state, "withdraw", party)
    after = work.appeals.advance(before, rule.leads(before.state), _still(now))
    work.deeds.append(_deed(party, "withdraw", after, before.state, now, rule.article))
    return after


def act_on_appeal(
    work: RegisterUnit,
    register: Register,
    actor: Actor,
    before: Appeal,
    wanted: AppealAct,
    now: datetime,
) -> Appeal:
    """One verb in one commit; where the appeal is upheld, the measure and its lines on every wire
    end in it too."""
    if (before.state, before.revision) != (wanted.expected_state, wanted.expected_revision):
        raise MeasureChanged(before)
    rule = steps.APPEAL.rule(before.state, wanted.verb, actor)
    measure = find(work, before.measure_id)
    area = register.units.get(measure.area, register.root)
    if not area.within(actor.unit.scope):
        raise NotAllowed(
            "beyond_unit",
            zh="该措施的范围超出本级辖区",
            en="this measure reaches beyond your own unit",
            field="verb",
        )
    if "second_person" in rule.needs and measure.signed_by(actor.id):
        raise NotAllowed(
            "second_person_needed",
            zh="申诉须由未参与作出该措施的人决定",
            en="somebody who had no part in the measure decides about the appeal",
            field="verb",
        )
    change = _change(register, rule.verb, rule.needs, rule.clock, actor, wanted, now)
    after = work.appeals.advance(before, rule.leads(before.state), change)
    work.deeds.append(_deed(actor, rule.verb, after, before.state, now, rule.article))
    if after.state == steps.UPHELD and measure.state in states.IN_FORCE:
        end(work, register, measure, "lift_on_appeal", now, f"appeal {after.number}")
    return after


def _change(
    register: Register,
    verb: str,
    needs: tuple[str, ...],
    clock: str | None,
    actor: Actor,
    wanted: AppealAct,
    now: datetime,
) -> dict[str, Any]:
    reasons, note = wanted.reasons.strip(), wanted.note.strip()
    if "reasons" in needs and not reasons:
        raise Refused(
            "reasons_needed",
            zh="请写明决定的理由，将告知当事人",
            en="give the reasons: the party is told them",
            field="reasons",
        )
    if "note" in needs and not note:
        raise Refused(
            "note_needed", zh="请写明核查情况", en="say what the check found", field="note"
        )
    if max(len(reasons), len(note)) > _REASONS_MOST:
        raise Refused(
            "reasons_long",
            zh=f"至多 {_REASONS_MOST} 字",
            en=f"at most {_REASONS_MOST} letters",
            field="reasons",
        )
    change: dict[str, Any] = {"updated_at": now}
    if note:
        change["note"] = note
    if reasons:
        change |= {"reasons": reasons, "decided_by": actor.id, "decided_display": actor.display}
    if verb == "check":
        change["checked_by"] = actor.id
    if clock == "decide":
        due = now + register.policy.appeal.decide
        change |= {"due_at": due, "escalates_at": due}
    elif clock == "":
        change |= _still(now)
    return change


def _still(now: datetime) -> dict[str, Any]:
    return {"updated_at": now, "due_at": None, "escalates_at": None}


def next_report(appeal: Appeal, register: Register, now: datetime) -> datetime | None:
    """When a delay is reported again; None after the last report."""
    clocks = register.policy.appeal
    assert appeal.due_at is not None
    term = clocks.accept if appeal.state == steps.FILED else clocks.decide
    step = timedelta(seconds=term.total_seconds() * clocks.again_after)
    last = appeal.due_at + step * (clocks.escalations_max - 1)
    following = appeal.due_at
    while following <= now:
        following += step
    return following if following <= last else None


def _deed(
    actor: Actor, verb: str, appeal: Appeal, before: str | None, now: datetime, article: str
) -> Deed:
    return Deed(
        at=now,
        actor=actor,
        verb=verb,
        object_kind="appeal",
        object_id=appeal.number,
        unit=appeal.unit,
        before=before,
        after=appeal.state,
        article=article,
        detail={"measure": appeal.measure_number},
    )
