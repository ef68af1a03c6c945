"""`fanzha edge page`: the warning page where resolvers lead people, from the list alone.

It knows effect, end and appeal code of what stands; the ground is told on the centre's appeal page,
to which it leads. It takes no form and keeps nothing of who came.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.following import address_of, following
from fanzha.entrypoints.edge.sms import place_of
from fanzha.entrypoints.portal.hosts import HELD, host_of, shown_of
from fanzha.entrypoints.portal.speech import speech_of
from fanzha.entrypoints.portal.warning import LEGAL, unlisted, warning
from fanzha.lists.index import Standing
from fanzha.settings import Settings

__all__ = ["app_of", "run"]

_PATH_MOST = 4_096
_AT_ONCE = 512
_CLOSE_S = 3
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True, slots=True)
class _Name:
    """What the centre is called where only its list is known."""

    zh: str = "反诈中心"
    en: str = "Anti-scam Centre"


def app_of(
    standing: Callable[[], Standing | None], outside: str, state: Callable[[], str]
) -> Starlette:
    """Any path of any name: its warning page. `outside`: the centre's address for people;
    `state`: what `/health` tells, asked by the address of this machine."""

    def answer(request: Request) -> Response:
        speech = speech_of(
            request.query_params.get("lang", ""), request.headers.get("accept-language", "")
        )
        centre = speech.of(_Name())
        host, path = host_of(request.headers.get("host", "")), request.url.path
        if host is None and path == "/health":
            return PlainTextResponse(state())
        status = LEGAL
        if host is None and path.startswith("/w/"):
            host, path, status = host_of(path.removeprefix("/w/")), "/", 200
        known = standing()
        if host is None or known is None:
            return unlisted(speech, centre)
        query = f"?{request.url.query}" if request.url.query else ""
        address = f"http://{host}{path}{query}"[:_PATH_MOST]
        hit = known.url(address, int(time.time()))
        if hit is None or hit.effect not in HELD:
            return unlisted(speech, centre)
        return warning(speech, centre, outside, shown_of(address), hit, None, status=status)

    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


def run(settings: Settings, listen: str, name: str, ready: Callable[[int], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is told the port. Raises Misconfigured where there is
    no key for the list, Refused where `listen` is no place."""
    host, port = place_of(listen, "listen")
    follower = following(settings, name)
    outside = (settings.public_url or address_of(settings)).rstrip("/")
    app = app_of(lambda: follower.standing, outside, lambda: _state(follower))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_AT_ONCE,
        timeout_graceful_shutdown=_CLOSE_S,
        lifespan="off",
    )
    with follower:
        asyncio.run(_serve(uvicorn.Server(config), ready))


async def _serve(server: uvicorn.Server, ready: Callable[[int], None]) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        ready(server.servers[0].sockets[0].getsockname()[1])
    await serving


def _state(follower: Follower) -> str:
    version, age = follower.version, follower.age_s
    heard = "not heard yet" if age is None else f"heard {age:.0f} s ago"
    return f"list {version}, {heard}\n" if version is not None else f"no list, {heard}\n"
