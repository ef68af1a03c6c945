"""Fits the linear parts of the cascade: penalised logistic regression over sparse rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize

__all__ = ["Beside", "Grams", "gram_rows", "half", "idf", "logistic", "margin_fit", "probability"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Grams:
    """Counts of hashed grams. `counts` is a CSR matrix (windows, buckets); `value` norms a window
    by the root of its length; window `w` is of text `owner[w]`."""

    counts: Any
    value: F32
    owner: I64

    def texts(self, rows: int) -> Any:
        """Counts of whole texts: their windows' summed, as 1 + ln, CSR (rows, buckets)."""
        size = self.owner.size
        gather = sparse.csr_matrix(
            (np.ones(size, dtype=np.float32), (self.owner, np.arange(size))), shape=(rows, size)
        )
        whole = (gather @ self.counts).tocsr()
        whole.data = (1.0 + np.log(whole.data)).astype(np.float32)
        return whole


@dataclass(frozen=True, eq=False)
class Beside:
    """A sparse and a dense matrix side by side, as one: a dense part is far faster kept dense."""

    sparse: Any
    dense: F32

    @property
    def shape(self) -> tuple[int, int]:
        return self.sparse.shape[0], self.sparse.shape[1] + self.dense.shape[1]

    def __getitem__(self, rows: npt.NDArray[Any]) -> Beside:
        return Beside(self.sparse[rows], self.dense[rows])

    def __matmul__(self, weights: F64) -> F64:
        many = self.sparse.shape[1]
        out: F64 = self.sparse @ weights[:many] + self.dense @ weights[many:].astype(np.float32)
        return out


def gram_rows(buckets: I64, begins: I64, value: F32, owner: I64, size: int) -> Grams:
    """The counts of what `ngrams.window_grams` gives."""
    counts = sparse.csr_matrix(
        (np.ones(buckets.size, dtype=np.float32), buckets, begins), shape=(value.size, size)
    )
    counts.sum_duplicates()
    return Grams(counts, value, owner)


def idf(counts: Any, rows: npt.NDArray[np.bool_], least: int = 2) -> F32:
    """ln((1 + n) / (1 + df)) + 1 by bucket; 0 where fewer than `least` rows have it."""
    chosen = counts[rows]
    seen = np.bincount(chosen.indices, minlength=counts.shape[1])
    weight = np.log((1.0 + chosen.shape[0]) / (1.0 + seen)) + 1.0
    return np.where(seen >= least, weight, 0.0).astype(np.float32)


def logistic(
    rows: Any, wanted: F64, weight: F64, *, strength: float, iterations: int = 80
) -> tuple[F64, float]:
    """Weights and bias that least squares of weights and weighted log-loss agree on.

    `weight` is scaled to a mean of 1; `strength` is the inverse of the penalty (C of other
    libraries). `rows` is CSR or dense, (texts, features). Deterministic.
    """

    def log_loss(margin: F64) -> tuple[F64, F64]:
        return np.logaddexp(0.0, -margin), -1.0 / (1.0 + np.exp(np.clip(margin, -500, 500)))

    return _fit(rows, wanted, weight, strength, iterations, log_loss)


def margin_fit(
    rows: Any, wanted: F64, weight: F64, *, strength: float, iterations: int = 80
) -> tuple[F64, float]:
    """The same with squared hinge loss (a linear support vector machine): its scores say on which
    side and how far, and need a scale before they are odds."""

    def hinge(margin: F64) -> tuple[F64, F64]:
        short = np.maximum(1.0 - margin, 0.0)
        return short * short, -2.0 * short

    return _fit(rows, wanted, weight, strength, iterations, hinge)


def _fit(
    rows: Any, wanted: F64, weight: F64, strength: float, iterations: int,
    loss: Callable[[F64], tuple[F64, F64]],
) -> tuple[F64, float]:  # fmt: skip
    weight = weight / max(float(weight.mean()), 1e-12)
    sign = np.where(wanted > 0.5, 1.0, -1.0)
    times, turned = _products(rows)

    def objective(theta: F64) -> tuple[float, F64]:
        z = times(theta[:-1]) + theta[-1]
        value, slope = loss(sign * z)
        pull = sign * weight * slope
        gradient = np.append(turned(pull), pull.sum())
        gradient[:-1] += theta[:-1] / strength
        return float(value @ weight) + float(theta[:-1] @ theta[:-1]) / (2 * strength), gradient

    found = minimize(
        objective, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B",
        options={"maxiter": iterations, "maxcor": 8, "ftol": 1e-7, "gtol": 1e-4},
    )  # fmt: skip
    return found.x[:-1], float(found.x[-1])


def _products(rows: Any) -> tuple[Callable[[F64], F64], Callable[[F64], F64]]:
    """Products with a matrix and with its transpose, made ready once and not at every step."""
    if isinstance(rows, Beside):
        (times, turned), dense = _products(rows.sparse), rows.dense
        many, across = rows.sparse.shape[1], np.ascontiguousarray(rows.dense.T)
        return (
            lambda x: times(x[:many]) + dense @ x[many:].astype(np.float32),
            lambda x: np.append(turned(x), across @ x.astype(np.float32)),
        )
    rows = rows.astype(np.float64)
    back = rows.T.tocsr() if sparse.issparse(rows) else rows.T
    return lambda x: np.asarray(rows @ x).ravel(), lambda x: np.asarray(back @ x).ravel()


def half(values: npt.NDArray[Any]) -> F32:
    """The values that half precision holds: a model answers alike before and after its file."""
    return np.asarray(values, dtype=np.float16).astype(np.float32)


def probability(odds: F64) -> F64:
    """1 / (1 + e^−odds)."""
    p: F64 = 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
    return p
