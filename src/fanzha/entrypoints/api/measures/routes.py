"""Routes of the register: measures and their verbs, appeals and theirs."""

from __future__ import annotations

import csv
import io
import secrets
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from fanzha.adapters.postgres.register.reads import AppealFilter, MeasureFilter
from fanzha.entrypoints.api.auth import Parts, SignedIn
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.measures import schemas as wire
from fanzha.entrypoints.api.measures import view
from fanzha.entrypoints.api.schemas import Words
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.measure.appeal_states import APPEAL
from fanzha.lifecycles.measure.model import Effect, Ground, GroundKind, Measure
from fanzha.lifecycles.measure.states import MEASURE
from fanzha.lifecycles.measure.target import MeasureKind, parse
from fanzha.lists import code as codes
from fanzha.usecases.measure.act import Act, act, find
from fanzha.usecases.measure.appeal import AppealAct, act_on_appeal
from fanzha.usecases.measure.propose import Wanted, propose

router = APIRouter(prefix="/v1")
READERS = frozenset({Role.DUTY_OFFICER, Role.ANALYST, Role.AUDITOR})
DECIDERS = frozenset({Role.DUTY_OFFICER, Role.AUDITOR})
"""Who may read what a party wrote."""
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=100)]
_EXPORT_MOST = 10_000


def _may(actor: Actor, roles: frozenset[Role] = READERS) -> None:
    if not actor.may(roles):
        raise NotAllowed("not_allowed", zh="不在您的职责内", en="not among your duties")


@router.get("/measures/kinds")
def kinds(parts: Parts, who: SignedIn) -> list[wire.KindInfo]:
    """What may be done against which kind of target, for how long, on which article."""
    _may(who.actor)
    return [
        wire.KindInfo(
            code=kind.value, zh=view.KINDS[kind][0], en=view.KINDS[kind][1],
            effects=[view.coded(e, view.EFFECTS[e]) for e in found.effects],
            articles=list(found.articles), term_days=found.term.days,
            longest_days=found.longest.days,
            hint=Words(zh=view.HINTS[kind][0], en=view.HINTS[kind][1]),
        )
        for kind, found in parts.measures.register.policy.kinds.items()
    ]  # fmt: skip


@router.get("/measures")
def measures(
    parts: Parts, who: SignedIn,
    state: Annotated[list[str] | None, Query(max_length=10)] = None,
    kind: Annotated[list[wire.Kind] | None, Query(max_length=10)] = None,
    automatic: bool | None = None,
    number: Annotated[str, Query(max_length=20, pattern=r"^[A-Z0-9-]*$")] = "",
    target: Annotated[str, Query(max_length=2048)] = "",
    after: Cursor = None,
    limit: Limit = 50,
) -> wire.MeasurePage:  # fmt: skip
    """The register, newest first. `target` finds what stands against exactly this thing; it needs
    one `kind`."""
    _may(who.actor)
    wanted = _filter(state, kind, automatic, number, target, after, limit)
    scope = who.actor.unit.scope
    items, following = parts.measures.reads.measures(scope, wanted)
    units = dict(parts.measures.register.units)
    return wire.MeasurePage(
        items=[wire.MeasureRow(**view.row(m, units)) for m in items],
        next=following,
        counts=parts.measures.reads.counts(scope),
    )


