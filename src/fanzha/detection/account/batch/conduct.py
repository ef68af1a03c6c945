"""An account's own conduct and its neighbours' as numbers that mean the same in any data set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.pairs import Pairs
from fanzha.detection.account.batch.rings import LONGEST, Rings
from fanzha.detection.account.batch.shapes import find_shapes, residence
from fanzha.detection.account.batch.transfers import STEPS, Transfers

__all__ = ["amount_features", "conduct_features", "greatest", "least", "sums"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def conduct_features(transfers: Transfers, pairs: Pairs, rings: Rings) -> dict[str, F64]:
    """The columns of `catalogue.CONDUCT`, one number an account, NaN where nothing is known."""
    own = _own(transfers, pairs)
    shapes = find_shapes(pairs)
    told: dict[str, F64] = {
        **own,
        **_neighbours(pairs, own),
        "scatters": shapes.scatters,
        "gathers": shapes.gathers,
        "between": shapes.between,
        "pays_like": shapes.pays_like,
        "paid_like": shapes.paid_like,
    }
    for k in range(2, LONGEST + 1):
        told[f"ring_count_{k}"] = rings.count[:, k]
        told[f"ring_{k}"] = rings.weight[:, k]
        told[f"ring_odd_{k}"] = rings.odd[:, k]
        told[f"ring_rising_{k}"] = rings.rising[:, k]
    told["ring_all"] = np.log10(np.sum(10.0 ** rings.weight[:, 2:], axis=1))
    return told


def _own(transfers: Transfers, pairs: Pairs) -> dict[str, F64]:
    n = pairs.accounts
    told: dict[str, F64] = {}
    step = transfers.step / STEPS
    moves: dict[str, F64] = {}
    sides = (
        ("out", transfers.payer, pairs.payer, pairs.out_degree),
        ("in", transfers.payee, pairs.payee, pairs.in_degree),
    )
    for side, mover, account, degree in sides:
        moves[side] = np.bincount(mover, minlength=n).astype(np.float64)
        peers = np.maximum(degree, 1)
        told[f"peers_{side}"] = _relative(degree)
        told[f"moves_{side}"] = _relative(moves[side])
        told[f"odd_{side}"] = sums(account, pairs.odd, n)
        told[f"rarity_{side}"] = greatest(account, pairs.rarity, n, 0.0)
        told[f"excess_{side}"] = moves[side] / peers
        told[f"same_{side}"] = greatest(account, np.where(pairs.odd, pairs.same, 1), n, 0.0)
        told[f"begin_{side}"] = least(mover, step, n)
        told[f"end_{side}"] = greatest(mover, step, n, np.nan)
        middle = sums(account, pairs.first, n) / peers
        square = sums(account, pairs.first**2, n) / peers
        told[f"middle_{side}"] = middle
        told[f"spread_{side}"] = np.sqrt(np.maximum(square - middle**2, 0.0))
    begin = np.fmin(told["begin_out"], told["begin_in"])
    told["span"] = np.fmax(told["end_out"], told["end_in"]) - begin
    told["balance"] = moves["in"] / np.maximum(moves["out"], 1.0)
    stay = residence(transfers, pairs)
    told["wait_least"], told["wait_mean"], told["bunched"] = (
        stay.shortest, stay.mean, stay.bunched
    )  # fmt: skip
    return told


def _neighbours(pairs: Pairs, own: Mapping[str, F64]) -> dict[str, F64]:
    """What counterparts do with others than the account itself."""
    n = pairs.accounts
    told: dict[str, F64] = {}
    reach = {"out": pairs.out_degree, "in": pairs.in_degree}
    logs = {side: np.log1p(degree) for side, degree in reach.items()}
    usual = {side: float(np.log1p(degree[degree > 0].mean())) if degree.any() else 0.0
             for side, degree in reach.items()}  # fmt: skip
    both = np.maximum(reach["out"] + reach["in"], 1)
    for side, account, peer in (
        ("out", pairs.payer, pairs.payee),
        ("in", pairs.payee, pairs.payer),
    ):
        peers = np.maximum(np.bincount(account, minlength=n), 1)
        for way in ("out", "in"):
            level = logs[way][peer] - usual[way]
            told[f"near_peers_{way}_{side}"] = sums(account, level, n) / peers
            told[f"near_least_{way}_{side}"] = least(account, level, n)
            told[f"near_most_{way}_{side}"] = greatest(account, level, n, np.nan)
        here = {"out": side == "in", "in": side == "out"}
        odd = {way: own[f"odd_{way}"][peer] - (pairs.odd if here[way] else 0) for way in here}
        touched = (odd["out"] + odd["in"]) > 0
        told[f"near_odd_{side}"] = sums(account, touched / both[peer], n)
        told[f"near_odd_share_{side}"] = sums(account, touched, n) / peers
        for way in ("out", "in"):
            share = odd[way] / np.maximum(reach[way][peer], 1)
            told[f"near_odd_{way}_{side}"] = greatest(account, share, n, 0.0)
            told[f"near_odd_{way}_all_{side}"] = sums(account, share, n)
    return told


def amount_features(transfers: Transfers, pairs: Pairs) -> dict[str, F64]:
    """The columns of `catalogue.AMOUNTS`: quantiles within the data set, NaN where hidden."""
    n = pairs.accounts
    known = np.isfinite(transfers.amount) & transfers.amounts_known
    amount = transfers.amount[known]
    order = np.sort(amount)
    quantile = np.searchsorted(order, amount, side="right") / max(len(order), 1)
    told: dict[str, F64] = {}
    total: dict[str, F64] = {}
    for side, mover in (("out", transfers.payer[known]), ("in", transfers.payee[known])):
        moves = np.bincount(mover, minlength=n)
        told[f"amount_least_{side}"] = least(mover, quantile, n)
        told[f"amount_most_{side}"] = greatest(mover, quantile, n, np.nan)
        mean = sums(mover, quantile, n) / np.maximum(moves, 1)
        told[f"amount_mean_{side}"] = np.where(moves > 0, mean, np.nan)
        total[side] = np.where(moves > 0, sums(mover, amount, n), np.nan)
    told["passed_on"] = np.minimum(total["out"] / total["in"], 1e6)
    return told


def sums(account: I64, values: npt.NDArray[np.generic], n: int) -> F64:
    """Sum of values by account."""
    return np.bincount(account, np.asarray(values, np.float64), n).astype(np.float64)


def greatest(account: I64, values: npt.NDArray[np.generic], n: int, absent: float) -> F64:
    """Greatest value by account, `absent` where there is none."""
    out = np.full(n, -np.inf)
    np.maximum.at(out, account, np.asarray(values, np.float64))
    return np.where(np.isneginf(out), absent, out)


def least(account: I64, values: npt.NDArray[np.generic], n: int) -> F64:
    """Least value by account, NaN where there is none."""
    return -greatest(account, -np.asarray(values, np.float64), n, np.nan)


def _relative(counts: npt.NDArray[np.generic]) -> F64:
    """Over the mean of those that have any."""
    values = np.asarray(counts, np.float64)
    return values / values[values > 0].mean() if values.any() else values
