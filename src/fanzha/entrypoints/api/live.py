"""Live news for the console as server-sent events, each page within its own scope."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from fanzha.adapters.postgres.operators import Operator
from fanzha.entrypoints.api.auth import COOKIE, READERS, Parts, SignedIn
from fanzha.entrypoints.api.bus import News
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.health import feeds_of

_GATHER_S = 0.4
_TICK_S = 10.0

router = APIRouter(prefix="/v1")


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(request: Request, parts: Parts, who: SignedIn) -> StreamingResponse:
    """Server-sent events: `warning`, `gone`, `reload`, `feeds`, `tick`. It ends with the login."""
    return StreamingResponse(
        _news(parts, who, request.cookies[COOKIE]),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _news(parts: Centre, who: Operator, token: str) -> AsyncIterator[str]:
    may_read = who.actor.may(READERS)  # others are told how the feeds are, and no more
    scope = who.actor.unit.scope
    mine = {code for code, unit in parts.policies.tiers.by_code.items() if unit.within(scope)}
    with parts.bus.subscribe() as queue:
        yield await _tick(parts)
        while True:
            heard: set[News | None] = set()
            with contextlib.suppress(TimeoutError):
                heard.add(await asyncio.wait_for(queue.get(), _TICK_S))
                await asyncio.sleep(_GATHER_S)
            # A login can end, an appointment can change: looked at before anything is told.
            if await run_in_threadpool(parts.operators.by_token, token, parts.now()) != who:
                return
            if not heard:
                yield await _tick(parts)
                continue
            if not may_read:
                while not queue.empty():
                    queue.get_nowait()
                continue
            while not queue.empty():
                heard.add(queue.get_nowait())
            if None in heard:
                yield _event("reload", {})
            news = {n for n in heard if n is not None}
            rows = await run_in_threadpool(parts.desk.rows, scope, list({n.id for n in news}))
            for row in rows:
                yield _event("warning", parts.presenter.row(row).model_dump(mode="json"))
            # Only to whom it was there before: others never hear of what is not theirs.
            for gone in {n.id for n in news if n.left in mine} - {r.id for r in rows}:
                yield _event("gone", {"id": str(gone)})


async def _tick(parts: Centre) -> str:
    feeds = await run_in_threadpool(feeds_of, parts)
    now = parts.now().isoformat()
    return _event("tick", {"server_time": now}) + _event(
        "feeds", [f.model_dump(mode="json") for f in feeds]
    )


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
