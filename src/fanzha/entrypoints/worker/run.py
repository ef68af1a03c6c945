"""The worker's loops: deliverer, clocks, retention of raw rows, signed heads of the deed chains."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from fanzha.entrypoints.worker.deliver import Deliverer
from fanzha.errors import Unavailable
from fanzha.ports.event_log import EventLog
from fanzha.ports.unit_of_work import Office
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.usecases.warning.run_clocks import run_clocks

_log = logging.getLogger("fanzha.worker")
_CLOCK_S = 1.0
_TRIM_S = 600.0
_WORKSHOP_S = 15.0
_SIGN_S = 24 * 3600.0


async def run(
    *,
    office: Office,
    policies: WarningPolicies,
    log: EventLog,
    deliverer: Deliverer | None,
    sign_heads: Callable[[], None],
    beat: Callable[[], None],
    now: Callable[[], datetime],
    workshop: Sequence[Callable[[], Awaitable[None]]] = (),
    register: Callable[[], Awaitable[None]] | None = None,
    forget: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Run until cancelled; a loop that fails ends the process, which is then started anew.

    `beat` leaves a sign of life after each round of the clocks. `workshop` are its rounds there;
    `register` ends what is over in the register of measures, `forget` what lists need no more.
    """
    async with asyncio.TaskGroup() as group:
        if deliverer is not None:
            group.create_task(deliverer.run())
        group.create_task(_each(_CLOCK_S, lambda: _clocks(office, policies, beat, now)))
        group.create_task(_each(_TRIM_S, lambda: _trim(log, policies, now)))
        for step in workshop:
            group.create_task(_each(_WORKSHOP_S, step))
        if register is not None:
            group.create_task(_each(_CLOCK_S, register))
        if forget is not None:
            group.create_task(_each(_TRIM_S, forget))
        group.create_task(_each(_SIGN_S, lambda: asyncio.to_thread(sign_heads)))


async def _each(seconds: float, step: Callable[[], Awaitable[None]]) -> None:
    """Repeat a step; while the database is away, wait and try again."""
    while True:
        try:
            await step()
        except Unavailable as error:
            _log.warning("waiting: %s", error.code)
        await asyncio.sleep(seconds)


async def _clocks(
    office: Office,
    policies: WarningPolicies,
    beat: Callable[[], None],
    now: Callable[[], datetime],
) -> None:
    while await asyncio.to_thread(run_clocks, office, policies, now()):
        pass
    await asyncio.to_thread(beat)


async def _trim(log: EventLog, policies: WarningPolicies, now: Callable[[], datetime]) -> None:
    """Raw rows past their term leave the log; what a warning rests on is kept with the warning."""
    for stream, term in policies.clocks.retention.items():
        await log.trim(stream, now() - term)
