"""Mute a rule for a subject, an area or altogether, for a while; end that early."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, Level, Role
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.rule.model import Snooze
from fanzha.ports.deed_book import Deed
from fanzha.ports.workshop import WorkshopUnit
from fanzha.usecases.workshop.act import Bench, of_the_centre
from fanzha.usecases.workshop.editions import new_edition
from fanzha.usecases.workshop.silence import area_of, longest_silence

__all__ = ["Subject", "end_snooze", "snooze"]

_WHO = frozenset({Role.ANALYST, Role.DUTY_OFFICER})


class Subject:
    """Whom a rule is muted for: a key for scorers, a mask for screens, no identifier."""

    __slots__ = ("key", "mask")

    def __init__(self, key: int, mask: str) -> None:
        self.key = key
        self.mask = mask


def snooze(
    work: WorkshopUnit, bench: Bench, actor: Actor, rule: str, *, until: datetime, note: str,
    subject: Subject | None, area: str | None, now: datetime,
) -> Snooze:  # fmt: skip
    """Quiet until an instant of stream time. Refused without a reason, an end, or a rule; for an
    area that is none of the centre's, or beyond the actor's unit; and for all, or areas that come
    to nearly all, longer than one person may decide alone."""
    of_the_centre(actor, _WHO)
    work.sets.lock()
    if not work.rules.of(rule):
        raise Refused("rule_unknown", zh="没有这条规则", en="there is no such rule", field="rule")
    if not note.strip() or len(note) > 500:
        raise Refused("note_needed", zh="请写明理由", en="say why", field="note")
    most = timedelta(days=bench.policy.snooze.days_most)
    if not now < until <= now + most:
        raise Refused(
            "until_bad",
            zh=f"截止时间须在今后 {most.days} 天内",
            en=f"the end lies within the next {most.days} days",
            field="until",
        )
    if area is not None:
        _within(bench, actor, area)
        area = area_of(area, bench.tiers)
    if area is None and subject is None:
        _within(bench, actor, None)
    if subject is None:
        _not_too_long(work, bench, rule, area, until, now)
    made = Snooze(
        id=uuid4(),
        rule=rule,
        key=subject.key if subject else None,
        mask=subject.mask if subject else "",
        area=area,
        until=until,
        note=note.strip(),
        by=actor.display,
        at=now,
    )
    work.snoozes.add(made)
    _record(work, bench, actor, "snooze", made, now)
    new_edition(work, bench.policy, bench.salt, f"snooze {rule}", now)
    return made


def _within(bench: Bench, actor: Actor, area: str | None) -> None:
    """Refused where the area, or without one the whole centre, is not all in the actor's unit."""
    unit = actor.unit
    digits = {Level.NATION: 0, Level.PROVINCE: 2, Level.CITY: 4}.get(unit.level, len(unit.code))
    inside = bench.root.within(unit.scope) if area is None else area.startswith(unit.code[:digits])
    if not inside:
        raise NotAllowed(
            "beyond_unit",
            zh="只能在本级辖区内静默或恢复；静默请写明辖区内的地区代码",
            en="a rule is muted, and a mute ended, within your own unit only; name an area in it",
            field="area",
        )


def _not_too_long(
    work: WorkshopUnit, bench: Bench, rule: str, area: str | None, until: datetime, now: datetime
) -> None:
    """Refused where a rule would be silent for most of the centre longer than the policy has it
    within its days, whoever muted it. A mute that was ended early counts to its end."""
    bounds = bench.policy.snooze
    within = timedelta(days=bounds.alone_days)
    spans = [
        (s.at, min(s.until, s.ended_at or s.until), s.area)
        for s in work.snoozes.over_places(rule, now - within)
    ]
    longest = longest_silence(
        [*spans, (now, until, area)], bench.tiers, share=bounds.alone_share, within=within
    )
    if longest > timedelta(hours=bounds.hours_alone):
        raise Refused(
            "mute_too_long",
            zh=f"整条规则（或超过 {bounds.alone_share:.0%} 的区县）{bounds.alone_days:g} 日内累计"
            f"最多静默 {bounds.hours_alone:g} 小时；请按对象或少数地区静默，或撤回规则",
            en=f"a rule is muted altogether, or in more than {bounds.alone_share:.0%} of the"
            f" districts, {bounds.hours_alone:g} hours at most within {bounds.alone_days:g} days;"
            " mute it for a subject or a few areas, or take it back",
            field="until",
        )


def end_snooze(work: WorkshopUnit, bench: Bench, actor: Actor, id: UUID, now: datetime) -> Snooze:
    """The rule speaks again. Refused to whoever could not have muted it so."""
    of_the_centre(actor, _WHO)
    work.sets.lock()
    ended = work.snoozes.end(id, now)
    if ended is None:
        raise Refused("snooze_unknown", zh="没有这项静默", en="there is no such mute", field="id")
    if ended.key is None or ended.area is not None:
        _within(bench, actor, ended.area)
    _record(work, bench, actor, "end_snooze", ended, now)
    new_edition(work, bench.policy, bench.salt, f"end_snooze {ended.rule}", now)
    return ended


def _record(
    work: WorkshopUnit, bench: Bench, actor: Actor, verb: str, made: Snooze, now: datetime
) -> None:
    detail: dict[str, object] = {"until": made.until.isoformat(), "note": made.note}
    if made.area:
        detail["area"] = made.area
    if made.key is not None:
        detail["subject"] = made.mask
    work.deeds.append(
        Deed(
            at=now, actor=actor, verb=verb, object_kind="rule", object_id=made.rule,
            unit=bench.root, detail=detail,
        )
    )  # fmt: skip
