"""A real API with the built console over an embedded database, served from a thread of the test."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
import yaml

from fanzha.adapters.postgres.desk import Desk
from fanzha.adapters.postgres.quarantine import Quarantine
from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.bootstrap import warning_policies
from fanzha.entrypoints.api.app import create_app
from fanzha.entrypoints.api.bus import Bus
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.measures.parts import MeasureParts
from fanzha.entrypoints.api.present import Presenter
from fanzha.entrypoints.api.scripts import Scripts
from fanzha.entrypoints.demo import DEMO_PASSWORD
from fanzha.entrypoints.door import Door
from fanzha.lifecycles.actor import Role
from fanzha.settings import Settings
from fanzha.testing.event_log import MemoryEventLog
from fanzha.usecases.dissuasion.script import load as load_scripts
from tests import fixtures
from tests.usecases.measure.given import register
from tests.usecases.workshop.given import bench

STATION = "470103001"
PEOPLE = (
    ("chenjing", "陈静", frozenset({Role.DISSUADER}), STATION),
    ("zhouhang", "周航", frozenset({Role.DISSUADER}), STATION),
    ("heshan", "何珊", frozenset({Role.DISSUADER, Role.DUTY_OFFICER}), STATION),
    ("linyue", "林越", frozenset({Role.ANALYST, Role.ADMINISTRATOR}), "470100"),
)
"""Name, display, roles, unit."""


@dataclass(frozen=True)
class Served:
    """Where the console answers, and the parts behind it."""

    url: str
    centre: Centre


def _now() -> datetime:
    return datetime.now(UTC)


def centre_over(installed: fixtures.Installed) -> Centre:
    """The parts of a centre as the console needs them, with its people appointed."""
    now = _now()
    for name, display, roles, unit in PEOPLE:
        installed.operators.add(
            name=name, display=display, password=DEMO_PASSWORD, roles=roles,
            unit=fixtures.BY_CODE[unit], now=now, demo=True,
        )  # fmt: skip
    taxonomy = yaml.safe_load((fixtures.POLICIES / "taxonomy.yaml").read_text(encoding="utf-8"))
    named = {**taxonomy["main_classes"], **taxonomy["types"]}
    types = {code: (words["zh"], words["en"]) for code, words in named.items()}
    settings = Settings(demo=True)
    policies = warning_policies(settings, fixtures.UNITS)
    log = MemoryEventLog()
    quarantine = Quarantine(installed.database, installed.keyring)
    return Centre(
        settings=settings,
        database=installed.database,
        office=installed.office,
        desk=Desk(installed.database, installed.keyring, fixtures.UNITS),
        operators=installed.operators,
        quarantine=quarantine,
        workshop=PostgresWorkshop(installed.database, installed.keyring),
        bench=bench(),
        policies=policies,
        presenter=Presenter(types, policies.clocks),
        scripts=Scripts(load_scripts(Path(fixtures.POLICIES) / "scripts" / "dissuasion.yaml")),
        measures=MeasureParts.over(installed.database, installed.keyring, register(), _now),
        log=log,
        door=Door(log, quarantine, installed.keyring, _now),
        bus=Bus(installed.url),
        now=_now,
    )


@contextlib.contextmanager
def serve(centre: Centre, port: int = 0) -> Iterator[Served]:
    """Answer on a free port until the block ends."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        server = uvicorn.Server(
            uvicorn.Config(create_app(centre), log_level="warning", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", centre)
        server.should_exit = True
        thread.join(10)
