"""Routes of the desk: sign-in, the queue, one warning and its verbs, the board."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from fanzha.adapters.postgres.desk import LIMIT_MAX, Filter, Page
from fanzha.adapters.postgres.operators import Operator
from fanzha.entrypoints.api import schemas as wire
from fanzha.entrypoints.api.auth import COOKIE, READERS, Parts, SignedIn, demo_allowed
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.present import counts
from fanzha.entrypoints.api.words import FIELDS, PURPOSES
from fanzha.entrypoints.demo import DEMO_PASSWORD
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Level, Role
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.lifecycles.warning.states import WARNING
from fanzha.ports.deed_book import Deed
from fanzha.usecases.warning.act import Act, NotHere, Paid, act

router = APIRouter(prefix="/v1")
_DESK = frozenset({Role.DISSUADER, Role.DUTY_OFFICER})
_VERBS = sorted({r.verb for r in WARNING.rules if r.who - {Role.SYSTEM}})
"""What people do to a warning; the rest is the system's."""


def me_of(parts: Centre, who: Operator) -> wire.Me:
    root = parts.policies.tiers.root
    city = next((u for u in parts.office.units() if u.level is Level.CITY), root)
    return wire.Me(
        id=who.actor.id,
        name=who.name,
        display=who.actor.display,
        roles=sorted(r.value for r in who.actor.roles),
        unit=parts.presenter.unit(who.actor.unit),
        centre=wire.Words(zh=f"{city.zh}反诈中心", en=f"{city.en} Anti-scam Centre"),
        server_time=parts.now(),
        demo=who.demo,
    )


@router.post("/sign-in")
def sign_in(body: wire.SignIn, request: Request, response: Response, parts: Parts) -> wire.Me:
    attempts, address = request.app.state.attempts, request.client.host if request.client else ""
    attempts.check(address)
    token, who = parts.operators.sign_in(
        body.name, body.password, parts.now(), demo_allowed=demo_allowed(request, parts)
    )
    attempts.right(address)
    secure = request.url.scheme == "https"
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="strict", secure=secure, max_age=43200
    )
    return me_of(parts, who)


@router.post("/sign-out", status_code=204)
def sign_out(request: Request, response: Response, parts: Parts, who: SignedIn) -> None:
    parts.operators.sign_out(request.cookies[COOKIE])
    response.delete_cookie(COOKIE)


@router.get("/me")
def me(parts: Parts, who: SignedIn) -> wire.Me:
    return me_of(parts, who)


@router.get("/door")
def door(request: Request, parts: Parts) -> wire.Door:
    """What the sign-in page may know: the demo accounts, where they work."""
    allowed = demo_allowed(request, parts)
    return wire.Door(
        demo=allowed,
        accounts=[
            wire.DemoAccount(
                name=who.name,
                display=who.actor.display,
                password=DEMO_PASSWORD,
                roles=sorted(r.value for r in who.actor.roles),
                unit=parts.presenter.unit(who.actor.unit),
            )
            for who in (parts.operators.demo_accounts() if allowed else [])
        ],
    )


def _filter(
    tab: str = "mine",
    grade: Annotated[list[wire.Grade] | None, Query()] = None,
    type: Annotated[list[str] | None, Query()] = None,
    stage: Annotated[list[str] | None, Query()] = None,
    source: Annotated[list[str] | None, Query()] = None,
    place: Annotated[list[str] | None, Query()] = None,
    outcome: Annotated[list[str] | None, Query()] = None,
    since: AwareDatetime | None = None,
    late: bool = False,
    q: Annotated[str, Query(max_length=40)] = "",
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
) -> Filter:
    return Filter(
        tab=tab,
        grades=tuple(WarningGrade.of(g) for g in grade or ()),
        types=tuple(type or ()),
        stages=tuple(stage or ()),
        sources=tuple(source or ()),
        places=tuple(place or ()),
        outcomes=tuple(outcome or ()),
        since=since,
        late=late,
        number=q.strip().upper(),
        after=after,
        limit=limit,
    )


