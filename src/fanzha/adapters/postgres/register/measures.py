"""The register of measures in PostgreSQL: measures and appeals, sealed; one commit an act."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from fanzha.adapters.postgres import place
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.deeds import PostgresDeeds
from fanzha.adapters.postgres.outbox import PostgresOutbox
from fanzha.adapters.postgres.register.listed import PostgresLists, PostgresReports
from fanzha.errors import Uncertain
from fanzha.lifecycles.actor import NATION, Unit
from fanzha.lifecycles.measure import states
from fanzha.lifecycles.measure.model import (
    Appeal,
    Approval,
    Effect,
    Ground,
    GroundKind,
    Measure,
    Remedy,
    Term,
)
from fanzha.lifecycles.measure.target import MeasureKind, Reach, Target
from fanzha.ports.register import AppealWords, MeasureChanged
from fanzha.ports.sealer import Sealer

__all__ = [
    "SEALED_APPEAL",
    "SEALED_TARGET",
    "PostgresRegister",
    "appeal_of",
    "measure_of",
    "target_token",
]

SEALED_TARGET = "measure.sealed"
SEALED_APPEAL = "appeal.sealed"
_MEASURE = frozenset(("approvals", "term", "decide_by", "updated_at", "note"))
_APPEAL = frozenset(
    ("due_at", "escalates_at", "updated_at", "checked_by", "decided_by", "decided_display",
     "reasons", "note")
)  # fmt: skip


@dataclass(frozen=True)
class PostgresRegisterUnit:
    """One transaction's books. `connection` is for reads that belong into the transaction."""

    connection: Connection
    measures: PostgresMeasures
    appeals: PostgresAppeals
    lists: PostgresLists
    reports: PostgresReports
    deeds: PostgresDeeds
    outbox: PostgresOutbox


class PostgresRegister:
    """Opens units of work over the whole centre."""

    def __init__(self, database: Database, sealer: Sealer, units: Mapping[str, Unit]) -> None:
        self.database = database
        self.sealer = sealer
        self.units = units

    @contextmanager
    def work(self) -> Iterator[PostgresRegisterUnit]:
        with self.database.transaction(NATION) as connection:
            deeds = PostgresDeeds(connection)
            yield PostgresRegisterUnit(
                connection=connection,
                measures=PostgresMeasures(connection, self.sealer, self.units),
                appeals=PostgresAppeals(connection, self.sealer, self.units),
                lists=PostgresLists(connection, self.sealer),
                reports=PostgresReports(connection),
                deeds=deeds,
                outbox=PostgresOutbox(connection, self.sealer),
            )
            deeds.flush()


