"""What a scorer does beside scoring fails: said, tried again, or the end of it – never silence."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fanzha.detection.engine import Engine
from fanzha.entrypoints.scorer import run as scorer_run
from fanzha.entrypoints.scorer.group.run import GroupScorer
from fanzha.entrypoints.scorer.snapshots import Snapshots
from fanzha.testing.event_log import MemoryEventLog
from tests.entrypoints.scorer.test_scorer_ending import end, scorer, until, visits
from tests.fixtures import POLICIES, Installed


def test_a_loop_that_dies_ends_the_scorer(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scorer_run, "_COUNT_EVERY_S", 0.02)
    log = MemoryEventLog()
    one = scorer(installed, log, tmp_path, Engine(POLICIES))

    def broken() -> None:
        raise ZeroDivisionError

    async def work() -> None:
        await log.start()
        monkeypatch.setattr(one, "_take_rules", lambda: None)
        running = asyncio.create_task(one.run(lambda: monkeypatch.setattr(one, "_count", broken)))
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(running, 60)

    asyncio.run(work())


def test_a_full_disk_costs_a_snapshot_and_nothing_else(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = MemoryEventLog()
    one = scorer(installed, log, tmp_path, Engine(POLICIES))
    monkeypatch.setattr(one, "_snapshot_every_s", 0.02)
    whole, refused = np.savez, 0

    def full(*_: Any, **__: Any) -> None:
        nonlocal refused
        refused += 1
        raise OSError(28, "No space left on device")

    async def work() -> None:
        await log.start()
        monkeypatch.setattr(np, "savez", full)
        running = asyncio.create_task(one.run())
        await log.append("visit", visits(1), "1")
        await until(lambda: refused >= 2)
        assert not running.done()
        await log.append("visit", visits(100), "2")
        await until(lambda: one.position == 2)
        assert not list(tmp_path.glob("*.part"))
        monkeypatch.setattr(np, "savez", whole)
        await until(lambda: Snapshots(tmp_path, version="").positions())
        await end(running)

    asyncio.run(work())


def test_what_a_crash_left_beside_the_snapshots_goes(tmp_path: Path) -> None:
    folder = Snapshots(tmp_path, version="1")
    for name in ("00000000000000000001.part", "00000000000000000002.npz"):
        (tmp_path / name).write_bytes(b"half")
    folder.save(3, {"a": np.arange(3)})
    assert sorted(f.name for f in tmp_path.iterdir()) == [f"{3:020d}.json", f"{3:020d}.npz"]
    found = folder.newest()
    assert found is not None
    assert found.position == 3


def test_a_member_whose_heart_stops_ends_rather_than_waits() -> None:
    class Broken:
        def beat(self, me: str) -> None:
            raise ZeroDivisionError

        def leave(self, me: str) -> None: ...

    class Quiet:
        async def close(self) -> None: ...

    given: dict[str, Any] = {"membership": Broken(), "exchange": Quiet()}
    given |= {"snapshots": None, "make_engine": None}
    member = GroupScorer(me="one", **given)

    async def work() -> None:
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(member.run(), 20)

    asyncio.run(work())
