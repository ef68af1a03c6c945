"""Whether labels have anything to do with their texts, or with the texts of the row beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.ranking import area
from fanzha.detection.text.cascade.grams.fit import gram_rows, idf, margin_fit
from fanzha.detection.text.cascade.grams.vectors import normed
from fanzha.detection.text.v1.ngrams import window_grams
from fanzha.detection.text.v1.normal import Normaliser

__all__ = ["Doubt", "doubt"]

_BITS = 15
_ROWS = 3_000
_LEAST = 20
"""Texts of either side that are needed to tell."""
_CHANCE, _BETTER = 0.6, 0.15


@dataclass(frozen=True, slots=True)
class Doubt:
    """AUC of a small linear model, cross-validated in two halves, on the labels as they stand and
    on those of the row before and after."""

    as_they_stand: float
    of_row_before: float
    of_row_after: float

    @property
    def no_better_than_chance(self) -> bool:
        return self.as_they_stand < _CHANCE

    @property
    def shift(self) -> int:
        """−1: a text's own label seems to stand a row before it; 1: a row after; 0: neither."""
        best = max(self.of_row_before, self.of_row_after)
        if not self.no_better_than_chance or best < self.as_they_stand + _BETTER:
            return 0
        return -1 if best == self.of_row_before else 1


def doubt(
    texts: Sequence[str], fraud: npt.NDArray[np.bool_], normaliser: Normaliser
) -> Doubt | None:
    """Looks at rows of one source, spread over its file; None where either side has too few.

    `texts` and `fraud` are in the file's order.
    """
    chosen = np.unique(np.linspace(0, fraud.size - 1, min(fraud.size, _ROWS)).astype(np.int64))
    shifted = [np.roll(fraud, shift)[chosen] for shift in (0, 1, -1)]
    fraud = shifted[0]
    if min(int(fraud.sum()), int((~fraud).sum())) < _LEAST:
        return None
    normal = normaliser([texts[row] for row in chosen.tolist()])
    grams = gram_rows(*window_grams(normal.chars, normal.ends, _BITS), 1 << _BITS)
    whole = grams.texts(fraud.size)
    rows = normed(whole, idf(whole, np.ones(fraud.size, dtype=bool)))
    half = np.random.default_rng(0).random(fraud.size) < 0.5
    found = []
    for label in shifted:
        wanted = label.astype(np.float64)
        odds = np.zeros(fraud.size)
        for side in (half, ~half):
            weights, bias = margin_fit(
                rows[side], wanted[side], np.ones(int(side.sum())), strength=1.0, iterations=15
            )
            odds[~side] = rows[~side] @ weights + bias
        found.append(
            round((area(odds[half], label[half]) + area(odds[~half], label[~half])) / 2, 4)
        )
    return Doubt(*found)
