"""Propose a measure, or take one by machine for a short term: checked whole before it is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, Role, Unit, system
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.measure import states
from fanzha.lifecycles.measure.model import Effect, Ground, GroundKind, Measure, Term
from fanzha.lifecycles.measure.policy import RegisterPolicy
from fanzha.lifecycles.measure.protected import Protected
from fanzha.lifecycles.measure.target import Target
from fanzha.ports.deed_book import Deed
from fanzha.ports.register import RegisterUnit
from fanzha.usecases.measure.listing import entries_of, not_too_wide
from fanzha.usecases.measure.notice import NoticeWording, notice

__all__ = ["Register", "Wanted", "deed", "propose", "take"]

_PROPOSERS = frozenset({Role.DUTY_OFFICER, Role.ANALYST})
_WORDS_MOST = 500


@dataclass(frozen=True)
class Register:
    """What every act goes by."""

    policy: RegisterPolicy
    protected: Protected
    root: Unit
    units: Mapping[str, Unit]
    wording: NoticeWording
    phone: str
    """The number that notices name."""

    def tell(self, work: RegisterUnit, measure: Measure, step: str, now: datetime) -> None:
        """The notice to whoever it can be sent to, in the commit of what it tells."""
        if (message := notice(measure, self.wording, self.phone, step, now)) is not None:
            work.outbox.put(message)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A measure as somebody proposes it. Without `until` it lasts the policy's term."""

    id: UUID
    target: Target
    effect: Effect
    ground: Ground
    area: str
    until: datetime | None = None


def propose(
    work: RegisterUnit, register: Register, actor: Actor, wanted: Wanted, code: int, now: datetime
) -> Measure:
    """A proposal that others decide about. Refused without ground, scope, term or remedy; where
    the effect or article does not belong to the kind; where it reaches too far."""
    if not actor.may(_PROPOSERS):
        raise NotAllowed("not_allowed", zh="不在您的职责内", en="not among your duties")
    made = _made(register, wanted, code, now, actor)
    alone = not_too_wide(wanted.target, register.policy)
    needed = register.policy.approvals
    count = needed.usual if alone else needed.wide
    made = replace(
        made,
        approvals_needed=max(count, needed.protected) if made.protected else count,
        decide_by=now + register.policy.proposal,
    )
    return _add(work, register, actor, made, "propose", now)


def take(
    work: RegisterUnit,
    register: Register,
    wanted: Wanted,
    score: float,
    reports: int,
    code: int,
    now: datetime,
) -> Measure | None:
    """What the machine does by itself: a short, provisional measure. None where the evidence does
    not suffice, the target is protected or wide. The same id again is the same measure, whatever
    became of it. Raises AlreadyListed where another stands: the commit then comes to nothing."""
    if (there := work.measures.get(wanted.id)) is not None:
        return there
    target = wanted.target
    effect = register.policy.automatic.effect_of(target.kind, score, reports)
    if effect is None or register.protected.touches(target):
        return None
    if not not_too_wide(target, register.policy):
        return None
    machine = system(register.root)
    made = _made(register, replace(wanted, effect=effect), code, now, machine)
    term = Term(now, now + register.policy.kinds[target.kind].automatic)
    made = replace(made, state=states.PROVISIONAL, automatic=True, term=term)
    stored = _add(work, register, machine, made, "take", now)
    work.lists.put(entries_of(stored), stored.id, stored.area)
    register.tell(work, stored, "begins", now)
    return stored


def _made(register: Register, wanted: Wanted, code: int, now: datetime, actor: Actor) -> Measure:
    kind = register.policy.kinds[wanted.target.kind]
    if wanted.effect not in kind.effects:
        may = ", ".join(kind.effects)
        raise Refused(
            "effect_unfit",
            zh=f"此类对象只能：{may}",
            en=f"this kind of target takes: {may}",
            field="effect",
        )
    ground = wanted.ground
    if ground.article not in kind.articles:
        may = "；".join(kind.articles)
        raise Refused(
            "article_unfit",
            zh=f"此类措施的依据条款为：{may}",
            en=f"the articles for such a measure: {may}",
            field="ground.article",
        )
    if max(len(ground.ref), len(ground.zh), len(ground.en)) > _WORDS_MOST:
        raise Refused(
            "ground_long",
            zh=f"依据每项至多 {_WORDS_MOST} 字",
            en=f"each part of the ground has at most {_WORDS_MOST} letters",
            field="ground",
        )
    if wanted.area not in register.units:
        raise Refused("area_unknown", zh="没有这个辖区", en="there is no such area", field="area")
    area = register.units[wanted.area]
    if not (area.within(actor.unit.scope)):
        raise NotAllowed(
            "beyond_unit",
            zh="措施不能超出本级辖区",
            en="a measure does not reach beyond your own unit",
            field="area",
        )
    return Measure(
        id=wanted.id,
        number="",
        revision=1,
        state=states.PROPOSED,
        target=wanted.target,
        effect=wanted.effect,
        ground=ground,
        area=wanted.area,
        term=_term(wanted, kind.term, kind.longest, now),
        remedy=kind.remedy,
        code=code,
        automatic=False,
        protected=register.protected.touches(wanted.target),
        approvals=(),
        approvals_needed=register.policy.approvals.usual,
        proposed_by=actor.id,
        proposed_display=actor.display,
        unit=actor.unit,
        created_at=now,
        updated_at=now,
        decide_by=None,
    )


def _term(wanted: Wanted, usual: timedelta, longest: timedelta, now: datetime) -> Term:
    until = wanted.until or now + usual
    if not now < until <= now + longest:
        raise Refused(
            "term_bad",
            zh=f"期限须在今后 {longest.days} 天内",
            en=f"the term ends within the next {longest.days} days",
            field="until",
        )
    return Term(now, until)


def _add(
    work: RegisterUnit, register: Register, actor: Actor, made: Measure, verb: str, now: datetime
) -> Measure:
    stored = work.measures.add(made)
    if stored.revision == 1 and stored.created_at == now:
        work.deeds.append(deed(actor, verb, stored, None, now))
    return stored


def deed(
    actor: Actor,
    verb: str,
    measure: Measure,
    before: str | None,
    now: datetime,
    detail: Mapping[str, object] | None = None,
    article: str = "",
) -> Deed:
    """The line of the record of deeds about a measure."""
    told = {"kind": measure.target.kind.value, "effect": measure.effect.value, **(detail or {})}
    if measure.ground.kind is GroundKind.ORDER:
        told["order"] = measure.ground.ref
    return Deed(
        at=now,
        actor=actor,
        verb=verb,
        object_kind="measure",
        object_id=measure.number,
        unit=measure.unit,
        before=before,
        after=measure.state,
        article=article or measure.ground.article,
        detail=told,
    )
