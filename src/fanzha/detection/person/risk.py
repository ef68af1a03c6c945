"""A risk: what all findings about one person mean together, now."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fanzha.detection.finding import Reason, Stage, SubjectKind

__all__ = ["Context", "EventRef", "Flow", "Risk"]


class Flow(enum.StrEnum):
    """The three flows of a case (三流): communication, network, money."""

    CALL = "call"
    NETWORK = "network"
    MONEY = "money"


@dataclass(frozen=True, slots=True, order=True)
class EventRef:
    """One received event: `(source, event_id)` is unique within its stream."""

    stream: str
    source: str
    event_id: int


@dataclass(frozen=True, slots=True)
class Context:
    """One entry of the three-flow timeline. Words are masked; `value` is not and must be sealed.

    The same `ref` may come again in a later risk, changed (a call that has ended): it replaces.
    """

    lane: Flow
    at: int
    """Stream time, ms UTC."""
    until: int | None
    live: bool
    """It began and has not ended."""
    emphasis: bool
    zh: str
    en: str
    ref: EventRef
    kind: SubjectKind | None = None
    value: str | None = None
    """Normal form of the other side: the number, the account, the name."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One person in danger, as far as this event shows.

    `score` is in [0, 1) and the parts of `reasons` add up to it. A person has one `episode` at
    a time; all risks of an episode belong to one warning.
    """

    detector: str
    person: str
    """Registry token; else the number or account in normal form."""
    number: str | None
    account: str | None
    district: str | None
    birth_year: int | None
    episode: str
    at: int
    score: float
    stage: Stage
    live: bool
    """A suspected call is going on, or a screen is shared, right now."""
    scam_type: str | None
    reasons: tuple[Reason, ...]
    sources: tuple[str, ...]
    """Streams that carry it, sorted."""
    finding_ids: tuple[str, ...]
    events: tuple[EventRef, ...]
    """What carries it, oldest first; the last is the event that set it off."""
    context: tuple[Context, ...]
    """Entries new or changed since the episode's last risk, oldest first."""
    amount_fen: int | None
    """Paid in this episode to payees never paid before; None when nothing was paid."""
    missing: tuple[str, ...]
    sequence: int
    """1 for the episode's first risk, then 2, 3…"""
