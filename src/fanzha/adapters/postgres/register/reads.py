"""What screens read of the register: pages by keyset, one measure with all that belongs to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.register.measures import (
    SEALED_APPEAL,
    appeal_of,
    measure_of,
    target_token,
)
from fanzha.errors import Refused
from fanzha.lifecycles.actor import NATION, Scope, Unit
from fanzha.lifecycles.measure import appeal_states
from fanzha.lifecycles.measure.model import Appeal, Measure
from fanzha.lifecycles.measure.target import Target
from fanzha.ports.register import AppealWords
from fanzha.ports.sealer import Sealer

__all__ = ["AppealFilter", "Belongings", "Echo", "MeasureFilter", "RegisterReads"]

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True)
class MeasureFilter:
    """What a list shows; None or empty: everything."""

    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    automatic: bool | None = None
    number: str = ""
    """The end of a measure's number."""
    target: Target | None = None
    """Exactly this thing."""
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class AppealFilter:
    """Open ones by their clock; all of them newest first."""

    open: bool = True
    late_at: datetime | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Echo:
    """An edge, the version of the list it has, and when it said so."""

    edge: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Belongings:
    """What belongs to a measure: its deeds, its appeals, where its last change is in force."""

    deeds: Sequence[Any]
    appeals: Sequence[Appeal]
    listed_at_version: int | None
    echoes: Sequence[Echo]


