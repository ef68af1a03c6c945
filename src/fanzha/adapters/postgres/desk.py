"""What the desk reads: the queue by keyset, one warning with all that belongs to it, the board."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.warnings import SEALED_EVIDENCE, SEALED_PERSON, warning_of
from fanzha.errors import Refused
from fanzha.lifecycles.actor import NATION, Actor, Scope, Unit
from fanzha.lifecycles.warning import states
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.ports.sealer import Sealer

LIMIT_MAX = 200
_NEWEST_FIRST = ("archived", "all")


@dataclass(frozen=True)
class Filter:
    """What a list shows. Empty means everything."""

    tab: str = "mine"
    grades: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    since: datetime | None = None
    late: bool = False
    number: str = ""
    """The end of a warning's number, as people quote it."""
    person: bytes | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True)
class Page:
    items: list[FraudWarning]
    next: str | None
    counts: dict[int, int]


@dataclass(frozen=True)
class Belongings:
    """What belongs to one warning: rows as stored, masked."""

    deeds: Sequence[Any]
    evidence: Sequence[Any]
    messages: Sequence[Any]
    stops: Sequence[Any]
    notes: Sequence[tuple[datetime, str, str]]
    earlier: Sequence[Any]
    findings: Sequence[Any]


@dataclass(frozen=True)
class Figures:
    """What the board shows."""

    minutes: Sequence[Any]
    grades: Mapping[int, int]
    types: Sequence[Any]
    outcomes: Sequence[Any]
    open: Mapping[int, int]
    late: int
    messages: Mapping[str, int]


_AGE = "extract(year FROM event_at AT TIME ZONE 'Asia/Shanghai')::int - birth_year"
_MAIN = "rtrim(coalesce(scam_type, ''), '0123456789')"


