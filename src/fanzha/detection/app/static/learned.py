"""A correction that a centre trains on its own apps: the written weights, moved by its data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.model_file import ModelFile
from fanzha.errors import Misconfigured, Refused

__all__ = ["LEAST", "Learned", "Seen", "fit"]

F64 = npt.NDArray[np.float64]
Seen = Mapping[str, float]
"""What held for an app: name → value."""

LEAST = 20
"""Apps of each side that training asks for."""
_RARE = 3
"""Apps in which something must be seen to be weighed anew."""
_STIFF = 2.0
"""How strongly written weights hold against data: as many apps of evidence, roughly."""
_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Learned:
    """Log-odds added to what the written weights say: `shift` for all, `weights` by name."""

    shift: float
    weights: Mapping[str, float]

    def correction(self, apps: Sequence[Seen]) -> F64:
        """What is added to each app's log-odds."""
        return np.array(
            [
                self.shift + sum(self.weights.get(name, 0.0) * value for name, value in one.items())
                for one in apps
            ],
            dtype=np.float64,
        )

    @classmethod
    def of(cls, model: ModelFile) -> Learned | None:
        """The correction in a model file; None where it has none."""
        if "weights" not in model.texts:
            return None
        try:
            held = json.loads(model.texts["weights"])
            weights = {str(name): float(value) for name, value in held["weights"].items()}
            return cls(float(held["shift"]), weights)
        except (KeyError, ValueError, TypeError) as error:
            raise Misconfigured(
                "model_invalid",
                zh="模型文件中的权重损坏",
                en="the weights in the model file are damaged",
            ) from error


def fit(apps: Sequence[Seen], written: F64, malicious: npt.NDArray[np.bool_]) -> str:
    """Fit shift and weights; the text of a model file's `weights`.

    `written` are the log-odds of the written weights, an offset that is not fitted. Ridge towards
    no change (Newton's method); the shift is free, so that a centre's share of bad apps is its own.
    """
    if min(int(malicious.sum()), int((~malicious).sum())) < LEAST:
        raise Refused(
            "too_few_apps",
            zh=f"可疑与正常应用各须至少 {LEAST} 个",
            en=f"at least {LEAST} malicious and {LEAST} ordinary apps are needed",
            field="malicious",
        )
    counts: dict[str, int] = {}
    for one in apps:
        for name in one:
            counts[name] = counts.get(name, 0) + 1
    names = sorted(name for name, count in counts.items() if count >= _RARE)
    column = {name: i + 1 for i, name in enumerate(names)}
    x = np.zeros((len(apps), len(names) + 1))
    x[:, 0] = 1.0
    for row, one in enumerate(apps):
        for name, value in one.items():
            if name in column:
                x[row, column[name]] = value
    beta = _newton(x, written, malicious.astype(np.float64))
    weights = {name: round(float(beta[i]), 6) for name, i in column.items()}
    return json.dumps({"shift": round(float(beta[0]), 6), "weights": weights}, sort_keys=True)


def _newton(x: F64, offset: F64, y: F64) -> F64:
    stiff = np.full(x.shape[1], _STIFF)
    stiff[0] = 1e-3
    beta = np.zeros(x.shape[1])

    def loss(b: F64) -> float:
        odds = x @ b + offset
        return float(np.logaddexp(0.0, odds).sum() - y @ odds + 0.5 * (stiff * b) @ b)

    for _ in range(_ROUNDS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta + offset, -40, 40)))
        gradient = x.T @ (p - y) + stiff * beta
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(stiff)
        move = np.linalg.solve(hessian, gradient)
        step, before = 1.0, loss(beta)
        while step > 1e-4 and loss(beta - step * move) > before:
            step /= 2
        beta = beta - step * move
        if np.abs(step * move).max() < 1e-8:
            break
    return beta
