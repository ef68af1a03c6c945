"""A rehearsal over the log and over files: what it says, what it keeps, that it goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.detection.engine import Engine
from fanzha.detection.rules.ruleset import Mode, Ruled
from fanzha.entrypoints.replay.asked import run_asked
from fanzha.entrypoints.replay.known import from_path
from fanzha.entrypoints.replay.rehearse import beside, rehearse
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Label, Rehearsal, RehearsalState, Verdict
from fanzha.records.door import admit
from fanzha.testing.event_log import MemoryEventLog
from fanzha.usecases.workshop.act import save_draft
from fanzha.values import reserved
from tests.fixtures import NOW, POLICIES, Installed, actor
from tests.usecases.workshop.given import bench, draft

_BEGUN = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)
_BANK = next(iter(reserved.BANKS))
_N = 48


def payer(k: int) -> str:
    return reserved.bank_account(k, _BANK)


def batches() -> Iterator[tuple[str, pa.RecordBatch]]:
    """Payers of an age, then a large payment of each, an hour apart."""
    yield "subject", admit("subject", pa.Table.from_pylist([
        {"event_id": k, "source": "reg", "at": _BEGUN - timedelta(days=90),
         "person": reserved.person(k),
         "account": payer(k), "birth_year": 1950 if k % 2 else 1990}
        for k in range(1, _N + 1)
    ]), "reg").batch  # fmt: skip
    for k in range(1, _N + 1):
        row = {
            "event_id": 1000 + k, "source": "bank", "at": _BEGUN + timedelta(hours=k),
            "payer": payer(k), "payee": payer(5000 + k), "amount_fen": (20_000 + 1_000 * k) * 100,
        }  # fmt: skip
        yield "transfer", admit("transfer", pa.Table.from_pylist([row]), "bank").batch


class Log(MemoryEventLog):
    """What was appended once, for each loop that asks."""

    def __init__(self) -> None:
        super().__init__()
        self.filled = False

    async def start(self) -> None:
        await super().start()
        if not self.filled:
            self.filled = True
            for n, (stream, batch) in enumerate(batches()):
                await self.append(stream, batch, str(n))


def parts_of(installed: Installed, folder: Path) -> Any:
    return SimpleNamespace(
        workshop=PostgresWorkshop(installed.database, installed.keyring),
        database=installed.database, keyring=installed.keyring, bench=bench(), data=folder,
        engine=lambda: Engine(POLICIES),
    )  # fmt: skip


def asked(parts: Any, when: str) -> Rehearsal:
    with parts.workshop.work() as work:
        made = save_draft(work, bench(), actor(Role.ANALYST, at="86"), draft(when=when), NOW)
        rehearsal = Rehearsal(
            id=uuid4(), rule=made.rule, version=made.version, against=None,
            state=RehearsalState.ASKED, done_share=0.0, asked_by="何珊", asked_at=NOW,
            finished_at=None, source="log",
        )  # fmt: skip
        work.rehearsals.ask(rehearsal)
    return rehearsal


def test_a_rehearsal_over_the_log_is_kept_with_cases_to_judge(
    installed: Installed, tmp_path: Path
) -> None:
    parts = parts_of(installed, tmp_path)
    wanted = asked(parts, "payee_new AND amount_fen >= 4 wan")
    with parts.workshop.work() as work:
        work.labels.add([
            Label(f"f{k}", installed.keyring.token("account", payer(k)),
                  Verdict.FALSE if k % 3 == 0 else Verdict.FRAUD, "outcome", 1.0, "何珊", NOW)
            for k in range(1, _N + 1)
        ])  # fmt: skip
    assert run_asked(parts, Log, lambda: NOW)
    assert not run_asked(parts, Log, lambda: NOW), "nothing else waits"
    with parts.workshop.work() as work:
        done = work.rehearsals.get(wanted.id)
        version = work.rules.get("large_payment", 1)
        cases = work.rehearsals.cases(wanted.id)
    assert done is not None
    assert version is not None
    assert (done.state, version.state) == (RehearsalState.DONE, states.REPLAYED)
    hit = [k for k in range(1, _N + 1) if 20_000 + 1_000 * k >= 40_000]
    assert done.result["days"] == pytest.approx((_N - 1) / 24), "registers are no history"
    assert done.result["only_draft"] == len(hit) == len(cases)
    lines = {line["code"]: line for line in done.result["lines"]}
    true = sum(k % 3 != 0 for k in hit)
    assert lines["precision"]["draft"] == pytest.approx(true / len(hit))
    assert lines["precision"]["draft_low"] < true / len(hit) < lines["precision"]["draft_high"]
    elders = [k for k in hit if k % 2]
    wrong = sum(k % 3 == 0 for k in elders)
    assert lines["elder_false"]["draft"] == pytest.approx(wrong / len(elders))
    assert lines["elder_false_per_10000"]["draft"] == pytest.approx(1e4 * wrong / (_N / 2))
    assert sum(day[2] for day in done.result["daily"]) == len(hit)
    assert {c.elder for c in cases} == {True, False}
    assert not list(tmp_path.rglob("*.npz")), "what it kept to go on from is gone"


def test_a_rehearsal_that_cannot_be_run_says_why(installed: Installed, tmp_path: Path) -> None:
    parts = parts_of(installed, tmp_path)
    wanted = asked(parts, "payee_new AND amount_fen >= 4 wan")

    class Empty(MemoryEventLog):
        pass

    assert run_asked(parts, Empty, lambda: NOW)
    with parts.workshop.work() as work:
        failed = work.rehearsals.get(wanted.id)
    assert failed is not None
    assert failed.state is RehearsalState.FAILED
    assert failed.result["problem"]["zh"] == "没有可回放的记录"


def test_a_rehearsal_that_breaks_is_failed_not_begun_again_for_ever(
    installed: Installed, tmp_path: Path
) -> None:
    parts = parts_of(installed, tmp_path)
    wanted = asked(parts, "payee_new AND amount_fen >= 4 wan")

    class Broken(MemoryEventLog):
        async def last(self) -> int:
            raise OSError(28, "No space left on device")

    assert run_asked(parts, Broken, lambda: NOW)
    with parts.workshop.work() as work:
        failed = work.rehearsals.get(wanted.id)
    assert failed is not None
    assert failed.state is RehearsalState.FAILED
    assert "OSError" in failed.result["problem"]["en"]
    assert not run_asked(parts, Broken, lambda: NOW + timedelta(hours=1))


def test_a_rehearsal_cut_off_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    entries = [(n, stream, batch) for n, (stream, batch) in enumerate(batches(), 1)]
    rules = beside(
        Ruled(draft(), 2, Mode.SHADOW), Ruled(replace(draft(), when="payee_new"), 1, Mode.SHADOW)
    )
    whole = rehearse(Engine(POLICIES), rules, entries)

    class Cut(Exception):
        pass

    def cut(position: int, rows: int) -> None:
        if position == 30:
            raise Cut

    with pytest.raises(Cut):
        rehearse(Engine(POLICIES), rules, entries, folder=tmp_path, keep_every_s=0.0, told=cut)
    seen: list[int] = []
    again = rehearse(
        Engine(POLICIES), rules, entries, folder=tmp_path, keep_every_s=0.0,
        told=lambda position, rows: seen.append(position),
    )  # fmt: skip
    assert seen[0] == 30, "it goes on behind what was kept"
    assert (again.hits, again.rows, again.begin, again.end) == (
        whole.hits, whole.rows, whole.begin, whole.end,
    )  # fmt: skip
    assert len(whole.of("large_payment@1")) == _N
    assert 0 < len(whole.of("large_payment@2")) < _N


def test_a_truth_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.ndjson"
    rows = [{"subject": "a", "at": "2026-11-18T01:00:00Z"}, {"subject": "b", "fraud": 0}]
    path.write_text("\n".join(json.dumps(r) for r in rows), encoding="utf-8")
    truth = from_path(path, "transfer_payer")
    assert truth.known["a"].fraud
    assert truth.known["a"].lost_at == int(_BEGUN.timestamp() * 1000)
    assert not truth.known["b"].fraud
    assert truth.others is None
    for body in (b"\xff", b"[", b'{"x": 1}', b'{"subject": "a", "at": 7}', b"[1]",
                 b'{"subject": "a", "fraud": "false"}'):  # fmt: skip
        path.write_bytes(body)
        with pytest.raises(Refused):
            from_path(path, "transfer_payer")
    for channel in ("transfer_payer", "call_caller"):
        with pytest.raises(Refused):
            from_path(tmp_path, channel)
    for name in ("truth_entity", "truth_alias", "truth_incident"):
        (tmp_path / f"{name}.parquet").write_bytes(b"PAR1 no table")
    with pytest.raises(Refused):
        from_path(tmp_path, "call_caller")
