"""A finding: what one or more events may mean, for whom, with reasons that add up to its score."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass

from fanzha.values.stage import Stage

__all__ = ["Finding", "Reason", "Related", "Role", "Stage", "SubjectKind"]


class SubjectKind(enum.StrEnum):
    """What a finding is about."""

    NUMBER = "number"
    ACCOUNT = "account"
    PERSON = "person"
    DNS_NAME = "dns_name"
    APP = "app"


class Role(enum.StrEnum):
    """On which side of the scam the subject stands, as far as the detector can say."""

    SUSPECT = "suspect"
    AT_RISK = "at_risk"


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score, in words of both languages. Identifiers in the words are masked."""

    code: str
    zh: str
    en: str
    part: float
    """This reason's share of the score; the parts of a finding add up to its score."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another thing the finding names: the calling number, the account paid, the name visited."""

    kind: SubjectKind
    value: str
    """Normal form."""
    role: Role


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector says about one subject because of one event.

    `score` is in [0, 1). `at` is stream time, ms UTC. `subject` is a normal form of `values`.
    """

    detector: str
    """Channel and version, e.g. `call/v1`."""
    at: int
    stream: str
    event_ids: tuple[int, ...]
    """The event that set it off first, then those it builds on."""
    source: str
    """Sender of the first event; `(source, event_ids[0])` is that event."""
    subject_kind: SubjectKind
    subject: str
    role: Role
    scam_type: str | None
    """Type (`GJF01`) or main class (`GJF`) of `policies/taxonomy.yaml`; None when it cannot say."""
    stage: Stage
    score: float
    reasons: tuple[Reason, ...]
    related: tuple[Related, ...] = ()
    missing: tuple[str, ...] = ()
    """Columns that were absent or null and would have been looked at."""
    amount_fen: int | None = None

    @property
    def id(self) -> str:
        """Repeatable: the same event seen again by the same detector gives the same id."""
        event = f"{self.stream}|{self.source}|{self.event_ids[0]}"
        text = f"{self.detector}|{event}|{self.subject_kind}|{self.subject}"
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
