"""Events in: NDJSON from a sender with a key; accepted rows are on disk before the answer."""

from __future__ import annotations

import hashlib
import io

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect

from fanzha.adapters.postgres.operators import SenderKey
from fanzha.entrypoints.api import intake_schemas as wire
from fanzha.entrypoints.api.auth import Parts, Sender
from fanzha.entrypoints.api.centre import Centre
from fanzha.errors import Refused
from fanzha.records.ndjson import read_ndjson
from fanzha.records.schemas import SCHEMAS

router = APIRouter(prefix="/v1")
BODY_MAX = 32 * 1024 * 1024
LINES_MAX = 500_000
"""Of one body: shorter rows than these hold nothing, and each would be kept as a refused one."""
_LINES = {
    "requestBody": {
        "required": True,
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
}


@router.post("/events/{stream}", status_code=202, max_body_size=BODY_MAX, openapi_extra=_LINES)
async def events(stream: str, request: Request, parts: Parts, who: Sender) -> wire.Accepted:
    """One JSON object a line. The same body again is the same batch; the same
    `(source, event_id)` again is the same event.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused(
            "encoding_not_supported",
            zh="请求内容不能压缩或另行编码，请发送未压缩的 NDJSON",
            en="the body must not be compressed or otherwise encoded; send plain NDJSON",
            field="content-encoding",
        )
    try:
        body = await request.body()
    except ClientDisconnect as error:
        raise Refused(
            "cut_off", zh="请求没有传完", en="the request broke off", field="body"
        ) from error
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
    if body.count(b"\n") > LINES_MAX:
        raise Refused(
            "too_many_rows",
            zh=f"一次最多 {LINES_MAX:,} 行，请分批发送",
            en=f"at most {LINES_MAX:,} lines at once; send them in parts",
            field="body",
        )
    digest = key or hashlib.blake2b(body, digest_size=16).hexdigest()
    # A last line without its end would be read, and stored, as a piece of its own.
    ended = body if body.endswith(b"\n") else body + b"\n"
    lines = read_ndjson(io.BytesIO(ended), stream, who.source)
    taken = await parts.door.take_in(stream, lines, who.source, digest)
    return wire.Accepted(
        stream=stream,
        received=taken.received,
        accepted=taken.accepted,
        refused=[
            wire.RefusedRow(row=r.row, code=r.code, field=r.field, zh=r.zh, en=r.en)
            for r in taken.refused
        ],
        position=taken.position,
        unknown_columns=sorted(_sendable(name) for name in taken.unknown_columns),
    )


def _sendable(name: str) -> str:
    """A name out of somebody's JSON, where half a sign may stand."""
    return name.encode("utf-8", "replace").decode()
