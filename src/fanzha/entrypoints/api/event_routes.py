"""Events in: NDJSON from a sender with a key; accepted rows are on disk before the answer."""

from __future__ import annotations

import hashlib
import io

from fastapi import APIRouter, Request

from fanzha.adapters.postgres.operators import SenderKey
from fanzha.entrypoints.api import schemas as wire
from fanzha.entrypoints.api.auth import Parts, Sender
from fanzha.entrypoints.api.centre import Centre
from fanzha.errors import Refused
from fanzha.records.ndjson import read_ndjson
from fanzha.records.schemas import SCHEMAS

router = APIRouter(prefix="/v1")
BODY_MAX = 32 * 1024 * 1024
_SHOWN_MAX = 100


@router.post("/events/{stream}", status_code=202)
async def events(stream: str, request: Request, parts: Parts, who: Sender) -> wire.Accepted:
    """One JSON object a line. The same body again is the same batch; the same
    `(source, event_id)` again is the same event.
    """
    body = await _body(request)
    return await take_in_lines(parts, stream, who, body)


async def take_in_lines(
    parts: Centre, stream: str, who: SenderKey, body: bytes, key: str | None = None
) -> wire.Accepted:
    """Parse, refuse what must be, store the rest in the log."""
    if stream not in SCHEMAS:
        raise Refused(
            "unknown_stream",
            zh=f"没有这个数据流；可用：{'、'.join(SCHEMAS)}",
            en=f"no such stream; there are: {', '.join(SCHEMAS)}",
            field="stream",
        )
    if stream not in who.streams:
        raise Refused(
            "stream_not_yours",
            zh="这个密钥不能发送该数据流",
            en="this key may not send this stream",
            field="stream",
        )
    digest = key or hashlib.blake2b(body, digest_size=16).hexdigest()
    lines = read_ndjson(io.BytesIO(body), stream, who.source)
    taken = await parts.door.take_in(stream, lines, who.source, digest)
    return wire.Accepted(
        stream=stream,
        received=taken.received,
        accepted=taken.accepted,
        refused=[
            wire.RefusedRow(row=r.row, code=r.code, field=r.field, zh=r.zh, en=r.en)
            for r in taken.refused[:_SHOWN_MAX]
        ],
        position=taken.position,
        unknown_columns=sorted(taken.unknown_columns),
    )


async def _body(request: Request) -> bytes:
    """The body, as far as the limit: more is refused before it fills the memory."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_MAX:
            raise Refused(
                "too_large",
                zh=f"一次最多 {BODY_MAX // 2**20} MiB，请分批发送",
                en=f"at most {BODY_MAX // 2**20} MiB at once; send it in parts",
                field="body",
            )
        chunks.append(chunk)
    return b"".join(chunks)
