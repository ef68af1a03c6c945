"""How well scores rank: AUC and recall at false-positive rates, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Ranking", "ranking"]

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_RATES = (0.01, 0.001)
_DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class Ranking:
    """Figures of one set; intervals are 95 %."""

    scam: int
    ordinary: int
    auc: float
    auc_interval: tuple[float, float]
    recall: dict[float, float]
    recall_interval: dict[float, tuple[float, float]]
    threshold: dict[float, float]

    def as_json(self) -> dict[str, Any]:
        """For a line of JSON."""
        out: dict[str, Any] = {"scam": self.scam, "ordinary": self.ordinary, "auc": self.auc}
        out["auc_ci95"] = list(self.auc_interval)
        for rate, share in self.recall.items():
            out[f"recall_at_{rate:g}"] = share
            out[f"recall_at_{rate:g}_ci95"] = list(self.recall_interval[rate])
            out[f"threshold_at_{rate:g}"] = self.threshold[rate]
        return out


def ranking(scores: F64, scam: Bools) -> Ranking | None:
    """None where one side is empty. AUC with DeLong's interval; recall with one that has both the
    scam rows and the threshold, an order statistic of the ordinary ones, drawn anew."""
    high, low = np.sort(scores[scam]), np.sort(scores[~scam])
    if high.size == 0 or low.size == 0:
        return None
    auc, error = _delong(high, low)
    recall, between, threshold = {}, {}, {}
    chance = np.random.default_rng(7)
    for rate in _RATES:
        threshold[rate] = float(np.quantile(low, 1.0 - rate, method="higher"))
        recall[rate] = float((high > threshold[rate]).mean())
        above = low.size * rate
        place = chance.beta(low.size - above + 1.0, above, _DRAWS)
        limits = low[np.minimum((place * low.size).astype(np.int64), low.size - 1)]
        shares = 1.0 - np.searchsorted(high, limits, side="right") / high.size
        drawn = chance.binomial(high.size, shares) / high.size
        between[rate] = (float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975)))
    bounds = (max(0.0, auc - 1.96 * error), min(1.0, auc + 1.96 * error))
    return Ranking(high.size, low.size, auc, bounds, recall, between, threshold)


def _delong(high: F64, low: F64) -> tuple[float, float]:
    """AUC and its standard error (DeLong and others, Biometrics 1988)."""
    below = np.searchsorted(low, high, side="left") + np.searchsorted(low, high, side="right")
    above = np.searchsorted(high, low, side="left") + np.searchsorted(high, low, side="right")
    of_high, of_low = below / (2 * low.size), 1.0 - above / (2 * high.size)
    variance = of_high.var() / high.size + of_low.var() / low.size
    return float(of_high.mean()), float(np.sqrt(variance))
