"""Where the public pages answer: names that were led here, appeals by the code of a notice."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from fanzha.entrypoints.api import errors
from fanzha.entrypoints.api.auth import Attempts, Parts, centre
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.measures import schemas as wire
from fanzha.entrypoints.api.measures import view
from fanzha.entrypoints.portal import appeal as pages
from fanzha.entrypoints.portal.appeal import Form, Said
from fanzha.entrypoints.portal.speech import Speech, speech_of
from fanzha.entrypoints.portal.warned import centre_name, named
from fanzha.errors import FanzhaError, Refused
from fanzha.lifecycles.measure.appeal_states import OPEN
from fanzha.lists import code as codes
from fanzha.ports.register import AppealWords
from fanzha.usecases.measure.appeal import by_code, file, withdraw

__all__ = ["router"]

_FORM_MOST = 64 * 1024
_FORM_S = 12 * 3600
_FIELDS_MOST = 20
_MARK = "portal_form"
_FIELDS = frozenset({"text", "contact", "receipt"})
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A failure leaves as a page, in the language of whoever asked."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except FanzhaError as error:
                speech = spoken(request)
                words = speech.sentence(error.zh if speech.language == "zh" else error.en)
                status = errors.status_of(error)
            except (RequestValidationError, UnicodeError):
                speech = spoken(request)
                words, status = speech.t("foreign_form"), 422
            return pages.failed(speech, centre_name(centre(request), speech), words, status)

        return handle


router = APIRouter(route_class=PageRoute, include_in_schema=False)


def spoken(request: Request) -> Speech:
    """The language of a request."""
    wanted = request.query_params.get("lang", "")
    return speech_of(wanted, request.headers.get("accept-language", ""))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form of ours. Refused where it comes from elsewhere or is too long."""
    site = request.headers.get("sec-fetch-site")
    if site is None:  # an older browser: it names the page's origin, or nothing
        origin = request.headers.get("origin", "")
        settings = centre(request).settings
        own = {request.headers.get("host", ""), urlsplit(settings.outside).netloc}
        foreign = bool(origin) and urlsplit(origin).netloc not in own
    else:
        foreign = site not in ("same-origin", "none")
    if foreign:
        raise _foreign()
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_MOST:
            raise Refused("form_long", zh="内容过长", en="that is too long", field="text")
    try:
        found = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS_MOST,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except ValueError as error:
        raise _foreign() from error
    # Browsers write line ends as CR LF; a NUL can be stored nowhere.
    return {k: v[0].replace("\r\n", "\n").replace("\0", "") for k, v in found.items()}


Fields = Annotated[dict[str, str], Depends(_form)]
Spoken = Annotated[Speech, Depends(spoken)]


@router.get("/w/{name}")
def warned(name: str, parts: Parts, speech: Spoken) -> Response:
    """The warning page of a name; what stands against none is not said back."""
    return named(parts, speech, f"http://{name}/", status=200)


@router.get("/appeal")
def ask(
    request: Request, parts: Parts, speech: Spoken,
    code: Annotated[str, Query(max_length=200)] = "",
) -> Response:  # fmt: skip
    """Asks for the code; with one, leads on to its page."""
    name = centre_name(parts, speech)
    if not code:
        return pages.ask(speech, name)
    try:
        number = _code(code, request)
        with parts.measures.office.work() as work:
            by_code(work, number)
    except Refused as error:
        if error.code == "too_many_attempts":
            raise
        return pages.ask(speech, name, code, Said(_words(speech, error), "code"))
    _right(request)
    return _see(number, speech)


@router.get("/appeal/{code}")
def notice(
    code: str, request: Request, parts: Parts, speech: Spoken,
    receipt: Annotated[str, Query(max_length=40)] = "",
    done: Annotated[str, Query(max_length=10)] = "",
) -> Response:  # fmt: skip
    """What the notice says and how the appeal stands. After filing the address carries the
    receipt, so that whoever comes back to it, in either language, still has it."""
    number = _code(code, request)
    told, ids = _told(parts, number)
    _right(request)
    said, mine = None, ""
    if receipt and any(_receipt(i) == _written(receipt) for i in ids):
        mine = _written(receipt)
        said = Said(speech.t("filed"), good=True, more=speech.t("receipt", receipt=mine))
    if done == "withdrawn" and told.appeal and told.appeal.state.code == "withdrawn":
        said = Said(speech.t("withdrawn"), good=True)
    keep = {"receipt": mine} if mine else {}
    return _page(parts, speech, told, said, receipt=mine, keep=keep)


@router.post("/appeal/{code}")
def appeal(code: str, fields: Fields, request: Request, parts: Parts) -> Response:
    """File an appeal; the same form again is the same appeal."""
    speech = _of_form(fields, request)
    number = _code(code, request)
    text, contact = fields.get("text", ""), fields.get("contact", "")
    try:
        id = _marked(parts, speech, number, fields)
        with parts.measures.office.work() as work:
            measure = by_code(work, number)
            words = AppealWords(text, contact)
            file(work, parts.measures.register, id, measure, words, parts.now())
    except Refused as error:
        if error.code in ("code_unknown", "foreign_form"):
            raise
        return _again(parts, speech, number, error, fields, request)
    _right(request)
    return _see(number, speech, receipt=_receipt(id))


