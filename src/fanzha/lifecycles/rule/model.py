"""A version of a rule as it is kept, its rehearsals, mutes and labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

__all__ = ["Hands", "Label", "Rehearsal", "RehearsalState", "RuleVersion", "Snooze", "Verdict"]


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version. `revision` counts its changes and guards them; `text` is the rule as written."""

    rule: str
    version: int
    revision: int
    state: str
    channel: str
    text: Mapping[str, Any]
    """`fanzha.detection.rules.rule.RuleText.plain()`."""
    replaces: int | None
    """The version that was live when this one was drafted; from its publication on, the one whose
    place it took: roll-back leads there."""
    author: str
    author_display: str
    submitted_by: str | None
    submitted_display: str | None
    published_by: str | None
    published_display: str | None
    created_at: datetime
    updated_at: datetime
    shadow_since: datetime | None
    live_since: datetime | None
    note: str = ""
    """Why it was last sent back, rolled back or retired."""

    @property
    def ref(self) -> str:
        return f"{self.rule}@{self.version}"


@dataclass(frozen=True, slots=True)
class Hands:
    """Who, by id, ever submitted a version, sent back or not, and who judged cases of it."""

    submitted: frozenset[str]
    judged: frozenset[str]


class RehearsalState(StrEnum):
    """How far a replay over history has come."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A replay of a draft over history, beside the version that is live."""

    id: UUID
    rule: str
    version: int
    against: int | None
    state: RehearsalState
    done_share: float
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None
    source: str
    """`log`, or what files were read."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """`usecases.workshop.compare.Comparison.plain()`; empty until it is done."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """A rule that is quiet for one subject, in one area, or for all, until an instant."""

    id: UUID
    rule: str
    key: int | None
    mask: str
    """The subject as screens show it; empty where it is none."""
    area: str | None
    until: datetime
    note: str
    by: str
    at: datetime
    ended_at: datetime | None = None


class Verdict(StrEnum):
    """What a finding, a case or a drawn row turned out to be."""

    FRAUD = "fraud"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Label:
    """What somebody found out. `share` is how likely it was to be looked at: 1 for a warning that
    was worked, the drawn share for a row looked at whatever its score."""

    about: str
    """A finding's id, `look:<id>` or `sample:<rehearsal>:<n>`."""
    token: bytes
    verdict: Verdict
    source: str
    """`outcome`, `look` or `sample`."""
    share: float
    by: str
    at: datetime
