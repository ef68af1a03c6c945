"""How well scores tell malicious apps from ordinary ones, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.ranking import area, average_precision
from fanzha.detection.rate import wilson

__all__ = ["figures"]

F64 = npt.NDArray[np.float64]
_DRAWS, _SEED = 1_000, 7
_SHARES = (0.01, 0.05)


def figures(scores: Sequence[float], truth: Sequence[bool], threshold: float) -> dict[str, Any]:
    """AUC and average precision with bootstrap intervals; at the threshold, and at false-positive
    shares of 1 % and 5 %, recall with Wilson intervals. All 95 %."""
    s, y = np.asarray(scores, np.float64), np.asarray(truth, np.bool_)
    out: dict[str, Any] = {"apps": len(s), "malicious": int(y.sum())}
    if not y.any() or y.all():
        return out | {"note": "one side only"}
    rng = np.random.default_rng(_SEED)
    draws = [rng.integers(0, len(s), len(s)) for _ in range(_DRAWS)]
    draws = [d for d in draws if y[d].any() and not y[d].all()]
    for name, measure in (("auc", area), ("average_precision", average_precision)):
        drawn = [measure(s[d], y[d]) for d in draws]
        low, high = np.quantile(drawn, (0.025, 0.975))
        out[name] = _rounded(measure(s, y), low, high)
    ordinary = np.sort(s[~y])[::-1]
    for share in _SHARES:
        allowed = int(share * len(ordinary))
        out[f"recall_at_{share:g}"] = _share(int((s[y] > ordinary[allowed]).sum()), int(y.sum()))
    out["threshold"] = threshold
    out["recall"] = _share(int((s[y] >= threshold).sum()), int(y.sum()))
    out["false_positives"] = _share(int((s[~y] >= threshold).sum()), int((~y).sum()))
    return out


def _share(hits: int, of: int) -> dict[str, Any]:
    """A share with its Wilson interval."""
    return {**_rounded(hits / of, *wilson(hits, of)), "of": of, "hits": hits}


def _rounded(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}
