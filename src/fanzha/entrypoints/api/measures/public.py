"""The public door of the register: what a notice says, and appealing with its code. No sign-in."""

from __future__ import annotations

from fastapi import APIRouter, Request

from fanzha.entrypoints.api.auth import Attempts, Parts
from fanzha.entrypoints.api.measures import schemas as wire
from fanzha.entrypoints.api.measures import view
from fanzha.errors import Refused
from fanzha.lifecycles.measure.appeal_states import OPEN
from fanzha.lifecycles.measure.model import Measure
from fanzha.lists import code as codes
from fanzha.ports.register import AppealWords, RegisterUnit
from fanzha.usecases.measure.appeal import by_code, file, withdraw

router = APIRouter(prefix="/v1/public")


@router.get("/measures/{code}")
def notice(code: str, request: Request, parts: Parts) -> wire.PublicMeasure:
    """Ground, term, remedy and, where one was filed, how the appeal stands."""
    number = _read(code, request)
    with parts.measures.office.work() as work:
        measure = by_code(work, number)
        told = _told(work, measure)
    _right(request)
    return told


@router.post("/measures/{code}/appeals", status_code=201)
def appeal(
    code: str, body: wire.PublicAppealBody, request: Request, parts: Parts
) -> wire.PublicMeasure:
    """Appeal. Whoever holds the code is taken for the party; who that is, the check finds out."""
    number = _read(code, request)
    words = AppealWords(body.text, body.contact)
    with parts.measures.office.work() as work:
        measure = by_code(work, number)
        file(work, parts.measures.register, body.id, measure, words, parts.now())
        told = _told(work, measure)
    _right(request)
    return told


@router.post("/measures/{code}/appeals/withdraw")
def withdraw_appeal(
    code: str, body: wire.WithdrawBody, request: Request, parts: Parts
) -> wire.PublicMeasure:
    """Take an open appeal back, by the id it was filed with: a code stands on pages that anybody
    may see. Where it is not open any more nothing happens."""
    number = _read(code, request)
    with parts.measures.office.work() as work:
        measure = by_code(work, number)
        mine = [a for a in work.appeals.of(measure.id) if a.id == body.id]
        if not mine:
            raise Refused(
                "appeal_unknown",
                zh="没有这项申诉",
                en="there is no such appeal",
                field="id",
            )
        if mine[0].state in OPEN:
            withdraw(work, parts.measures.register, mine[0], parts.now())
        told = _told(work, measure)
    _right(request)
    return told


def _told(work: RegisterUnit, measure: Measure) -> wire.PublicMeasure:
    return view.public(measure, next(iter(work.appeals.of(measure.id)), None))


def _read(code: str, request: Request) -> int:
    """The code; guesses are counted by address like wrong sign-ins."""
    attempts: Attempts = request.app.state.codes
    attempts.check(_address(request))
    return codes.read(code)


def _right(request: Request) -> None:
    attempts: Attempts = request.app.state.codes
    attempts.right(_address(request))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
