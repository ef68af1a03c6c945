"""Which HTTP status each kind of failure has: the only file that knows both."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from fanzha.entrypoints.api.complaints import complaint
from fanzha.entrypoints.api.schemas import Problem
from fanzha.errors import FanzhaError, Misconfigured, Refused, Unavailable, Uncertain
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.warning.states import WARNING
from fanzha.ports.register import MeasureChanged
from fanzha.ports.warning_book import StateChanged
from fanzha.ports.workshop import RuleChanged
from fanzha.usecases.warning.act import NotHere

_log = logging.getLogger("fanzha.api")

_STATUS: tuple[tuple[type[FanzhaError], int], ...] = (
    (StateChanged, 409),
    (RuleChanged, 409),
    (MeasureChanged, 409),
    (NotHere, 404),
    (NotAllowed, 403),
    (Refused, 422),
    (Unavailable, 503),
    (Uncertain, 503),
    (Misconfigured, 503),
)
_BY_CODE = {
    "wrong_name_or_password": 401,
    "not_signed_in": 401,
    "bad_key": 401,
    "locked": 429,
    "demo_account": 403,
    "not_in_this_state": 409,
    "nothing_waiting": 404,
    "unknown_stream": 404,
    "stream_not_yours": 403,
    "foreign_origin": 403,
    "too_many_attempts": 429,
    "cut_off": 400,
    "too_many_rows": 413,
    "encoding_not_supported": 415,
    "unknown_verb": 404,
    "too_old": 410,
    "appeal_open": 409,
    "already_listed": 409,
    **dict.fromkeys(("measure_unknown", "appeal_unknown", "code_unknown", "no_card"), 404),
    **dict.fromkeys(("rule_unknown", "case_unknown", "snooze_unknown", "look_unknown"), 404),
}
_HTTP = {
    400: ("unreadable", "请求无法读懂", "the request cannot be read"),
    404: ("no_such_page", "没有这个地址", "there is no such page"),
    405: ("wrong_method", "请求方法不对", "the method is wrong for this address"),
    413: ("too_large", "内容过大，请分批发送", "the body is too large; send it in parts"),
}
DESCRIBED: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "Refused: change the request"},
    503: {"model": Problem, "description": "Not now: nothing was done, ask again"},
}
"""How every route's failures are described."""


def status_of(error: FanzhaError) -> int:
    """A status that says what the caller must do: mend, ask again later, or look first."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def problem_of(error: FanzhaError) -> Problem:
    """The wire shape of a failure."""
    problem = Problem(
        code=error.code, zh=error.zh, en=error.en, field=error.field, id=uuid.uuid4().hex[:12]
    )
    if isinstance(error, StateChanged):
        state = WARNING.state(error.now.state)
        by = error.now.owner_display
        problem.state, problem.by, problem.at = error.now.state, by, error.now.updated_at
        problem.zh = f"{by or '系统'}已将状态改为「{state.zh}」"
        problem.en = f"{by or 'the system'} has set the state to “{state.en}”"
    if isinstance(error, RuleChanged | MeasureChanged):
        problem.state, problem.at = error.now.state, error.now.updated_at
    return problem


def install(app: FastAPI) -> None:
    """Every failure leaves as a Problem; what nobody foresaw is logged under its id."""

    @app.exception_handler(FanzhaError)
    def _known(request: Request, error: FanzhaError) -> JSONResponse:
        return _answer(status_of(error), problem_of(error))

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        name, zh, en = complaint(error.errors()[0])
        problem = Problem(code="invalid_field", zh=zh, en=en, field=name, id=uuid.uuid4().hex[:12])
        return _answer(422, problem)

    @app.exception_handler(UnicodeEncodeError)
    @app.exception_handler(DataError)
    def _unstorable(request: Request, error: Exception) -> JSONResponse:
        """NUL or half a sign in a text, a number past every bound: no statement can hold it."""
        problem = Problem(
            code="unstorable",
            zh="请求中有无法保存的字符或数值，未作改动",
            en="the request holds a sign or a number that cannot be stored; nothing was changed",
            id=uuid.uuid4().hex[:12],
        )
        return _answer(422, problem)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        return _answer(error.status_code, _http_problem(error.status_code), error.headers)

    @app.exception_handler(Exception)
    def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        problem = Problem(
            code="internal",
            zh="系统内部出错，未作改动；请报出编号",
            en="an internal error; nothing was changed. Please quote the id",
            id=uuid.uuid4().hex[:12],
        )
        _log.error("internal %s on %s", problem.id, request.url.path, exc_info=error)
        return _answer(500, problem)


def no_such_page() -> JSONResponse:
    """The answer for an API path that does not exist."""
    return _answer(404, _http_problem(404))


def too_large() -> JSONResponse:
    """The answer to a body that says it is over the limit."""
    return _answer(413, _http_problem(413))


def _http_problem(status: int) -> Problem:
    unknown = ("http_error", "请求无法处理", "the request cannot be handled")
    code, zh, en = _HTTP.get(status, unknown)
    return Problem(code=code, zh=zh, en=en, id=uuid.uuid4().hex[:12])


def _answer(
    status: int, problem: Problem, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    if problem.field:  # may be what was sent: half a sign cannot be sent back
        problem.field = problem.field.encode("utf-8", "replace").decode()
    return JSONResponse(problem.model_dump(mode="json"), status_code=status, headers=headers)
