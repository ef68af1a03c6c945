"""What a channel read in one batch: rows with their features, and the findings among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from fanzha.detection.finding import Finding

__all__ = ["Reading"]


@dataclass(frozen=True, eq=False)
class Reading:
    """One batch of one stream after its channel has seen it."""

    stream: str
    frame: pl.DataFrame
    """Received columns and features, one row an event, in arrival order."""
    findings: tuple[tuple[int, Finding], ...] = ()
    """(row, finding), rows ascending."""
    late: int = 0
    """Rows too old to be counted in the windows."""
    stages: Mapping[str, int] = field(default_factory=dict)
    """Of texts: how many each stage decided, by its code."""
