"""The process that works: deliverer, clocks, retention, signed heads, until it is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fanzha.adapters.postgres import audit
from fanzha.bootstrap import Parts, utc_now
from fanzha.entrypoints.ending import until_told
from fanzha.entrypoints.worker import register, workshop
from fanzha.entrypoints.worker.deliver import Deliverer
from fanzha.entrypoints.worker.run import run as work
from fanzha.lifecycles.actor import NATION


async def run(parts: Parts, ready: Callable[[], None] = lambda: None) -> None:
    """Without a message centre in the settings, texts stay queued and everything else runs."""
    log = parts.log()
    await log.start()
    sender = parts.sender()
    deliverer = None
    if sender is not None:
        await sender.start()
        deliverer = Deliverer(
            parts.office,
            sender,
            parts.policies.tiers.root.scope,
            from_number=parts.settings.smpp_sender,
            now=utc_now,
        )
    await asyncio.to_thread(parts.ensure_protected)
    ready()

    def sign_heads() -> None:
        audit.sign_heads(parts.database, parts.heads_file, parts.keyring.sign, utc_now())

    def beat() -> None:
        with parts.database.transaction(NATION) as connection:
            parts.office.set_position(connection, "worker", 0)

    async def tend() -> None:
        await asyncio.to_thread(workshop.tend, parts)

    async def rehearse() -> None:
        if await asyncio.to_thread(workshop.waiting, parts):
            await workshop.rehearse_beside()

    try:
        await until_told(
            work(
                office=parts.office,
                policies=parts.policies,
                log=log,
                deliverer=deliverer,
                sign_heads=sign_heads,
                beat=beat,
                now=utc_now,
                workshop=(tend, rehearse),
                register=lambda: register.tend(parts),
                forget=lambda: register.forget(parts),
            )
        )
    finally:
        if sender is not None:
            await sender.close()
        await log.close()
