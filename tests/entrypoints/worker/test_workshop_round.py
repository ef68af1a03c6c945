"""The worker's round: outcomes become labels, and a rule that misbehaves goes back by itself."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.adapters.postgres.rules_figures import RuleFigures
from fanzha.bootstrap import utc_now
from fanzha.detection.finding import Finding, Reason, Role, Stage, SubjectKind
from fanzha.entrypoints.worker import workshop
from fanzha.entrypoints.worker.workshop import tend
from fanzha.lifecycles import actor as actors
from fanzha.lifecycles.actor import NATION
from fanzha.lifecycles.rule import states
from fanzha.usecases.warning.issue import issue
from fanzha.usecases.workshop.act import Act, act, find, save_draft
from fanzha.usecases.workshop.watch_over import Behaviour
from tests import fixtures
from tests.fixtures import Installed, actor, policies
from tests.usecases.workshop.given import bench, draft


def parts_of(installed: Installed) -> Any:
    return SimpleNamespace(
        workshop=PostgresWorkshop(installed.database, installed.keyring),
        database=installed.database, keyring=installed.keyring, bench=bench(),
    )  # fmt: skip


def published(parts: Any, version: int = 1, when: str = "payee_new") -> None:
    now = utc_now() - timedelta(hours=3)
    one = actor(actors.Role.ANALYST, at="86", id="a")
    two = actor(actors.Role.DUTY_OFFICER, at="86", id="b")
    with parts.workshop.work() as work:
        save_draft(work, bench(), one, draft(when=when), now)
        for verb, who in [
            ("record_replay", one), ("start_shadow", one), ("submit", one), ("publish", two),
        ]:  # fmt: skip
            before = find(work, "large_payment", version)
            act(work, bench(), who, before, Act(verb, before.state), (), now)


def count(installed: Installed, ref: str, mode: str, hours_ago: int, cases: int) -> None:
    with installed.database.transaction(NATION) as connection:
        connection.execute(
            text("INSERT INTO rule_count VALUES (:ref, :mode, :hour, :n, :n)"),
            {"ref": ref, "mode": mode, "n": cases,
             "hour": utc_now().replace(minute=0, second=0, microsecond=0)
             - timedelta(hours=hours_ago)},
        )  # fmt: skip


def warned(installed: Installed, n: int, outcome: str) -> None:
    """A finding in which the rule speaks, its warning, and what came of it ten minutes ago."""
    found = Finding(
        detector="account/v1", at=1_763_600_000_000, stream="transfer", event_ids=(n,),
        source="bank", subject_kind=SubjectKind.ACCOUNT, subject=f"6217:{n}", role=Role.AT_RISK,
        scam_type=None, stage=Stage.TRANSFER, score=0.8,
        reasons=(Reason("rule:large_payment@1", "甲", "a", 0.8),),
    )  # fmt: skip
    with installed.office.work(NATION) as work:
        warning = issue(
            work, policies(), person=fixtures.person(n), episode="e", place="470103001",
            case=fixtures.case(), now=fixtures.NOW,
        )  # fmt: skip
        work.findings.add([(found, warning.id, warning.unit)])
        work.connection.execute(
            text("UPDATE warning SET outcome = :o, updated_at = :at WHERE id = :id"),
            {"o": outcome, "at": utc_now() - timedelta(minutes=10), "id": warning.id},
        )


def state(parts: Any, version: int) -> str:
    with parts.workshop.work() as work:
        return find(work, "large_payment", version).state


def test_too_many_cases_roll_it_back_to_the_version_before(installed: Installed) -> None:
    parts = parts_of(installed)
    published(parts)
    published(parts, 2, "payee_new AND amount_fen > 1 yuan")
    assert (state(parts, 1), state(parts, 2)) == (states.REPLACED, states.LIVE)
    count(installed, "large_payment@2", "shadow", 3, 5)
    count(installed, "large_payment@2", "live", 1, 20)
    count(installed, "large_payment@2", "live", 2, 20)
    tend(parts)
    assert state(parts, 2) == states.LIVE, "forty cases are too few to say"
    count(installed, "large_payment@2", "live", 0, 20)
    tend(parts)
    assert (state(parts, 1), state(parts, 2)) == (states.LIVE, states.ROLLED_BACK)
    done = RuleFigures(installed.database).record("large_payment", 3)
    assert [(d.verb, d.by) for d in done if d.object == "large_payment@2"][:1] == [
        ("roll_back", "系统")
    ]
    with parts.workshop.work() as work:
        newest = work.sets.newest()
    assert newest is not None
    assert [r.ref for r in newest.rules] == ["large_payment@1"]


def test_a_rule_that_hits_by_day_only_is_not_taken_for_busier_than_its_shadow(
    installed: Installed,
) -> None:
    """A hundred cases on each of seven days, within ten hours; then a day like these, live."""
    parts = parts_of(installed)
    published(parts)
    with installed.database.transaction(NATION) as connection:
        connection.execute(
            text("UPDATE rule_version SET live_since = :live, shadow_since = :shadow"),
            {"live": utc_now() - timedelta(hours=20), "shadow": utc_now() - timedelta(hours=188)},
        )
    for hour in range(10):
        count(installed, "large_payment@1", "live", hour, 10)
        for day in range(1, 8):
            count(installed, "large_payment@1", "shadow", 24 * day + hour, 10)
    tend(parts)
    assert state(parts, 1) == states.LIVE
    for hour in range(10, 20):
        count(installed, "large_payment@1", "live", hour, 11)
    tend(parts)
    assert state(parts, 1) == states.ROLLED_BACK, "more than twice as many a day"


def test_a_person_who_is_quicker_than_the_watch_does_not_end_the_worker(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(installed)
    published(parts)

    def taken_back(figures: RuleFigures, version: Any, now: Any) -> Behaviour:
        with parts.workshop.work() as work:
            officer = actor(actors.Role.DUTY_OFFICER, at="86", id="b")
            act(work, bench(), officer, version, Act("roll_back", states.LIVE, "误报"), (), now)
        return Behaviour(1_000.0, 1_000, 1.0, None)

    monkeypatch.setattr(workshop, "behaviour", taken_back)
    tend(parts)
    assert state(parts, 1) == states.ROLLED_BACK


def test_outcomes_become_labels_and_low_precision_rolls_back(installed: Installed) -> None:
    parts = parts_of(installed)
    published(parts)
    for n in range(1, 31):
        warned(installed, n, "dissuaded" if n <= 6 else "false_alarm")
    warned(installed, 40, "not_believing")
    tend(parts)
    figures = RuleFigures(installed.database)
    known = figures.verdicts(code="rule:large_payment@1")
    assert sorted(fraud for fraud, _ in known) == [False] * 24 + [True] * 6
    assert figures.verdicts(detector="account/v1") == known
    assert len(figures.labels(None, 100)) == 30
    assert state(parts, 1) == states.ROLLED_BACK
    latency = figures.latency(fixtures.NOW - timedelta(days=900), code="rule:large_payment@1")
    assert latency is not None
    assert latency.n == 31


def test_the_database_refuses_one_person_twice(installed: Installed) -> None:
    parts = parts_of(installed)
    published(parts)

    with pytest.raises(DBAPIError), installed.database.transaction(NATION) as connection:
        connection.execute(text("UPDATE rule_version SET published_by = author"))
    with pytest.raises(DBAPIError), installed.database.transaction(NATION) as connection:
        connection.execute(text("UPDATE rule_version SET state = 'draft'"))
