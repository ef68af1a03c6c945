"""How a process ends: its work is cancelled on SIGTERM or SIGINT, and may tidy up."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


async def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Run until the work ends, fails, or a signal asks for the end."""
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


@contextmanager
def raised() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does, so that what it began is ended and removed."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
