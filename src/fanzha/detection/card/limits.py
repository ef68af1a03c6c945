"""The numbers of the law that cards and accounts are held against (`card-v1-limits.yaml`)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts of cards and accounts a person may hold; hours, minutes and days as named."""

    cards_per_operator: int
    class1_per_bank: int
    debit_cards_per_bank: int
    reverify_hours: int
    batch_minutes: int
    run_step: int
    silent_days: int
