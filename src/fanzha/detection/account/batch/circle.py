"""The company an account keeps: how suspected its counterparts, theirs and its rings are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.conduct import greatest, sums
from fanzha.detection.account.batch.pairs import Pairs
from fanzha.detection.account.batch.rings import LONGEST, ring_support

__all__ = ["circle_features"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_NOBODY = -9.0
_LIMIT = 1e-4


def circle_features(score: F64, pairs: Pairs, usual: float) -> dict[str, F64]:
    """The columns of `catalogue.CIRCLE` from the scores of conduct alone, one an account.

    `usual` is the share of suspects the scores were made with. An account's own score enters only
    `conduct`: the rest is what its counterparts are without it.
    """
    n = pairs.accounts
    logit = np.log((score + _LIMIT) / (1 - score + _LIMIT))
    evidence = logit - np.log(usual / (1 - usual))
    out, into = (np.maximum(d, 1) for d in (pairs.out_degree, pairs.in_degree))
    told: dict[str, F64] = {"conduct": logit}
    for side, account, peer, reach in (
        ("out", pairs.payer, pairs.payee, into),
        ("in", pairs.payee, pairs.payer, out),
    ):
        told[f"first_{side}"], told[f"second_{side}"] = _two_most(account, logit[peer], n)
        suspected = score[peer]
        told[f"suspects_{side}"] = sums(account, suspected, n)
        told[f"close_{side}"] = sums(account, suspected / reach[peer], n)
        told[f"close_most_{side}"] = greatest(account, suspected / reach[peer], n, 0.0)
        told[f"quiet_{side}"] = sums(account, suspected / (out + into)[peer], n)
        others = sums(peer, score[account], n)[peer] - score[account]
        shared = others / np.maximum(reach[peer] - 1, 1)
        told[f"siblings_{side}"] = greatest(account, shared, n, 0.0)
        told[f"siblings_too_{side}"] = greatest(account, shared * suspected, n, 0.0)
    best, total = ring_support(pairs, evidence)
    for k in range(2, LONGEST + 1):
        told[f"ring_circle_{k}"] = best[:, k]
    told["ring_best"] = best[:, 2:].max(axis=1)
    told["ring_total"] = total
    return told


def _two_most(account: I64, values: F64, n: int) -> tuple[F64, F64]:
    """Greatest and second greatest value by account."""
    order = np.lexsort((-values, account))
    account, values = account[order], values[order]
    begin = np.searchsorted(account, np.arange(n))
    count = np.bincount(account, minlength=n)
    first, second = np.full(n, _NOBODY), np.full(n, _NOBODY)
    first[count > 0] = values[begin[count > 0]]
    second[count > 1] = values[begin[count > 1] + 1]
    return first, second
