"""Intervals of measured shares: Wilson's, as published."""

from __future__ import annotations

import pytest

from fanzha.detection.rate import Rate, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (8, 10, 0.4902, 0.9433),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (1, 29, 0.0061, 0.1718),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_as_published(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == Rate(hits, of).interval
    assert wilson(hits, of) == pytest.approx((low, high), abs=1e-4)