class PostgresMeasures:
    """The register within one transaction."""

    def __init__(self, connection: Connection, sealer: Sealer, units: Mapping[str, Unit]) -> None:
        self._connection = connection
        self._sealer = sealer
        self._units = units

    def get(self, id: UUID) -> Measure | None:
        return self._one("id = :id", id=id)

    def by_code(self, code: int) -> Measure | None:
        return self._one("code = :code", code=code)

    def add(self, new: Measure) -> Measure:
        if (there := self.get(new.id)) is not None:
            return there
        row = self._connection.execute(
            text(_INSERT),
            {
                "id": new.id,
                "number": next_number(self._connection, "CS", new.created_at),
                "state": new.state,
                "kind": new.target.kind.value,
                "reach": new.target.reach.value,
                "token": target_token(self._sealer, new.target),
                "mask": new.target.mask,
                "sealed": self._sealer.seal(_target_json(new.target), SEALED_TARGET),
                "effect": new.effect.value,
                "ground_kind": new.ground.kind.value,
                "ground_ref": new.ground.ref,
                "article": new.ground.article,
                "ground_zh": new.ground.zh,
                "ground_en": new.ground.en,
                "area": new.area,
                "begins_at": new.term.begins_at,
                "ends_at": new.term.ends_at,
                "remedy": json.dumps(asdict(new.remedy), ensure_ascii=False),
                "code": new.code,
                "automatic": new.automatic,
                "protected": new.protected,
                "approvals": _approvals_json(new.approvals),
                "needed": new.approvals_needed,
                "by": new.proposed_by,
                "display": new.proposed_display,
                "unit": new.unit.code,
                "created_at": new.created_at,
                "decide_by": new.decide_by,
                **place.columns(new.unit),
            },
        ).one()
        return measure_of(row, self._sealer, self._units)

    def advance(self, before: Measure, state: str, change: Mapping[str, Any]) -> Measure:
        values: dict[str, Any] = {k: v for k, v in change.items() if k in _MEASURE}
        values["state"] = state
        if (term := values.pop("term", None)) is not None:
            values |= {"begins_at": term.begins_at, "ends_at": term.ends_at}
        casts = {name: f":{name}" for name in values}
        if "approvals" in values:
            values["approvals"] = _approvals_json(values["approvals"])
            casts["approvals"] = "CAST(:approvals AS jsonb)"
        assignments = ", ".join(f"{name} = {cast}" for name, cast in casts.items())
        row = self._connection.execute(
            text(
                f"UPDATE measure SET {assignments}, revision = revision + 1 WHERE id = :id"
                " AND state = :before_state AND revision = :before_revision RETURNING *"
            ),
            {
                **values,
                "id": before.id,
                "before_state": before.state,
                "before_revision": before.revision,
            },
        ).one_or_none()
        if row is None:
            now = self.get(before.id)
            if now is None:
                raise Uncertain("measure_gone", zh="措施已不在", en="the measure is gone")
            raise MeasureChanged(now)
        return measure_of(row, self._sealer, self._units)

    def over(self, now: datetime, limit: int) -> Sequence[Measure]:
        rows = self._connection.execute(
            text(
                "SELECT * FROM measure WHERE (state = ANY(:forces) AND ends_at <= :now)"
                " OR (state = :proposed AND decide_by <= :now) LIMIT :n FOR UPDATE SKIP LOCKED"
            ),
            {
                "forces": list(states.IN_FORCE),
                "proposed": states.PROPOSED,
                "now": now,
                "n": limit,
            },
        )
        return [measure_of(row, self._sealer, self._units) for row in rows]

    def _one(self, condition: str, **bound: Any) -> Measure | None:
        row = self._connection.execute(
            text(f"SELECT * FROM measure WHERE {condition}"), bound
        ).one_or_none()
        return measure_of(row, self._sealer, self._units) if row else None


class PostgresAppeals:
    """Appeals within one transaction."""

    def __init__(self, connection: Connection, sealer: Sealer, units: Mapping[str, Unit]) -> None:
        self._connection = connection
        self._sealer = sealer
        self._units = units

    def get(self, id: UUID) -> Appeal | None:
        found = self._all("id = :id", id=id)
        return found[0] if found else None

    def of(self, measure: UUID) -> Sequence[Appeal]:
        return self._all("measure_id = :measure ORDER BY filed_at DESC", measure=measure)

    def add(self, new: Appeal, words: AppealWords) -> Appeal:
        sealed = json.dumps(asdict(words), ensure_ascii=False)
        row = self._connection.execute(
            text(
                "INSERT INTO appeal (id, number, state, measure_id, measure_number, sealed,"
                " filed_at, updated_at, due_at, escalates_at, unit,"
                f" {place.COLUMNS}) VALUES (:id, :number, :state, :measure, :measure_number,"
                " :sealed, :at, :at, :due, :escalates, :unit,"
                f" {place.VALUES}) RETURNING *"
            ),
            {
                "id": new.id,
                "number": next_number(self._connection, "SS", new.filed_at),
                "state": new.state,
                "measure": new.measure_id,
                "measure_number": new.measure_number,
                "sealed": self._sealer.seal(sealed, SEALED_APPEAL),
                "at": new.filed_at,
                "due": new.due_at,
                "escalates": new.escalates_at,
                "unit": new.unit.code,
                **place.columns(new.unit),
            },
        ).one()
        return appeal_of(row, self._units)

    def advance(self, before: Appeal, state: str, change: Mapping[str, Any]) -> Appeal:
        values = {k: v for k, v in change.items() if k in _APPEAL} | {"state": state}
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        row = self._connection.execute(
            text(
                f"UPDATE appeal SET {assignments}, revision = revision + 1 WHERE id = :id"
                " AND state = :before_state AND revision = :before_revision RETURNING *"
            ),
            {
                **values,
                "id": before.id,
                "before_state": before.state,
                "before_revision": before.revision,
            },
        ).one_or_none()
        if row is None:
            now = self.get(before.id)
            if now is None:
                raise Uncertain("appeal_gone", zh="申诉已不在", en="the appeal is gone")
            raise MeasureChanged(now)
        return appeal_of(row, self._units)

    def late(self, now: datetime, limit: int) -> Sequence[Appeal]:
        return self._all(
            "escalates_at <= :now ORDER BY escalates_at LIMIT :n FOR UPDATE SKIP LOCKED",
            now=now,
            n=limit,
        )

    def _all(self, condition: str, **bound: Any) -> list[Appeal]:
        rows = self._connection.execute(text(f"SELECT * FROM appeal WHERE {condition}"), bound)
        return [appeal_of(row, self._units) for row in rows]


