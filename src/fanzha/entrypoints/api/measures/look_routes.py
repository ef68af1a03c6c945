"""The list for browsers and proxies: files, hashes that tell nobody's way, and a verdict by key."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Response

from fanzha.adapters.postgres.operators import SenderKey
from fanzha.entrypoints.api.auth import Parts, sender
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.measures import schemas as wire
from fanzha.entrypoints.api.measures.list_routes import may
from fanzha.entrypoints.api.schemas import Coded
from fanzha.errors import Refused
from fanzha.lists import asked
from fanzha.lists import code as codes
from fanzha.lists.form import Effect
from fanzha.lists.hits import Hit

router = APIRouter(prefix="/v1")
Edge = Annotated[SenderKey, Depends(sender)]
_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
_FRESH_S = 60
_KEEP_S = 300
"""Seconds for which an answer about hashes may be kept by whoever asked."""
_HASHES_MOST = 1_000
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){4,32}")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_WORDS = {
    None: ("pass", "放行", "Pass"),
    Effect.LABEL: ("label", "标记", "Label"),
    Effect.WARN: ("warn", "警示页", "Warning page"),
    Effect.REFUSE: ("refuse", "拒绝", "Refuse"),
    Effect.ALLOW: ("protected", "受保护，放行", "Protected: pass"),
}
_READERS = {
    "number": asked.number,
    "sender": asked.sender,
    "name": asked.name,
    "url": asked.url,
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            _TEXT: {"schema": {"type": "string"}},
            _BYTES: {"schema": {"type": "string", "format": "binary"}},
        }
    },
    304: {"description": "As you have it"},
}


@router.get("/lists/hashes/{prefix}")
def hashes(prefix: str, parts: Parts, response: Response) -> wire.HashesFound:
    """Whole hashes that begin with these 4 to 32 bytes (hex). Public: whoever asks tells us a few
    bytes of a hash and not where somebody goes."""
    if not _HEX.fullmatch(prefix):
        raise Refused(
            "hash_prefix",
            zh="哈希前缀须为 4 至 32 字节的十六进制",
            en="a prefix is 4 to 32 bytes in hexadecimal",
            field="prefix",
        )
    found = parts.measures.files.find(bytes.fromhex(prefix))
    response.headers["Cache-Control"] = f"public, max-age={_KEEP_S}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return wire.HashesFound(
        keep_s=_KEEP_S,
        hashes=[
            wire.HashFound(
                hash=one.digest.hex(), alone=one.alone, **_told(parts, one.hit).model_dump()
            )
            for one in found[:_HASHES_MOST]
        ],
    )


@router.get("/lists/{kind}", response_class=Response, responses=_FILE)
def file(
    kind: Literal["hosts", "domains", "abp", "prefixes"],
    parts: Parts,
    accept_encoding: Annotated[str, Header()] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Names that are refused or warned of, as resolvers and browsers take them: a hosts file, a
    name a line, filters of Adblock Plus, or the first four bytes of each hash. Public."""
    found = parts.measures.files.get(kind)
    tag = f'W/"{found.version}-{found.made_at}"'
    made_at = datetime.fromtimestamp(found.made_at, UTC)
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(made_at, usegmt=True),
        "Cache-Control": f"public, max-age={_FRESH_S}",
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Fanzha-Expires-At": datetime.fromtimestamp(found.expires_at, UTC).isoformat(),
    }
    known = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    if tag.removeprefix("W/") in known:
        return Response(status_code=304, headers=headers)
    media_type = _BYTES if kind == "prefixes" else _TEXT
    if _takes_gzip(accept_encoding):
        headers["Content-Encoding"] = "gzip"
        return Response(found.packed, media_type=media_type, headers=headers)
    return Response(found.body, media_type=media_type, headers=headers)


@router.post("/look")
def look(body: wire.LookBody, parts: Parts, edge: Edge) -> wire.Looked:
    """What stands against a number, sender, name, address or app: for proxies and gateways that
    keep no list of their own. Nothing of what is asked is kept."""
    may(edge)
    given = {kind: text for kind, text in body.model_dump().items() if text is not None}
    if not given:
        raise Refused(
            "nothing_asked",
            zh="请给出 number、sender、name、url 或 app",
            en="name a number, sender, name, url or app",
            field="url",
        )
    now = int(parts.now().timestamp())
    standing = parts.measures.standing.get()
    questions = [_question(kind, text) for kind, text in given.items()]
    hits = standing.ask(questions, now)
    found = {kind: hits[row] for row, kind in enumerate(given)}
    held = [hit for hit in found.values() if hit is not None and hit.effect is not Effect.ALLOW]
    worst = max(held, key=lambda hit: hit.effect, default=None)
    return wire.Looked(
        version=standing.version,
        verdict=_told(parts, worst),
        found={kind: _told(parts, hit) for kind, hit in found.items()},
    )


def _question(kind: str, text: str) -> asked.Asked:
    if kind != "app":
        return _READERS[kind](text)
    digest = _DIGEST.fullmatch(text.strip().lower())
    if digest is None:
        raise Refused(
            "app_form",
            zh="应用须写 sha256: 加 64 位十六进制",
            en="an app is written sha256: and 64 hexadecimal digits",
            field="app",
        )
    return asked.app(bytes.fromhex(digest[1]))


def _told(parts: Centre, hit: Hit | None) -> wire.Verdict:
    code, zh, en = _WORDS[hit.effect if hit else None]
    appeal = codes.write(hit.code) if hit and 0 < hit.code <= codes.MOST else None
    return wire.Verdict(
        effect=Coded(code=code, zh=zh, en=en),
        code=appeal,
        ends_at=datetime.fromtimestamp(hit.ends_at, UTC) if hit and hit.ends_at else None,
        appeal_url=f"{parts.settings.outside}/appeal/{appeal}" if appeal else None,
    )


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
