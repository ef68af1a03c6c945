"""Warnings in PostgreSQL: one statement adds, one statement advances; persons are sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from fanzha.adapters.postgres import counters, place
from fanzha.adapters.postgres.database import set_scope
from fanzha.errors import Uncertain
from fanzha.lifecycles.actor import NATION, Scope, Unit
from fanzha.lifecycles.warning import states
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.model import (
    Before,
    Case,
    Change,
    Clock,
    Evidence,
    FraudWarning,
    NewWarning,
    Part,
    Person,
    PersonView,
)
from fanzha.ports.sealer import Sealer
from fanzha.ports.warning_book import StateChanged
from fanzha.values.mask import mask_account, mask_name, mask_number
from fanzha.values.stage import Stage

SEALED_PERSON = "warning.sealed"
SEALED_EVIDENCE = "evidence.sealed"
_FOLLOWING = ("finding", "evidence", "message", "note", "stop_request")


class PostgresWarnings:
    """The book of warnings within one transaction and scope."""

    def __init__(
        self, connection: Connection, sealer: Sealer, scope: Scope, units: Mapping[str, Unit]
    ) -> None:
        self._connection = connection
        self._sealer = sealer
        self._scope = scope
        self._units = units

    def of_episode(self, person: str, episode: str) -> FraudWarning | None:
        return self._one(
            "person_token = :token AND episode = :episode",
            {"token": self._sealer.token("person", person), "episode": episode},
        )

    def get(self, id: UUID) -> FraudWarning | None:
        return self._one("id = :id", {"id": id})

    def _one(self, condition: str, bound: dict[str, Any]) -> FraudWarning | None:
        row = self._connection.execute(
            text(f"SELECT * FROM warning WHERE {condition} AND {place.where(self._scope)}"),
            {**bound, **place.bind(self._scope)},
        ).one_or_none()
        return warning_of(row, self._units) if row else None

    def add(self, new: NewWarning) -> FraudWarning:
        row = self._connection.execute(
            text(_INSERT),
            {
                "id": new.id,
                "number": self._next_number(new.issued_at),
                "state": new.state,
                "grade": int(new.grade),
                "basis_zh": new.basis_zh,
                "basis_en": new.basis_en,
                "token": self._sealer.token("person", new.person.token),
                "episode": new.episode,
                "sealed": self._sealer.seal(_person_json(new.person), SEALED_PERSON),
                "name_mask": mask_name(new.person.name) if new.person.name else "",
                "number_mask": _person_mask(new.person),
                "sex": new.person.sex,
                "birth_year": new.person.birth_year,
                **_clock(new.clock),
                "at": new.issued_at,
                "unit": new.unit.code,
                **place.columns(new.unit),
                **_case(new.case),
            },
        ).one()
        self._add_evidence(new.id, new.case.evidence, new.unit)
        counters.add(self._connection, "warnings", {new.grade.code: 1})
        self._notify(new.id)
        return warning_of(row, self._units)

    def advance(self, before: FraudWarning, state: str, change: Change) -> FraudWarning:
        values = _columns(change)
        unit = change.unit or before.unit
        if change.unit is not None:
            values |= {"unit": unit.code, **place.columns(unit)}
        values["state"] = state
        values["open"] = not states.WARNING.state(state).final
        values.setdefault("updated_at", _updated_at(change, before))
        if change.unit is not None:
            # The row leaves this scope: allowed by the use case, written past the net.
            set_scope(self._connection, NATION)
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        row = self._connection.execute(
            text(
                f"UPDATE warning SET {assignments}, version = version + 1 WHERE id = :id"
                f" AND state = :before_state AND version = :before_version RETURNING *"
            ),
            {
                **values,
                "id": before.id,
                "before_state": before.state,
                "before_version": before.version,
            },
        ).one_or_none()
        if row is None:
            now = self.get(before.id)
            if now is None:
                raise Uncertain("warning_gone", zh="预警已不在", en="the warning is gone")
            raise StateChanged(now)
        if change.unit is not None:
            self._move(before.id, unit)
            set_scope(self._connection, self._scope)
        self._add_evidence(before.id, change.evidence, unit)
        self._notify(before.id, left=before.unit if change.unit is not None else None)
        return warning_of(row, self._units)

    def load(self, units: Sequence[Unit]) -> dict[str, int]:
        rows = self._connection.execute(
            text(
                "SELECT unit, count(*) AS n FROM warning WHERE open AND unit = ANY(:units)"
                " GROUP BY unit"
            ),
            {"units": [u.code for u in units]},
        )
        return {r.unit: r.n for r in rows}

    def _move(self, id: UUID, unit: Unit) -> None:
        """What belongs to a warning goes with it, so that nobody keeps a stale view."""
        sets = ", ".join(f"{c} = :{c}" for c in place.columns(unit))
        for table in _FOLLOWING:
            self._connection.execute(
                text(f"UPDATE {table} SET {sets} WHERE warning_id = :id"),
                {"id": id, **place.columns(unit)},
            )

    def _add_evidence(self, id: UUID, entries: Sequence[Evidence], unit: Unit) -> None:
        """The timeline as it now stands; a span that has ended replaces the one that was live."""
        if not entries:
            return
        self._connection.execute(
            text(_INSERT_EVIDENCE),
            [
                {
                    "id": id,
                    "ref": e.ref,
                    "lane": e.lane,
                    "entry_at": e.at,
                    "until": e.until,
                    "live": e.live,
                    "emphasis": e.emphasis,
                    "zh": e.zh,
                    "en": e.en,
                    "kind": e.object_kind,
                    "mask": e.object_mask,
                    "sealed": self._sealer.seal(e.value, SEALED_EVIDENCE) if e.value else None,
                    **place.columns(unit),
                }
                for e in entries
            ],
        )

    def _next_number(self, at: datetime) -> str:
        last = self._connection.execute(
            text(
                "INSERT INTO day_count AS d (day, last) VALUES (:day, 1)"
                " ON CONFLICT (day) DO UPDATE SET last = d.last + 1 RETURNING last"
            ),
            {"day": at.date()},
        ).scalar_one()
        return f"YJ-{at:%Y%m%d}-{last:05d}"

    def _notify(self, id: UUID, left: Unit | None = None) -> None:
        """Tell that it changed and, where it went to another unit, which had it: nobody else
        needs to hear that it is gone."""
        said = f"{id} {left.code}" if left else str(id)
        self._connection.execute(text("SELECT pg_notify('warning', :said)"), {"said": said})


def warning_of(row: Any, units: Mapping[str, Unit]) -> FraudWarning:
    """A stored warning from its row."""
    return FraudWarning(
        id=row.id,
        number=row.number,
        version=row.version,
        state=row.state,
        grade=WarningGrade(row.grade),
        case=Case(
            score=row.score,
            stage=Stage(row.stage),
            live=row.live,
            scam_type=row.scam_type,
            amount_fen=row.amount_fen,
            fact_zh=row.fact_zh,
            fact_en=row.fact_en,
            sources=tuple(row.sources),
            reasons=tuple(Part(**r) for r in row.reasons),
            missing=tuple(row.missing),
            event_at=row.event_at,
        ),
        basis_zh=row.basis_zh,
        basis_en=row.basis_en,
        person=PersonView(row.name_mask, row.number_mask, row.sex, row.birth_year),
        person_token=bytes(row.person_token),
        episode=row.episode,
        clock=_clock_of(row),
        escalated=row.escalated,
        owner_id=row.owner_id,
        owner_display=row.owner_display,
        locked_until=row.locked_until,
        missed_contacts=row.missed_contacts,
        outcome=row.outcome,
        before=_before_of(row.before),
        issued_at=row.issued_at,
        pushed_at=row.pushed_at,
        updated_at=row.updated_at,
        unit=units[row.unit],
    )


def _person_json(person: Person) -> str:
    return json.dumps(
        {
            "token": person.token,
            "number": person.number,
            "name": person.name,
            "account": person.account,
        },
        ensure_ascii=False,
    )


def _person_mask(person: Person) -> str:
    if person.number:
        return mask_number(person.number)
    return mask_account(person.account) if person.account else ""


def _case(case: Case) -> dict[str, Any]:
    return {
        "score": case.score,
        "stage": case.stage.value,
        "live": case.live,
        "scam_type": case.scam_type,
        "amount_fen": case.amount_fen,
        "fact_zh": case.fact_zh,
        "fact_en": case.fact_en,
        "sources": list(case.sources),
        "reasons": json.dumps(
            [
                {"code": p.code, "zh": p.zh, "en": p.en, "part": p.part, "detector": p.detector}
                for p in case.reasons
            ],
            ensure_ascii=False,
        ),
        "missing": list(case.missing),
        "event_at": case.event_at,
    }


def _clock(clock: Clock | None) -> dict[str, Any]:
    if clock is None:
        return {
            "clock": None,
            "clock_started_at": None,
            "clock_due_at": None,
            "escalates_at": None,
        }
    return {
        "clock": clock.name,
        "clock_started_at": clock.started_at,
        "clock_due_at": clock.due_at,
        "escalates_at": clock.escalates_at,
    }


def _clock_of(row: Any) -> Clock | None:
    if row.clock is None:
        return None
    return Clock(row.clock, row.clock_started_at, row.clock_due_at, row.escalates_at)


def _before(before: Before | None) -> str | None:
    if before is None:
        return None
    clock = {
        k: v.isoformat() if isinstance(v, datetime) else v for k, v in _clock(before.clock).items()
    }
    return json.dumps(
        {
            "at": before.at.isoformat(),
            "state": before.state,
            "grade": int(before.grade),
            **clock,
            "escalated": before.escalated,
            "missed_contacts": before.missed_contacts,
            "outcome": before.outcome,
        }
    )


def _before_of(kept: dict[str, Any] | None) -> Before | None:
    if kept is None:
        return None
    clock = None
    if kept["clock"] is not None:
        again = kept["escalates_at"]
        clock = Clock(
            kept["clock"],
            datetime.fromisoformat(kept["clock_started_at"]),
            datetime.fromisoformat(kept["clock_due_at"]),
            datetime.fromisoformat(again) if again else None,
        )
    return Before(
        at=datetime.fromisoformat(kept["at"]),
        state=kept["state"],
        grade=WarningGrade(kept["grade"]),
        clock=clock,
        escalated=kept["escalated"],
        missed_contacts=kept["missed_contacts"],
        outcome=kept["outcome"],
    )


def _columns(change: Change) -> dict[str, Any]:
    """The columns that a change sets."""
    values: dict[str, Any] = {}
    for name, value in change.set.items():
        if name == "case":
            values |= _case(value)
        elif name == "clock":
            values |= _clock(value)
        elif name == "grade":
            values["grade"] = int(value)
        elif name == "before":
            values["before"] = _before(value)
        else:
            values[name] = value
    return values


def _updated_at(change: Change, before: FraudWarning) -> datetime:
    case: Case | None = change.set.get("case")
    return max(before.updated_at, case.event_at) if case else before.updated_at


_CASE_COLUMNS = (
    "score, stage, live, scam_type, amount_fen, fact_zh, fact_en, sources, reasons, missing,"
    " event_at"
)
_INSERT = f"""
INSERT INTO warning (id, number, state, open, grade, basis_zh, basis_en, person_token, episode,
  sealed, name_mask, number_mask, sex, birth_year, clock, clock_started_at, clock_due_at,
  escalates_at, issued_at, pushed_at, updated_at, unit, {place.COLUMNS}, {_CASE_COLUMNS})
VALUES (:id, :number, :state, true, :grade, :basis_zh, :basis_en, :token, :episode,
  :sealed, :name_mask, :number_mask, :sex, :birth_year, :clock, :clock_started_at, :clock_due_at,
  :escalates_at, :at, :at, :at, :unit, {place.VALUES}, :score, :stage, :live, :scam_type,
  :amount_fen, :fact_zh, :fact_en, :sources, CAST(:reasons AS jsonb), :missing, :event_at)
RETURNING *
"""
_INSERT_EVIDENCE = f"""
INSERT INTO evidence (warning_id, ref, lane, at, until, live, emphasis, zh, en, object_kind,
  object_mask, sealed, {place.COLUMNS})
VALUES (:id, :ref, :lane, :entry_at, :until, :live, :emphasis, :zh, :en, :kind, :mask, :sealed,
  {place.VALUES})
ON CONFLICT (warning_id, ref) DO UPDATE SET lane = excluded.lane, at = excluded.at,
  until = excluded.until, live = excluded.live, emphasis = excluded.emphasis, zh = excluded.zh,
  en = excluded.en, object_kind = excluded.object_kind, object_mask = excluded.object_mask,
  sealed = excluded.sealed
"""
