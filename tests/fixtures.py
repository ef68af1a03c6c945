"""What many tests stand on: a database of their own, the invented city's tiers, one-line cases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher

from fanzha.adapters.memory.office import MemoryOffice
from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from fanzha.adapters.postgres.migrate import migrate
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.postgres.operators import Operators
from fanzha.adapters.postgres.service_user import clear
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.lifecycles.actor import NATION, Actor, Role, Unit
from fanzha.lifecycles.warning.model import Case, Evidence, Part, Person
from fanzha.lifecycles.warning.policy import load_clocks, load_grades
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.usecases.warning.tiers import Tiers, load_units
from fanzha.values import reserved
from fanzha.values.stage import Stage

POLICIES = Path(__file__).parents[1] / "policies"
UNITS = load_units(POLICIES / "units" / "qinglan.yaml")
BY_CODE = {u.code: u for u in UNITS}
_QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Installed:
    """A migrated database with the tiers in it."""

    admin_url: str
    url: str
    database: Database
    keyring: Keyring
    office: PostgresOffice
    operators: Operators


@pytest.fixture(scope="session", autouse=True)
def nothing_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Root's databases stand apart from the folders of the tests and would outlive them."""
    yield
    clear(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One embedded server for the tests of this process. What it holds need not outlive power."""
    quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), settings=quick) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    return make_template(postgres)


@pytest.fixture
def installed(postgres: EmbeddedPostgres, template: str) -> Iterator[Installed]:
    with fresh_database(postgres, template) as found:
        yield found


def make_template(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated database with the tiers in it; nobody connects to it."""
    name = "fanzha_template"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    admin_url = _with_database(postgres.url("postgres"), name)
    migrate(admin_url, app_password=postgres.password("fanzha_app"))
    database = Database(_with_database(postgres.url("fanzha_app"), name), pool_size=1)
    with database.transaction(NATION) as connection:
        place.store_units(connection, UNITS)
    database.close()
    return name


@contextmanager
def fresh_database(postgres: EmbeddedPostgres, template: str) -> Iterator[Installed]:
    """A fresh database, migrated, with tiers; gone afterwards."""
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = postgres.url("postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    admin_url = _with_database(admin, name)
    url = _with_database(postgres.url("fanzha_app"), name)
    database = Database(url, pool_size=4)
    keyring = Keyring.create()
    office = PostgresOffice(database, keyring)
    operators = Operators(database, UNITS, hasher=_QUICK_HASHER)
    yield Installed(admin_url, url, database, keyring, office, operators)
    database.close()
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _with_database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


def policies() -> WarningPolicies:
    """The shipped policies over the invented city."""
    return WarningPolicies(
        grades=load_grades(POLICIES / "warning" / "grading.yaml"),
        clocks=load_clocks(POLICIES / "warning" / "clocks.yaml"),
        wording=lambda scam_type, grade: f"请留意（{grade.zh}）",
        tiers=Tiers(UNITS),
    )


def memory_office() -> MemoryOffice:
    return MemoryOffice(UNITS)


def person(n: int = 1) -> Person:
    """The n-th invented person."""
    return Person(
        token=reserved.person(n),
        number=reserved.mobile(n),
        account=reserved.bank_account(n, next(iter(reserved.BANKS))),
        birth_year=1959,
    )


def case(
    stage: Stage = Stage.TRUST,
    score: float = 0.9,
    *,
    live: bool = False,
    at: datetime = NOW,
    scam_type: str | None = "GJF01",
) -> Case:
    """A case with one reason and one timeline entry."""
    return Case(
        score=score,
        stage=stage,
        live=live,
        scam_type=scam_type,
        amount_fen=None,
        fact_zh="接听境外来电 22 分钟",
        fact_en="on a call from abroad for 22 minutes",
        sources=("call",),
        reasons=(Part("overseas", "境外来电", "Call from abroad", score, "person/v1"),),
        missing=(),
        event_at=at,
        evidence=(
            Evidence(
                ref="call|carrier|1",
                lane="call",
                at=at,
                zh="境外来电",
                en="Call from abroad",
                live=live,
                object_kind="number",
                object_mask="0044****0001",
                value=reserved.overseas(1),
            ),
        ),
    )


def unit(code: str) -> Unit:
    return BY_CODE[code]


def actor(*roles: Role, at: str = "470103001", id: str | None = None) -> Actor:
    """Somebody appointed at a unit."""
    return Actor(id or str(uuid.uuid4()), "陈静", frozenset(roles), BY_CODE[at])
