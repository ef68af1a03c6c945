"""Measures the accounts model honestly: across data sets, across accounts, across time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.account.batch.conduct import sums
from fanzha.detection.account.batch.learn import FOLDS, Labelled, fit, folds_of
from fanzha.detection.account.batch.model import AccountModel, see
from fanzha.detection.account.batch.transfers import Transfers
from fanzha.detection.ranking import area, average_precision, interval, macro_f1

__all__ = ["Figure", "across_accounts", "across_sets", "across_time", "all_ways", "plain",
           "scored"]  # fmt: skip

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Figure:
    """Area under the ROC curve and average precision over all accounts, with 95 % intervals."""

    name: str
    accounts: int
    suspects: int
    auc: float
    auc_interval: tuple[float, float]
    precision: float
    precision_interval: tuple[float, float]
    f1: float
    """Macro F1 of scores from 0.5."""
    f1_interval: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        return {
            "rows": self.accounts, "positive": self.suspects,
            "auc": self.auc, "auc_ci95": list(self.auc_interval),
            "ap": self.precision, "ap_ci95": list(self.precision_interval),
            "macro_f1": self.f1, "macro_f1_ci95": list(self.f1_interval),
        }  # fmt: skip


def figure(name: str, wanted: I64, score: F64, seed: int = 0) -> Figure:
    """Both figures with bootstrap intervals over accounts."""
    truth = wanted == 1
    both = [
        (measure(score, truth), interval(measure, score, truth, draws=_RESAMPLES, seed=seed))
        for measure in (area, average_precision, _f1)
    ]
    return Figure(name, len(wanted), int(truth.sum()), *both[0], *both[1], *both[2])


def _f1(score: F64, truth: npt.NDArray[np.bool_]) -> float:
    return macro_f1(score, truth, 0.5)


def scored(model: AccountModel, labelled: Labelled, name: str) -> Figure:
    """A model on a labelled data set it has not learned from."""
    score = model.score(labelled.seen, least=2.0)["score"].to_numpy()
    rows = labelled.rows
    return figure(name, labelled.label[rows], score[rows])


def all_ways(
    sets: Sequence[Labelled],
    added: Sequence[Labelled],
    seed: int,
    amounts: bool,
    told: Callable[[str], None],
) -> Iterator[Figure]:
    """Every way of measuring; `added` sets are learned from each time and never judged."""
    yield from plain(sets, seed)
    yield from across_accounts(sets, added, seed, amounts, told)
    for one in sets:
        told("time")
        if (figure_in_time := across_time(one, added, seed, amounts)) is not None:
            yield figure_in_time
    if len(sets) > 1:
        told("sets")
        yield from across_sets(sets, added, seed, amounts)


def across_sets(
    sets: Sequence[Labelled], added: Sequence[Labelled], seed: int, amounts: bool
) -> Iterator[Figure]:
    """Each data set by a model of the others."""
    for k, held in enumerate(sets):
        others = [*(s for j, s in enumerate(sets) if j != k), *added]
        yield scored(fit(others, seed=seed, amounts=amounts), held, f"{held.name}: others")


def across_accounts(
    sets: Sequence[Labelled],
    added: Sequence[Labelled],
    seed: int,
    amounts: bool,
    told: Callable[[str], None],
    parts: int = FOLDS,
) -> Iterator[Figure]:
    """Five-fold over the accounts of all sets together: a fold's labels are unknown to both
    stages, its transfers are there, as they are when a model is used. Of the five `parts` are
    judged."""
    score = [np.full(len(s.label), np.nan) for s in sets]
    wanted = np.concatenate([s.label[s.rows] for s in sets])
    ends = np.cumsum([len(s.rows) for s in sets])
    for k, (_, judge) in enumerate(folds_of(wanted, seed + 1)):
        if k >= parts:
            break
        told(f"fold {k + 1}/{parts}")
        hidden = []
        for s, begin, end in zip(sets, [0, *ends[:-1]], ends, strict=True):
            label = s.label.copy()
            label[s.rows[judge[(judge >= begin) & (judge < end)] - begin]] = -1
            hidden.append(Labelled(s.name, s.seen, label))
        model = fit([*hidden, *added], seed=seed, amounts=amounts)
        for place, (s, h) in enumerate(zip(sets, hidden, strict=True)):
            found = model.score(s.seen, least=2.0)["score"].to_numpy()
            mine = (h.label == -1) & (s.label >= 0)
            score[place][mine] = found[mine]
    for s, found in zip(sets, score, strict=True):
        judged = s.rows[~np.isnan(found[s.rows])]
        yield figure(f"{s.name}: folds", s.label[judged], found[judged])


def across_time(
    labelled: Labelled, added: Sequence[Labelled], seed: int, amounts: bool
) -> Figure | None:
    """Learn from half of the accounts and the earlier half of the transfers; judge the other
    accounts by the later half. None where a half has too few of either."""
    transfers = labelled.seen.transfers
    cut = int(np.searchsorted(transfers.time, np.median(transfers.time), side="right"))
    earlier, later = _part(transfers, slice(0, cut)), _part(transfers, slice(cut, None))
    learn, judge = next(folds_of(labelled.label, seed, folds=2))
    known, held = labelled.label.copy(), labelled.label.copy()
    known[judge], held[learn] = -1, -1
    first = Labelled(labelled.name, see(earlier, amounts), known)
    last = Labelled(labelled.name, see(later, amounts), held)
    if min(int((h.label[h.rows] == v).sum()) for h in (first, last) for v in (0, 1)) < 20:
        return None
    return scored(fit([first, *added], seed=seed, amounts=amounts), last, f"{labelled.name}: time")


def plain(sets: Sequence[Labelled], seed: int) -> Iterator[Figure]:
    """The baseline beside it: the same trees on bare counts, five-fold over the accounts."""
    import lightgbm as lgb

    for s in sets:
        t, n, rows = s.seen.transfers, s.seen.pairs.accounts, s.rows
        columns = [
            s.seen.pairs.out_degree, s.seen.pairs.in_degree,
            np.bincount(t.payer, minlength=n), np.bincount(t.payee, minlength=n),
            sums(t.payer, t.step, n), sums(t.payee, t.step, n),
        ]  # fmt: skip
        data = np.column_stack(columns).astype(np.float64)[rows]
        wanted, score = s.label[rows], np.zeros(len(rows))
        terms = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "verbose": -1,
                 "min_child_samples": 30, "num_threads": 1, "deterministic": True,
                 "force_row_wise": True, "seed": seed}  # fmt: skip
        for learn, judge in folds_of(wanted, seed + 1):
            trees = lgb.train(terms, lgb.Dataset(data[learn], wanted[learn]), 200)
            score[judge] = np.asarray(trees.predict(data[judge], num_threads=1))
        yield figure(f"{s.name}: counts only", wanted, score)


def _part(transfers: Transfers, rows: slice) -> Transfers:
    """Some of the transfers, seen as a data set of their own over the same accounts."""
    time = transfers.time[rows]
    span = float(time[-1] - time[0]) if len(time) else 0.0
    step = (time - time[0]) / span * 150.0 if span else np.zeros(len(time))
    return replace(
        transfers, payer=transfers.payer[rows], payee=transfers.payee[rows], time=time, step=step,
        amount=transfers.amount[rows], left_out={}, hidden={}, repeated=0,
    )  # fmt: skip
