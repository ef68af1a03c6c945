"""Snapshots taken while entries come: each is of one instant, between two of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fanzha.detection.engine import Engine
from fanzha.entrypoints.scorer import run as scorer_run
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.entrypoints.scorer.snapshots import Snapshots
from fanzha.records.door import admit
from fanzha.testing.event_log import MemoryEventLog
from tests.fixtures import POLICIES, Installed, policies
from tests.records.rows import row

_ENTRIES = 60


def calls(entry: int) -> pa.RecordBatch:
    rows = [row("call", n) for n in range(5 * entry, 5 * entry + 5)]
    return admit("call", pa.Table.from_pylist(rows), "test").batch


def test_a_snapshot_begun_between_entries_holds_what_was_scored_by_then(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scorer_run, "_COPIED_AT_ONCE", 500)  # many entries to a snapshot
    engine = Engine(POLICIES)
    snapshots = Snapshots(tmp_path, version=engine.state_version)
    scorer = Scorer(
        log=(log := MemoryEventLog()), engine=engine, office=installed.office,
        policies=policies(), snapshots=snapshots, snapshot_every_s=0.02,
    )  # fmt: skip

    async def work() -> None:
        await log.start()
        running = asyncio.create_task(scorer.run())
        for entry in range(_ENTRIES):
            await log.append("call", calls(entry), str(entry))
            await asyncio.sleep(0.01)
            if running.done():
                await running
        while not (snapshots.positions() and scorer.position):
            await asyncio.sleep(0.02)
        monkeypatch.setattr(scorer, "_save", lambda: None)  # the one on the way out is whole anyway
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(asyncio.wait_for(work(), 60))
    found = snapshots.newest()
    assert found is not None
    twin = Engine(POLICIES)
    for entry in range(_ENTRIES):
        if entry < found.position:
            twin.process(entry + 1, "call", calls(entry))
    want = twin.snapshot()
    assert want.keys() == found.state.keys()
    for name in want:
        np.testing.assert_array_equal(found.state[name], want[name], err_msg=name)
    assert found.state["calls.windows.acquaintance.words"].size
