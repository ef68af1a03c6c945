"""A rule from draft to live with a real scorer and database; a crash changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import text

from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.adapters.postgres.rules_feed import PostgresRuleFeed
from fanzha.detection.engine import Engine
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.entrypoints.scorer.snapshots import Snapshots
from fanzha.lifecycles.actor import NATION, Role
from fanzha.records.door import admit
from fanzha.testing.event_log import MemoryEventLog
from fanzha.usecases.workshop.act import Act, act, find, save_draft
from fanzha.usecases.workshop.editions import ensure_edition
from fanzha.usecases.workshop.gates import Gate
from fanzha.usecases.workshop.snooze import Subject, snooze
from fanzha.values import reserved
from fanzha.values.keys import key64
from tests.fixtures import POLICIES, Installed, actor, policies
from tests.usecases.workshop.given import bench, draft

_BEGUN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
_PASSED = [Gate("replay_days", True, "", "", "", "")]
_BANK = next(iter(reserved.BANKS))


def transfers(first: int, n: int = 4, yuan: int = 88_000) -> pa.RecordBatch:
    """One an hour, each of another payer to a payee of its own."""
    rows = [
        {
            "event_id": k, "source": "bank", "at": _BEGUN + timedelta(hours=k),
            "payer": reserved.bank_account(k, _BANK),
            "payee": reserved.bank_account(5000 + k, _BANK), "amount_fen": yuan * 100,
        }
        for k in range(first, first + n)
    ]  # fmt: skip
    return admit("transfer", pa.Table.from_pylist(rows), "bank").batch


class Centre:
    """One database and log; scorers come and go."""

    def __init__(self, installed: Installed, folder: Path) -> None:
        self.installed = installed
        self.folder = folder
        self.log = MemoryEventLog()
        self.workshop = PostgresWorkshop(installed.database, installed.keyring)
        self.analyst = actor(Role.ANALYST, at="470100", id="a")
        self.officer = actor(Role.DUTY_OFFICER, at="470100", id="b")

    def scorer(self, folder: str = "snapshots") -> Scorer:
        engine = Engine(POLICIES)
        return Scorer(
            log=self.log, engine=engine, office=self.installed.office, policies=policies(),
            snapshots=Snapshots(self.folder / folder, version=engine.state_version),
            snapshot_every_s=600, rules=PostgresRuleFeed(self.workshop),
        )  # fmt: skip

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.installed.database.transaction(NATION) as connection:
            return [tuple(r) for r in connection.execute(text(query))]

    def do(self, version: int, verb: str, note: str = "", by: Any = None) -> None:
        with self.workshop.work() as work:
            before = find(work, "large_payment", version)
            wanted = Act(verb, before.state, note)
            act(work, bench(), by or self.analyst, before, wanted, _PASSED, _BEGUN)

    def editions(self) -> int:
        return int(self.ask("SELECT count(*) FROM rule_set")[0][0])

    def counted(self) -> list[tuple[Any, ...]]:
        return self.ask(
            "SELECT ref, mode, sum(hits)::int, sum(cases)::int FROM rule_count"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )

    def findings(self) -> list[tuple[Any, ...]]:
        return self.ask("SELECT id, score, reasons::text, event_ids FROM finding ORDER BY id")

    def hit_by(self, code: str) -> int:
        found = self.ask(
            "SELECT count(*) FROM finding WHERE reasons @> "
            f"""'[{{"code": "{code}"}}]'::jsonb"""
        )
        return int(found[0][0])


async def until(found: Callable[[], object]) -> None:
    while not found():
        await asyncio.sleep(0.05)


async def scored(centre: Centre, scorer: Scorer, batch: pa.RecordBatch, key: str) -> None:
    position = await centre.log.append("transfer", batch, key)
    await until(lambda: scorer.position >= position)


async def gone_over(centre: Centre) -> None:
    """The scorer goes by the newest edition."""
    newest = centre.editions()
    await until(
        lambda: centre.ask("SELECT coalesce(max(number), 0) FROM rule_set_taken")[0][0] >= newest
    )


async def end(running: asyncio.Task[None]) -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_a_rule_from_draft_to_live_and_back(installed: Installed, tmp_path: Path) -> None:
    centre = Centre(installed, tmp_path)
    asyncio.run(asyncio.wait_for(_life(centre), 200))


async def _life(centre: Centre) -> None:
    await centre.log.start()
    ensure_edition(centre.workshop, bench().policy, bench().salt, _BEGUN)
    scorer = centre.scorer()
    running = asyncio.create_task(scorer.run())
    await gone_over(centre)
    await scored(centre, scorer, transfers(1), "1")
    with centre.workshop.work() as work:
        save_draft(work, bench(), centre.analyst, draft(), _BEGUN)
    centre.do(1, "record_replay")
    before = centre.findings()

    centre.do(1, "start_shadow")
    await gone_over(centre)
    await scored(centre, scorer, transfers(5), "2")
    await until(lambda: centre.counted() == [("large_payment@1", "shadow", 4, 4)])
    assert centre.findings() == before, "a rule in shadow has no effect"

    centre.do(1, "submit")
    centre.do(1, "publish", by=centre.officer)
    await gone_over(centre)
    await scored(centre, scorer, transfers(9), "3")
    await until(lambda: ("large_payment@1", "live", 4, 4) in centre.counted())
    assert centre.hit_by("rule:large_payment@1") == 4

    muted = reserved.bank_account(13, _BANK)
    with centre.workshop.work() as work:
        snooze(
            work, bench(), centre.analyst, "large_payment", until=_BEGUN + timedelta(days=30),
            note="已核实为购房", subject=Subject(key64("account", muted), "…"), area=None,
            now=_BEGUN,
        )  # fmt: skip
    await gone_over(centre)
    await scored(centre, scorer, transfers(13), "4")
    await until(lambda: ("large_payment@1", "live", 7, 7) in centre.counted())
    assert centre.hit_by("rule:large_payment@1") == 7

    centre.do(1, "roll_back", "误报多", by=centre.officer)
    await gone_over(centre)
    await scored(centre, scorer, transfers(17), "5")
    await asyncio.sleep(1.5)
    assert centre.hit_by("rule:large_payment@1") == 7
    await end(running)

    # Another scorer, knowing nothing, reads the whole log: it must come to the very same state.
    findings, counted = centre.findings(), centre.counted()
    spreads = centre.ask("SELECT * FROM rule_spread ORDER BY channel, name, day")
    other = centre.scorer("empty")
    again = asyncio.create_task(other.run())
    await until(lambda: other.position >= 5)
    await asyncio.sleep(1.5)
    await end(again)
    assert (centre.findings(), centre.counted()) == (findings, counted)
    assert centre.ask("SELECT * FROM rule_spread ORDER BY channel, name, day") == spreads
    ended = Snapshots(centre.folder / "snapshots", version=Engine(POLICIES).state_version).newest()
    fresh = Snapshots(centre.folder / "empty", version=Engine(POLICIES).state_version).newest()
    assert ended is not None
    assert fresh is not None
    assert ended.state.keys() == fresh.state.keys()
    for name, array in ended.state.items():
        assert array.tobytes() == fresh.state[name].tobytes(), name
