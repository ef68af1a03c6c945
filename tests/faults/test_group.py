"""Several scorers share a log's keys; killed and joined at random, they find what one does."""

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
from pathlib import Path
from typing import Any

import pytest

from fanzha.adapters.nats.server import USER
from fanzha.adapters.sealing.keyring import Keyring
from tests.faults.scored_centre import Centre, Entries, centre, feed, small_city, state, wait_for

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> Entries:
    return small_city(tmp_path_factory.mktemp("spill"), residents=400)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    Keyring.create().save(path)
    return path


@pytest.fixture(scope="module")
def alone(
    entries: Entries, keyring: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a lone scorer makes of it."""
    with centre(tmp_path_factory.mktemp("alone"), keyring) as found:
        asyncio.run(feed(found.nats, entries))
        rows = sum(b.num_rows for _, b in entries)
        found.start_scorer()
        found.wait_ready()
        wait_for(lambda: found.alive() and found.counted() == rows, "the lone scorer to end")
        found.kill_scorer(signal.SIGINT)
        return state(found)


class Group:
    """Members as processes of their own."""

    def __init__(self, found: Centre) -> None:
        self._found = found
        self.members: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        found = self._found
        given = {
            "nats": found.nats.url, "user": USER, "password": found.nats.password,
            "database": found.postgres.url("fanzha_app"), "keyring": str(found.keyring),
            "snapshots": str(found.folder / "snapshots"), "member": name,
        }  # fmt: skip
        with (found.folder / f"{name}.log").open("a") as errors:
            self.members[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.scorer_process", json.dumps(given)],
                cwd=_ROOT, env={**os.environ, "PYTHONPATH": "src"},
                stdout=subprocess.DEVNULL, stderr=errors, text=True,
            )  # fmt: skip

    def end(self, name: str, how: signal.Signals) -> None:
        process = self.members.pop(name)
        process.send_signal(how)
        process.wait(60)

    def keep(self, names: list[str]) -> None:
        """Start those that do not run: they ended because the log or the database went away."""
        for name in names:
            process = self.members.get(name)
            if process is None or process.poll() is not None:
                self.start(name)

    def logs(self) -> str:
        return "\n".join(p.read_text()[-1500:] for p in self._found.folder.glob("m*.log"))


@contextmanager
def group(found: Centre) -> Iterator[Group]:
    members = Group(found)
    try:
        yield members
    finally:
        for process in members.members.values():
            process.kill()
            process.wait(60)


def epoch_of(found: Centre) -> tuple[int, list[str]]:
    ((epoch, members),) = found.ask("SELECT epoch, members FROM scorer_group")
    return epoch, members


def test_a_member_that_dies_is_replaced_by_the_others(
    entries: Entries, alone: dict[str, Any], keyring: Path, tmp_path: Path
) -> None:
    """Half is fed; the leader is killed; the other half is scored by who is left, then by more."""
    rows = sum(b.num_rows for _, b in entries)
    half = len(entries) // 2
    with centre(tmp_path, keyring) as found, group(found) as members:
        members.keep(["m1", "m2"])
        wait_for(lambda: len(epoch_of(found)[1]) == 2, "both to belong")
        asyncio.run(feed(found.nats, entries[:half]))
        first = sum(b.num_rows for _, b in entries[:half])
        wait_for(lambda: found.counted() == first, f"the first half {members.logs()}")
        before, names = epoch_of(found)
        members.end(names[0], signal.SIGKILL)
        asyncio.run(feed_rest(found, entries, half))
        wait_for(lambda: epoch_of(found)[0] > before, "the group to notice")
        members.keep(["m1", "m2", "m3"])
        wait_for(lambda: found.counted() == rows, f"the second half {members.logs()}")
        wait_for(lambda: len(epoch_of(found)[1]) == 3, "three to belong")
        for name in list(members.members):
            members.end(name, signal.SIGINT)
        disturbed = state(found)
        for part, expected in alone.items():
            assert disturbed[part] == expected, part


async def feed_rest(found: Centre, entries: Entries, half: int) -> None:
    from fanzha.adapters.nats.log import JetStreamLog, LogSettings

    log = JetStreamLog(LogSettings(found.nats.url, USER, found.nats.password))
    await log.start()
    for n, (stream, batch) in enumerate(entries[half:], half):
        await log.append(stream, batch, f"feed-{n}", sender="city")
    await log.close()


@pytest.mark.slow
def test_any_of_them_ended_at_random_changes_nothing(
    entries: Entries, alone: dict[str, Any], keyring: Path, tmp_path: Path
) -> None:
    chance = random.Random(5)
    rows = sum(b.num_rows for _, b in entries)
    names = ["m1", "m2", "m3"]
    with centre(tmp_path, keyring) as found, group(found) as members:
        asyncio.run(feed(found.nats, entries))
        for _ in range(4):
            members.keep(chance.sample(names, chance.randint(2, 3)))
            time.sleep(chance.uniform(2.0, 5.0))
            victim = chance.choice([*members.members, "log"])
            if victim == "log":
                found.kill("log")
            else:
                members.end(victim, chance.choice([signal.SIGKILL, signal.SIGINT]))

        def caught_up() -> bool:
            members.keep(names)
            return found.counted() == rows

        wait_for(caught_up, f"the group to catch up {members.logs()}")
        for name in list(members.members):
            members.end(name, signal.SIGINT)
        disturbed = state(found)
        for part, expected in alone.items():
            assert disturbed[part] == expected, part
