"""Trains the accounts model on labelled data sets; the same input and seed give the same model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.account.batch.bonds import (
    KEPT,
    PAIR_COLUMNS,
    bond_features,
    bonded,
    with_ends,
)
from fanzha.detection.account.batch.catalogue import BOND, CIRCLE, BatchFeature
from fanzha.detection.account.batch.circle import circle_features
from fanzha.detection.account.batch.economy import Economy, invent
from fanzha.detection.account.batch.everyday import PLANS, Everyday, live
from fanzha.detection.account.batch.familiar import profile, reach_of
from fanzha.detection.account.batch.model import (
    KIND,
    AccountModel,
    Seen,
    features_of,
    see,
    stacked,
)
from fanzha.detection.account.batch.transfers import Transfers, transfers_of
from fanzha.detection.model_file import ModelFile
from fanzha.errors import Refused

__all__ = ["FOLDS", "Labelled", "added", "everyday", "fit", "folds_of", "invented", "labels_of"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
FOLDS = 5
_ROUNDS = {"conduct": 250, "bond": 150, "circle": 200}
_TREES: Mapping[str, Any] = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_child_samples": 30,
    "feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 5.0,
    "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
_FEWEST = 10
"""Suspects and others that training needs."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A data set with what is known of its accounts: 1 suspect, 0 not, −1 unknown."""

    name: str
    seen: Seen
    label: I64
    unknown: int = 0
    """Labelled accounts that no transfer names."""

    @property
    def rows(self) -> I64:
        """Accounts to learn from."""
        return np.flatnonzero((self.label >= 0) & self.seen.there)


def labels_of(name: str, transfers: Transfers, labels: pl.DataFrame, amounts: bool) -> Labelled:
    """Join `account`, `label` (0/1, yes or no) to a data set. Raises `Refused` where a column is
    absent or a label is neither."""
    if absent := [c for c in ("account", "label") if c not in labels.columns]:
        raise Refused(
            "columns_absent",
            zh=f"标签文件缺少列：{'、'.join(absent)}",
            en=f"the labels lack {', '.join(absent)}",
            field=absent[0],
        )
    label = labels["label"].cast(pl.Int64, strict=False)
    if label.null_count() or not label.is_in([0, 1]).all():
        raise Refused(
            "labels_unusable", zh="标签须为 0 或 1", en="labels must be 0 or 1", field="label"
        )
    known = pl.DataFrame({"account": labels["account"].cast(pl.String), "label": label})
    known = known.unique("account", keep="first", maintain_order=True)
    there = pl.DataFrame({"account": transfers.accounts.cast(pl.String)})
    joined = there.join(known, on="account", how="left", maintain_order="left")["label"]
    unknown = known.height - int(joined.is_not_null().sum())
    return Labelled(name, see(transfers, amounts), joined.fill_null(-1).to_numpy(), unknown)


def invented(seed: int, amounts: bool, plan: Economy | None = None) -> Labelled:
    """A simulated economy of ours with every typology planted."""
    plan = plan or Economy(accounts=10_000, groups=100, members=(4, 6))
    transfers, accounts = invent(plan, seed)
    hidden = transfers_of(transfers) if amounts else transfers_of(transfers).without_amounts()
    return labels_of(f"invented-{plan.style}-{seed}", hidden, accounts, amounts)


def everyday(seed: int, amounts: bool, plan: Everyday) -> Labelled:
    """An everyday economy of ours, so that busy people are not all taken for suspects."""
    transfers, accounts = live(plan, seed)
    moved = transfers_of(transfers)
    return labels_of(
        f"everyday-{seed}", moved if amounts else moved.without_amounts(), accounts, amounts
    )


def added(count: int, amounts: bool) -> list[Labelled]:
    """What `--invented` adds: each time an economy with all typologies, and everyday economies of
    all densities."""
    sets = []
    for k in range(count):
        sets.append(invented(1000 + k, amounts))
        sets += [everyday(2000 + 100 * k + j, amounts, plan) for j, plan in enumerate(PLANS)]
    return sets


