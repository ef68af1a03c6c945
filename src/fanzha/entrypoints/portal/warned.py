"""From what was asked for, a Host or a name, to its warning page, with what the register says."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.measures import view
from fanzha.entrypoints.api.schemas import Words
from fanzha.entrypoints.portal.hosts import HELD, host_of, shown_of
from fanzha.entrypoints.portal.speech import Speech, speech_of
from fanzha.entrypoints.portal.warning import LEGAL, Reasons, unlisted, warning
from fanzha.errors import Unavailable
from fanzha.lifecycles.measure.model import Measure

__all__ = ["centre_name", "led_here", "named"]

_PATH_MOST = 4_096


def centre_name(parts: Centre, speech: Speech) -> str:
    """What the centre calls itself."""
    return speech.of(view.centre_name(parts.measures.register.root))


async def led_here(request: Request, parts: Centre) -> Response | None:
    """The warning page where a resolver has led a listed name to us; None: the request is for
    ourselves. A name that is not ours and not listed is told so, where we know our own."""
    host = host_of(request.headers.get("host", ""))
    if host is None or host in _own(parts):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    address = f"http://{host}{request.url.path}{query}"[:_PATH_MOST]
    speech = speech_of(
        request.query_params.get("lang", ""), request.headers.get("accept-language", "")
    )
    try:
        page = await asyncio.to_thread(_page, parts, speech, address, LEGAL)
    except Unavailable:
        return None
    if page is None and parts.settings.public_url:
        return unlisted(speech, centre_name(parts, speech))
    return page


def named(parts: Centre, speech: Speech, address: str, *, status: int) -> Response:
    """The page about a name that stands in an address of ours."""
    page = _page(parts, speech, address, status)
    return page or unlisted(speech, centre_name(parts, speech))


def _own(parts: Centre) -> set[str]:
    """Names under which people mean us."""
    return {urlsplit(parts.settings.outside).hostname or "", parts.settings.host, "localhost"}


def _page(parts: Centre, speech: Speech, address: str, status: int) -> Response | None:
    hit = parts.measures.standing.get().url(address, int(parts.now().timestamp()))
    if hit is None or hit.effect not in HELD:
        return None
    with parts.measures.office.work() as work:
        measure = work.measures.by_code(hit.code)
    return warning(
        speech, centre_name(parts, speech), parts.settings.outside, shown_of(address), hit,
        reasons_of(measure) if measure else None, status=status,
    )  # fmt: skip


def reasons_of(measure: Measure) -> Reasons:
    """What a visitor is told of a measure."""
    ground, remedy = measure.ground, measure.remedy
    return Reasons(
        said=Words(zh=ground.zh, en=ground.en),
        article=ground.article,
        ref=ground.ref if ground.kind == "order" else "",
        documents=tuple(
            Words(zh=zh, en=en)
            for zh, en in zip(remedy.documents_zh, remedy.documents_en, strict=True)
        ),
        automatic=measure.automatic and measure.state == "provisional",
    )
