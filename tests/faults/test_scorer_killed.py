"""Scorer, event log and database killed at random points: the state is that of a quiet run.

Every finding once, every warning once, nothing lost; stopped means silent, started means caught up.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from fanzha.adapters.sealing.keyring import Keyring
from tests.faults.scored_centre import Entries, centre, feed, small_city, state, wait_for


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> Entries:
    return small_city(tmp_path_factory.mktemp("spill"))


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keyring.json"
    Keyring.create().save(path)
    return path


@pytest.fixture(scope="module")
def quiet(
    entries: Entries,
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
    entries: Entries,
    quiet: dict[str, Any],
    keyring: Path,
    tmp_path: Path,
) -> None:
    chance = random.Random(seed)
    rows = sum(b.num_rows for _, b in entries)
    with centre(tmp_path, keyring) as found:
        asyncio.run(feed(found.nats, entries))
        kills = {"scorer": 0, "end": 0, "log": 0, "database": 0}
        while sum(kills.values()) < 9:
            found.keep_scorer()
            time.sleep(chance.uniform(0.2, 2.5))
            victim = chance.choice(["scorer", "end", "log", "database"])
            kills[victim] += 1
            if victim == "end":
                found.kill_scorer(signal.SIGINT)
            else:
                found.kill(victim)
        assert found.started >= 2

        def caught_up() -> bool:
            found.keep_scorer()
            return found.counted() == rows

        wait_for(caught_up, "the disturbed run to catch up")
        found.kill_scorer(signal.SIGINT)
        disturbed = state(found)
        for part, expected in quiet.items():
            assert disturbed[part] == expected, part


def test_stopped_means_silent_and_started_means_caught_up(
    entries: Entries,
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
