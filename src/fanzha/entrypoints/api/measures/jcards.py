"""The signed card of a refused call, at the address that the switch names (RFC 8688)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from fanzha.adapters.sip.jcard import MEDIA_TYPE, Refusal, sign
from fanzha.entrypoints.api.auth import Attempts, Parts
from fanzha.entrypoints.api.measures.view import centre_name
from fanzha.entrypoints.edge.sip import signing_key
from fanzha.errors import Refused
from fanzha.lists import code as codes
from fanzha.usecases.measure.appeal import by_code

router = APIRouter(prefix="/v1/jcards")


@router.get("/certificates.pem", response_class=Response)
def certificates(parts: Parts) -> Response:
    """The chain of the key that signs cards: what `x5u` leads to."""
    path = parts.settings.calls_certificates
    if path is None:
        raise _none()
    return Response(path.read_bytes(), media_type="application/pem-certificate-chain")


@router.get("/{code}", response_class=Response)
def card(code: str, request: Request, parts: Parts) -> Response:
    """Who refused, why, until when, and how to appeal; signed, no identifier in it."""
    attempts: Attempts = request.app.state.codes
    address = request.client.host if request.client else ""
    attempts.check(address)
    number = codes.read(code)
    settings, register = parts.settings, parts.measures.register
    if settings.calls_key is None:
        raise _none()
    with parts.measures.office.work() as work:
        measure = by_code(work, number)
    attempts.right(address)
    written = codes.write(number)
    centre = centre_name(register.root)
    refusal = Refusal(
        centre_zh=centre.zh,
        centre_en=centre.en,
        ground_zh=measure.ground.zh,
        ground_en=measure.ground.en,
        article=measure.ground.article,
        code=written,
        appeal_url=f"{settings.outside}/appeal/{written}",
        telephone=settings.public_phone,
        documents_zh="、".join(measure.remedy.documents_zh),
        documents_en=", ".join(measure.remedy.documents_en),
        ends_at=measure.term.ends_at,
    )
    x5u = f"{settings.outside}/v1/jcards/certificates.pem"
    signed = sign(refusal, signing_key(settings.calls_key), x5u, parts.now())
    return Response(signed, media_type=MEDIA_TYPE)


def _none() -> Refused:
    return Refused(
        "no_card",
        zh="本中心未配置通话签名密钥",
        en="this centre has no key for cards of calls",
        field="calls_key",
    )
