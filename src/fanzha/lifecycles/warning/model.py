"""A fraud warning as the desk sees it, and what is needed to issue one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from fanzha.lifecycles.actor import Unit
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.values.stage import Stage


@dataclass(frozen=True, slots=True)
class Person:
    """The person a warning is about. Plain here; sealed and masked by whatever stores it."""

    token: str
    """What identifies the person in the streams: a registry token, else a number or account."""
    number: str | None
    """Where the person can be called: E.164 normal form."""
    name: str | None = None
    account: str | None = None
    sex: str | None = None
    birth_year: int | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    """The person as every screen shows them: masked."""

    name_mask: str
    number_mask: str
    sex: str | None
    birth_year: int | None


@dataclass(frozen=True, slots=True)
class Part:
    """One reason of a warning's score, with the detector it came from."""

    code: str
    zh: str
    en: str
    part: float
    detector: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One entry of the three-flow timeline. Words are masked; `value` is sealed when stored.

    The same `ref` (the event it shows) comes again when it has changed, and replaces the entry.
    """

    ref: str
    lane: str
    at: datetime
    zh: str
    en: str
    until: datetime | None = None
    live: bool = False
    emphasis: bool = False
    object_kind: str | None = None
    object_mask: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of the danger: changes with each finding."""

    score: float
    stage: Stage
    live: bool
    scam_type: str | None
    amount_fen: int | None
    fact_zh: str
    fact_en: str
    sources: tuple[str, ...]
    reasons: tuple[Part, ...]
    missing: tuple[str, ...]
    event_at: datetime
    evidence: tuple[Evidence, ...] = ()
    finding_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """A running term: which clock, since when, until when.

    `escalates_at` is when a delay is next reported one tier higher: first when the term ends, then
    at intervals, until the policy's number of reports is reached (None). The term itself stays, so
    that what is late shows as late.
    """

    name: str
    started_at: datetime
    due_at: datetime
    escalates_at: datetime | None


@dataclass(frozen=True, slots=True)
class Before:
    """How a warning stood before its last step, and when that was: what taking it back gives."""

    at: datetime
    state: str
    grade: WarningGrade
    clock: Clock | None
    escalated: int
    missed_contacts: int
    outcome: str | None


@dataclass(frozen=True, slots=True)
class NewWarning:
    """Everything needed to issue a warning. Its id follows from person and episode."""

    id: UUID
    person: Person
    episode: str
    case: Case
    grade: WarningGrade
    basis_zh: str
    basis_en: str
    unit: Unit
    state: str
    clock: Clock
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class FraudWarning:
    """A stored warning, without anything sealed."""

    id: UUID
    number: str
    version: int
    state: str
    grade: WarningGrade
    case: Case
    basis_zh: str
    basis_en: str
    person: PersonView
    person_token: bytes
    episode: str
    clock: Clock | None
    escalated: int
    owner_id: UUID | None
    owner_display: str | None
    locked_until: datetime | None
    missed_contacts: int
    outcome: str | None
    before: Before | None
    """Kept only while the last step can be taken back."""
    issued_at: datetime
    pushed_at: datetime
    """When it was last put before a unit: the sign clock counts from here."""
    updated_at: datetime
    unit: Unit


@dataclass(frozen=True, slots=True)
class Change:
    """What a verb changes besides the state. A field left at KEEP stays as it is."""

    set: dict[str, Any] = field(default_factory=dict)
    unit: Unit | None = None
    evidence: tuple[Evidence, ...] = ()