class RegisterReads:
    """Each read names the scope in its WHERE."""

    def __init__(self, database: Database, sealer: Sealer, units: Mapping[str, Unit]) -> None:
        self._database = database
        self._sealer = sealer
        self._units = units

    def measures(self, scope: Scope, wanted: MeasureFilter) -> tuple[list[Measure], str | None]:
        """A page, newest first, and where the next begins."""
        conditions, bound = [place.where(scope)], dict[str, Any](place.bind(scope))
        for name, values in (("state", wanted.states), ("kind", wanted.kinds)):
            if values:
                conditions.append(f"{name} = ANY(:{name}s)")
                bound[f"{name}s"] = list(values)
        if wanted.automatic is not None:
            conditions.append("automatic = :automatic")
            bound["automatic"] = wanted.automatic
        if wanted.number:
            conditions.append("right(number, :size) = :number")
            bound |= {"number": wanted.number, "size": len(wanted.number)}
        if wanted.target is not None:
            conditions.append("target_token = :token")
            bound["token"] = target_token(self._sealer, wanted.target)
        _after(conditions, bound, wanted.after, "(created_at, id) < (:at, :id)")
        rows = self._page(scope, "measure", conditions, bound, "created_at DESC, id DESC", wanted)
        found = [measure_of(row, self._sealer, self._units) for row in rows[: wanted.limit]]
        return found, _next(rows, wanted.limit, "created_at")

    def counts(self, scope: Scope) -> dict[str, int]:
        """How many stand in each state."""
        with self._database.transaction(scope) as connection:
            rows = connection.execute(
                text(
                    f"SELECT state, count(*) AS n FROM measure WHERE {place.where(scope)}"
                    " GROUP BY state"
                ),
                place.bind(scope),
            )
            return {row.state: int(row.n) for row in rows}

    def measure(self, scope: Scope, id: UUID) -> Measure | None:
        """One measure, where it is in scope."""
        with self._database.transaction(scope) as connection:
            row = connection.execute(
                text(f"SELECT * FROM measure WHERE id = :id AND {place.where(scope)}"),
                {"id": id, **place.bind(scope)},
            ).one_or_none()
            return measure_of(row, self._sealer, self._units) if row else None

    def by_codes(self, scope: Scope, codes: Sequence[int]) -> dict[int, Measure]:
        """Measures by their appeal codes, those in scope."""
        with self._database.transaction(scope) as connection:
            rows = connection.execute(
                text(f"SELECT * FROM measure WHERE code = ANY(:codes) AND {place.where(scope)}"),
                {"codes": list(codes), **place.bind(scope)},
            )
            return {row.code: measure_of(row, self._sealer, self._units) for row in rows}

    def belongings(self, scope: Scope, measure: Measure) -> Belongings:
        """What the page of a measure shows besides it."""
        with self._database.transaction(scope) as connection:
            deeds = connection.execute(
                text(
                    "SELECT at, actor_display, verb, body FROM deed WHERE object_kind = 'measure'"
                    " AND object_id = :number ORDER BY at DESC, seq DESC LIMIT 100"
                ),
                {"number": measure.number},
            ).all()
            appeals = connection.execute(
                text("SELECT * FROM appeal WHERE measure_id = :id ORDER BY filed_at DESC"),
                {"id": measure.id},
            ).all()
            listed = connection.execute(
                text("SELECT listed_at_version FROM measure WHERE id = :id"), {"id": measure.id}
            ).scalar_one_or_none()
        return Belongings(
            deeds, [appeal_of(row, self._units) for row in appeals], listed, self.echoes()
        )

    def echoes(self) -> list[Echo]:
        """Every edge that follows the list. Edges belong to the whole centre."""
        with self._database.transaction(NATION) as connection:
            rows = connection.execute(text("SELECT * FROM edge_seen ORDER BY edge"))
            return [Echo(row.edge, int(row.version), row.at) for row in rows]

    def appeals(self, scope: Scope, wanted: AppealFilter) -> tuple[list[Appeal], str | None]:
        """Open ones, the most pressing first; all, the newest first."""
        conditions, bound = [place.where(scope)], dict[str, Any](place.bind(scope))
        if wanted.open:
            conditions.append("due_at IS NOT NULL")
            if wanted.late_at is not None:
                conditions.append("due_at < :late")
                bound["late"] = wanted.late_at
            order, column = "due_at, id", "due_at"
            _after(conditions, bound, wanted.after, "(due_at, id) > (:at, :id)")
        else:
            order, column = "filed_at DESC, id DESC", "filed_at"
            _after(conditions, bound, wanted.after, "(filed_at, id) < (:at, :id)")
        rows = self._page(scope, "appeal", conditions, bound, order, wanted)
        found = [appeal_of(row, self._units) for row in rows[: wanted.limit]]
        return found, _next(rows, wanted.limit, column)

    def appeal(self, scope: Scope, id: UUID) -> tuple[Appeal, AppealWords] | None:
        """One appeal with what the party wrote, opened for whoever deals with it."""
        with self._database.transaction(scope) as connection:
            row = connection.execute(
                text(f"SELECT * FROM appeal WHERE id = :id AND {place.where(scope)}"),
                {"id": id, **place.bind(scope)},
            ).one_or_none()
        if row is None:
            return None
        words = json.loads(self._sealer.open(bytes(row.sealed), SEALED_APPEAL))
        return appeal_of(row, self._units), AppealWords(words["text"], words["contact"])

    def open_appeals(self, scope: Scope, now: datetime) -> tuple[int, int]:
        """How many are open, and how many of them late."""
        with self._database.transaction(scope) as connection:
            row = connection.execute(
                text(
                    "SELECT count(*) AS n, count(*) FILTER (WHERE due_at < :now) AS late"
                    f" FROM appeal WHERE state = ANY(:open) AND {place.where(scope)}"
                ),
                {"open": list(appeal_states.OPEN), "now": now, **place.bind(scope)},
            ).one()
            return int(row.n), int(row.late)

    def finding(self, id: str) -> bool:
        """Whether a finding of this id was made, wherever it belongs."""
        with self._database.transaction(NATION) as connection:
            found = connection.execute(text("SELECT 1 FROM finding WHERE id = :id"), {"id": id})
            return found.one_or_none() is not None

    def _page(
        self, scope: Scope, table: str, conditions: list[str], bound: dict[str, Any],
        order: str, wanted: MeasureFilter | AppealFilter,
    ) -> Sequence[Any]:  # fmt: skip
        with self._database.transaction(scope) as connection:
            return connection.execute(
                text(
                    f"SELECT * FROM {table} WHERE {' AND '.join(conditions)}"
                    f" ORDER BY {order} LIMIT :limit"
                ),
                {**bound, "limit": min(wanted.limit, LIMIT_MAX) + 1},
            ).all()


def _after(conditions: list[str], bound: dict[str, Any], after: str | None, order: str) -> None:
    if after is None:
        return
    try:
        at, _, id = after.partition("~")
        bound |= {"at": datetime.fromisoformat(at), "id": UUID(id)}
    except ValueError:
        raise Refused(
            "cursor_bad", zh="翻页位置有误，请从头看起",
            en="the place to go on from is wrong: begin anew", field="after",
        ) from None  # fmt: skip
    conditions.append(order)


def _next(rows: Sequence[Any], limit: int, column: str) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return f"{getattr(last, column).isoformat()}~{last.id}"
