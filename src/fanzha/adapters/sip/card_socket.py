"""Where Kamailio's hook asks for the card of a call from our lines, and tells of imitations."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["CardSocket"]

_log = logging.getLogger("fanzha.sip")
_LONGEST = 8192
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class CardSocket:
    """`async with CardSocket(path, answer)`: one JSON object a line in, one a line out.

    A line that is none ends its connection; an answer that fails is `{}`.
    """

    def __init__(self, path: Path, answer: Answer, mode: int = 0o660) -> None:
        self._path = path
        self._answer = answer
        self._mode = mode
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> CardSocket:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LONGEST)
        os.chmod(self._path, self._mode)
        return self

    async def __aexit__(self, *unused: object) -> None:
        assert self._server is not None
        self._server.close()
        for link in list(self._links):
            link.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

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