@router.get(
    "/measures.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def measures_csv(
    parts: Parts, who: SignedIn,
    state: Annotated[list[str] | None, Query(max_length=10)] = None,
    kind: Annotated[list[wire.Kind] | None, Query(max_length=10)] = None,
) -> Response:  # fmt: skip
    """The same as a file, masked; at most 10,000 lines."""
    _may(who.actor)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["number", "state", "kind", "target", "effect", "article", "ground", "area", "begins_at",
         "ends_at", "automatic", "approvals", "proposed_by"]
    )  # fmt: skip
    wanted = _filter(state, kind, None, "", "", None, 200)
    written = 0
    while written < _EXPORT_MOST:
        items, following = parts.measures.reads.measures(who.actor.unit.scope, wanted)
        for m in items:
            cells = [
                m.number, m.state, m.target.kind, m.target.mask, m.effect, m.ground.article,
                m.ground.ref, m.area, m.term.begins_at.isoformat(), m.term.ends_at.isoformat(),
                m.automatic, len(m.approvals), m.proposed_display,
            ]  # fmt: skip
            writer.writerow([_plain(c) for c in cells])
        written += len(items)
        if following is None:
            break
        wanted = replace(wanted, after=following)
    return Response(
        "\ufeff" + out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="measures.csv"'},
    )


@router.post("/measures", status_code=201)
def new_measure(body: wire.ProposeBody, parts: Parts, who: SignedIn) -> wire.MeasureDetail:
    """Propose a measure; others decide about it."""
    _may(who.actor)
    ground = body.ground
    wanted = Wanted(
        id=body.id,
        target=parse(MeasureKind(body.kind), body.target),
        effect=Effect(body.effect),
        ground=Ground(GroundKind(ground.kind), ground.ref, ground.article, ground.zh, ground.en),
        area=body.area,
        until=body.until,
    )
    code = 1 + secrets.randbelow(codes.MOST)
    with parts.measures.office.work() as work:
        if ground.kind == "finding" and not parts.measures.reads.finding(ground.ref):
            raise Refused(
                "finding_unknown", zh="没有这个发现", en="there is no such finding",
                field="ground.ref",
            )  # fmt: skip
        made = propose(work, parts.measures.register, who.actor, wanted, code, parts.now())
    return _detail(parts, who.actor, made)


@router.get("/measures/hits")
def last_hits(parts: Parts, who: SignedIn, limit: Limit = 50) -> list[wire.LastHit]:
    """What measures did on the wires of late, newest first."""
    _may(who.actor)
    found = parts.measures.hits.newest(limit)
    known = parts.measures.reads.by_codes(who.actor.unit.scope, [h.code for h in found])
    return [
        wire.LastHit(
            **view.hits(h),
            measure_id=known[h.code].id if h.code in known else None,
            number=known[h.code].number if h.code in known else "",
            target=known[h.code].target.mask if h.code in known else "",
        )
        for h in found
    ]


@router.get("/measures/{id}")
def one_measure(id: UUID, parts: Parts, who: SignedIn) -> wire.MeasureDetail:
    """One measure with its deeds, its appeals, and which edges have it."""
    _may(who.actor)
    return _detail(parts, who.actor, _seen(parts, who.actor, id))


@router.post("/measures/{id}/acts")
def act_on_measure(
    id: UUID, body: wire.MeasureActBody, parts: Parts, who: SignedIn
) -> wire.MeasureDetail:
    """Approve, decline, confirm, extend, lift, withdraw."""
    _seen(parts, who.actor, id)
    asked = Act(body.verb, body.expected_state, body.expected_revision, body.note, body.until)
    with parts.measures.office.work() as work:
        after = act(work, parts.measures.register, who.actor, find(work, id), asked, parts.now())
    return _detail(parts, who.actor, after)


@router.get("/appeals")
def appeals(
    parts: Parts, who: SignedIn, open: bool = True, late: bool = False,
    after: Cursor = None, limit: Limit = 50,
) -> wire.AppealPage:  # fmt: skip
    """Open appeals, the most pressing first; `open=false`: all, newest first."""
    _may(who.actor)
    now, scope = parts.now(), who.actor.unit.scope
    wanted = AppealFilter(open, now if late else None, after, limit)
    items, following = parts.measures.reads.appeals(scope, wanted)
    count, overdue = parts.measures.reads.open_appeals(scope, now)
    rows = [view.appeal(a, now) for a in items]
    return wire.AppealPage(items=rows, next=following, open=count, late=overdue)


