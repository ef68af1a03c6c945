"""How alike a text is to those a model was trained on, told by the share of its grams known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.fit import probability
from fanzha.detection.text.cascade.scale import CELLS

if TYPE_CHECKING:
    from fanzha.detection.text.cascade.report import Held

__all__ = ["Gate", "alike_by_grams", "gate_of", "mix"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Gate = tuple[float, ...]
"""By cell of channel and length: the share of grams known from which a text is alike."""

_STEEP = 60.0
"""Log-odds per share of grams known."""
_ONE, _SEVERAL = 0.02, 0.10
"""Share of texts kept back that may be called strange: by a model of one source, whose own texts
come first, and by one of several, which is meant for more than these."""
_NEVER = 2.0
_THERE = 0.005
"""Share of the texts that a cell must have, and some of both sides, to be known at all."""
_LEAST = 0.1
"""Weight that the answer for texts like those trained on keeps of a strange text: the two answers
err in different places."""


def gate_of(near: Held, mine: npt.NDArray[np.bool_], fraud: npt.NDArray[np.bool_], cell: I64, *,
            sources: int, level: bool) -> Gate:  # fmt: skip
    """The gate of a model. `mine` are texts that it is for, of so many `sources`.

    `level`: the model is for no texts in particular, none is alike. Long texts and talk hold many
    common grams, so that each cell has a measure of its own.
    """
    rows = np.flatnonzero(mine & (near.row >= 0))
    out = [_NEVER] * CELLS
    for c in range(CELLS):
        here = rows[cell[rows] == c]
        both = fraud[here].any() and not fraud[here].all()
        if not level and both and here.size >= _THERE * rows.size:
            strange = _ONE if sources == 1 else _SEVERAL
            out[c] = float(np.quantile(near.known[here], strange))
    return tuple(out)


def alike_by_grams(known: F32, cell: I64, gate: Gate) -> F64:
    """Probability that each text is like those trained on."""
    return probability(_STEEP * (known.astype(np.float64) - np.array(gate)[cell]))


def mix(inside: F64, outside: F64, alike: F64) -> F64:
    """Log-odds between the two answers by how alike a text is."""
    share = _LEAST + (1 - _LEAST) * alike
    odds: F64 = share * inside + (1 - share) * outside
    return odds
