"""The record of deeds cannot be changed, shortened or rewritten without the check saying so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from fanzha.adapters.postgres import audit, reseal
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.sealing.keyring import verify_signature
from fanzha.usecases.warning.issue import issue
from tests.fixtures import NOW, Installed, case, person, policies

POLICIES = policies()
NATION = POLICIES.tiers.root.scope


def issued(installed: Installed, n: int) -> None:
    with installed.office.work(NATION) as work:
        issue(
            work, POLICIES, person=person(n), episode="e1", place="470103001", case=case(), now=NOW
        )


def signed(installed: Installed, file: Path) -> int:
    return audit.sign_heads(installed.database, file, installed.keyring.sign, NOW)


def verified(installed: Installed, file: Path) -> list[audit.ChainReport]:
    key = installed.keyring.public_key
    return audit.verify(installed.database, file, lambda d, s: verify_signature(key, d, s))


@pytest.fixture
def thief(installed: Installed) -> Iterator[psycopg.Connection]:
    """Somebody with the whole database in hand."""
    with psycopg.connect(installed.admin_url, autocommit=True) as connection:
        connection.execute("SET search_path = fanzha")
        yield connection


def test_a_whole_chain_is_whole(installed: Installed, tmp_path: Path) -> None:
    for n in range(3):
        issued(installed, n)
    heads = tmp_path / "heads.ndjson"
    assert signed(installed, heads) == 1
    issued(installed, 9)
    (report,) = verified(installed, heads)
    assert report.whole
    assert report.length == 12
    assert report.chain == "470100"


Harm = Callable[[psycopg.Connection], object]


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda c: c.execute("UPDATE deed SET body = replace(body, 'issue', 'iszue') WHERE seq = 2"
                             " OR seq = 1"), "broken at line 1"),
        (lambda c: c.execute("DELETE FROM deed WHERE seq = 2"), "broken at line 2"),
        (lambda c: c.execute("DELETE FROM deed WHERE seq = (SELECT max(seq) FROM deed)"), "broken"),
    ],
    ids=["changed", "removed", "cut"],
)  # fmt: skip
def test_harm_to_a_line_is_found(
    installed: Installed, thief: psycopg.Connection, tmp_path: Path, harm: Harm, says: str
) -> None:
    for n in range(3):
        issued(installed, n)
    heads = tmp_path / "heads.ndjson"
    signed(installed, heads)
    harm(thief)
    (report,) = verified(installed, heads)
    assert not report.whole
    assert says in report.en


def test_a_chain_cut_short_with_its_head_is_found_by_the_signed_heads(
    installed: Installed, thief: psycopg.Connection, tmp_path: Path
) -> None:
    issued(installed, 1)
    heads = tmp_path / "heads.ndjson"
    signed(installed, heads)
    thief.execute("DELETE FROM deed WHERE seq = 3")
    thief.execute("UPDATE deed_head SET seq = 2, hash = (SELECT hash FROM deed WHERE seq = 2)")
    (report,) = verified(installed, heads)
    assert not report.whole
    (alone,) = verified(installed, tmp_path / "no-such-file")
    assert alone.whole, "only the heads kept outside can show this"


def test_a_forged_head_is_found(installed: Installed, tmp_path: Path) -> None:
    issued(installed, 1)
    heads = tmp_path / "heads.ndjson"
    signed(installed, heads)
    heads.write_text(heads.read_text().replace('"seq": 3', '"seq": 2'))
    (report,) = verified(installed, heads)
    assert (report.whole, report.en) == (False, "a signed head is forged")


def test_everything_sealed_is_sealed_anew_and_old_keys_can_go(
    installed: Installed, thief: psycopg.Connection
) -> None:
    for n in range(5):
        issued(installed, n)
    rotated = installed.keyring.rotated()
    assert reseal.reseal(installed.database, rotated) >= 10
    assert reseal.reseal(installed.database, rotated) == 0
    only_new = rotated.without_old_keys()
    for table, column, _ in reseal.COLUMNS:
        rows = thief.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
        for (sealed,) in rows:
            assert only_new.open(bytes(sealed), f"{table}.{column}")
    office = PostgresOffice(installed.database, only_new)
    with office.work(NATION) as work:
        assert work.warnings.of_episode(person(1).token, "e1") is not None
    sealed_columns = thief.execute(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'fanzha' AND column_name LIKE 'sealed%'"
    ).fetchall()
    assert set(sealed_columns) == {(t, c) for t, c, _ in reseal.COLUMNS}


def test_a_clock_of_the_past_signs_nothing_new(installed: Installed, tmp_path: Path) -> None:
    issued(installed, 1)
    heads = tmp_path / "heads.ndjson"
    signed(installed, heads)
    audit.sign_heads(installed.database, heads, installed.keyring.sign, NOW - timedelta(days=1))
    (report,) = verified(installed, heads)
    assert report.whole