def fit(
    sets: Sequence[Labelled],
    *,
    seed: int,
    amounts: bool = False,
    about: Mapping[str, Any] | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> AccountModel:
    """Learn all stages. Each learns from scores of accounts that those before it did not see."""
    _demand(sets)
    features = features_of(amounts)
    rows = np.vstack([s.seen.conduct[s.rows] for s in sets])
    wanted = np.concatenate([s.label[s.rows] for s in sets])
    usual = float(wanted.mean())
    told("conduct")
    conduct = grown(rows, wanted, features, "conduct", seed)
    apart, fold = np.zeros(len(wanted)), np.zeros(len(wanted), np.int64)
    for k, (learn, judge) in enumerate(folds_of(wanted, seed)):
        told(f"conduct {k + 1}/{FOLDS}")
        stage = grown(rows[learn], wanted[learn], features, "conduct", seed)
        apart[judge], fold[judge] = np.asarray(stage.predict(rows[judge], num_threads=1)), k
    known, begin = [], 0
    for s in sets:
        score = np.asarray(conduct.predict(s.seen.conduct, num_threads=1), np.float64)
        part = np.full(len(score), -1)
        end = begin + len(s.rows)
        score[s.rows], part[s.rows] = apart[begin:end], fold[begin:end]
        begin = end
        known.append(_Judged(s, score, part))
    told("bond")
    bond = _bonds(known, None, seed)
    company = [stacked(circle_features(j.score, j.of.seen.pairs, usual), CIRCLE) for j in known]
    bonds = [np.zeros((len(j.score), len(BOND))) for j in known]
    for k in range(FOLDS):
        told(f"bond {k + 1}/{FOLDS}")
        trees = _bonds(known, k, seed)
        for j, columns in zip(known, bonds, strict=True):
            pairs, mine = j.of.seen.pairs, j.fold == k
            ties = bonded(trees, j.of.seen.ties, pairs, j.score)
            columns[mine] = stacked(bond_features(ties, pairs), BOND)[mine]
    told("circle")
    both = (*features, *CIRCLE, *BOND)
    beside = [
        np.hstack([near, tied])[s.rows] for s, near, tied in zip(sets, company, bonds, strict=True)
    ]
    circle = grown(np.hstack([rows, np.vstack(beside)]), wanted, both, "circle", seed)
    file = ModelFile(
        KIND,
        {
            **(about or {}),
            "seed": seed,
            "amounts": amounts,
            "usual": usual,
            "features": [f.name for f in both],
            "sets": [
                {"name": s.name, "transfers": len(s.seen.transfers), "accounts": len(s.rows),
                 "suspects": int(s.label[s.rows].sum()), "sha256": fingerprint(s)}
                for s in sets
            ],
        },
        arrays={"reach": reach_of([profile(s.seen.pairs) for s in sets])},
        texts={
            "conduct": conduct.model_to_string(),
            "bond": bond.model_to_string() if bond is not None else "",
            "circle": circle.model_to_string(),
        },
    )  # fmt: skip
    return AccountModel(file)


@dataclass(frozen=True, eq=False)
class _Judged:
    """A data set with scores of the first stage, each by trees that had not seen the account, and
    the fold of each account; −1 where nothing is learned from it."""

    of: Labelled
    score: F64
    fold: I64


def _bonds(known: Sequence[_Judged], held: int | None, seed: int) -> lgb.Booster | None:
    """Trees over pairs whose ends are both known and, if a fold is held back, not of it. A bond
    joins two suspects. None where there are too few."""
    rng = np.random.default_rng(seed)
    rows, wanted = [], []
    for j in known:
        pairs, label = j.of.seen.pairs, j.of.label
        ends = j.fold[pairs.payer], j.fold[pairs.payee]
        usable = (ends[0] >= 0) & (ends[1] >= 0) & (ends[0] != held) & (ends[1] != held)
        bond = (label[pairs.payer] == 1) & (label[pairs.payee] == 1)
        chosen = np.flatnonzero(usable & (bond | (rng.random(len(bond)) < KEPT)))
        rows.append(with_ends(j.of.seen.ties, pairs, j.score, chosen))
        wanted.append(bond[chosen])
    truth = np.concatenate(wanted)
    if min(int(truth.sum()), int((~truth).sum())) < _FEWEST:
        return None
    data = lgb.Dataset(np.vstack(rows), truth.astype(np.int64), feature_name=list(PAIR_COLUMNS))
    terms = {**_TREES, "seed": seed, "min_child_samples": 50}
    return lgb.train(terms, data, _ROUNDS["bond"])


def grown(
    rows: F64, wanted: I64, features: Sequence[BatchFeature], stage: str, seed: int
) -> lgb.Booster:
    """Trees over rows. Conduct keeps each feature's law; the circle, which corrects it, does not:
    with laws it ranked worse on accounts of the same data set (`docs/detection/accounts.md`)."""
    law = [f.law if stage == "conduct" else 0 for f in features]
    terms = {**_TREES, "seed": seed, "monotone_constraints": law}
    data = lgb.Dataset(rows, wanted, feature_name=[f.name for f in features])
    return lgb.train(terms, data, _ROUNDS[stage])


def folds_of(wanted: I64, seed: int, folds: int = FOLDS) -> Iterator[tuple[I64, I64]]:
    """(to learn from, to judge): every row is judged once, suspects spread evenly."""
    rng = np.random.default_rng(seed)
    fold = np.zeros(len(wanted), dtype=np.int64)
    for value in (0, 1):
        rows = np.flatnonzero(wanted == value)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % folds
    for k in range(folds):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def fingerprint(labelled: Labelled) -> str:
    """Of what was learned from: transfers and labels."""
    digest = hashlib.sha256()
    transfers = labelled.seen.transfers
    for array in (transfers.payer, transfers.payee, transfers.time, labelled.label):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _demand(sets: Sequence[Labelled]) -> None:
    label = np.concatenate([s.label[s.rows] for s in sets]) if sets else np.zeros(0)
    if min(int((label == 1).sum()), int((label == 0).sum())) < _FEWEST:
        raise Refused(
            "labels_few",
            zh=f"训练至少需要涉案与正常账户各 {_FEWEST} 个",
            en=f"training needs at least {_FEWEST} suspects and {_FEWEST} others",
            field="label",
        )
