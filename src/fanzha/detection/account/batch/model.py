"""The accounts model: conduct, then bonds and the company kept; scores with reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.account.batch.bonds import (
    PAIR_COLUMNS,
    bond_features,
    bonded,
    pair_columns,
)
from fanzha.detection.account.batch.catalogue import AMOUNTS, BOND, CIRCLE, CONDUCT, BatchFeature
from fanzha.detection.account.batch.circle import circle_features
from fanzha.detection.account.batch.conduct import amount_features, conduct_features
from fanzha.detection.account.batch.familiar import SIDES, profile, strangeness, tempered
from fanzha.detection.account.batch.pairs import Pairs, pairs_of
from fanzha.detection.account.batch.reasons import reasons_of, spread, words
from fanzha.detection.account.batch.rings import find_rings
from fanzha.detection.account.batch.transfers import Transfers
from fanzha.detection.model_file import ModelFile, read_model
from fanzha.errors import Misconfigured

__all__ = ["KIND", "SHIPPED", "AccountModel", "Seen", "read_account_model", "see"]

F64 = npt.NDArray[np.float64]
KIND = "accounts"
SHIPPED = Path(__file__).parent / "shipped.model"
_CHUNK = 5_000
REASONS = pl.List(
    pl.Struct({"code": pl.String, "zh": pl.String, "en": pl.String, "part": pl.Float64})
)


@dataclass(frozen=True, eq=False)
class Seen:
    """A data set with its features: `conduct` is (account, feature), `ties` (pair, column of
    `bonds.PAIR_COLUMNS` but the last two), `there` the accounts that have a counted transfer."""

    transfers: Transfers
    pairs: Pairs
    conduct: F64
    ties: F64
    there: npt.NDArray[np.bool_]
    truncated: int


def see(transfers: Transfers, amounts: bool) -> Seen:
    """Work out the features of all accounts; `amounts` adds those of amounts."""
    pairs = pairs_of(transfers)
    rings = find_rings(pairs)
    told = conduct_features(transfers, pairs, rings)
    if amounts:
        told |= amount_features(transfers, pairs)
    there = np.zeros(pairs.accounts, dtype=np.bool_)
    there[transfers.payer] = there[transfers.payee] = True
    conduct, ties = stacked(told, features_of(amounts)), pair_columns(pairs, rings)
    return Seen(transfers, pairs, conduct, ties, there, rings.truncated)


def features_of(amounts: bool) -> tuple[BatchFeature, ...]:
    """The first stage's features, in the order of its columns."""
    return (*CONDUCT, *AMOUNTS) if amounts else CONDUCT


def stacked(told: dict[str, F64], features: tuple[BatchFeature, ...]) -> F64:
    """Columns side by side, in the order of `features`."""
    return np.column_stack([told[f.name] for f in features])


@dataclass(frozen=True, eq=False)
class AccountModel:
    """Stages of trees. `file` is what is kept; the boosters are read from it."""

    file: ModelFile

    @property
    def version(self) -> str:
        return self.file.version

    @property
    def uses_amounts(self) -> bool:
        return bool(self.file.about["amounts"])

    @property
    def usual(self) -> float:
        """Share of suspects among the accounts it was trained on."""
        return float(self.file.about["usual"])

    @cached_property
    def _stages(self) -> tuple[lgb.Booster, lgb.Booster | None, lgb.Booster]:
        """Conduct; bonds, None where the training data had none; and what stands on both."""
        try:
            texts = self.file.texts
            conduct, circle = (lgb.Booster(model_str=texts[s]) for s in ("conduct", "circle"))
            bond = lgb.Booster(model_str=texts["bond"]) if texts["bond"] else None
        except (KeyError, lgb.basic.LightGBMError) as error:
            raise _unfit() from error
        wanted = len(features_of(self.uses_amounts))
        further = wanted + len(CIRCLE) + len(BOND)
        if conduct.num_feature() != wanted or circle.num_feature() != further:
            raise _unfit()
        if bond is not None and bond.num_feature() != len(PAIR_COLUMNS):
            raise _unfit()
        return conduct, bond, circle

    def strange(self, seen: Seen) -> dict[str, float]:
        """The sides of `familiar.SIDES` in which a file lies beyond all that was learned from, and
        how far (natural log); empty for a file like those, and for a model that keeps no record."""
        reach = self.file.arrays.get("reach")
        if reach is None:
            return {}
        if reach.shape != (len(SIDES), 2):
            raise _unfit()
        beyond = strangeness(profile(seen.pairs), reach.astype(np.float64)).tolist()
        return {side: far for side, far in zip(SIDES, beyond, strict=True) if far > 0}

    def score(
        self, seen: Seen, *, least: float = 0.0, told: Callable[[int], None] = lambda _: None
    ) -> pl.DataFrame:
        """`account`, `score`, `reasons`: one row for every account that the transfers name.

        Score and reasons are null where no transfer of the account could be counted. The scores of
        a `strange` file are drawn towards the usual. Reasons are worked out for scores of at least
        `least`; `told` hears how many accounts are done.
        """
        conduct, bond, circle = self._stages
        own = _predicted(conduct, seen.conduct)
        ties = bonded(bond, seen.ties, seen.pairs, own)
        company = stacked(circle_features(own, seen.pairs, self.usual), CIRCLE)
        whole = np.hstack([seen.conduct, company, stacked(bond_features(ties, seen.pairs), BOND)])
        far = sum(self.strange(seen).values())
        score = tempered(_predicted(circle, whole), self.usual, far)
        rows: list[list[dict[str, object]] | None] = []
        features = (*features_of(self.uses_amounts), *CIRCLE, *BOND)
        names = [f.name for f in features]
        for begin in range(0, len(score), _CHUNK):
            end = min(begin + _CHUNK, len(score))
            wanted = begin + np.flatnonzero(seen.there[begin:end] & (score[begin:end] >= least))
            parts = _contributions(circle, whole[wanted])
            first = _contributions(conduct, seen.conduct[wanted])
            parts = spread(parts, first, names.index("conduct"))
            some: list[list[dict[str, object]] | None] = [
                [] if seen.there[k] else None for k in range(begin, end)
            ]
            for k, row in zip(wanted.tolist(), parts, strict=True):
                values = dict(zip(names, whole[k].tolist(), strict=True))
                given = dict(zip(names, row.tolist(), strict=True))
                some[k - begin] = words(reasons_of(float(score[k]), values, given))
            rows += some
            told(end - begin)
        return pl.DataFrame(
            {
                "account": seen.transfers.accounts,
                "score": pl.Series(np.where(seen.there, score, np.nan), nan_to_null=True),
                "reasons": pl.Series(rows, dtype=REASONS),
            }
        )


def read_account_model(path: Path | None) -> AccountModel:
    """The model at a path, or the one that ships."""
    return AccountModel(read_model(path or SHIPPED, KIND))


def _predicted(stage: lgb.Booster, rows: F64) -> F64:
    if not len(rows):
        return np.zeros(0)
    return np.asarray(stage.predict(rows, num_threads=1), np.float64)


def _contributions(stage: lgb.Booster, rows: F64) -> F64:
    """Log-odds by feature, without the constant."""
    if not len(rows):
        return np.zeros((0, stage.num_feature()))
    told: Any = stage.predict(rows, pred_contrib=True, num_threads=1)
    return np.asarray(told, np.float64)[:, :-1]


def _unfit() -> Misconfigured:
    return Misconfigured(
        "model_unfit",
        zh="模型与本版本的特征不符，请重新训练",
        en="the model does not fit this version's features; train it again",
        field="model",
    )
