"""How alike a text is to those a model was trained on, told by the share of its grams known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.grams.fit import probability
from fanzha.detection.text.cascade.scale import CELLS

__all__ = ["Gate", "alike_by_grams", "between", "gate_of", "level_gate", "mix"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Gate = tuple[float, ...]
"""By cell of channel and length: the share of grams known at which a text is as likely alike as
not, and then by cell the log-odds for each share more (60 where these are left out)."""

_STEEP = 60.0
_NEVER = 2.0
_THERE = 0.005
"""Share of the texts that a cell must have, and some of both sides, to be known at all."""
_LEAST = 0.1
"""Weight of the first answer in a model that is for no texts in particular."""
_MOST = 0.98
"""Of no text is it surer than this that it is like those trained on."""
_ONE, _SEVERAL = 2.2, -1.0
"""Log-odds, before a text is read, that it is like those a model was trained on: its one source's
own texts come first; one of several sources is meant for more than these."""
_STEPS = 60


def level_gate() -> Gate:
    """The gate of a model that is for no texts in particular: none is alike."""
    return (_NEVER,) * CELLS


def gate_of(near: F32, far: F32, fraud: Bools, cell: I64, weight: F64, *, sources: int) -> Gate:
    """The gate of a model of so many `sources`.

    `near` (rows) is the share of grams known to models that had not seen a text's group, `far` to
    those that had not seen its source, NaN where there is none. Of a model of one source `far` is
    of other texts than `near`. Long texts and talk hold many common grams: each cell has a measure
    of its own, by logistic regression with both kinds weighed alike.
    """
    own = ~np.isnan(near)
    middle, steep = [_NEVER] * CELLS, [_STEEP] * CELLS
    for c in range(CELLS):
        here = (cell == c) & own
        if not fraud[here].any() or fraud[here].all() or here.sum() < _THERE * own.sum():
            continue
        other = (cell == c) & ~np.isnan(far)
        known = np.concatenate([near[here], far[other]]).astype(np.float64)
        is_own = np.arange(known.size) < here.sum()
        share = np.concatenate([weight[here], weight[other]])
        share[is_own] /= share[is_own].sum()
        share[~is_own] /= max(float(share[~is_own].sum()), 1e-9)
        slope, bias = _line(known, is_own, share * min(known.size, 2_000) / 2)
        bias += _ONE if sources == 1 else _SEVERAL
        if slope > 1.0:
            middle[c], steep[c] = -bias / slope, slope
        elif sources == 1:
            middle[c] = 0.0
    return (*middle, *steep)


def _line(known: F64, wanted: Bools, weight: F64) -> tuple[float, float]:
    """Slope and bias of a logistic regression, by Newton's method."""
    x = np.column_stack([known, np.ones(known.size)])
    theta = np.zeros(2)
    pull = np.array([1e-3, 1e-6])
    for _ in range(_STEPS):
        p = probability(x @ theta)
        curve = (x * (weight * np.maximum(p * (1 - p), 1e-6))[:, None]).T @ x + np.diag(pull)
        move = np.linalg.solve(curve, x.T @ (weight * (p - wanted)) + pull * theta)
        theta -= np.clip(move, -10, 10)
    return float(theta[0]), float(theta[1])


def alike_by_grams(known: F32, cell: I64, gate: Gate) -> F64:
    """Probability that each text is like those trained on."""
    middle = np.array(gate[:CELLS])
    steep = np.array(gate[CELLS:] or (_STEEP,) * CELLS)
    return probability(steep[cell] * (known.astype(np.float64) - middle[cell]))


def between(inside: F64, outside: F64) -> F64:
    """Log-odds of a model that is for no texts in particular: the two answers err in different
    places."""
    return _LEAST * inside + (1 - _LEAST) * outside


def mix(inside: F64, outside: F64, alike: F64, floor: F64 | float) -> F64:
    """Log-odds where a text is like those trained on with the probability `alike`: a mixture of
    what the two answers say.

    A text that is alike is given the odds of `floor` (log-odds) besides: the answer for texts like
    those trained on may be so certain of its own honest texts that every stranger lies above them,
    and a threshold set on the ones would be crossed by all of the others.
    """
    own, other = np.log(_MOST * alike), np.log1p(-_MOST * alike)
    yes = np.logaddexp(own - np.logaddexp(0, -inside), other - np.logaddexp(0, -outside))
    no = np.logaddexp(own - np.logaddexp(0, inside), other - np.logaddexp(0, outside))
    odds: F64 = np.logaddexp(yes - no, floor + np.log(np.minimum(2 * alike, 1.0)))
    return odds
