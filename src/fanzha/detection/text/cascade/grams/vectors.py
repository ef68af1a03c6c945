"""What the stages read of a text: its grams and steps, and for the second its sentences too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.grams.fit import Beside, Grams, gram_rows
from fanzha.detection.text.cascade.grams.written import written_counts
from fanzha.detection.text.cascade.meanings import Said
from fanzha.detection.text.v1.ngrams import window_grams
from fanzha.detection.text.v1.normal import Normaliser, NormalText
from fanzha.detection.text.v1.steps import Steps

__all__ = ["BITS", "Read", "dense", "joined", "normed", "some_of"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BITS = 18
_STEP = 0.3
"""Factor of a held step among the second stage's columns: how freely its weight may grow."""


@dataclass(frozen=True, eq=False)
class Read:
    """A batch in normal form with the steps that hold: `held`, `first`, `after` (rows, steps)."""

    text: NormalText
    steps: Steps
    held: npt.NDArray[np.bool_]
    first: npt.NDArray[np.int32]
    after: npt.NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[str], normaliser: Normaliser, steps: Steps) -> Read:
        text = normaliser(texts)
        return cls(text, steps, *steps.automaton.holds(text.chars, text.ends))

    @cached_property
    def step_sum(self) -> F64:
        """Sum of the weights of the steps that hold, in log-odds."""
        total: F64 = self.held @ self.steps.fraud_weights
        return total

    @cached_property
    def grams(self) -> Grams:
        """Counts of hashed grams by window."""
        return gram_rows(*window_grams(self.text.chars, self.text.ends, BITS), 1 << BITS)

    @cached_property
    def written(self) -> Any:
        """Words as written and grams of whole texts, as 1 + ln of their counts."""
        return written_counts(self.text)


def some_of(text: NormalText, rows: I64) -> NormalText:
    """Some rows of a batch."""
    data, offsets = _pieces(text.data, text.offsets, rows)
    chars, ends = _pieces(text.chars, text.ends, rows)
    source, _ = _pieces(text.source, text.ends, rows)
    return NormalText(data, offsets, chars, source, ends)


def _pieces(values: npt.NDArray[Any], ends: I64, rows: I64) -> tuple[npt.NDArray[Any], I64]:
    parts = [values[ends[row] : ends[row + 1]] for row in rows.tolist()] or [values[:0]]
    out = np.concatenate([[0], np.cumsum([part.size for part in parts])])
    return np.concatenate(parts), out[: rows.size + 1].astype(np.int64)


def normed(counts: Any, weight: F32) -> Any:
    """Rows of counts times the weights of their grams, each of unit length."""
    rows = counts.tocsr().copy()
    rows.data = rows.data * weight[rows.indices]
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel() + 1e-9)
    rows.data *= np.repeat((1.0 / length).astype(np.float32), np.diff(rows.indptr))
    return rows


def dense(said: Said, held: npt.NDArray[np.bool_]) -> F32:
    """(rows, WIDTH + meanings + steps): the text's sentences, their meanings, its steps."""
    return np.hstack([said.mean, said.like, held.astype(np.float32) * np.float32(_STEP)])


def joined(grams: Any, columns: F32) -> Beside:
    """Grams and dense columns side by side."""
    return Beside(grams.tocsr(), columns)
