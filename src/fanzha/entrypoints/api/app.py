"""The API as an application: routes, failures, the console's files, safe headers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles

import fanzha
from fanzha.entrypoints.api import (
    auth,
    desk_routes,
    errors,
    event_routes,
    group_routes,
    health,
    live,
    quarantine_routes,
    watch,
)
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.measures import jcards, list_routes, look_routes, public
from fanzha.entrypoints.api.measures import routes as register_routes
from fanzha.entrypoints.api.workshop import boards, routes
from fanzha.entrypoints.portal import routes as portal
from fanzha.entrypoints.portal.warned import led_here

_EVENTS = "/v1/events/"
_BODY_MAX = 1 << 20
"""Of a request that is not events; those say their own."""
_PATH_MAX = 250
"""Bytes; longer than any of ours, and short enough for a file name."""
STATIC = Path(__file__).parent / "static"
_CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_NOT_BUILT = """<!doctype html><meta charset=utf-8><title>fanzha</title>
<p>控制台尚未构建，请运行 <code>make web</code>。
<p>The console is not built yet: run <code>make web</code>."""


def create_app(parts: Centre) -> FastAPI:
    """The application over the wired parts of a centre."""

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        listener = asyncio.create_task(parts.bus.run())
        await parts.log.start()
        yield
        listener.cancel()
        await parts.log.close()

    app = FastAPI(
        title="fanzha",
        version=fanzha.__version__,
        lifespan=life,
        docs_url=None,  # its page runs scripts of another site beside the console's login
        redoc_url=None,
        responses=errors.DESCRIBED,
    )
    app.state.centre = parts
    app.state.attempts = auth.Attempts()
    app.state.codes = auth.Attempts()
    app.state.watch = watch.Watch()
    errors.install(app)

    @app.middleware("http")
    async def headers(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        most = event_routes.BODY_MAX if request.url.path.startswith(_EVENTS) else _BODY_MAX
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:12]) > most:
            return errors.too_large()
        path = request.url.path
        if "\0" in path or len(path.encode("utf-8", "replace")) > _PATH_MAX:
            return errors.no_such_page()
        response = await led_here(request, parts) or await call(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Content-Security-Policy", _CSP)
        if request.url.path.startswith("/v1/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    for module in (
        desk_routes, event_routes, group_routes, quarantine_routes, routes, boards, health, live,
        register_routes, list_routes, look_routes, public, jcards, portal,
    ):  # fmt: skip
        app.include_router(module.router, max_body_size=_BODY_MAX)
    _console(app)
    return app


def _console(app: FastAPI) -> None:
    """The built console; every path that is not an API opens it, so that links can be shared."""
    if (STATIC / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=STATIC / "assets"), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    def console(path: str) -> Response:
        if path.startswith("v1/"):
            return errors.no_such_page()
        file = (STATIC / path).resolve()
        if path and file.is_file() and file.is_relative_to(STATIC):
            return FileResponse(file)
        index = STATIC / "index.html"
        if not index.is_file():
            return HTMLResponse(_NOT_BUILT, status_code=503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})