Wanted = Annotated[Filter, Depends(_filter)]


@router.get("/warnings")
def warnings(parts: Parts, who: SignedIn, wanted: Wanted) -> wire.WarningPage:
    _must(who, READERS)
    page = parts.desk.page(who.actor, wanted)
    return wire.WarningPage(
        items=[parts.presenter.row(w) for w in page.items],
        next=page.next,
        counts=counts(page.counts),
        as_of=parts.now(),
    )


@router.get(
    "/warnings.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def warnings_csv(parts: Parts, who: SignedIn, wanted: Wanted) -> StreamingResponse:
    """The list as a file: masked, page by page; text that a spreadsheet would run is disarmed."""
    _must(who, READERS)

    def page_after(after: str | None) -> Page:
        return parts.desk.page(who.actor, replace(wanted, after=after, limit=LIMIT_MAX))

    first = page_after(None)  # what is wrong with the filter is said before the answer begins

    def lines() -> Iterator[str]:
        page = first
        yield "\ufeff" + _csv_line(
            ["number", "grade", "state", "type", "stage", "unit", "amount_fen", "issued_at", "fact"]
        )
        while True:
            for w in page.items:
                yield _csv_line(
                    [
                        w.number,
                        w.grade.code,
                        w.state,
                        w.case.scam_type or "",
                        w.case.stage.value,
                        w.unit.zh,
                        str(w.case.amount_fen or ""),
                        w.issued_at.isoformat(),
                        w.case.fact_zh,
                    ]
                )
            if page.next is None:
                return
            page = page_after(page.next)

    return StreamingResponse(
        lines(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="warnings.csv"'},
    )


def _csv_line(cells: list[str]) -> str:
    out = io.StringIO()
    safe = [f"'{c}" if c[:1] in ("=", "+", "-", "@", "\t", "\r") else c for c in cells]
    csv.writer(out).writerow(safe)
    return out.getvalue()


@router.post("/warnings/next")
def take_next(parts: Parts, who: SignedIn) -> wire.WarningDetail:
    """Take and sign the most pressing warning nobody has; two people never get the same."""
    _must(who, _DESK)
    with parts.office.work(who.actor.unit.scope) as work:
        found = parts.desk.most_pressing(work.connection, who.actor, parts.now())
        if found is None:
            raise Refused("nothing_waiting", zh="没有待处理的预警", en="no warning is waiting")
        before = work.warnings.get(found)
        assert before is not None
        after = act(
            work,
            parts.policies,
            who.actor,
            found,
            Act(verb="sign", expected_state=before.state),
            parts.now(),
        )
    return _detail(parts, who, after)


@router.get("/warnings/{id}")
def warning(id: UUID, parts: Parts, who: SignedIn) -> wire.WarningDetail:
    _must(who, READERS)
    return _detail(parts, who, _find(parts, who, id))


@router.post("/warnings/{id}/reveal")
def reveal(id: UUID, body: wire.Reveal, parts: Parts, who: SignedIn) -> wire.Revealed:
    """Show sealed fields for a purpose; the line stands in the record before the value is seen."""
    _must(who, _DESK)
    if body.purpose not in PURPOSES or (body.purpose == "other" and not body.note.strip()):
        raise Refused(
            "purpose_needed",
            zh="请选择用途；选「其他」须写明",
            en="choose a purpose; “other” must be stated",
            field="purpose",
        )
    if unknown := [f for f in body.fields if f not in FIELDS]:
        raise Refused("unknown_field", zh="没有这个字段", en="no such field", field=unknown[0][:40])
    found = _find(parts, who, id)
    now = parts.now()
    with parts.office.work(who.actor.unit.scope) as work:
        values = parts.desk.reveal(work.connection, id)
        work.deeds.append(
            Deed(
                at=now,
                actor=who.actor,
                verb="reveal",
                object_kind="warning",
                object_id=str(id),
                unit=found.unit,
                article="个人信息保护法第六条",
                detail={"purpose": body.purpose, "fields": sorted(body.fields)},
            )
        )
    return wire.Revealed(
        values={f: values.get(f, "") for f in body.fields},
        until=now + parts.policies.clocks.reveal,
    )


@router.get("/warnings/{id}/script")
def script(id: UUID, parts: Parts, who: SignedIn) -> wire.Script:
    """What to say, with the facts of this warning."""
    _must(who, _DESK)
    return parts.scripts.of(_find(parts, who, id))


@router.post("/warnings/{id}/{verb}")
def do(id: UUID, verb: str, body: wire.Act, parts: Parts, who: SignedIn) -> wire.WarningDetail:
    """A verb of the lifecycle table."""
    if verb not in _VERBS:
        raise Refused(
            "unknown_verb",
            zh=f"没有这个操作；可用：{'、'.join(_VERBS)}",
            en=f"there is no such verb; there are: {', '.join(_VERBS)}",
            field="verb",
        )
    with parts.office.work(who.actor.unit.scope) as work:
        after = act(work, parts.policies, who.actor, id, _act(verb, body, parts, who), parts.now())
    return _detail(parts, who, after)


def _act(verb: str, body: wire.Act, parts: Centre, who: Operator) -> Act:
    owner = None
    if body.owner is not None:
        near = {str(i): (i, d) for i, d in parts.operators.colleagues(who.actor.unit)}
        owner = near.get(body.owner)
        if owner is None:
            raise Refused(
                "not_a_colleague",
                zh="只能转派给本单位的人员",
                en="it can be reassigned within your unit only",
                field="owner",
            )
    paid = None
    if body.paid is not None:
        paid = Paid(
            payee_account=body.paid.payee_account,
            amount_fen=body.paid.amount_fen,
            paid_at=body.paid.paid_at,
            payee_name=body.paid.payee_name,
        )
    return Act(
        verb=verb,
        expected_state=body.expected_state,
        note=body.note.strip(),
        agreed=tuple(body.agreed),
        unit=body.unit,
        owner=owner,
        grade=WarningGrade.of(body.grade) if body.grade else None,
        paid=paid,
    )


@router.get("/board")
def board(
    parts: Parts, who: SignedIn, minutes: Annotated[int, Query(ge=5, le=1440)] = 60
) -> wire.Board:
    now = parts.now()
    since = now - timedelta(minutes=minutes)
    figures = parts.desk.figures(who.actor.unit.scope, since, now)
    return parts.presenter.board(figures, since, now)


@router.get("/vocabulary")
def vocabulary(parts: Parts, who: SignedIn) -> wire.Vocabulary:
    """What a list of warnings may be filtered by."""
    return parts.presenter.vocabulary()


@router.get("/units")
def units(parts: Parts, who: SignedIn) -> list[wire.Unit]:
    """Where a warning may be handed down to."""
    scope = who.actor.unit.scope
    below = [u for u in parts.office.units() if u.within(scope) and u.code != who.actor.unit.code]
    return [parts.presenter.unit(u) for u in below]


@router.get("/colleagues")
def colleagues(parts: Parts, who: SignedIn) -> list[wire.OwnerBrief]:
    return [
        wire.OwnerBrief(id=str(i), display=d) for i, d in parts.operators.colleagues(who.actor.unit)
    ]


def _must(who: Operator, roles: frozenset[Role]) -> None:
    if not who.actor.may(roles):
        raise NotAllowed("not_allowed", zh="不在您的职责内", en="not among your duties")


def _find(parts: Centre, who: Operator, id: UUID) -> FraudWarning:
    found = parts.desk.rows(who.actor.unit.scope, [id])
    if found:
        return found[0]
    error = NotHere()
    unit = parts.desk.whose(id)
    if unit is not None:
        error.zh = f"这条预警由{unit.zh}办理"
        error.en = f"this warning is handled by {unit.en}"
    raise error


def _detail(parts: Centre, who: Operator, w: FraudWarning) -> wire.WarningDetail:
    return parts.presenter.detail(w, who.actor, parts.desk.belongings(w, who.actor.unit.scope))
