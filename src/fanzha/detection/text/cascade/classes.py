"""The user's own classes: one against the rest for each, after either stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.fit import half, margin_fit
from fanzha.detection.text.cascade.model import Heads

if TYPE_CHECKING:
    from fanzha.detection.text.cascade.train import Ground

__all__ = ["best_class", "class_heads", "class_lead", "folds_of", "shares_of"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_STEEP = 3.0
"""Log-odds per unit of a margin, where margins of classes are turned into shares."""


def folds_of(group: I64, folds: int) -> I64:
    """The fold of each text by its group's number: one group, one fold."""
    fold: I64 = group * 2654435761 % 2**32 // 2**16 % folds
    return fold


def class_heads(
    ground: Ground, many: int, tell: Callable[[str, str], None]
) -> tuple[F64, Heads, Heads]:
    """Shares of the classes given to each text by a model that never saw its group (NaN where it
    has no class or was not encoded); then the heads of the first and of the second stage."""
    samples, s = ground.samples, ground.settings
    told = np.full((len(samples), many), np.nan)
    if not many:
        nothing = Heads(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32), np.zeros(0))
        return told, nothing, nothing
    fold = folds_of(samples.group, s.folds)[ground.encoded]
    meant = samples.classes[ground.encoded]
    for k in range(s.folds):
        tell(f"类别交叉验证 {k + 1}/{s.folds}", f"classes, cross-validation {k + 1} of {s.folds}")
        rows, out = np.flatnonzero((meant >= 0) & (fold != k)), (meant >= 0) & (fold == k)
        weights, bias = _fit(ground.joined[rows], meant[rows], many, s.near, s.iterations)
        told[ground.encoded[out]] = shares_of(np.asarray(ground.joined[out] @ weights) + bias)
    return told, *_final(ground, meant, many)


def _final(ground: Ground, meant: I64, many: int) -> tuple[Heads, Heads]:
    s = ground.settings
    rows = np.flatnonzero(ground.samples.classes >= 0)
    first, bias = _fit(
        ground.normed[rows], ground.samples.classes[rows], many, s.near, s.iterations
    )
    nothing = np.zeros((0, many), np.float32)
    of = np.flatnonzero(meant >= 0)
    second, constant = _fit(ground.joined[of], meant[of], many, s.near, s.iterations)
    size = ground.active.size
    return (
        Heads(ground.spread(first), nothing, bias),
        Heads(ground.spread(second[:size]), half(second[size:]), constant),
    )


def _fit(rows: Any, meant: I64, many: int, strength: float, iterations: int) -> tuple[F64, F64]:
    """Rare classes weigh more than their number, by the root."""
    count = np.maximum(np.bincount(meant, minlength=many), 1)
    weights = np.zeros((rows.shape[1], many))
    bias = np.full(many, -12.0)
    for k in np.unique(meant).tolist():
        weights[:, k], bias[k] = margin_fit(
            rows, (meant == k).astype(np.float64), 1.0 / np.sqrt(count[meant]),
            strength=strength, iterations=iterations,
        )  # fmt: skip
    return weights, bias


def shares_of(margins: F64) -> F64:
    """Margins of classes as shares that add up to 1."""
    raised = np.exp(_STEEP * (margins - margins.max(axis=1, keepdims=True)))
    shares: F64 = raised / raised.sum(axis=1, keepdims=True)
    return shares


def class_lead(shares: F64) -> F64:
    """Log-odds of each text's likeliest class against its second."""
    two = np.sort(np.maximum(shares, 1e-9), axis=1)[:, -2:]
    lead: F64 = np.log(two[:, -1] / two[:, 0])
    return lead


def best_class(shares: F64, fraud: npt.NDArray[np.bool_], score: F64) -> I64:
    """The likeliest class, the fraud classes together being as likely as the score says."""
    shares = np.maximum(shares, 1e-9)
    if fraud.any() and (~fraud).any():
        yes, no = shares[:, fraud].sum(axis=1), shares[:, ~fraud].sum(axis=1)
        held = np.clip(score, 1e-6, 1 - 1e-6)
        shares = shares * np.where(fraud, (held / yes)[:, None], ((1 - held) / no)[:, None])
    best: I64 = shares.argmax(axis=1)
    return best
