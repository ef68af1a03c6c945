"""Keys change while people work: what was sealed opens, and no old key goes before its last use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from fanzha.adapters.postgres import reseal
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.sealing import keyring
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.errors import Unavailable
from fanzha.usecases.warning.issue import issue
from tests.fixtures import NOW, Installed, case, person, policies

POLICIES = policies()
NATION = POLICIES.tiers.root.scope


def issued(office: PostgresOffice, n: int) -> None:
    with office.work(NATION) as work:
        issue(
            work, POLICIES, person=person(n), episode="e1", place="470103001", case=case(), now=NOW
        )


def sealed(installed: Installed) -> list[tuple[bytes, str]]:
    """Every sealed value there is, with its context."""
    with psycopg.connect(installed.admin_url) as connection:
        return [
            (bytes(row[0]), f"{table}.{column}")
            for table, column, _ in reseal.COLUMNS
            for row in connection.execute(
                f"SELECT {column} FROM fanzha.{table} WHERE {column} IS NOT NULL"
            ).fetchall()
        ]


@contextmanager
def at_work(office: PostgresOffice) -> Iterator[list[int]]:
    """A process that issues without pause; the list says for whom."""
    done: list[int] = []
    enough = threading.Event()

    def work() -> None:
        while not enough.is_set():
            issued(office, len(done))
            done.append(len(done))

    with ThreadPoolExecutor(1) as process:
        working = process.submit(work)
        try:
            yield done
        finally:
            enough.set()
        working.result()


def test_the_whole_road_while_a_process_works(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "_LOOK_EVERY_S", 0.0)
    path = tmp_path / "ring.json"
    ring = Keyring.load_or_create(path)
    running = PostgresOffice(installed.database, ring)
    issued(running, 10_000)
    with at_work(running) as done:
        ours = Keyring.load(path)
        ours.rotated().save(path)
        assert reseal.count_stale(installed.database, ours) > 0
        reseal.wait_for_writers(installed.database)
        reseal.reseal(installed.database, ours)
        assert reseal.count_stale(installed.database, ours) == 0
        ours.without_old_keys().save(path)
    issued(running, 10_001)
    kept = sealed(installed)
    assert len(kept) >= len(done) + 2
    for keys in (ring, Keyring.load(path)):
        assert all(keys.open(value, context) for value, context in kept)


def test_who_is_still_writing_is_waited_for(installed: Installed) -> None:
    issued(installed.office, 1)
    with installed.office.work(NATION) as work:
        issue(
            work, POLICIES, person=person(2), episode="e1", place="470103001", case=case(), now=NOW
        )
        with pytest.raises(Unavailable, match="still_writing"):
            reseal.wait_for_writers(installed.database, patience_s=0.3)
    reseal.wait_for_writers(installed.database)
