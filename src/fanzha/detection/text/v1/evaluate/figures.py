"""What measuring text v1 gives: rates, and mistakes described without a quote."""

from __future__ import annotations

from dataclasses import dataclass

from fanzha.detection.rate import Rate

__all__ = ["Figures", "LabelShare", "Mistake"]


@dataclass(frozen=True, slots=True)
class LabelShare:
    """How many texts of one label are findings, and how many are grey trade."""

    label: str
    found: Rate
    grey: Rate


@dataclass(frozen=True, slots=True)
class Mistake:
    """One text on the wrong side, described and never quoted."""

    label: str
    false_alarm: bool
    score: float
    length: int
    """Characters of its normal form."""
    steps: tuple[str, ...]
    """Codes of the steps that held, in either direction."""
    wording: float
    """The grams' share of the log-odds."""
    likely: str
    """Why, as far as the evidence tells."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out on one set, or the half of it that was kept back."""

    name: str
    meaning: str
    real: str
    half: str
    texts: int
    precision: Rate
    recall: Rate
    false_alarms: Rate
    """Findings among the texts that are not fraud by their label."""
    labels: tuple[LabelShare, ...]
    worst: tuple[Mistake, ...]
