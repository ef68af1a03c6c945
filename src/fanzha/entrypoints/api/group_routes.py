"""Groups at risk in aggregate: the only figures about people that leave the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from fanzha.adapters.postgres.operators import Operator
from fanzha.entrypoints.api.auth import READERS, Parts, SignedIn
from fanzha.entrypoints.api.centre import Centre
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Level, Role, Scope
from fanzha.lifecycles.machine import NotAllowed
from fanzha.usecases.publicity.groups import (
    OTHERS,
    POLICY_FILE,
    Counts,
    GroupTable,
    load_group_policy,
    told,
)

router = APIRouter(prefix="/v1/groups")
_MAY = READERS - {Role.DISSUADER}
_HERE = ZoneInfo("Asia/Shanghai")
Month = Annotated[str, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="a whole month")]
By = Literal["age", "sex", "branch"]
_BY: tuple[By, ...] = ("age", "sex", "branch")


class GroupLine(BaseModel):
    """One group: at least so many persons; null is fewer than k, not nought."""

    group: str
    zh: str
    en: str
    persons: int | None
    classes: dict[str, int | None]


class GroupsPage(BaseModel):
    """A table of groups by main class of scam, and what it was made by."""

    month: str
    by: By
    k: int
    classes: list[str]
    rows: list[GroupLine]
    whole: GroupLine


@router.get("")
def groups(parts: Parts, who: SignedIn, month: Month, by: By = "age") -> GroupsPage:
    """Persons warned in a whole month that is over, by group, rounded down to whole k's."""
    return _page(parts, who, month, by)


@router.get("/export", response_class=Response)
def export(parts: Parts, who: SignedIn, month: Month, by: By = "age") -> Response:
    """The same table as CSV; a figure below k is empty."""
    page = _page(parts, who, month, by)
    lines = [",".join(["group", "persons", *page.classes])]
    for row in [*page.rows, page.whole]:
        figures = [row.persons, *(row.classes[c] for c in page.classes)]
        lines.append(",".join([row.group, *("" if n is None else str(n) for n in figures)]))
    name = f"groups-{by}-{month}.csv"
    return Response(
        "\ufeff" + "\r\n".join(lines) + "\r\n",
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _page(parts: Centre, who: Operator, month: str, by: By) -> GroupsPage:
    if not who.actor.roles & _MAY:
        raise NotAllowed(
            "role", zh="群体画像由研判、值班和审计人员查看",
            en="groups are read by analysts, duty officers and auditors",
        )  # fmt: skip
    policy = load_group_policy(parts.settings.policies / POLICY_FILE)
    if who.actor.unit.level.depth > policy.lowest.depth:
        raise NotAllowed(
            "level", zh="本级范围太小，不提供群体画像",
            en="a place of this level is too small for a table of groups",
        )  # fmt: skip
    begin, end = _span(month, parts.now(), policy.months_back)
    scope = who.actor.unit.scope
    names = {each: _names(parts, each, policy.bands, scope) for each in _BY}
    tables: dict[str, Counts] = {}
    for each in _BY:
        found = parts.desk.persons(scope, each, begin, end, policy.ages)
        codes = dict(enumerate(policy.bands, 1)) if each == "age" else {}
        tables[each] = _by_name(found, {str(n): band for n, band in codes.items()}, names[each])
    table = told(tables, {each: list(names[each]) for each in _BY}, by, policy.k)
    return GroupsPage(
        month=month, by=by, k=policy.k, classes=list(table.classes), rows=_lines(table, names[by]),
        whole=GroupLine(
            group="all", zh="合计", en="all", persons=table.whole.persons,
            classes=dict(table.whole.classes),
        ),
    )  # fmt: skip


def _span(month: str, now: datetime, months_back: int) -> tuple[datetime, datetime]:
    year, number = int(month[:4]), int(month[5:])
    begin = datetime(year, number, 1, tzinfo=_HERE)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=_HERE)
    today = now.astimezone(_HERE)
    ago = 12 * (today.year - year) + today.month - number
    if ago < 1 or ago > months_back:
        raise Refused(
            "month_not_told",
            zh=f"只提供已结束的整月，最早 {months_back} 个月前",
            en=f"only whole months that are over are told, {months_back} back at most",
            field="month",
        )
    return begin.astimezone(UTC), end.astimezone(UTC)


def _by_name(
    found: Counts, bands: Mapping[str, str], names: Mapping[str, tuple[str, str]]
) -> Counts:
    """Counts under the names of groups; everybody else is of the others, so that none is lost."""
    counts: Counter[tuple[str, str]] = Counter()
    for (code, main), n in found.items():
        group = bands.get(code, code)
        counts[group if group in names else OTHERS, main] += n
    return counts


def _names(
    parts: Centre, by: By, bands: tuple[str, ...], scope: Scope
) -> dict[str, tuple[str, str]]:
    if by == "age":
        return {band: (f"{band} 岁", f"aged {band}") for band in bands}
    if by == "sex":
        return {"f": ("女", "women"), "m": ("男", "men")}
    return {
        u.code: (u.zh, u.en)
        for u in parts.office.units() if u.level is Level.BRANCH and u.within(scope)
    }  # fmt: skip


def _lines(table: GroupTable, names: dict[str, tuple[str, str]]) -> list[GroupLine]:
    names = {**names, OTHERS: ("其他或不详", "others, or not known")}
    return [
        GroupLine(
            group=row.group, zh=names[row.group][0], en=names[row.group][1], persons=row.persons,
            classes=dict(row.classes),
        )
        for row in table.rows
    ]  # fmt: skip
