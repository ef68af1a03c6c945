"""The model that ships, as a second voice on texts unlike those a user's model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.grams.first import First, first_stage
from fanzha.detection.text.cascade.grams.vectors import Read, dense, normed
from fanzha.detection.text.cascade.meanings import Said
from fanzha.detection.text.cascade.model import TextModel, columns_of

__all__ = ["Voice", "both", "dense_of", "first_columns"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


_RARER = -1.0
"""Log-odds added to the voice, which was taught with as much fraud as honest text and so calls much
idle chatter fraud."""


@dataclass(frozen=True, eq=False)
class Voice:
    """Log-odds by a model's answer for other sources alone, stage by stage."""

    model: TextModel

    def first(self, read: Read, cell: I64) -> F64:
        """(rows)"""
        weights = self.model.first_columns[1]
        far = first_stage(read.text.chars, read.text.ends, weights)
        return self.model.first_out(first_columns(far, read), cell)

    def second(self, counts: Any, columns: F32, first: F64, cell: I64) -> F64:
        """`counts` of grams (CSR, as 1 + ln), `columns` as `dense_of` this model gives them and
        `first` of the same rows."""
        said = self.model.second(normed(counts, self.model.idf), columns)[:, 1]
        return self.model.second_out(np.column_stack([said, first]), cell)


def both(outside: F64, voice: F64) -> F64:
    """The answer for other sources and the voice in one, log-odds. Weights fitted on the sources
    that a user has were worse on sources that he has not."""
    return (outside + voice + _RARER) / 2


def first_columns(first: First, read: Read, written: F64 | None = None) -> F64:
    """(rows, 4): what the first stage's scale reads."""
    nothing = np.zeros(first.best.size) if written is None else written
    return np.column_stack([first.best, first.whole, read.step_sum, nothing]).astype(np.float64)


def dense_of(
    model: TextModel, said: Said, held: npt.NDArray[np.bool_], steps: Sequence[str],
    meanings: Sequence[str],
) -> F32:  # fmt: skip
    """Dense columns in the order a model was trained with; `steps` and `meanings` are the codes
    that stand in the policies now."""
    step, meaning = columns_of(steps, model.steps), columns_of(meanings, model.meanings)
    mine = held[:, np.maximum(step, 0)] & (step >= 0)
    like = said.like[:, np.maximum(meaning, 0)] * (meaning >= 0)
    return dense(Said(said.mean, like.astype(np.float32), said.where, said.pieces), mine)