def next_number(connection: Connection, series: str, at: datetime) -> str:
    """`CS-20261126-00012`: counted by day, without gaps, in the order of the commits."""
    last = connection.execute(
        text(
            "INSERT INTO register_count VALUES (:series, :day, 1) ON CONFLICT (series, day)"
            " DO UPDATE SET last = register_count.last + 1 RETURNING last"
        ),
        {"series": series, "day": at.date()},
    ).scalar_one()
    return f"{series}-{at:%Y%m%d}-{last:05d}"


def target_token(sealer: Sealer, target: Target) -> bytes:
    """What measures against the same thing are found by."""
    return sealer.token(f"measure.{target.kind}", target.key)


def measure_of(row: Any, sealer: Sealer, units: Mapping[str, Unit]) -> Measure:
    """A measure from its row, its target opened."""
    target = json.loads(sealer.open(bytes(row.sealed), SEALED_TARGET))
    remedy = row.remedy
    return Measure(
        id=row.id,
        number=row.number,
        revision=row.revision,
        state=row.state,
        target=Target(
            MeasureKind(row.kind), Reach(row.reach), target["text"], target.get("last", "")
        ),
        effect=Effect(row.effect),
        ground=Ground(
            GroundKind(row.ground_kind), row.ground_ref, row.article, row.ground_zh, row.ground_en
        ),
        area=row.area,
        term=Term(row.begins_at, row.ends_at),
        remedy=Remedy(
            remedy["channel_zh"],
            remedy["channel_en"],
            tuple(remedy["documents_zh"]),
            tuple(remedy["documents_en"]),
        ),
        code=row.code,
        automatic=row.automatic,
        protected=row.protected,
        approvals=tuple(
            Approval(a["by"], a["display"], a["unit"], datetime.fromisoformat(a["at"]))
            for a in row.approvals
        ),
        approvals_needed=row.approvals_needed,
        proposed_by=row.proposed_by,
        proposed_display=row.proposed_display,
        unit=units[row.unit],
        created_at=row.created_at,
        updated_at=row.updated_at,
        decide_by=row.decide_by,
        note=row.note,
    )


def appeal_of(row: Any, units: Mapping[str, Unit]) -> Appeal:
    """An appeal from its row; the words stay sealed."""
    return Appeal(
        id=row.id,
        number=row.number,
        revision=row.revision,
        state=row.state,
        measure_id=row.measure_id,
        measure_number=row.measure_number,
        filed_at=row.filed_at,
        updated_at=row.updated_at,
        due_at=row.due_at,
        escalates_at=row.escalates_at,
        checked_by=row.checked_by,
        decided_by=row.decided_by,
        decided_display=row.decided_display,
        reasons=row.reasons,
        note=row.note,
        unit=units[row.unit],
    )


def _target_json(target: Target) -> str:
    return json.dumps({"text": target.text, "last": target.last}, ensure_ascii=False)


def _approvals_json(approvals: Sequence[Approval]) -> str:
    return json.dumps(
        [{"by": a.by, "display": a.display, "unit": a.unit, "at": a.at.isoformat()}
         for a in approvals],
        ensure_ascii=False,
    )  # fmt: skip


_INSERT = f"""
INSERT INTO measure (id, number, state, kind, reach, target_token, target_mask, sealed, effect,
  ground_kind, ground_ref, article, ground_zh, ground_en, area, begins_at, ends_at, remedy, code,
  automatic, protected, approvals, approvals_needed, proposed_by, proposed_display, unit,
  created_at, updated_at, decide_by, {place.COLUMNS})
VALUES (:id, :number, :state, :kind, :reach, :token, :mask, :sealed, :effect, :ground_kind,
  :ground_ref, :article, :ground_zh, :ground_en, :area, :begins_at, :ends_at,
  CAST(:remedy AS jsonb), :code, :automatic, :protected, CAST(:approvals AS jsonb), :needed, :by,
  :display, :unit, :created_at, :created_at, :decide_by, {place.VALUES})
RETURNING *
"""
