"""What /health says of scorer, worker and a database that hangs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import text

from fanzha.adapters.postgres.database import Database, limit_statements
from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from fanzha.entrypoints.api.watch import Watch
from fanzha.errors import Unavailable
from fanzha.lifecycles.actor import NATION
from fanzha.records.door import admit
from fanzha.testing.event_log import MemoryEventLog
from tests.entrypoints.api.given import Api
from tests.fixtures import Installed
from tests.records.rows import row


def health(api: Api) -> tuple[int, dict[str, tuple[bool, str]]]:
    answer = api.client.get("/health")
    body: dict[str, Any] = answer.json()
    assert body["up"] == (answer.status_code == 200)
    return answer.status_code, {p["name"]: (p["up"], p["detail"]) for p in body["parts"]}


def send(api: Api, n: int) -> None:
    batch = admit("call", pa.Table.from_pylist([row("call", n)]), "test").batch
    asyncio.run(api.log.append("call", batch, str(n)))


def move(api: Api, consumer: str, position: int, ago_s: int = 0) -> None:
    with api.installed.database.transaction(NATION) as connection:
        api.installed.office.set_position(connection, consumer, position)
        connection.execute(
            text("UPDATE position SET updated_at = now() - make_interval(secs => :s)"),
            {"s": ago_s},
        )


class Clock:
    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(api: Api) -> Clock:
    found = Clock()
    api.client.app.state.watch = Watch(found)  # type: ignore[attr-defined]
    return found


def test_the_scorer_is_down_when_entries_wait_and_none_is_scored(api: Api, clock: Clock) -> None:
    assert health(api)[1]["scorer"] == (True, "waiting=0")
    clock.at += 3600
    send(api, 1)
    send(api, 2)
    assert health(api)[1]["scorer"] == (True, "waiting=2"), "they may have come a moment ago"
    clock.at += 29
    assert health(api)[0] == 200
    clock.at += 1
    code, parts = health(api)
    assert (code, parts["scorer"]) == (503, (False, "waiting=2"))
    move(api, "counted", 1)
    assert health(api)[1]["scorer"] == (True, "waiting=1"), "slow, but it moves"
    clock.at += 30
    assert health(api)[1]["scorer"] == (False, "waiting=1")
    move(api, "scorer", 2)
    assert health(api)[1]["scorer"] == (True, "waiting=0")
    clock.at += 3600
    assert health(api)[0] == 200, "nothing waits"


def test_the_worker_is_down_without_a_sign_and_alone_makes_no_503(api: Api) -> None:
    assert health(api)[1]["worker"] == (False, "never_seen")
    move(api, "worker", 0)
    assert health(api)[1]["worker"][0]
    move(api, "worker", 0, ago_s=40)
    code, parts = health(api)
    assert (code, parts["worker"][0]) == (200, False)


@contextmanager
def stopped(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Every process of the server stands still, as on a frozen machine; connections stay open."""
    assert postgres.pid is not None
    found = [postgres.pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = stat.read_text().rpartition(")")[2].split()
        if int(fields[1]) == postgres.pid:
            found.append(int(stat.parent.name))
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in found:
            os.kill(pid, signal.SIGCONT)


def test_a_database_that_hangs_is_said_to_be_down(api: Api, postgres: EmbeddedPostgres) -> None:
    assert health(api)[0] == 200
    with stopped(postgres):
        for _ in range(2):
            code, parts = health(api)
            assert (code, parts["database"]) == (503, (False, "database_unavailable"))
            assert parts["event_log"] == (True, "")
    while health(api)[0] != 200:
        pass


def test_strays_in_the_log_are_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryEventLog, "passed_over", 3)
    code, parts = health(api)
    assert (code, parts["event_log"]) == (200, (True, "passed_over=3"))


def sleep_long(database: Database, limit_s: float | None) -> None:
    with database.transaction(NATION) as connection:
        if limit_s is not None:
            limit_statements(connection, limit_s)
        connection.execute(text("SELECT pg_sleep(60)"))


def test_a_statement_that_takes_too_long_is_ended(installed: Installed) -> None:
    bounded = Database(installed.url, pool_size=1, statement_timeout_s=0.2)
    for database, limit_s in ((bounded, None), (installed.database, 0.2)):
        with pytest.raises(Unavailable):
            sleep_long(database, limit_s)
    bounded.close()
    with installed.database.transaction(NATION) as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "0"


def test_no_connection_left_is_an_unavailable_database(installed: Installed) -> None:
    small = Database(installed.url, pool_size=1, wait_s=0.2)
    with (
        small.transaction(NATION),
        small.transaction(NATION),
        pytest.raises(Unavailable),
        small.transaction(NATION),
    ):
        pass
    small.close()
