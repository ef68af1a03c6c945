"""Whether a file of transfers is of a kind that the model has seen, and what it may say if not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.pairs import Pairs

__all__ = ["SIDES", "profile", "reach_of", "strangeness", "tempered"]

F64 = npt.NDArray[np.float64]
SIDES = {
    "pairs an account": "每户对手数",
    "transfers a pair": "每对笔数",
    "pairs that pay back": "互转比例",
    "uneven payers": "付款方集中度",
    "uneven payees": "收款方集中度",
}
"""What is looked at, in English and Chinese."""
_MARGIN = 0.3
"""How far beyond what was learned from still counts as the same: a third more or less."""
_LIMIT = 1e-9


def profile(pairs: Pairs) -> F64:
    """One number for each of `SIDES`, natural logs: how dense and how even the dealings are."""
    count = max(len(pairs.payer), 1)
    active = max(1, int(np.count_nonzero(pairs.out_degree + pairs.in_degree)))
    forth = pairs.payer * pairs.accounts + pairs.payee
    back = pairs.payee * pairs.accounts + pairs.payer
    returned = float(np.isin(forth, back).mean()) if len(forth) else 0.0
    uneven = [
        float(np.mean(degree.astype(np.float64) ** 2)) / max(float(degree.mean()) ** 2, _LIMIT)
        if count and degree.any() else 1.0
        for degree in (pairs.out_degree, pairs.in_degree)
    ]  # fmt: skip
    moved = max(int(pairs.n.sum()), 1)
    told: F64 = np.log(np.array([count / active, moved / count, 1.0 + 5.0 * returned, *uneven]))
    return told


def reach_of(profiles: Sequence[F64]) -> F64:
    """(side, least and most) of the data sets that a model learns from."""
    rows = np.vstack(profiles)
    return np.column_stack([rows.min(axis=0), rows.max(axis=0)])


def strangeness(here: F64, reach: F64) -> F64:
    """By side, how far a file lies beyond `reach`, in natural logs; 0 inside it and near it."""
    beyond = np.maximum(reach[:, 0] - here, here - reach[:, 1]) - _MARGIN
    return np.maximum(beyond, 0.0)


def tempered(score: F64, usual: float, strange: float) -> F64:
    """Scores drawn towards `usual`, the share of suspects, the stranger the file is. The order of
    the accounts stays."""
    if not strange > 0:
        return score
    kept = np.clip(score, _LIMIT, 1 - _LIMIT)
    even = np.log(usual / (1 - usual))
    odds = even + (np.log(kept / (1 - kept)) - even) / (1.0 + strange)
    drawn: F64 = 1.0 / (1.0 + np.exp(-odds))
    return drawn