class Desk:
    """Reads for the console. Each read names the scope in its WHERE."""

    def __init__(self, database: Database, sealer: Sealer, units: Sequence[Unit]) -> None:
        self._database = database
        self._sealer = sealer
        self._units = {u.code: u for u in units}

    def page(self, actor: Actor, wanted: Filter) -> Page:
        """A page of the queue, most pressing first; of the archive, newest first."""
        scope = actor.unit.scope
        condition, bound = _condition(actor, wanted)
        archive = wanted.tab in _NEWEST_FIRST
        cursor, at = _cursor(wanted.after, archive=archive)
        order = "issued_at DESC, id DESC" if archive else "urgent, clock_due_at, id"
        limit = max(1, min(wanted.limit, LIMIT_MAX))
        with self._database.transaction(scope) as connection:
            rows = connection.execute(
                text(
                    f"SELECT * FROM warning WHERE {condition} AND {cursor}"
                    f" ORDER BY {order} LIMIT :limit"
                ),
                {**bound, **at, "limit": limit + 1},
            ).all()
            counts = connection.execute(
                text(f"SELECT grade, count(*) AS n FROM warning WHERE {condition} GROUP BY grade"),
                bound,
            )
            by_grade = {r.grade: r.n for r in counts}
        more = len(rows) > limit
        shown = rows[:limit]
        follow = _encode(shown[-1], archive=archive) if more else None
        return Page([warning_of(r, self._units) for r in shown], follow, by_grade)

    def rows(self, scope: Scope, ids: Sequence[UUID]) -> list[FraudWarning]:
        """Those of these warnings that are in scope."""
        with self._database.transaction(scope) as connection:
            rows = connection.execute(
                text(f"SELECT * FROM warning WHERE id = ANY(:ids) AND {place.where(scope)}"),
                {"ids": list(ids), **place.bind(scope)},
            )
            return [warning_of(r, self._units) for r in rows]

    def persons(
        self, scope: Scope, by: str, begin: datetime, end: datetime, ages: Sequence[int]
    ) -> Counter[tuple[str, str]]:
        """Persons warned by (group, main class); one warned twice of one class counts once.

        `by` is `age`, `sex` or `branch`. An age's group is the number of bounds in `ages` that it
        has reached, so "0" is below the first; the group is "" where it is not known. Whichever is
        asked for, the same persons are counted, each by the newest warning of the month.
        """
        inside = f"{place.where(scope)} AND event_at >= :begin AND event_at < :end"
        group = f"width_bucket({_AGE}, CAST(:ages AS int[]))::text" if by == "age" else by
        query = (
            "SELECT coalesce(who, '') AS who, main, count(*) AS n FROM"
            f" (SELECT DISTINCT ON (person_token, main) {group} AS who, main FROM"
            f"  (SELECT *, {_MAIN} AS main FROM warning WHERE {inside}) AS w"
            "  ORDER BY person_token, main, event_at DESC, id) AS one GROUP BY 1, 2"
        )
        bound = {"begin": begin, "end": end, "ages": list(ages), **place.bind(scope)}
        with self._database.transaction(scope) as connection:
            rows = connection.execute(text(query), bound).all()
        return Counter({(r.who, r.main): r.n for r in rows if r.main})

    def whose(self, id: UUID) -> Unit | None:
        """Which unit handles a warning: all that somebody out of scope may learn."""
        with self._database.transaction(NATION) as connection:
            row = connection.execute(
                text("SELECT unit FROM warning WHERE id = :id"), {"id": id}
            ).one_or_none()
        return self._units[row.unit] if row else None

    def most_pressing(self, connection: Connection, actor: Actor, now: datetime) -> UUID | None:
        """The warning to take next; locked for this transaction, so two people get two."""
        condition, bound = _condition(actor, Filter(tab="mine"))
        row = connection.execute(
            text(
                f"SELECT id FROM warning WHERE {condition} AND state = '{states.PUSHED}'"
                " AND (locked_until IS NULL OR locked_until < :now)"
                " ORDER BY urgent, clock_due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED"
            ),
            {**bound, "now": now},
        ).one_or_none()
        return row.id if row else None

    def belongings(self, warning: FraudWarning, scope: Scope) -> Belongings:
        """Everything on the page of a warning that has been seen to be in scope.

        Of the person's earlier ones that are not, the day and the unit, and nothing of the rest.
        """
        bound: dict[str, Any] = {"id": warning.id, "text": str(warning.id)}
        with self._database.transaction(NATION) as connection:
            run = connection.execute
            notes = [
                (r.at, r.by, self._sealer.open(bytes(r.sealed), "note.sealed"))
                for r in run(text("SELECT * FROM note WHERE warning_id = :id ORDER BY id"), bound)
            ]
            return Belongings(
                deeds=run(
                    text(
                        "SELECT at, actor_display, verb, body FROM deed WHERE object_kind ="
                        " 'warning' AND object_id = :text ORDER BY at, chain, seq LIMIT 500"
                    ),
                    bound,
                ).all(),
                evidence=run(
                    text(
                        "SELECT * FROM evidence WHERE warning_id = :id ORDER BY at DESC LIMIT 200"
                    ),
                    bound,
                ).all(),
                messages=run(
                    text("SELECT * FROM message WHERE warning_id = :id ORDER BY created_at"), bound
                ).all(),
                stops=run(
                    text(
                        "SELECT payee_mask, amount_fen, paid_at, requested_at FROM stop_request"
                        " WHERE warning_id = :id ORDER BY requested_at, id"
                    ),
                    bound,
                ).all(),
                notes=notes,
                earlier=run(
                    text(
                        "SELECT CAST(w.issued_at AT TIME ZONE 'Asia/Shanghai' AS date) AS day,"
                        " u.zh, u.en, seen.id, seen.number, seen.issued_at, seen.grade,"
                        " seen.state, seen.owner_display FROM warning AS w JOIN unit AS u"
                        " ON u.code = w.unit LEFT JOIN warning AS seen ON seen.id = w.id AND "
                        + place.where(scope, "seen")
                        + " WHERE w.person_token = :token AND w.id <> :id AND w.issued_at < :at"
                        " ORDER BY w.issued_at DESC LIMIT 10"
                    ),
                    {
                        **bound,
                        **place.bind(scope),
                        "token": warning.person_token,
                        "at": warning.issued_at,
                    },
                ).all(),
                findings=run(
                    text("SELECT detector, at FROM finding WHERE warning_id = :id ORDER BY at"),
                    bound,
                ).all(),
            )

    def reveal(self, connection: Connection, id: UUID) -> dict[str, str]:
        """The sealed fields of the person, in plain. The caller records who asked and why."""
        row = connection.execute(
            text("SELECT sealed FROM warning WHERE id = :id"), {"id": id}
        ).one()
        person: dict[str, str | None] = json.loads(
            self._sealer.open(bytes(row.sealed), SEALED_PERSON)
        )
        values = {k: v for k, v in person.items() if v}
        others = connection.execute(
            text(
                "SELECT object_kind, sealed FROM evidence WHERE warning_id = :id"
                " AND sealed IS NOT NULL ORDER BY at DESC LIMIT 20"
            ),
            {"id": id},
        )
        related = [self._sealer.open(bytes(r.sealed), SEALED_EVIDENCE) for r in others]
        if related:
            values["related"] = "\n".join(dict.fromkeys(related))
        return values

    def figures(self, scope: Scope, since: datetime, now: datetime) -> Figures:
        """The board of a scope, since an instant."""
        mine = place.where(scope)
        bound = {"since": since, "now": now, **place.bind(scope)}
        with self._database.transaction(scope) as connection:
            run = connection.execute
            minutes = run(
                text(
                    "SELECT date_trunc('minute', issued_at) AS minute, grade, count(*) AS n"
                    f" FROM warning WHERE {mine} AND issued_at >= :since GROUP BY 1, 2 ORDER BY 1"
                ),
                bound,
            ).all()
            types = run(
                text(
                    "SELECT scam_type, count(*) AS n FROM warning WHERE"
                    f" {mine} AND issued_at >= :since GROUP BY 1 ORDER BY 2 DESC LIMIT 20"
                ),
                bound,
            ).all()
            outcomes = run(
                text(
                    "SELECT outcome, count(*) AS n FROM warning WHERE"
                    f" {mine} AND issued_at >= :since AND outcome IS NOT NULL GROUP BY 1"
                    " ORDER BY 2 DESC"
                ),
                bound,
            ).all()
            opened = run(
                text(
                    "SELECT grade, count(*) AS n, count(*) FILTER (WHERE clock_due_at < :now)"
                    f" AS late FROM warning WHERE {mine} AND open GROUP BY 1"
                ),
                bound,
            ).all()
            messages = run(
                text(
                    f"SELECT state, count(*) AS n FROM message WHERE {mine}"
                    " AND created_at >= :since GROUP BY 1"
                ),
                bound,
            ).all()
        grades: dict[int, int] = {}
        for row in minutes:
            grades[row.grade] = grades.get(row.grade, 0) + row.n
        return Figures(
            minutes=minutes,
            grades=grades,
            types=types,
            outcomes=outcomes,
            open={r.grade: r.n for r in opened},
            late=sum(r.late for r in opened),
            messages={r.state: r.n for r in messages},
        )


