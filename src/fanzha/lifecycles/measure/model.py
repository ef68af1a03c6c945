"""A measure and an appeal as they are kept. A measure without ground, term or remedy is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Unit
from fanzha.lifecycles.measure.target import Target

__all__ = ["Appeal", "Approval", "Effect", "Ground", "GroundKind", "Measure", "Remedy", "Term"]


class Effect(StrEnum):
    """What is done. Which are open to a kind stands in the policy."""

    LABEL = "label"
    WARN = "warn"
    REFUSE = "refuse"
    NOTICE = "notice"


class GroundKind(StrEnum):
    """Where the ground comes from."""

    FINDING = "finding"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Ground:
    """Why: a finding (its id) or an order (document number), the article, and words for whom it
    concerns. Refused when any of it is missing."""

    kind: GroundKind
    ref: str
    article: str
    zh: str
    en: str

    def __post_init__(self) -> None:
        for name in ("ref", "article", "zh", "en"):
            if not getattr(self, name).strip():
                raise _lacking(f"ground.{name}", "依据", "its ground")


@dataclass(frozen=True, slots=True)
class Term:
    """From when until when. Refused without an end that lies after its beginning."""

    begins_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if self.ends_at <= self.begins_at:
            raise _lacking("term", "期限", "an end after its beginning")


@dataclass(frozen=True, slots=True)
class Remedy:
    """How whom it concerns gets out: where to turn, and which documents to bring."""

    channel_zh: str
    channel_en: str
    documents_zh: tuple[str, ...]
    documents_en: tuple[str, ...]

    def __post_init__(self) -> None:
        if not (self.channel_zh.strip() and self.channel_en.strip()):
            raise _lacking("remedy.channel", "救济渠道", "a remedy channel")
        if not self.documents_zh or len(self.documents_zh) != len(self.documents_en):
            raise _lacking("remedy.documents", "所需材料", "the documents needed")


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody has signed."""

    by: str
    display: str
    unit: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the register. `revision` counts its changes and guards them."""

    id: UUID
    number: str
    """`CS-20261126-00012`: what people call it."""
    revision: int
    state: str
    target: Target
    effect: Effect
    ground: Ground
    area: str
    """Where it holds: the code of a unit, `86` for everywhere."""
    term: Term
    remedy: Remedy
    code: int
    """What the affected party appeals with."""
    automatic: bool
    """Taken by the machine: provisional until a person confirms it."""
    protected: bool
    """It touches the protected list, and needs two approvals."""
    approvals: tuple[Approval, ...]
    approvals_needed: int
    proposed_by: str
    proposed_display: str
    unit: Unit
    created_at: datetime
    updated_at: datetime
    decide_by: datetime | None
    """Of a proposal: when it lapses without an approval."""
    note: str = ""
    """Why it was last declined, extended or lifted."""

    def __post_init__(self) -> None:
        if not self.area:
            raise _lacking("area", "范围", "where it holds")

    def signed_by(self, who: str) -> bool:
        """Whether somebody proposed or approved it: they do not decide about it again."""
        return who == self.proposed_by or any(a.by == who for a in self.approvals)


@dataclass(frozen=True, slots=True)
class Appeal:
    """What the affected party says against a measure. The words themselves are sealed."""

    id: UUID
    number: str
    revision: int
    state: str
    measure_id: UUID
    measure_number: str
    filed_at: datetime
    updated_at: datetime
    due_at: datetime | None
    """The running clock: to accept, then to decide."""
    escalates_at: datetime | None
    checked_by: str | None
    decided_by: str | None
    decided_display: str | None
    reasons: str
    """Why it was decided so: told to the party."""
    note: str
    """What the check found: for the file."""
    unit: Unit


def _lacking(field: str, zh: str, en: str) -> Refused:
    return Refused(
        "measure_incomplete",
        zh=f"没有{zh}，措施不能成立",
        en=f"a measure cannot be without {en}",
        field=field,
    )
