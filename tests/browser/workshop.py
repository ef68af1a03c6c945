"""A workshop to look at: two who may sign, gates that can be passed, two days of payments."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
from sqlalchemy import text

from fanzha.adapters.sealing.keyring import Keyring
from fanzha.detection.engine import Engine
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.demo import DEMO_PASSWORD
from fanzha.entrypoints.replay.asked import run_asked
from fanzha.lifecycles.actor import NATION, Role
from fanzha.lifecycles.rule.model import Label, Verdict
from fanzha.records.door import admit
from fanzha.testing.event_log import MemoryEventLog
from fanzha.values import reserved
from tests import fixtures

PEOPLE = (
    ("tangli", "唐黎", frozenset({Role.ANALYST}), "470100"),
    ("luoqiming", "罗启明", frozenset({Role.DUTY_OFFICER}), "470100"),
)
"""Who drafts, and who signs: name, display, roles, unit."""
N = 60
"""Payers; each pays once, the k-th 20,000 + 1,000 k yuan."""
_BEGUN = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)
_BANK = next(iter(reserved.BANKS))


def staffed(centre: Centre) -> Centre:
    """The centre with its two people, and with gates that two days of history can pass."""
    for name, display, roles, unit in PEOPLE:
        centre.operators.add(
            name=name, display=display, password=DEMO_PASSWORD, roles=roles,
            unit=fixtures.BY_CODE[unit], now=centre.now(), demo=True,
        )  # fmt: skip
    policy = centre.bench.policy
    gates = replace(policy.gates, replay_days=1, judged=10)
    return replace(centre, bench=replace(centre.bench, policy=replace(policy, gates=gates)))


def payer(k: int) -> str:
    """The account of the k-th payer."""
    return reserved.bank_account(k, _BANK)


def batches() -> Iterator[tuple[str, pa.RecordBatch]]:
    """Payers of an age, then a payment of each, every 45 minutes."""
    yield "subject", admit("subject", pa.Table.from_pylist([
        {"event_id": k, "source": "reg", "at": _BEGUN - timedelta(days=90),
         "person": reserved.person(k),
         "account": payer(k), "birth_year": 1950 if k % 2 else 1990}
        for k in range(1, N + 1)
    ]), "reg").batch  # fmt: skip
    for k in range(1, N + 1):
        row = {
            "event_id": 1000 + k, "source": "bank", "at": _BEGUN + k * timedelta(minutes=45),
            "payer": payer(k), "payee": payer(5000 + k), "amount_fen": (20_000 + 1_000 * k) * 100,
        }  # fmt: skip
        yield "transfer", admit("transfer", pa.Table.from_pylist([row]), "bank").batch


class _Log(MemoryEventLog):
    """What was appended once, for each loop that asks."""

    async def start(self) -> None:
        await super().start()
        for n, (stream, batch) in enumerate(batches()):
            await self.append(stream, batch, str(n))


def outcomes(centre: Centre, keyring: Keyring) -> None:
    """What became of every payer: each fourth was a false alarm, none of them an elder's."""
    with centre.workshop.work() as work:
        work.labels.add([
            Label(f"f{k}", keyring.token("account", payer(k)),
                  Verdict.FRAUD if k % 4 else Verdict.FALSE, "outcome", 1.0, "何珊", centre.now())
            for k in range(1, N + 1)
        ])  # fmt: skip


def rehearse_asked(centre: Centre, keyring: Keyring, folder: Path) -> bool:
    """Run the replay that waits, as the worker would; in a thread, as ours has a page's loop."""
    parts = SimpleNamespace(
        workshop=centre.workshop, database=centre.database, keyring=keyring, bench=centre.bench,
        data=folder, engine=lambda: Engine(fixtures.POLICIES),
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run_asked, cast(Any, parts), _Log, centre.now).result()


def later(centre: Centre, days: int) -> None:
    """As if shadows had begun so many days ago."""
    with centre.database.transaction(NATION) as connection:
        connection.execute(
            text("UPDATE rule_version SET shadow_since = shadow_since - make_interval(days => :n)"),
            {"n": days},
        )


def counted(centre: Centre, ref: str, mode: str, cases: list[int], until: datetime) -> None:
    """Cases of a version on each of the days that end with `until`."""
    with centre.database.transaction(NATION) as connection:
        for n, count in enumerate(reversed(cases)):
            connection.execute(
                text("INSERT INTO rule_count VALUES (:ref, :mode, :hour, :n, :n)"),
                {"ref": ref, "mode": mode, "n": count,
                 "hour": until.replace(hour=3, minute=0, second=0, microsecond=0)
                 - timedelta(days=n)},
            )  # fmt: skip