@router.post("/appeal/{code}/withdraw")
def take_back(code: str, fields: Fields, request: Request, parts: Parts) -> Response:
    """By whoever has the receipt of its filing; wrong ones are counted like wrong codes."""
    speech = _of_form(fields, request)
    number = _code(code, request)
    try:
        _marked(parts, speech, number, fields)
        with parts.measures.office.work() as work:
            measure = by_code(work, number)
            wanted = _written(fields.get("receipt", ""))
            mine = [a for a in work.appeals.of(measure.id) if _receipt(a.id) == wanted]
            if not mine:
                words = (speech.t("receipt_wrong"),) * 2
                raise Refused("receipt_wrong", zh=words[0], en=words[1], field="receipt")
            if mine[0].state in OPEN:
                withdraw(work, parts.measures.register, mine[0], parts.now())
    except Refused as error:
        if error.code in ("code_unknown", "foreign_form"):
            raise
        return _again(parts, speech, number, error, fields, request)
    _right(request)
    return _see(number, speech, done="withdrawn")


def _again(
    parts: Centre, speech: Speech, number: int, error: Refused, fields: dict[str, str],
    request: Request,
) -> Response:  # fmt: skip
    """The page once more, with what was typed and what is wrong with it."""
    told, _ = _told(parts, number)
    if error.field != "receipt":
        _right(request)
    field = error.field if error.field in _FIELDS else ""
    return _page(
        parts, speech, told, Said(_words(speech, error), field or ""),
        text=fields.get("text", ""), contact=fields.get("contact", ""),
        receipt=fields.get("receipt", ""), status=errors.status_of(error),
    )  # fmt: skip


def _page(
    parts: Centre, speech: Speech, told: wire.PublicMeasure, said: Said | None, *,
    text: str = "", contact: str = "", receipt: str = "", status: int = 200,
    keep: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    form = Form(_mark(parts, codes.read(told.code)), text, contact, receipt)
    name = centre_name(parts, speech)
    return pages.notice(speech, name, told, form, said, status=status, keep=keep)


def _told(parts: Centre, number: int) -> tuple[wire.PublicMeasure, list[uuid.UUID]]:
    with parts.measures.office.work() as work:
        measure = by_code(work, number)
        appeals = list(work.appeals.of(measure.id))
        return view.public(measure, next(iter(appeals), None)), [a.id for a in appeals]


def _see(number: int, speech: Speech, **more: str) -> Response:
    query = urlencode({"lang": speech.language, **more})
    return RedirectResponse(f"/appeal/{codes.write(number)}?{query}", status_code=303)


# ── codes, marks, receipts ───────────────────────────────────────────────────────────────────────


def _code(code: str, request: Request) -> int:
    """The code; guesses are counted by address, together with those of the API."""
    attempts: Attempts = request.app.state.codes
    attempts.check(_address(request))
    return codes.read(code)


def _right(request: Request) -> None:
    attempts: Attempts = request.app.state.codes
    attempts.right(_address(request))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _mark(parts: Centre, number: int) -> str:
    """The id of a new appeal, when the form was made, and that we made it: no other site can."""
    id, at = uuid.uuid4().hex, int(time.time())
    return f"{id}.{at}.{_signed(parts, number, id, at)}"


def _marked(parts: Centre, speech: Speech, number: int, fields: dict[str, str]) -> uuid.UUID:
    id, _, rest = fields.get("mark", "").partition(".")
    at, _, signed = rest.partition(".")
    if len(id) != 32 or not (at.isascii() and at.isdecimal() and len(at) < 12):
        raise _foreign()
    if signed != _signed(parts, number, id, int(at)):
        raise _foreign()
    if time.time() - int(at) > _FORM_S:
        words = speech.t("stale_form")
        raise Refused("stale_form", zh=words, en=words, field="text")
    return uuid.UUID(id)


def _signed(parts: Centre, number: int, id: str, at: int) -> str:
    return parts.measures.token(_MARK, f"{number}:{id}:{at}").hex()


def _receipt(id: uuid.UUID) -> str:
    """Ten letters that follow from an appeal's own id, which nobody else is told."""
    return codes.write(1 + id.int % codes.MOST)


def _written(receipt: str) -> str:
    try:
        return codes.write(codes.read(receipt))
    except Refused:
        return ""


def _of_form(fields: dict[str, str], request: Request) -> Speech:
    return speech_of(fields.get("lang", ""), request.headers.get("accept-language", ""))


def _words(speech: Speech, error: Refused) -> str:
    return speech.sentence(error.zh if speech.language == "zh" else error.en)


def _foreign() -> Refused:
    return Refused(
        "foreign_form",
        zh="请在本页填写并提交",
        en="fill in and send the form on this page",
        field="mark",
    )
