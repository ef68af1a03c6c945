"""The local socket on which the programs of this machine ask what stands (`frames` is its form)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import stat
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import numpy as np

from fanzha.entrypoints.edge.frames import OF_EDGE, answered, question, read
from fanzha.errors import Misconfigured, Refused
from fanzha.lists.batch import Written
from fanzha.lists.form import ENTRIES, Kind
from fanzha.lists.hits import Hits
from fanzha.lists.index import Standing

__all__ = ["CLIENTS_MAX", "listening"]

_log = logging.getLogger("fanzha.edge")
CLIENTS_MAX = 1_024
_PATH_MAX = 107
_WAITING = 128
"""Programs that may wait to be let in."""
_FRAMES_AT_ONCE = 32
"""Answered before other clients have their turn."""

Standings = Callable[[], Standing | None]


@asynccontextmanager
async def listening(
    path: Path,
    standing: Standings,
    group: str = "",
    heard: Callable[[Hits, float], None] | None = None,
    age_s: Callable[[], float | None] = lambda: None,
) -> AsyncIterator[None]:
    """Answers at `path` while the block is entered: programs of this user, and of `group`. `heard`
    is told every answer, and when it was given; `age_s` says how long ago the centre was heard.

    Raises Misconfigured where another process answers there, something that is no socket lies
    there, or there is no such group. The file that a killed process left is removed.
    """
    _make_room(path)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        server.bind(str(path))
        if group:
            shutil.chown(path, group=group)
            path.chmod(0o660)
        server.listen(_WAITING)
    except (OSError, LookupError) as error:
        server.close()
        raise _misplaced(path, str(error)) from error
    finally:
        os.umask(before)
    clients: set[_Client] = set()
    nothing = Standing.build(ENTRIES.empty_table(), 0)
    # What answers is compiled before anybody waits.
    nothing.written(read(question([(Kind.NUMBER, b"")]), 1).questions, 0)

    def known() -> Standing:
        return standing() or nothing

    loop = asyncio.get_running_loop()
    served = await loop.create_unix_server(
        lambda: _Client(known, clients, heard, age_s), sock=server
    )
    try:
        yield
    finally:
        served.close()
        for client in list(clients):
            client.leave()
        with contextlib.suppress(OSError):
            path.unlink()


def _make_room(path: Path) -> None:
    if len(os.fsencode(path)) > _PATH_MAX:
        raise _misplaced(path, "the path is longer than 107 bytes")
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise _misplaced(path, "something else lies there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise _misplaced(path, "another process answers there")


class _Client(asyncio.Protocol):
    """One program that asks. What it has not read of its answers, and what it has asked beyond a
    turn, keep us from reading on, so that nobody's memory but its own fills up."""

    def __init__(
        self,
        standing: Callable[[], Standing],
        clients: set[_Client],
        heard: Callable[[Hits, float], None] | None,
        age_s: Callable[[], float | None],
    ) -> None:
        self._standing = standing
        self._heard = heard
        self._age_s = age_s
        self._clients = clients
        self._loop = asyncio.get_running_loop()
        self._data = bytearray()
        self._transport: asyncio.Transport | None = None
        self._is_full = False
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)
        if len(self._clients) >= CLIENTS_MAX:
            stream.abort()
            return
        self._transport = stream
        self._clients.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._clients.discard(self)

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._loop.call_soon(self._answer)

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._answer()

    def eof_received(self) -> bool:
        """Who has said all it will is still answered."""
        self._ended = True
        self._answer()
        return True

    def _answer(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self._full():
            return
        try:
            asking = read(bytes(self._data), _FRAMES_AT_ONCE)
        except Refused:
            _log.warning("a program on the local socket does not keep to its form")
            transport.abort()
            return
        if asking.counts:
            del self._data[: asking.taken]
            transport.write(answered(self._hits(asking.questions), asking.counts))
        if self._full():
            transport.pause_reading()
        elif len(asking.counts) == _FRAMES_AT_ONCE:
            transport.pause_reading()
            self._loop.call_soon(self._answer)
        elif self._ended:
            transport.close()
        else:
            transport.resume_reading()

    def _hits(self, questions: Written) -> Hits:
        now = time.time()
        standing = self._standing()
        hits = standing.written(questions, int(now))
        if len(of_edge := np.flatnonzero(questions.kinds == OF_EDGE)):
            age = self._age_s()
            hits.code[of_edge] = standing.version
            hits.ends_at[of_edge] = 0 if age is None else int(now - age)
        if self._heard is not None:
            self._heard(hits, now)
        return hits

    def _full(self) -> bool:
        return self._is_full


def _misplaced(path: Path, why: str) -> Misconfigured:
    return Misconfigured(
        "edge_socket",
        zh=f"无法在该处开设本机接口：{why}",
        en=f"the local socket cannot be there: {why}",
        field=path.name,
    )
