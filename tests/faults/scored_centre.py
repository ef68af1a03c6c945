"""A log, a database and a scorer that can be killed, what feeds them, and the state they reach."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa

from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from fanzha.adapters.postgres.migrate import migrate
from fanzha.city.generate import default_behaviour, generate
from fanzha.lifecycles.actor import NATION
from fanzha.records.door import admit
from fanzha.records.merge import merge
from tests.fixtures import UNITS

_ROOT = Path(__file__).resolve().parents[2]
_START = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
_PATIENCE_S = 240.0

Entries = list[tuple[str, pa.RecordBatch]]


def small_city(spill: Path, residents: int = 800, seed: int = 11) -> Entries:
    """A quarter day of a city as the log gets it, in order of time, in small batches."""
    city = generate(residents, 0.25, seed, _START, default_behaviour("demo"))
    admitted = {s: [admit(s, t, "city").batch] for s, t in city.streams.items() if t.num_rows}
    slices = merge(admitted, spill, slice_rows=400, slice_ms=600_000)
    return [(stream, batch) for found in slices for stream, batch in found.batches.items()]


@dataclass
class Centre:
    """A database, a log and one scorer process at a time."""

    folder: Path
    postgres: EmbeddedPostgres
    nats: NatsServer
    keyring: Path
    scorer: subprocess.Popen[str] | None = None
    started: int = 0

    def start_scorer(self) -> None:
        given = {
            "nats": self.nats.url,
            "user": USER,
            "password": self.nats.password,
            "database": self.postgres.url("fanzha_app"),
            "keyring": str(self.keyring),
            "snapshots": str(self.folder / "snapshots"),
        }
        with (self.folder / "scorer.log").open("a") as errors:
            self.scorer = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.scorer_process", json.dumps(given)],
                cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": "src"},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.started += 1

    def wait_ready(self) -> None:
        assert self.scorer is not None
        assert self.scorer.stdout is not None
        assert self.scorer.stdout.readline() == "ready\n"

    def kill_scorer(self, how: signal.Signals = signal.SIGKILL) -> None:
        assert self.scorer is not None
        self.scorer.send_signal(how)
        self.scorer.wait(60)

    def alive(self) -> bool:
        """Fails at once where the scorer has ended by itself."""
        assert self.scorer is not None
        assert self.scorer.poll() is None, (self.folder / "scorer.log").read_text()[-2000:]
        return True

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute("SET search_path = fanzha")
            return connection.execute(query.encode()).fetchall()

    def kill(self, victim: str) -> None:
        """SIGKILL for one of `scorer`, `log`, `database`; log and database start again."""
        if victim == "scorer":
            self.kill_scorer()
        elif victim == "log":
            assert self.nats.pid is not None
            os.kill(self.nats.pid, signal.SIGKILL)
            self.nats.restart()
        else:
            assert self.postgres.pid is not None
            os.kill(self.postgres.pid, signal.SIGKILL)
            wait_for(lambda: self.postgres.pid is None, "the database to be dead")
            self.postgres.start()

    def keep_scorer(self) -> None:
        """Start it where it is not running: ended by a lost log or database, or not begun."""
        if not self.running:
            self.start_scorer()

    @property
    def running(self) -> bool:
        return self.scorer is not None and self.scorer.poll() is None

    def counted(self) -> int:
        """Events taken in so far."""
        rows = self.ask("SELECT coalesce(sum(n), 0) FROM counter WHERE name = 'events'")
        return int(rows[0][0])


@contextmanager
def centre(folder: Path, keyring: Path) -> Iterator[Centre]:
    with EmbeddedPostgres(folder / "postgres") as postgres, NatsServer(folder / "nats") as nats:
        migrate(postgres.url(), app_password=postgres.password("fanzha_app"))
        database = Database(postgres.url("fanzha_app"), pool_size=1)
        with database.transaction(NATION) as connection:
            place.store_units(connection, UNITS)
        database.close()
        found = Centre(folder, postgres, nats, keyring)
        try:
            yield found
        finally:
            if found.scorer is not None and found.scorer.poll() is None:
                found.scorer.kill()
                found.scorer.wait()


async def feed(nats: NatsServer, entries: Entries, pause_s: float = 0.0) -> int:
    """Append everything in order; gives the last position."""
    log = JetStreamLog(LogSettings(nats.url, USER, nats.password, patience_s=60))
    await log.start()
    last = 0
    for n, (stream, batch) in enumerate(entries):
        last = await log.append(stream, batch, f"feed-{n}", sender="city")
        if pause_s:
            await asyncio.sleep(pause_s)
    await log.close()
    return last


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.1)


def state(found: Centre) -> dict[str, Any]:
    """Everything that must be the same, without instants of the wall clock."""
    return {
        "findings": found.ask(
            "SELECT id, detector, at, subject_token, score, event_ids, warning_id, reasons::text"
            " FROM finding ORDER BY id"
        ),
        "warnings": found.ask(
            "SELECT id, person_token, episode, grade, score, stage, scam_type, amount_fen,"
            " fact_zh, reasons::text, state, unit, version FROM warning ORDER BY id"
        ),
        "evidence": found.ask(
            "SELECT warning_id, ref, lane, at, until, live, zh, object_mask FROM evidence"
            " ORDER BY warning_id, ref"
        ),
        "messages": found.ask("SELECT id, channel, state, tries FROM message ORDER BY id"),
        "deeds": found.ask(
            "SELECT object_id, verb, count(*) FROM deed GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        "events": found.ask("SELECT name, label, n FROM counter ORDER BY 1, 2"),
    }
