"""Jurisdiction in SQL: the columns a row carries, and the WHERE that names a scope."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from fanzha.lifecycles.actor import Level, Scope, Unit

COLUMNS = "province, city, branch, station, post"
VALUES = ":province, :city, :branch, :station, :post"
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
