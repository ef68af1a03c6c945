"""What is compared: the scams that really were, and the warnings that came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

GRADES = ("critical", "high", "medium", "low")
"""Gravest first."""


@dataclass(frozen=True, slots=True)
class Scam:
    """One attempt on one resident. Instants are ms UTC, money is fen."""

    incident: int
    scam_type: str
    victim: str
    engaged: bool
    """The victim went along further than being contacted."""
    payments: tuple[tuple[int, int], ...] = ()
    """(instant, fen) of what the victim lost, in order."""

    @property
    def loss(self) -> int:
        return sum(fen for _, fen in self.payments)


@dataclass(frozen=True, slots=True)
class Mention:
    """A warning as it stood when an event touched it, and the events it rested on."""

    at: int
    grade: str
    scam_type: str | None
    events: frozenset[int]


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning: whom it is about, and its mentions in order of time; the first issued it.

    `person` is a token, or a number or account in normal form.
    """

    person: str
    mentions: tuple[Mention, ...]

    @property
    def grade(self) -> str:
        """The gravest it came to."""
        return GRADES[min(GRADES.index(mention.grade) for mention in self.mentions)]

    @property
    def scam_type(self) -> str | None:
        """The last that was said."""
        return next((m.scam_type for m in reversed(self.mentions) if m.scam_type), None)


@dataclass(frozen=True, slots=True)
class Truth:
    """All attempts, and how large the examination was."""

    scams: tuple[Scam, ...]
    incident_of: Mapping[int, int]
    """Event → the attempt it is part of."""
    person_of: Mapping[str, str]
    """Number, account or token → the resident it belongs to."""
    residents: int
    days: float


def truth_of(
    told: Mapping[str, pa.Table], transfers: pa.Table, residents: int, days: float
) -> Truth:
    """From the truth tables of a city and its `transfer` stream."""
    payments = _payments(_originals(told), transfers)
    scams = []
    for row in told["truth_incident"].to_pylist():
        paid = tuple(payments.get(row["incident_id"], ()))
        engaged = bool(paid) or len(row["stages"]) > 1
        scams.append(
            Scam(
                incident=row["incident_id"],
                scam_type=row["scam_type"],
                victim=row["victim"],
                engaged=engaged,
                payments=paid,
            )
        )
    alias = told["truth_alias"]
    known = dict(zip(alias["value"].to_pylist(), alias["person"].to_pylist(), strict=True))
    events = told["truth_event"].filter(pc.is_valid(told["truth_event"]["incident_id"]))
    part = dict(zip(events["event_id"].to_pylist(), events["incident_id"].to_pylist(), strict=True))
    return Truth(tuple(scams), part, known, residents, days)


def _originals(told: Mapping[str, pa.Table]) -> pa.Table:
    """Events without those that only tell of another one again."""
    events = told["truth_event"]
    if "truth_copy" not in told:
        return events
    copies = pc.is_in(events["event_id"], told["truth_copy"]["event_id"].combine_chunks())
    return events.filter(pc.invert(copies))


def _payments(events: pa.Table, transfers: pa.Table) -> dict[int, list[tuple[int, int]]]:
    """Booked payments of victims, by incident, in order of time."""
    paid = events.filter(pc.equal(events["role"], "payment")).select(["event_id", "incident_id"])
    booked = transfers.filter(pc.equal(transfers["status"], "booked"))
    rows = paid.join(booked.select(["event_id", "at", "amount_fen"]), "event_id", join_type="inner")
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    # A payment that was sent again under its own id was lost once.
    rows = rows.group_by(["event_id", "incident_id", "amount_fen"]).aggregate([("at", "min")])
    rows = rows.rename_columns(["event_id", "incident_id", "amount_fen", "at"])
    for row in rows.sort_by([("at", "ascending"), ("event_id", "ascending")]).to_pylist():
        found[row["incident_id"]].append((_ms(row["at"]), row["amount_fen"]))
    return found


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
