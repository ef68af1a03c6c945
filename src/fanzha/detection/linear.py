"""Trains linear models over hashed features: logistic and softmax regression by AdaGrad."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled

__all__ = ["Rows", "calibrate", "fit_logistic", "fit_softmax", "margins"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Sparse rows: row `r` has the features `buckets[begins[r]:begins[r + 1]]`, all `values[r]`."""

    buckets: I64
    begins: I64
    values: F32

    def __len__(self) -> int:
        return self.values.size


def fit_logistic(
    rows: Rows,
    wanted: F32,
    weight: F32,
    size: int,
    *,
    epochs: int,
    rate: float,
    l2: float,
    seed: int,
) -> tuple[F32, float]:
    """Weights and bias of P(wanted = 1); the same input and seed give the same bits."""
    weights = np.zeros(size, dtype=np.float32)
    squares = np.full(size, 1e-3, dtype=np.float32)
    bias = np.zeros(2, dtype=np.float64)
    bias[1] = 1e-3
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(rows))
        _logistic_pass(
            rows.buckets, rows.begins, rows.values, wanted, weight, order, weights, squares, bias,
            rate, l2,
        )  # fmt: skip
    return weights, float(bias[0])


def fit_softmax(
    rows: Rows, wanted: I64, weight: F32, size: int, classes: int, *,
    epochs: int, rate: float, l2: float, seed: int,
) -> tuple[F32, F32]:  # fmt: skip
    """(size, classes) weights and biases of a softmax regression."""
    weights = np.zeros((size, classes), dtype=np.float32)
    squares = np.full((size, classes), 1e-3, dtype=np.float32)
    bias = np.zeros(classes, dtype=np.float32)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(rows))
        _softmax_pass(
            rows.buckets, rows.begins, rows.values, wanted, weight, order, weights, squares, bias,
            rate, l2,
        )  # fmt: skip
    return weights, bias


def margins(rows: Rows, weights: F32, bias: float) -> F32:
    """Log-odds of every row."""
    out: F32 = _margins(rows.buckets, rows.begins, rows.values, weights) + np.float32(bias)
    return out


def calibrate(features: F64, wanted: F64, weight: F64, *, l2: float = 1e-3) -> F64:
    """Logistic regression on few dense columns by Newton's method; the last entry is the bias.

    Coefficients below 0 are set to 0 and the rest fitted again: evidence may not turn around.
    """
    used = list(range(features.shape[1]))
    out = np.zeros(features.shape[1] + 1)
    while True:
        x = np.column_stack([features[:, used], np.ones(len(features))])
        theta = np.zeros(x.shape[1])
        for _ in range(60):
            p = 1.0 / (1.0 + np.exp(-np.clip(x @ theta, -30, 30)))
            gradient = x.T @ (weight * (p - wanted)) + l2 * theta
            curve = (x * (weight * p * (1 - p))[:, None]).T @ x + (l2 + 1e-9) * np.eye(x.shape[1])
            move = np.linalg.solve(curve, gradient)
            theta -= move
            if np.abs(move).max() < 1e-8:
                break
        against = [k for k, value in zip(used, theta[:-1], strict=True) if value < 0]
        if not against:
            out[[*used, -1]] = theta
            return out
        used = [k for k in used if k not in against]


@compiled
def _margins(buckets: I64, begins: I64, values: F32, weights: F32) -> F32:
    out = np.zeros(values.size, dtype=np.float32)
    for r in range(values.size):
        total = np.float32(0)
        for k in range(begins[r], begins[r + 1]):
            total += weights[buckets[k]]
        out[r] = total * values[r]
    return out


@compiled
def _logistic_pass(
    buckets: I64, begins: I64, values: F32, wanted: F32, weight: F32, order: I64,
    weights: F32, squares: F32, bias: F64, rate: float, l2: float,
) -> None:  # fmt: skip
    for r in order:
        total = np.float32(0)
        for k in range(begins[r], begins[r + 1]):
            total += weights[buckets[k]]
        z = total * values[r] + bias[0]
        error = (1.0 / (1.0 + np.exp(-z)) - wanted[r]) * weight[r]
        step = error * values[r]
        for k in range(begins[r], begins[r + 1]):
            b = buckets[k]
            g = step + l2 * weights[b]
            squares[b] += g * g
            weights[b] -= rate * g / np.sqrt(squares[b])
        bias[1] += error * error
        bias[0] -= rate * error / np.sqrt(bias[1])


@compiled
def _softmax_pass(
    buckets: I64, begins: I64, values: F32, wanted: I64, weight: F32, order: I64,
    weights: F32, squares: F32, bias: F32, rate: float, l2: float,
) -> None:  # fmt: skip
    classes = bias.size
    z = np.empty(classes, dtype=np.float64)
    for r in order:
        for c in range(classes):
            z[c] = bias[c]
        for k in range(begins[r], begins[r + 1]):
            for c in range(classes):
                z[c] += weights[buckets[k], c] * values[r]
        top = z.max()
        total = 0.0
        for c in range(classes):
            z[c] = np.exp(z[c] - top)
            total += z[c]
        for c in range(classes):
            z[c] = (z[c] / total - (1.0 if c == wanted[r] else 0.0)) * weight[r]
            bias[c] -= 0.01 * z[c]
        for k in range(begins[r], begins[r + 1]):
            b = buckets[k]
            for c in range(classes):
                g = z[c] * values[r] + l2 * weights[b, c]
                squares[b, c] += g * g
                weights[b, c] -= rate * g / np.sqrt(squares[b, c])