def _condition(actor: Actor, wanted: Filter) -> tuple[str, dict[str, Any]]:
    """The WHERE of a list: scope first, then the tab, then what was picked."""
    scope = actor.unit.scope
    parts = [place.where(scope)]
    bound: dict[str, Any] = dict(place.bind(scope))
    if wanted.tab == "mine":
        parts.append("open")
        parts.append(f"(owner_id = :me OR (owner_id IS NULL AND state = '{states.PUSHED}'))")
        bound["me"] = UUID(actor.id)
    elif wanted.tab == "shift":
        parts.append("open")
    elif wanted.tab == "handed":
        parts.append("open AND escalated > 0")
    elif wanted.tab == "archived":
        parts.append("NOT open")
    elif wanted.tab != "all":
        raise Refused("unknown_tab", zh="没有这个列表", en="there is no such list", field="tab")
    for name, column, values in (
        ("grades", "grade", wanted.grades),
        ("types", "scam_type", wanted.types),
        ("stages", "stage", wanted.stages),
        ("places", "unit", wanted.places),
        ("outcomes", "outcome", wanted.outcomes),
    ):
        if values:
            parts.append(f"{column} = ANY(:{name})")
            bound[name] = list(values)
    if wanted.sources:
        parts.append("sources && CAST(:sources AS text[])")
        bound["sources"] = list(wanted.sources)
    if wanted.since is not None:
        parts.append("issued_at >= :since")
        bound["since"] = wanted.since
    if wanted.late:
        parts.append("clock_due_at < now()")
    if wanted.number:
        parts.append("right(number, length(:number)) = :number")
        bound["number"] = wanted.number
    if wanted.person is not None:
        parts.append("person_token = :person")
        bound["person"] = wanted.person
    return " AND ".join(parts), bound


def _cursor(after: str | None, *, archive: bool) -> tuple[str, dict[str, Any]]:
    """Where the last page ended, as a row comparison that the index serves."""
    if after is None:
        return "true", {}
    try:
        urgent, instant, id = json.loads(base64.urlsafe_b64decode(after.encode()))
        last = {"k1": datetime.fromisoformat(instant), "k2": UUID(id)}
        if archive:
            return "(issued_at, id) < (:k1, :k2)", last
        return "(urgent, clock_due_at, id) > (:k0, :k1, :k2)", {"k0": int(urgent), **last}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Refused(
            "bad_cursor",
            zh="翻页标记无效，请从第一页开始",
            en="the page mark is not valid; start from the first page",
            field="after",
        ) from error


def _encode(row: Any, *, archive: bool) -> str:
    instant = row.issued_at if archive else row.clock_due_at
    mark = json.dumps([row.urgent, instant.isoformat(), str(row.id)])
    return base64.urlsafe_b64encode(mark.encode()).decode()
