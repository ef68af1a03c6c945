"""The process that serves: API, console, and the door for feeders that speak NATS."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import uvicorn

from fanzha.adapters.nats.intake import Intake
from fanzha.bootstrap import Parts, utc_now
from fanzha.entrypoints.api import intake
from fanzha.entrypoints.api.app import create_app
from fanzha.entrypoints.api.bus import Bus
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.measures.parts import MeasureParts
from fanzha.entrypoints.api.present import Presenter
from fanzha.entrypoints.api.scripts import Scripts
from fanzha.entrypoints.door import Door
from fanzha.errors import Misconfigured

_CLOSE_S = 5
STATEMENT_S = 30.0
"""No request is worth a statement that takes longer."""


def centre_of(parts: Parts) -> Centre:
    """What requests are given, over the parts of this installation."""
    taxonomy = parts.taxonomy
    codes = [*taxonomy.main_classes, *taxonomy.types]
    log = parts.log()
    return Centre(
        settings=parts.settings,
        database=parts.database,
        office=parts.office,
        desk=parts.desk,
        operators=parts.operators,
        quarantine=parts.quarantine,
        workshop=parts.workshop,
        bench=parts.bench,
        policies=parts.policies,
        presenter=Presenter({c: taxonomy.words(c) for c in codes}, parts.policies.clocks),
        scripts=Scripts(parts.scripts),
        measures=MeasureParts.over(parts.database, parts.keyring, parts.register, utc_now),
        log=log,
        door=Door(log, parts.quarantine, parts.keyring, utc_now),
        bus=Bus(parts.database_url),
        now=utc_now,
    )


async def run(parts: Parts, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT. Misconfigured: a demo on an address others can reach."""
    if parts.settings.demo and not parts.settings.loopback:
        raise Misconfigured(
            "demo_not_loopback",
            zh="演示只能在本机地址上运行",
            en="a demo runs on a loopback address only",
            field="host",
        )
    centre = centre_of(parts)
    config = uvicorn.Config(
        create_app(centre),
        host=parts.settings.host,
        port=parts.settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_CLOSE_S,
        server_header=False,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        ready()
    parcels = asyncio.create_task(
        intake.run(Intake(parts.log_settings), centre.door, parts.operators, parts.quarantine)
    )
    done, _ = await asyncio.wait({serving, parcels}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    parcels.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(serving, parcels)
    for task in done:
        task.result()
