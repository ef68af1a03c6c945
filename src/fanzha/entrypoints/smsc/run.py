"""Runs the local message centre until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable

from fanzha.adapters.smpp.smsc import Smsc, SmscSettings

_log = logging.getLogger("fanzha.smsc")


async def run(settings: SmscSettings, ready: Callable[[int], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is told the port once connections are taken.

    OSError when the port is taken or the store cannot be opened.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with Smsc(settings) as smsc:
        _log.info("message centre ready on %s:%d", settings.host, smsc.port)
        if ready is not None:
            ready(smsc.port)
        await ended.wait()
    _log.info("message centre ended")
