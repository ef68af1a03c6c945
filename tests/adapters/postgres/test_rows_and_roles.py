"""The net under every query: which rows each scope sees, asked of the catalogue, not of a list."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fanzha.lifecycles.actor import Scope, Unit
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.usecases.warning.issue import issue
from tests.fixtures import NOW, UNITS, Installed, case, person, policies

POLICIES = policies()
NATION = POLICIES.tiers.root.scope
_PLACED = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'fanzha'"


def issued(installed: Installed, n: int, place: str) -> FraudWarning:
    with installed.office.work(NATION) as work:
        return issue(
            work, POLICIES, person=person(n), episode="e1", place=place, case=case(), now=NOW
        )


@pytest.fixture
def owner(installed: Installed) -> Iterator[psycopg.Connection]:
    with psycopg.connect(installed.admin_url, autocommit=True) as connection:
        yield connection


def tables(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'fanzha'").fetchall()
    return sorted(r[0] for r in rows)


def test_every_table_is_forced_behind_a_policy(owner: psycopg.Connection) -> None:
    found = tables(owner)
    assert len(found) >= 15
    for table in found:
        enabled, forced, policies_n = owner.execute(
            "SELECT relrowsecurity, relforcerowsecurity,"
            " (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'fanzha' AND c.relname = %s",
            [table],
        ).fetchone() or (False, False, 0)
        assert enabled, f"{table}: row-level security is off"
        assert forced, f"{table}: not forced"
        assert policies_n, f"{table}: without a policy"


def test_the_application_owns_nothing_and_bypasses_nothing(owner: psycopg.Connection) -> None:
    role = owner.execute(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = 'fanzha_app'"
    ).fetchone()
    assert role == (False, False, False, False)
    owned = owner.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
        " WHERE r.rolname = 'fanzha_app'"
    ).fetchone()
    assert owned == (0,)
    for table in tables(owner):
        allowed = owner.execute(
            "SELECT has_table_privilege('fanzha_app', %s, 'TRUNCATE'),"
            " has_table_privilege('fanzha_app', %s, 'TRIGGER')",
            [f"fanzha.{table}", f"fanzha.{table}"],
        ).fetchone()
        assert allowed == (False, False), table


def test_a_connection_without_a_scope_sees_no_row_of_any_table(
    installed: Installed, owner: psycopg.Connection
) -> None:
    issued(installed, 1, "470103001")
    with psycopg.connect(installed.url) as bare:
        for table in tables(owner):
            assert bare.execute(f"SELECT count(*) FROM fanzha.{table}").fetchone() == (0,), table
        bare.commit()
        # A pooled connection that once had a scope has an empty setting, not a missing one.
        bare.execute("SELECT set_config('app.scope', 'nation:86', true)")
        bare.commit()
        for table in tables(owner):
            assert bare.execute(f"SELECT count(*) FROM fanzha.{table}").fetchone() == (0,), table


def test_every_unit_sees_its_own_rows_and_no_others(
    installed: Installed, owner: psycopg.Connection
) -> None:
    placed = [u for u in UNITS if u.level.depth >= 4]
    rows = {issued(installed, n, u.code).id: u for n, u in enumerate(placed)}
    tables_with_place = {
        r[0]
        for r in owner.execute(_PLACED + " AND column_name = 'station'").fetchall()
        if r[0] not in ("unit", "operator")
    }
    assert {"warning", "evidence", "message", "deed", "finding"} <= tables_with_place
    for unit in UNITS:
        with installed.database.transaction(unit.scope) as connection:
            seen = set(connection.execute(text("SELECT id FROM warning")).scalars())
            assert seen == {id for id, at in rows.items() if at.within(unit.scope)}, unit.code
            for table in tables_with_place:
                outside = connection.execute(
                    text(f"SELECT count(*) FROM {table} WHERE NOT ({_inside(unit)})")
                ).scalar_one()
                assert outside == 0, f"{table} as {unit.code}"


def _inside(unit: Unit) -> str:
    if unit.level.depth == 0:
        return "true"
    return f"coalesce({unit.level.value} = '{unit.code}', false)"


def test_a_scope_can_neither_write_nor_change_rows_of_another(installed: Installed) -> None:
    warning = issued(installed, 1, "470103001")
    other = Scope(next(u for u in UNITS if u.code == "470102001").level, "470102001")
    with installed.database.transaction(other) as connection:
        changed = connection.execute(text("UPDATE warning SET version = version + 1"))
        assert changed.rowcount == 0
    with (
        pytest.raises(DBAPIError, match="row-level security"),
        installed.database.transaction(other) as connection,
    ):
        connection.execute(
            text(
                "INSERT INTO note (warning_id, at, by, sealed, station) VALUES"
                " (:id, :at, 'x', '\\x00', '470103001')"
            ),
            {"id": warning.id, "at": NOW},
        )


def test_nobody_sets_a_state_past_the_table(installed: Installed) -> None:
    issued(installed, 1, "470103001")
    with (
        pytest.raises(DBAPIError, match="only by a verb"),
        installed.database.transaction(NATION) as connection,
    ):
        connection.execute(text("UPDATE warning SET state = 'archived'"))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM deed",
        "UPDATE deed SET body = '{}'",
        "INSERT INTO deed_head VALUES ('x', 1, '\\x00')",
        "TRUNCATE deed",
        "DELETE FROM warning",
        "ALTER TABLE warning DISABLE ROW LEVEL SECURITY",
        "DROP POLICY place ON warning",
        "SET ROLE fanzha_owner",
    ],
)
def test_the_application_cannot_undo_its_own_trail(installed: Installed, statement: str) -> None:
    issued(installed, 1, "470103001")
    with pytest.raises(DBAPIError), installed.database.transaction(NATION) as connection:
        connection.execute(text(statement))


def test_identifiers_stand_nowhere_in_the_clear(
    installed: Installed, owner: psycopg.Connection
) -> None:
    issued(installed, 1, "470103001")
    secrets = [str(v) for v in (person(1).number, person(1).account, person(1).token) if v]
    assert len(secrets) == 3
    for table in tables(owner):
        # As a thief of the disk: a superuser reads past the net.
        dumped = owner.execute(
            f"SELECT coalesce(string_agg(t::text, ''), '') FROM fanzha.{table} t"
        )
        (body,) = dumped.fetchone() or ("",)
        for secret in secrets:
            assert secret not in body, f"{table} holds an identifier in the clear"
