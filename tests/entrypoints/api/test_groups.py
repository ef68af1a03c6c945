"""Groups at risk over HTTP: whole months, within one's place, never a small figure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from fanzha.lifecycles.actor import Role
from fanzha.usecases.warning.issue import issue
from tests import fixtures
from tests.entrypoints.api.given import PASSWORD, Api

OCTOBER = datetime(2026, 10, 15, 4, tzinfo=UTC)


def warn(api: Api, n: int, year: int, scam_type: str, place: str = "470103001") -> None:
    policies = fixtures.policies()
    with api.installed.office.work(policies.tiers.root.scope) as work:
        issue(
            work, policies, person=replace(fixtures.person(n), birth_year=year), episode=f"e{n}",
            place=place, case=replace(fixtures.case(), scam_type=scam_type, event_at=OCTOBER),
            now=OCTOBER,
        )  # fmt: skip


def test_a_table_of_groups_hides_what_few_stand_behind(api: Api) -> None:
    for n in range(1, 13):
        warn(api, n, 2003, "SD01")
    for n in range(20, 32):
        warn(api, n, 1955, "SD01")
    for n in range(50, 61):
        warn(api, n, 1990, "SD01")
    for n in range(40, 43):
        warn(api, n, 1955, "GJF01")
    api.sign_in()
    page = api.client.get("/v1/groups", params={"month": "2026-10", "by": "age"}).json()
    rows = {row["group"]: row for row in page["rows"]}
    assert page["classes"] == ["SD"], "of three persons not even the class is told"
    assert rows["18–25"]["classes"] == {"SD": 10}
    assert rows["61+"]["classes"] == {"SD": 10}
    assert rows["26–40"]["classes"] == {"SD": 10}
    assert rows["14–17"]["classes"] == {"SD": None}, "a nought is not told from a nine"
    assert page["whole"]["persons"] == 30, "the sum of what is told, not of who there was"
    csv = api.client.get("/v1/groups/export", params={"month": "2026-10"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert "18–25,10,10" in csv.text
    assert ",3," not in csv.text


def test_only_whole_months_that_are_over(api: Api) -> None:
    api.sign_in()
    now = api.centre.now()
    for month in (f"{now:%Y-%m}", "2035-01", "2001-01", "2026-13", "2026-10-05", ""):
        assert api.client.get("/v1/groups", params={"month": month}).status_code in (400, 409, 422)


def test_neither_a_dissuader_nor_a_station_reads_groups(api: Api) -> None:
    for name, roles, place in (
        ("caller", {Role.DISSUADER}, "470100"), ("station", {Role.ANALYST}, "470103001"),
    ):  # fmt: skip
        api.installed.operators.add(
            name=name, display="何珊", password=PASSWORD, roles=frozenset(roles),
            unit=fixtures.unit(place), now=fixtures.NOW,
        )  # fmt: skip
        api.sign_in(name)
        answer = api.client.get("/v1/groups", params={"month": "2026-10"})
        assert answer.status_code == 403, answer.text


def test_a_place_tells_its_own_only(api: Api) -> None:
    for n in range(1, 15):
        warn(api, n, 1990, "DK01", "470103001")
    for n in range(20, 35):
        warn(api, n, 1990, "DK01", "470102001")
    api.sign_in()
    page = api.client.get("/v1/groups", params={"month": "2026-10", "by": "branch"}).json()
    told = {row["group"]: row["persons"] for row in page["rows"] if row["persons"]}
    assert sorted(told.values()) == [10, 10]
    api.installed.operators.add(
        name="branch", display="何珊", password=PASSWORD, roles=frozenset({Role.ANALYST}),
        unit=fixtures.unit("470103"), now=fixtures.NOW,
    )  # fmt: skip
    api.sign_in("branch")
    page = api.client.get("/v1/groups", params={"month": "2026-10", "by": "branch"}).json()
    assert page["whole"]["persons"] is None, "one branch alone is a bare total"
    assert {row["group"] for row in page["rows"]} == {"470103", "others"}
    page = api.client.get("/v1/groups", params={"month": "2026-10", "by": "sex"}).json()
    assert page["whole"]["persons"] == 10


def test_every_table_of_a_month_counts_the_same_persons(api: Api) -> None:
    """Who is under age or of no known age is of the others, not missing from one table only."""
    for n in range(1, 31):
        warn(api, n, 1990, "DK01", "470103001")
    for n in range(31, 51):
        warn(api, n, 2015, "DK01", "470102001")
    api.sign_in()
    whole = {}
    for by in ("age", "sex", "branch"):
        page = api.client.get("/v1/groups", params={"month": "2026-10", "by": by}).json()
        whole[by] = page["whole"]["persons"]
        if by == "age":
            assert page["rows"][-1]["group"] == "others"
            assert page["rows"][-1]["persons"] == 20
    assert set(whole.values()) == {50}
