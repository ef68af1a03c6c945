"""How alike a text is to those a model was trained on: by the grams known, by its nearest texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.fit import logistic, probability

if TYPE_CHECKING:
    from fanzha.detection.text.cascade.report import Held

__all__ = ["Gate", "alike_by_grams", "alike_by_sense", "gates", "mix", "nearness"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Gate = tuple[float, ...]

_STEEP, _STRANGE = 60.0, 0.02
"""Log-odds per share of grams known; the share of texts kept back that it may call strange."""
_FAR = 0.03
_NEAREST = 3
_ROWS = 512
_NEVER = -30.0


def nearness(mean: F32, reference: F32) -> F32:
    """Mean likeness (cosine) of each text to its three nearest of the reference; 0 without one."""
    out = np.zeros(mean.shape[0], dtype=np.float32)
    many = min(_NEAREST, reference.shape[0])
    if not many:
        return out
    for k in range(0, mean.shape[0], _ROWS):
        like = mean[k : k + _ROWS] @ reference.T
        out[k : k + _ROWS] = np.partition(like, -many, axis=1)[:, -many:].mean(axis=1)
    return out


def gates(near: Held, far: Held, weight: F64, *, level: bool) -> tuple[Gate, Gate]:
    """(factor of known, constant) for the first stage; (known, nearness, constant) for the second.

    The first is even where all but a fiftieth of the texts kept back know more. The second tells
    texts kept back from those of sources left out, moved so that few of the former are called
    strange. `level`: the model is for no texts in particular, none is alike.
    """
    rows = np.flatnonzero((weight > 0) & (near.row >= 0))
    if level or not rows.size:
        return (0.0, _NEVER), (0.0, 0.0, _NEVER)
    first = (_STEEP, -_STEEP * float(np.quantile(near.known[rows], _STRANGE)))
    a, b = rows[np.isfinite(near.near[rows])], np.flatnonzero(np.isfinite(far.near))
    if not a.size or not b.size:
        return first, (first[0], 0.0, first[1])
    columns = np.column_stack(
        [np.concatenate([near.known[a], far.known[b]]), np.concatenate([near.near[a], far.near[b]])]
    ).astype(np.float64)
    like = np.concatenate([np.ones(a.size), np.zeros(b.size)])
    share = np.concatenate([np.full(a.size, 1.0 / a.size), np.full(b.size, 1.0 / b.size)])
    slopes, _ = logistic(10.0 * columns, like, share, strength=100.0)
    factors = np.maximum(10.0 * slopes, 0.0)
    middle = float(np.quantile(columns[: a.size] @ factors, _FAR))
    return first, (float(factors[0]), float(factors[1]), -middle)


def alike_by_grams(known: F32, gate: Gate) -> F64:
    """Probability that each text is like those trained on, as the first stage sees it."""
    return probability(gate[0] * known.astype(np.float64) + gate[1])


def alike_by_sense(known: F32, near: F32, gate: Gate) -> F64:
    """The same as the second stage sees it."""
    return probability(gate[0] * known.astype(np.float64) + gate[1] * near + gate[2])


def mix(inside: F64, outside: F64, alike: F64) -> F64:
    """Log-odds between the two scales by how alike a text is."""
    odds: F64 = alike * inside + (1 - alike) * outside
    return odds
