"""Builds a finding from one weighed row; the only place where rows become findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fanzha.detection.arrays import instants
from fanzha.detection.finding import Finding, Reason, Related, Role, SubjectKind
from fanzha.detection.signals import Scored

__all__ = ["about", "clause"]


def about(
    scored: Scored,
    row: int,
    *,
    stream: str,
    role: Role,
    kind: SubjectKind,
    subject: str,
    related: tuple[Related, ...] = (),
    words: Mapping[str, Any] | None = None,
    scam_type: str | None = None,
    amount_fen: int | None = None,
) -> Finding:
    """What this row says about this subject. `scam_type` is used where no signal names one."""
    values = scored.row(row)
    return Finding(
        detector=scored.signals.detector,
        at=int(instants(scored.frame)[row]),
        stream=stream,
        event_ids=(values["event_id"],),
        source=values["source"],
        subject_kind=kind,
        subject=subject,
        role=role,
        scam_type=scored.scam_type(row) or scam_type,
        stage=scored.stage(row),
        score=float(scored.score[row]),
        reasons=scored.reasons(row, words),
        related=related,
        missing=scored.missing(row),
        amount_fen=amount_fen,
    )


def clause(reasons: Sequence[Reason]) -> tuple[str, str]:
    """The two weightiest reasons as one clause in both languages."""
    top = reasons[:2]
    return "、".join(r.zh for r in top), ", ".join(r.en for r in top)