@router.get("/appeals/{id}")
def one_appeal(id: UUID, parts: Parts, who: SignedIn) -> wire.AppealDetail:
    """One appeal with what the party wrote."""
    _may(who.actor, DECIDERS)
    return _appeal(parts, who.actor, id)


@router.post("/appeals/{id}/acts")
def decide(id: UUID, body: wire.AppealActBody, parts: Parts, who: SignedIn) -> wire.AppealDetail:
    """Accept, check, uphold, reject. An upheld appeal lifts the measure in the same commit."""
    _may(who.actor, DECIDERS)
    found = parts.measures.reads.appeal(who.actor.unit.scope, id)
    if found is None:
        raise _unknown_appeal()
    asked = AppealAct(
        body.verb, body.expected_state, body.expected_revision, body.reasons, body.note
    )
    with parts.measures.office.work() as work:
        before = work.appeals.get(id)
        assert before is not None
        act_on_appeal(work, parts.measures.register, who.actor, before, asked, parts.now())
    return _appeal(parts, who.actor, id)


def _filter(
    state: list[str] | None, kind: list[wire.Kind] | None, automatic: bool | None, number: str,
    target: str, after: str | None, limit: int,
) -> MeasureFilter:  # fmt: skip
    known = {s.code for s in MEASURE.states}
    if unknown := sorted(set(state or ()) - known):
        raise Refused("state_unknown", zh=f"没有这种状态：{unknown}",
                      en=f"there are no such states: {unknown}", field="state")  # fmt: skip
    exact = None
    if target:
        if not kind or len(kind) != 1:
            raise Refused(
                "kind_needed",
                zh="按对象查找须选定一类",
                en="choose one kind to look a target up",
                field="kind",
            )
        exact = parse(MeasureKind(kind[0]), target)
    return MeasureFilter(
        tuple(state or ()), tuple(kind or ()), automatic, number, exact, after, limit
    )


def _seen(parts: Centre, actor: Actor, id: UUID) -> Measure:
    found = parts.measures.reads.measure(actor.unit.scope, id)
    if found is None:
        raise Refused(
            "measure_unknown", zh="没有这项措施", en="there is no such measure", field="id"
        )
    return found


def _detail(parts: Centre, actor: Actor, measure: Measure) -> wire.MeasureDetail:
    found = parts.measures.reads.belongings(actor.unit.scope, measure)
    now, listed = parts.now(), found.listed_at_version
    return wire.MeasureDetail(
        **view.row(measure, dict(parts.measures.register.units)),
        signatures=[
            wire.ApprovalInfo(display=a.display, unit=a.unit, at=a.at) for a in measure.approvals
        ],
        code=codes.write(measure.code),
        verbs=view.verbs(MEASURE, measure.state, actor, "endorse"),
        deeds=view.deeds(found.deeds),
        appeals=[view.appeal(a, now) for a in found.appeals],
        echoes=[
            wire.EchoInfo(
                edge=e.edge, version=e.version, at=e.at,
                has_it=listed is not None and e.version >= listed,
            )
            for e in found.echoes
        ],
        hits=[wire.HitsInfo(**view.hits(h)) for h in parts.measures.hits.of(measure.code)],
    )  # fmt: skip


def _appeal(parts: Centre, actor: Actor, id: UUID) -> wire.AppealDetail:
    found = parts.measures.reads.appeal(actor.unit.scope, id)
    if found is None:
        raise _unknown_appeal()
    appeal, words = found
    measure = _seen(parts, actor, appeal.measure_id)
    return wire.AppealDetail(
        **view.appeal_fields(appeal, parts.now()),
        text=words.text,
        contact=words.contact,
        verbs=view.verbs(APPEAL, appeal.state, actor),
        measure=wire.MeasureRow(**view.row(measure, dict(parts.measures.register.units))),
    )


def _unknown_appeal() -> Refused:
    return Refused("appeal_unknown", zh="没有这项申诉", en="there is no such appeal", field="id")


def _plain(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
