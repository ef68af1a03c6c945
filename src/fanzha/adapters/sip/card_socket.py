"""Where Kamailio's hook asks for the card of a call from our lines, and tells of imitations."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fanzha.errors import Misconfigured

__all__ = ["CardSocket"]

_log = logging.getLogger("fanzha.sip")
_LONGEST = 8192
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class CardSocket:
    """`async with CardSocket(path, answer)`: one JSON object a line in, one a line out.

    A line that is none ends its connection; an answer that fails is `{}`. Open to programs of this
    user, and of `group`. Raises Misconfigured where something that is no socket lies there.
    """

    def __init__(self, path: Path, answer: Answer, group: str = "") -> None:
        self._path = path
        self._answer = answer
        self._group = group
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> CardSocket:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and not self._path.is_socket():
            raise _misplaced("something else lies there")
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LONGEST)
            if self._group:
                shutil.chown(self._path, group=self._group)
                self._path.chmod(0o660)
        except (OSError, LookupError) as error:
            raise _misplaced(str(error)) from error
        finally:
            os.umask(before)
        return self

    async def __aexit__(self, *unused: object) -> None:
        assert self._server is not None
        self._server.close()
        for link in list(self._links):
            link.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links.add(writer)
        try:
            while line := await reader.readline():
                asked = json.loads(line)
                if not isinstance(asked, dict):
                    return
                writer.write(json.dumps(self._answered(asked)).encode("ascii") + b"\n")
                await writer.drain()
        except (ValueError, RecursionError, OSError):
            return
        finally:
            self._links.discard(writer)
            writer.close()

    def _answered(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._answer(asked)
        except Exception:
            _log.exception("a question about a card failed")
            return {}


def _misplaced(why: str) -> Misconfigured:
    return Misconfigured(
        "cards_socket",
        zh=f"无法在该处监听名片接口：{why}",
        en=f"the socket for cards cannot be there: {why}",
        field="calls_cards",
    )
