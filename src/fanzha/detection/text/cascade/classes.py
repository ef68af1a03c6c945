"""The user's own classes: one against the rest for each, after either stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.grams.fit import half, margin_fit
from fanzha.detection.text.cascade.model import Heads
from fanzha.detection.text.cascade.samples import ORDINARY

if TYPE_CHECKING:
    from fanzha.detection.text.cascade.ground import Ground

__all__ = ["best_class", "class_heads", "class_lead", "folds_of", "ordinary_class", "shares_of"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_ANY = {
    "other", "others", "normal", "ham", "benign", "ordinary", "正常", "其他", "其它", "普通",
}  # fmt: skip
"""Names of classes that take any ordinary message."""
_WRITTEN = 0.3
"""Weight of an ordinary message written for fanzha against one of the user's."""
_STEEP = 3.0
"""Log-odds per unit of a margin, where margins of classes are turned into shares."""


def folds_of(group: I64, folds: int) -> I64:
    """The fold of each text by its group's number: one group, one fold."""
    fold: I64 = group * 2654435761 % 2**32 // 2**16 % folds
    return fold


def class_heads(
    ground: Ground, names: Sequence[str], tell: Callable[[str, str], None]
) -> tuple[F64, Heads, Heads]:
    """Shares of the classes given to each text by a model that never saw its group (NaN where it
    has no class or was not encoded); then the heads of the first and of the second stage."""
    samples, s, many = ground.samples, ground.settings, len(names)
    told = np.full((len(samples), many), np.nan)
    if not many:
        nothing = Heads(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32), np.zeros(0))
        return told, nothing, nothing
    ordinary = ordinary_class(names)
    fold = folds_of(samples.group, s.folds)[ground.encoded]
    meant = samples.classes[ground.encoded]
    out = np.flatnonzero(meant >= 0)
    best, used = -1.0, -1
    for filled in (-1, ordinary) if ordinary >= 0 else (-1,):
        shares = np.full((meant.size, many), np.nan)
        for k in range(s.folds):
            which = f"{k + 1}/{s.folds}"
            tell(f"类别交叉验证 {which}", f"classes, cross-validation {which}")
            rows, kept = np.flatnonzero((meant < 0) | (fold != k)), out[fold[out] == k]
            weights, bias = _fit(ground, ground.written_joined[rows], meant[rows], many, filled)
            shares[kept] = shares_of(np.asarray(ground.written_joined[kept] @ weights) + bias)
        found = _macro_f1(shares[out].argmax(axis=1), meant[out], many)
        if found > best:
            best, used, told[ground.encoded] = found, filled, shares
    return told, *_final(ground, meant, many, used)


def ordinary_class(names: Sequence[str]) -> int:
    """The class, if the user has one, that takes any ordinary message; −1: none."""
    found = [k for k, name in enumerate(names) if name.strip().casefold() in _ANY]
    return found[0] if len(found) == 1 else -1


def _macro_f1(said: I64, meant: I64, many: int) -> float:
    table = np.bincount(meant * many + said, minlength=many * many).reshape(many, many)
    each = 2 * np.diag(table) / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)
    return float(each[table.sum(axis=1) > 0].mean())


def _final(ground: Ground, meant: I64, many: int, ordinary: int) -> tuple[Heads, Heads]:
    first, bias = _fit(ground, ground.written, ground.samples.classes, many, ordinary)
    nothing = np.zeros((0, many), np.float32)
    second, constant = _fit(ground, ground.written_joined, meant, many, ordinary)
    size = ground.written_active.size
    return (
        Heads(ground.spread(first, written=True), nothing, bias),
        Heads(ground.spread(second[:size], written=True), half(second[size:]), constant),
    )


def _fit(ground: Ground, rows: Any, meant: I64, many: int, ordinary: int) -> tuple[F64, F64]:
    """One class against the rest. Rare classes weigh more than their number, by the root; messages
    written for fanzha count as of the class `ordinary`, a little, where that is not −1."""
    s = ground.settings
    count = np.maximum(np.bincount(meant[meant >= 0], minlength=many), 1)
    weight = np.where(meant >= 0, 1.0 / np.sqrt(count[np.maximum(meant, 0)]), 0.0)
    if ordinary >= 0:
        weight[meant == ORDINARY] = _WRITTEN / s.variants * weight[meant >= 0].mean()
        meant = np.where(meant == ORDINARY, ordinary, meant)
    of = np.flatnonzero(weight > 0)
    rows, meant, weight = rows[of], meant[of], weight[of]
    weights = np.zeros((rows.shape[1], many))
    bias = np.full(many, -12.0)
    for k in np.unique(meant).tolist():
        weights[:, k], bias[k] = margin_fit(
            rows, (meant == k).astype(np.float64), weight,
            strength=s.near, iterations=s.iterations,
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
