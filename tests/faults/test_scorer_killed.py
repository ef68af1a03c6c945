"""Scorer, event log and database killed at random points: the state is that of a quiet run.

Every finding once, every warning once, nothing lost; stopped means silent, started means caught up.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from fanzha.adapters.postgres.migrate import migrate
from fanzha.adapters.postgres.office import NATION
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.city.generate import default_behaviour, generate
from fanzha.records.door import admit
from fanzha.records.merge import merge
from tests.fixtures import UNITS

_ROOT = Path(__file__).resolve().parents[2]
_START = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
_PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, pa.RecordBatch]]:
    """A small city: a quarter day as the log gets it, in order of time, in small batches."""
    city = generate(800, 0.25, 11, _START, default_behaviour("demo"))
    admitted = {s: [admit(s, t, "city").batch] for s, t in city.streams.items() if t.num_rows}
    slices = merge(admitted, tmp_path_factory.mktemp("spill"), slice_rows=400, slice_ms=600_000)
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


async def feed(
    nats: NatsServer, entries: list[tuple[str, pa.RecordBatch]], pause_s: float = 0.0
) -> int:
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


def wait_for(condition: Any, what: str) -> None:
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


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    Keyring.create().save(path)
    return path


@pytest.fixture(scope="module")
def quiet(
    entries: list[tuple[str, pa.RecordBatch]],
    keyring: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """The run that nobody disturbs."""
    with centre(tmp_path_factory.mktemp("quiet"), keyring) as found:
        asyncio.run(feed(found.nats, entries))
        rows = sum(b.num_rows for _, b in entries)
        found.start_scorer()
        found.wait_ready()
        wait_for(lambda: found.alive() and found.counted() == rows, "the quiet run to end")
        found.kill_scorer(signal.SIGINT)
        return state(found)


def test_the_quiet_run_has_something_to_lose(quiet: dict[str, Any]) -> None:
    assert len(quiet["findings"]) >= 30
    assert len(quiet["warnings"]) >= 5
    assert any(verb != "issue" for _, verb, _ in quiet["deeds"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_kills_at_random_points_change_nothing(
    seed: int,
    entries: list[tuple[str, pa.RecordBatch]],
    quiet: dict[str, Any],
    keyring: Path,
    tmp_path: Path,
) -> None:
    chance = random.Random(seed)
    rows = sum(b.num_rows for _, b in entries)
    with centre(tmp_path, keyring) as found:
        asyncio.run(feed(found.nats, entries))
        kills = {"scorer": 0, "log": 0, "database": 0}
        while sum(kills.values()) < 9:
            if found.scorer is None or found.scorer.poll() is not None:
                found.start_scorer()
            time.sleep(chance.uniform(0.2, 2.5))
            victim = chance.choice(["scorer", "scorer", "log", "database"])
            kills[victim] += 1
            if victim == "scorer":
                found.kill_scorer()
            elif victim == "log":
                assert found.nats.pid is not None
                os.kill(found.nats.pid, signal.SIGKILL)
                found.nats.restart()
            else:
                assert found.postgres.pid is not None
                os.kill(found.postgres.pid, signal.SIGKILL)
                wait_for(lambda: found.postgres.pid is None, "the database to be dead")
                found.postgres.start()
        assert found.started >= 2
        if found.scorer is None or found.scorer.poll() is not None:
            found.start_scorer()

        def caught_up() -> bool:
            if found.scorer is not None and found.scorer.poll() is not None:
                found.start_scorer()  # ended by a lost log or database: its keeper starts it anew
            return found.counted() == rows

        wait_for(caught_up, "the disturbed run to catch up")
        found.kill_scorer(signal.SIGINT)
        disturbed = state(found)
        for part, expected in quiet.items():
            assert disturbed[part] == expected, part


def test_stopped_means_silent_and_started_means_caught_up(
    entries: list[tuple[str, pa.RecordBatch]],
    quiet: dict[str, Any],
    keyring: Path,
    tmp_path: Path,
) -> None:
    rows = sum(b.num_rows for _, b in entries)
    with centre(tmp_path, keyring) as found:
        half = len(entries) // 2
        asyncio.run(feed(found.nats, entries[:half]))
        found.start_scorer()
        first = sum(b.num_rows for _, b in entries[:half])
        wait_for(lambda: found.counted() == first, "the first half")
        found.kill_scorer()
        before = state(found)
        asyncio.run(feed(found.nats, entries))  # the first half again, under the same keys
        time.sleep(1.0)
        assert state(found) == before
        found.start_scorer()
        wait_for(lambda: found.counted() == rows, "the second half")
        found.kill_scorer(signal.SIGINT)
        assert state(found) == quiet
