"""An entry that the scorer dies of: tried again, then set aside, and all after it scored once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fanzha.adapters.postgres import counters
from fanzha.adapters.postgres.quarantine import Quarantine
from fanzha.detection.engine import Engine
from fanzha.entrypoints.scorer import run as scorer_run
from fanzha.entrypoints.scorer.failures import Failures
from fanzha.entrypoints.scorer.snapshots import Snapshots
from fanzha.errors import Unavailable
from fanzha.lifecycles.actor import NATION
from fanzha.records.door import admit
from fanzha.testing.event_log import MemoryEventLog
from tests.fixtures import POLICIES, Installed, policies
from tests.records.rows import row

_ROWS = 4
_BAD = 2


class Dies(Engine):
    """Cannot work on one entry, whenever it comes."""

    def process(self, position: int, stream: str, batch: pa.RecordBatch) -> Any:
        if position == _BAD:
            raise ZeroDivisionError
        return super().process(position, stream, batch)


def visits(first: int) -> pa.RecordBatch:
    rows = [row("visit", n) for n in range(first, first + _ROWS)]
    return admit("visit", pa.Table.from_pylist(rows), "test").batch


async def three_entries() -> MemoryEventLog:
    log = MemoryEventLog()
    await log.start()
    for n in range(3):
        await log.append("visit", visits(1 + n * _ROWS), str(n), sender="feeder")
    return log


def scorer(installed: Installed, log: MemoryEventLog, folder: Path) -> scorer_run.Scorer:
    engine = Dies(POLICIES)
    return scorer_run.Scorer(
        log=log,
        engine=engine,
        office=installed.office,
        policies=policies(),
        snapshots=Snapshots(folder, version=engine.version),
        snapshot_every_s=600,
    )


def totals(installed: Installed) -> dict[str, dict[str, int]]:
    with installed.database.transaction(NATION) as connection:
        return counters.totals(connection)


async def run_to(running: scorer_run.Scorer, done: Callable[[], bool]) -> None:
    task = asyncio.create_task(running.run())
    while not done():
        assert not task.done(), task
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def kept(installed: Installed) -> list[dict[str, Any]]:
    quarantine = Quarantine(installed.database, installed.keyring)
    found, _ = quarantine.page(None, 100)
    return [
        {
            "code": k.code,
            "row": k.row,
            "source": k.source,
            "stream": k.stream,
            "raw": json.loads(quarantine.open_row(k.id)[1]),
        }
        for k in reversed(found)
    ]


@pytest.mark.parametrize("file_lost", [False, True])
def test_after_three_deaths_the_entry_is_set_aside_and_the_rest_scored_once(
    file_lost: bool, installed: Installed, tmp_path: Path
) -> None:
    async def work() -> None:
        log = await three_entries()
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await scorer(installed, log, tmp_path).run()
            assert kept(installed) == []
        await run_to(fourth := scorer(installed, log, tmp_path), lambda: fourth.position == 3)
        check()
        for file in tmp_path.iterdir():  # everything is replayed, as after lost snapshots
            if file_lost or not file.name.startswith("failures"):
                file.unlink()
        for _ in range(3 if file_lost else 0):
            with pytest.raises(ZeroDivisionError):
                await scorer(installed, log, tmp_path).run()
        await run_to(again := scorer(installed, log, tmp_path), lambda: again.position == 3)
        check()

    def check() -> None:
        found = totals(installed)
        assert found["events"] == {"visit": 2 * _ROWS}
        assert found["set_aside"] == found["quarantined"] == {"visit": _ROWS}
        rows = kept(installed)
        assert [r["row"] for r in rows] == [1, 2, 3, 4]
        assert {(r["code"], r["source"], r["stream"]) for r in rows} == {
            ("not_scorable", "test", "visit")
        }
        assert [r["raw"]["event_id"] for r in rows] == [5, 6, 7, 8]
        again = admit("visit", pa.Table.from_pylist([r["raw"] for r in rows]), "test")
        assert again.batch.equals(visits(1 + _ROWS)), "they can be sent again as they are"

    asyncio.run(asyncio.wait_for(work(), 120))


def test_what_cannot_be_taken_in_is_set_aside_as_well(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scorer_run.Scorer._score_and_take_in

    def refused(self: scorer_run.Scorer, entry: Any) -> None:
        whole(self, entry)
        if entry.position == 3:
            with installed.database.transaction(NATION) as connection:
                connection.exec_driver_sql("SELECT 1 / 0")

    monkeypatch.setattr(Dies, "process", Engine.process)
    monkeypatch.setattr(scorer_run.Scorer, "_score_and_take_in", refused)

    async def work() -> None:
        log = await three_entries()
        for _ in range(3):
            with pytest.raises(Exception, match="division by zero"):
                await scorer(installed, log, tmp_path).run()
        await run_to(fourth := scorer(installed, log, tmp_path), lambda: fourth.position == 3)
        assert [r["raw"]["event_id"] for r in kept(installed)] == [9, 10, 11, 12]

    asyncio.run(asyncio.wait_for(work(), 120))


def test_a_database_away_is_no_death_of_the_entry(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("database_unavailable", zh="数据库没有应答", en="no answer")

    monkeypatch.setattr(scorer_run.Scorer, "_score_and_take_in", away)

    async def work() -> None:
        log = await three_entries()
        for _ in range(4):
            with pytest.raises(Unavailable):
                await scorer(installed, log, tmp_path).run()
        assert kept(installed) == []
        assert not Failures(tmp_path).is_hopeless(1)

    asyncio.run(asyncio.wait_for(work(), 120))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"position": "x"}', "\x00"])
def test_a_damaged_file_counts_from_the_start(text: str, tmp_path: Path) -> None:
    (tmp_path / "failures").write_text(text)
    found = Failures(tmp_path)
    for _ in range(3):
        assert not found.is_hopeless(7)
        found.died(7, ValueError())
    assert found.is_hopeless(7)
    found.set_aside(7)
    assert Failures(tmp_path).is_set_aside(7)
