"""Builds a finding from one weighed row; the only place where rows become findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.finding import Finding, Reason, Related, Role, SubjectKind
from fanzha.detection.signals import Scored

__all__ = ["about", "clause", "known"]


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
    values = scored.frame.select("event_id", "source", pl.col("at").to_physical()).row(row)
    event_id, source, at = values
    return Finding(
        detector=scored.signals.detector,
        at=at,
        stream=stream,
        event_ids=(event_id,),
        source=source,
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


def known(name: str, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_]) -> pl.Series:
    """A feature column that is null where its source columns are."""
    return pl.Series(name, values.astype(np.float64)).set(pl.Series(~mask), None)
