"""The worker's part of the register: what is protected is listed, what is over ends."""

from __future__ import annotations

import asyncio

from fanzha.adapters.postgres.register.listed import ListRows
from fanzha.bootstrap import Parts, utc_now
from fanzha.usecases.measure.clocks import run

_AT_A_TIME = 200


async def tend(parts: Parts) -> None:
    """End what is over, in small commits, until nothing is."""
    while await asyncio.to_thread(_some, parts) == _AT_A_TIME:
        pass


def _some(parts: Parts) -> int:
    with parts.register_office.work() as work:
        return run(work, parts.register, utc_now(), _AT_A_TIME)


async def forget(parts: Parts) -> None:
    """Lines that went long ago are no longer kept for edges that have been away."""
    rows = ListRows(parts.database, parts.keyring)
    before = utc_now() - parts.register.policy.keep_gone
    await asyncio.to_thread(rows.forget, before)
