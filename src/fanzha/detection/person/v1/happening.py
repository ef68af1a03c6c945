"""One event as it concerns one person, and how it enters the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fanzha.detection.finding import Finding, SubjectKind
from fanzha.detection.person.risk import Context, EventRef, Flow
from fanzha.detection.person.v1.episode import Episode
from fanzha.values.mask import mask_value

__all__ = ["Happening", "why", "write"]


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as it concerns one person."""

    stream: str
    row: Mapping[str, Any]
    key: int
    """Which of the event's parties the person is."""
    suspicion: float
    """How suspected the other side is, by any channel; 0 when it is not."""
    finding: Finding | None
    over: bool = False
    """Of a call's answer: that talk had ended before the row came."""

    @property
    def at(self) -> int:
        return int(self.row["at"])

    @property
    def ref(self) -> EventRef:
        return EventRef(self.stream, self.row["source"], self.row["event_id"])


def why(finding: Finding) -> tuple[str, str]:
    """A finding's two weightiest reasons as one clause."""
    top = [reason for reason in finding.reasons[:2] if reason.part > 0]
    return "、".join(r.zh for r in top), ", ".join(r.en for r in top)


def write(
    episode: Episode,
    it: Happening,
    lane: Flow,
    zh: str,
    en: str,
    kind: SubjectKind,
    value: str | None,
    *,
    emphasis: bool = True,
) -> None:
    """Timeline entry of an event, with the other side's mask after the words."""
    shown = "" if value is None else f" {mask_value(kind.value, value)}"
    episode.tell(
        Context(lane, it.at, None, False, emphasis, zh + shown, en + shown, it.ref, kind, value)
    )
