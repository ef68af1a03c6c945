"""What the local centre has accepted, one JSON object a line, on disk before the sender is told."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path


class Store:
    """Appends lines; many that come together share one sync. One writer a file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")  # a line cut by a crash stays one broken line
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, *entries: Mapping[str, object]) -> None:
        """Returns once the entries are on disk. OSError when they could not be written."""
        line = b"".join(_line(entry) for entry in entries)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((line, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await future

    async def close(self) -> None:
        """Write what waits, then let go of the file."""
        if self._writer is not None:
            await self._writer
        os.close(self._file)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            problem: OSError | None = None
            try:
                await asyncio.to_thread(self._append, b"".join(line for line, _ in batch))
            except OSError as error:
                problem = error
            for _, future in batch:
                if future.done():
                    continue
                if problem is None:
                    future.set_result(None)
                else:
                    future.set_exception(problem)

    def _append(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)


def _line(entry: Mapping[str, object]) -> bytes:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
