"""What people and time do with a measure: every verb, its guards, and the list in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, system
from fanzha.lifecycles.machine import NotAllowed, Rule
from fanzha.lifecycles.measure import appeal_states, states
from fanzha.lifecycles.measure.model import Approval, Measure, Term
from fanzha.ports.register import MeasureChanged, RegisterUnit
from fanzha.usecases.measure.listing import entries_of
from fanzha.usecases.measure.propose import Register, deed

__all__ = ["Act", "act", "end", "find"]

_NOTE_MOST = 500


@dataclass(frozen=True, slots=True)
class Act:
    """A verb, decided while looking at `expected_state` and `expected_revision`."""

    verb: str
    expected_state: str
    expected_revision: int
    note: str = ""
    until: datetime | None = None


def find(work: RegisterUnit, id: UUID) -> Measure:
    """Refused where there is no such measure."""
    found = work.measures.get(id)
    if found is None:
        raise Refused(
            "measure_unknown", zh="没有这项措施", en="there is no such measure", field="id"
        )
    return found


def act(
    work: RegisterUnit,
    register: Register,
    actor: Actor,
    before: Measure,
    wanted: Act,
    now: datetime,
) -> Measure:
    """Apply one verb in one commit: the guarded change, the list, the deed, what follows."""
    if (before.state, before.revision) != (wanted.expected_state, wanted.expected_revision):
        raise MeasureChanged(before)
    verb = wanted.verb
    if verb == "approve" and len(before.approvals) + 1 < before.approvals_needed:
        verb = "endorse"
    rule = states.MEASURE.rule(before.state, verb, actor)
    _inside(register, actor, before)
    note = _note(rule, wanted.note)
    change: dict[str, Any] = {"updated_at": now, **({"note": note} if note else {})}
    change |= _sets(register, rule, before, actor, wanted, now)
    after = work.measures.advance(before, rule.leads(before.state), change)
    _list(work, before, after)
    _tell(work, register, rule, before, after, now)
    detail = {"note": note} if note else {}
    if rule.verb == "extend":
        detail["until"] = after.term.ends_at.isoformat()
    work.deeds.append(deed(actor, rule.verb, after, before.state, now, detail, rule.article))
    if after.state not in (*states.IN_FORCE, states.PROPOSED):
        _close_appeals(work, after, now)
    return after


def end(
    work: RegisterUnit,
    register: Register,
    before: Measure,
    verb: str,
    now: datetime,
    because: str = "",
) -> Measure:
    """What the machine ends: a term that is over, a proposal left lying, an upheld appeal."""
    machine = system(register.root)
    rule = states.MEASURE.rule(before.state, verb, machine)
    after = work.measures.advance(before, rule.leads(before.state), {"updated_at": now})
    _list(work, before, after)
    _tell(work, register, rule, before, after, now)
    detail = {"because": because} if because else {}
    work.deeds.append(deed(machine, verb, after, before.state, now, detail, rule.article))
    if verb != "lift_on_appeal":
        _close_appeals(work, after, now)
    return after


def _sets(
    register: Register, rule: Rule, before: Measure, actor: Actor, wanted: Act, now: datetime
) -> Mapping[str, Any]:
    kind = register.policy.kinds[before.target.kind]
    match rule.verb:
        case "endorse" | "approve":
            if before.signed_by(actor.id):
                raise NotAllowed(
                    "second_person_needed",
                    zh="批准须由提请人和已会签人以外的人签字",
                    en="somebody other than who proposed or endorsed it must sign",
                    field="verb",
                )
            signed = Approval(actor.id, actor.display, actor.unit.code, now)
            found: dict[str, Any] = {"approvals": (*before.approvals, signed)}
            if rule.verb == "approve":
                # The term was proposed as a length: waiting for signatures does not shorten it.
                found["term"] = Term(now, now + (before.term.ends_at - before.term.begins_at))
                found["decide_by"] = None
            return found
        case "withdraw" if actor.id != before.proposed_by:
            raise NotAllowed(
                "not_yours",
                zh="只有提请人可以撤回",
                en="only who proposed it may withdraw it",
                field="verb",
            )
        case "confirm":
            signed = Approval(actor.id, actor.display, actor.unit.code, now)
            return {"approvals": (signed,), "term": Term(before.term.begins_at, now + kind.term)}
        case "extend":
            until = wanted.until
            if until is None or not before.term.ends_at < until <= now + kind.longest:
                raise Refused(
                    "until_bad",
                    zh=f"延长须晚于现有期限，且在今后 {kind.longest.days} 天内",
                    en="an extension ends after the present term and within the next"
                    f" {kind.longest.days} days",
                    field="until",
                )
            return {"term": Term(before.term.begins_at, until)}
    return {}


def _list(work: RegisterUnit, before: Measure, after: Measure) -> None:
    """The list follows the state in the same commit."""
    if after.state in states.IN_FORCE:
        if before.state not in states.IN_FORCE or before.term != after.term:
            work.lists.put(entries_of(after), after.id, after.area)
    elif before.state in states.IN_FORCE:
        work.lists.take_out(after.id)


def _tell(
    work: RegisterUnit, register: Register, rule: Rule, before: Measure, after: Measure,
    now: datetime,
) -> None:  # fmt: skip
    """Whoever it concerns hears of the beginning, of a later end, and that it is over."""
    if after.state in states.IN_FORCE and (
        before.state not in states.IN_FORCE or rule.verb in ("confirm", "extend")
    ):
        register.tell(work, after, "begins", now)
    elif before.state in states.IN_FORCE and after.state not in states.IN_FORCE:
        register.tell(work, after, "ends", now)


def _close_appeals(work: RegisterUnit, measure: Measure, now: datetime) -> None:
    """What is appealed against no longer stands: nothing is left to decide."""
    for appeal in work.appeals.of(measure.id):
        if appeal.state in appeal_states.OPEN:
            change = {"updated_at": now, "due_at": None, "escalates_at": None}
            work.appeals.advance(appeal, appeal_states.MOOT, change)


def _inside(register: Register, actor: Actor, measure: Measure) -> None:
    """An act belongs to the units the measure's area lies in, or that lie above it."""
    area = register.units.get(measure.area, register.root)
    if not area.within(actor.unit.scope):
        raise NotAllowed(
            "beyond_unit",
            zh="该措施的范围超出本级辖区",
            en="this measure reaches beyond your own unit",
            field="verb",
        )


def _note(rule: Rule, text: str) -> str:
    note = text.strip()
    if "note" in rule.needs and not note:
        raise Refused("note_needed", zh="请写明理由", en="say why", field="note")
    if len(note) > _NOTE_MOST:
        raise Refused("note_long", zh="理由过长", en="the reason is too long", field="note")
    return note
