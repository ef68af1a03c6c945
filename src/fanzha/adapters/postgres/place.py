"""Jurisdiction in SQL: the columns a row carries, and the WHERE that names a scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from fanzha.lifecycles.actor import Level, Scope, Unit

COLUMNS = "province, city, branch, station, post"
VALUES = ":province, :city, :branch, :station, :post"
EXCLUDED = "excluded.province, excluded.city, excluded.branch, excluded.station, excluded.post"
_NAMES = ("province", "city", "branch", "station", "post")


def columns(unit: Unit) -> dict[str, str | None]:
    """The jurisdiction columns of a row that belongs to this unit."""
    return dict(zip(_NAMES, unit.path, strict=True))


def where(scope: Scope, table: str = "") -> str:
    """The condition the index serves; the row-level policy says the same again.

    Only column names of ours are put into the text; the code itself is bound as `:scope_code`.
    """
    if scope.level is Level.NATION:
        return "true"
    prefix = f"{table}." if table else ""
    return f"{prefix}{scope.level.value} = :scope_code"


def bind(scope: Scope) -> dict[str, str]:
    """The parameter that `where` needs."""
    return {} if scope.level is Level.NATION else {"scope_code": scope.code}


def unit_of(row: Any) -> Unit:
    """A unit from its row."""
    return Unit(
        code=row.code,
        level=Level(row.level),
        zh=row.zh,
        en=row.en,
        path=(row.province, row.city, row.branch, row.station, row.post),
    )


def read_units(connection: Connection) -> list[Unit]:
    """All tiers, parents first."""
    rows = connection.execute(text("SELECT * FROM unit"))
    return sorted((unit_of(r) for r in rows), key=lambda u: (u.level.depth, u.code))


def store_units(connection: Connection, units: Sequence[Unit]) -> None:
    """Write the tiers, parents first; a unit that is there already takes the new words and path."""
    for unit in units:
        above = [code for code in unit.path[: max(0, unit.level.depth - 1)] if code]
        top = (
            None
            if unit.level is Level.NATION
            else next(u.code for u in units if u.level is Level.NATION)
        )
        connection.execute(
            text(
                f"INSERT INTO unit (code, level, parent, zh, en, {COLUMNS})"
                f" VALUES (:code, :level, :parent, :zh, :en, {VALUES}) ON CONFLICT (code)"
                " DO UPDATE SET level = excluded.level, parent = excluded.parent,"
                f" zh = excluded.zh, en = excluded.en, ({COLUMNS}) = ({EXCLUDED})"
            ),
            {
                "code": unit.code,
                "level": unit.level.value,
                "parent": above[-1] if above else top,
                "zh": unit.zh,
                "en": unit.en,
                **columns(unit),
            },
        )
