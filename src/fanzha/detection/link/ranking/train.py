"""Trains a ranking model on labelled addresses: deterministic, one thread, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from fanzha.detection.linear import Rows, fit_logistic, margins
from fanzha.detection.link.ranking.columns import (
    COLUMNS,
    host_keys,
    measure_names,
    name_keys,
    path_keys,
)
from fanzha.detection.link.ranking.forest import Forest, forest_of
from fanzha.detection.link.ranking.grams import NAME_BITS, PATH_BITS, name_rows, path_rows
from fanzha.detection.link.ranking.model import RARITIES
from fanzha.detection.link.ranking.standins import (
    on_platforms,
    ordinary_paths,
    package_paths,
    scam_paths,
    with_fronts,
)
from fanzha.detection.link.v1.address import (
    CODE,
    FLAGS,
    HOST_END,
    I64,
    OWN,
    OWN_END,
    PLATFORM,
    U64,
    VALID,
)
from fanzha.detection.link.v1.columns import likenesses
from fanzha.detection.link.v1.lookalike import FOUND
from fanzha.detection.link.v1.names import Addresses
from fanzha.detection.link.v1.scripts import Scripts
from fanzha.detection.link.v1.tables import Tables
from fanzha.detection.model_file import ModelFile
from fanzha.errors import Refused

__all__ = ["Settings", "picked", "train"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_LEAST = 50
"""Different hosts that each side must have."""
_STEEPEST = 1.5


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that shapes a model besides its rows; written into the file."""

    seed: int = 20261126
    folds: int = 3
    epochs: int = 8
    rate: float = 0.2
    l2: float = 1e-5
    trees: int = 120
    leaves: int = 16
    tree_rate: float = 0.12
    least_in_leaf: int = 50
    fronts: float = 0.04
    """Weight, as a share of the ordinary rows', of ordinary names behind made labels."""
    platforms: float = 0.01
    """The same of made sites on platforms."""
    paths_made: int = 20_000
    paths_least: int = 500
    """With fewer scam paths than this among the rows, made ones are taken too."""
    paths_a_site: int = 20
    path_trust: float = 0.5
    """How far a path's log-odds are believed on sites of kinds that no source has."""


def train(
    addresses: Addresses, scam: Bools, tables: Tables, settings: Settings | None = None,
    say: Callable[[str, str], None] = lambda zh, en: None,
) -> ModelFile:  # fmt: skip
    """A model from addresses and what each was. Rows that are no address are left out.

    Names: each host once, a leading `www.` apart; hosts on both sides are left out; all hosts of a
    registered name are in one fold. The scheme, and whether there is a path, are never looked at.
    """
    settings = settings or Settings()
    keys = host_keys(addresses.data, addresses.offsets, addresses.parts)
    kept = _each_once(keys, scam)
    wanted = scam[kept]
    few = int(min(wanted.sum(), (~wanted).sum()))
    if few < _LEAST:
        raise Refused(
            "too_few_rows",
            zh=f"两类各须至少 {_LEAST} 个不同的主机名",
            en=f"each side needs at least {_LEAST} different host names",
            field="label",
        )
    names = picked(addresses, kept)
    say("名称 names", f"{kept.size:,} ({int(wanted.sum()):,} scam)")
    arrays, numbers, figures = _fit_names(names, wanted, tables, settings, say)
    path_arrays, path_numbers, path_figures = _fit_paths(addresses, scam, tables, settings)
    known_keys, known_values = _known(addresses, scam)
    arrays |= path_arrays | {"known_keys": known_keys, "known_values": known_values}
    arrays["numbers"] = np.array([*numbers, *path_numbers])
    about = {
        "settings": asdict(settings),
        "rows": {
            "given": len(addresses),
            "no_address": int((addresses.parts[:, FLAGS] & VALID == 0).sum()),
            "hosts": {"scam": int(wanted.sum()), "ordinary": int((~wanted).sum())},
            "paths": path_figures,
        },
        "held_out_folds": figures,
    }
    return ModelFile("link", about, arrays)


def _fit_names(
    names: Addresses, scam: Bools, tables: Tables, settings: Settings,
    say: Callable[[str, str], None],
) -> tuple[dict[str, npt.NDArray[Any]], list[float], dict[str, float]]:  # fmt: skip
    """Linear pieces out of fold, trees on top of them, the trees' sum made log-odds out of fold."""
    names, scam, weight, made = _with_standins(names, scam, tables, settings)
    rows = Rows(*name_rows(names.data, names.offsets, names.parts))
    likeness = likenesses(names, tables, Scripts(tables.organisations))[:, FOUND].copy()
    folds = _folds(name_keys(names.data, names.offsets, names.parts), settings)
    columns = np.zeros((len(names), len(COLUMNS)), np.float32)
    for k in range(settings.folds):
        out = folds == k
        weights, bias = _linear(rows, scam, np.where(out, 0.0, weight), NAME_BITS, settings)
        found = measure_names(names.data, names.offsets, names.parts, likeness, weights, bias)
        columns[out] = found[out]
        say("折 fold", f"{k + 1}/{settings.folds}")
    weights, bias = _linear(rows, scam, weight, NAME_BITS, settings)
    # A listed organisation's own names resemble nobody by definition, which no new name does.
    usable = names.parts[:, CODE] <= 0
    odds = np.zeros(len(names), np.float64)
    for k in range(2):
        out = (folds % 2) == k
        forest = _trees(columns, scam, weight, usable & ~out, settings)
        odds[out] = forest.raw(columns[out])
    given = usable & ~made
    slope, shift = _line(odds[given], scam[given], weight[given])
    forest = _trees(columns, scam, weight, usable, settings)
    ordinary = odds[given & ~scam] * slope + shift
    knots = np.quantile(ordinary, 1.0 - 10.0**-RARITIES)
    arrays: dict[str, npt.NDArray[Any]] = {
        "name_weights": weights.astype(np.float16),
        "knots": np.maximum.accumulate(knots + np.arange(knots.size) * 1e-9),
        **forest.arrays(),
    }
    figures = {"slope": slope, "shift": shift}
    return arrays, [bias, slope, shift], figures


def _with_standins(
    names: Addresses, scam: Bools, tables: Tables, settings: Settings
) -> tuple[Addresses, Bools, F64, Bools]:
    """The names, made ordinary ones behind them, what each is, its weight, whether it is made.

    Lists of ordinary names are bare, scam names are whole hosts: without these a label in front,
    or a platform, would be guilt by itself.
    """
    own = np.flatnonzero(~scam & (names.parts[:, FLAGS] & PLATFORM == 0)).tolist()
    sites = [names.text(row, OWN, HOST_END) for row in own]
    labels = [names.text(row, OWN, OWN_END) for row in own]
    many = len(sites) // 3
    fronts = with_fronts(sites, many, settings.seed) if settings.fronts else []
    hosts = on_platforms(labels, many, settings.seed) if settings.platforms else []
    more = tables.names.take_apart(fronts + hosts)
    weight = _even(scam)
    ordinary = weight[~scam].sum()
    share = [np.full(len(fronts), settings.fronts), np.full(len(hosts), settings.platforms)]
    added = np.concatenate(share) * ordinary / max(many, 1)
    made = np.repeat([False, True], [len(names), len(more)])
    both = np.concatenate([scam, np.zeros(len(more), np.bool_)])
    return _joined(names, more), both, np.concatenate([weight, added]), made


def _trees(columns: F32, scam: Bools, weight: F64, rows: Bools, settings: Settings) -> Forest:
    sets = lightgbm.Dataset(columns[rows], scam[rows].astype(np.float32), weight=weight[rows])
    wanted = {
        "objective": "binary", "learning_rate": settings.tree_rate, "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.least_in_leaf, "feature_fraction": 0.6, "lambda_l2": 5.0,
        "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": settings.seed,
        "verbose": -1, "boost_from_average": False, "use_missing": False,
    }  # fmt: skip
    return forest_of(lightgbm.train(wanted, sets, settings.trees).model_to_string())


def _linear(
    rows: Rows, scam: Bools, weight: F64, bits: int, settings: Settings
) -> tuple[F32, float]:
    weights, bias = fit_logistic(
        rows, scam.astype(np.float32), weight.astype(np.float32), 1 << bits,
        epochs=settings.epochs, rate=settings.rate, l2=settings.l2, seed=settings.seed,
    )  # fmt: skip
    # As the file keeps them, so that what is measured is what is used.
    return weights.astype(np.float16).astype(np.float32), bias


def _fit_paths(
    addresses: Addresses, scam: Bools, tables: Tables, settings: Settings
) -> tuple[dict[str, npt.NDArray[Any]], list[float], dict[str, int]]:
    """Paths by themselves, the host unseen: scam ones against ordinary ones of several sources,
    each of which counts the same, so that no source's habits pass for what is ordinary."""
    keys = path_keys(addresses.data, addresses.offsets, addresses.parts)
    kept = _each_once(keys, scam)
    sites = name_keys(addresses.data, addresses.offsets, addresses.parts)[kept]
    kept = kept[_few_a_site(sites, settings.paths_a_site)]
    given = scam[kept]
    sources = {
        "made": ordinary_paths(settings.paths_made, settings.seed),
        "packages": package_paths(),
        "made_scam": scam_paths(settings.paths_made, settings.seed)
        if given.sum() < settings.paths_least
        else [],
    }
    more = [f"host.example/{path}" for paths in sources.values() for path in paths]
    both = _joined(picked(addresses, kept), tables.names.take_apart(more))
    source = np.repeat(np.arange(4), [kept.size, *map(len, sources.values())])
    wanted = np.concatenate([given, source[kept.size :] == 3])
    rows = Rows(*path_rows(both.data, both.offsets, both.parts))
    weight = np.zeros(wanted.size)
    for side in (True, False):
        many = [int(((source == k) & (wanted == side)).sum()) for k in range(4)]
        # A handful of rows of one's own does not weigh as much as a whole source.
        share = [min(1.0, n / settings.paths_least) for n in many]
        for k in range(4):
            weight[(source == k) & (wanted == side)] = share[k] / sum(share) / max(many[k], 1)
    weight *= wanted.size / weight.sum()
    folds = np.random.default_rng(settings.seed).integers(settings.folds, size=wanted.size)
    unseen = np.zeros(wanted.size)
    for k in range(settings.folds):
        out = folds == k
        weights, bias = _linear(rows, wanted, np.where(out, 0.0, weight), PATH_BITS, settings)
        unseen[out] = margins(rows, weights, bias)[out]
    weights, bias = _linear(rows, wanted, weight, PATH_BITS, settings)
    slope, shift = _line(unseen, wanted, weight)
    figures = {
        "scam": int(given.sum()), "ordinary": int((~given).sum()),
        **{name: len(paths) for name, paths in sources.items()},
    }  # fmt: skip
    arrays: dict[str, npt.NDArray[Any]] = {"path_weights": weights.astype(np.float16)}
    trust = settings.path_trust
    return arrays, [trust * slope, trust * (slope * bias + shift)], figures


def _line(odds: F64, scam: Bools, weight: F64) -> tuple[float, float]:
    """Slope and intercept that make sums log-odds, by Newton's method."""
    x = np.column_stack([odds, np.ones(odds.size)])
    theta = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ theta, -30, 30)))
        gradient = x.T @ (weight * (p - scam)) + 1e-6 * theta
        curve = (x * (weight * p * (1 - p))[:, None]).T @ x + 1e-6 * np.eye(2)
        move = np.linalg.solve(curve, gradient)
        theta -= move
        if np.abs(move).max() < 1e-9:
            break
    # Rows that separate wholly would ask for a slope without end, and every score would be 0 or 1.
    return min(max(float(theta[0]), 1e-3), _STEEPEST), float(theta[1])


def _even(scam: Bools) -> F64:
    """Weights with which both sides count the same, 1 on average."""
    share = max(float(scam.mean()), 1e-9)
    out: F64 = np.where(scam, 0.5 / share, 0.5 / max(1.0 - share, 1e-9))
    return out


def _folds(keys: U64, settings: Settings) -> I64:
    """The fold of each row: one for all hosts of a registered name."""
    _, place = np.unique(keys, return_inverse=True)
    chance = np.random.default_rng(settings.seed).integers(settings.folds, size=place.max() + 1)
    out: I64 = chance[place]
    return out


def _each_once(keys: U64, scam: Bools) -> I64:
    """First rows of the keys that stand on one side only, in order; key 0 is none."""
    unique, first, place = np.unique(keys, return_index=True, return_inverse=True)
    scams = np.bincount(place, weights=scam)
    many = np.bincount(place)
    out: I64 = np.sort(first[(unique != 0) & ((scams == 0) | (scams == many))])
    return out


def _few_a_site(keys: U64, most: int) -> Bools:
    """Whether a row is among the first `most` of its registered name."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(begins, keys.size))
    nth = np.arange(keys.size) - np.repeat(begins, sizes)
    out = np.zeros(keys.size, np.bool_)
    out[order] = nth < most
    return out


def _known(addresses: Addresses, scam: Bools) -> tuple[U64, npt.NDArray[np.uint8]]:
    """Registered names and what their rows were: 0 both, 1 ordinary only, 2 scam only."""
    keys = name_keys(addresses.data, addresses.offsets, addresses.parts)
    unique, place = np.unique(keys, return_inverse=True)
    scams, many = np.bincount(place, weights=scam), np.bincount(place)
    values = np.where(scams == 0, 1, np.where(scams == many, 2, 0)).astype(np.uint8)
    real = unique != 0
    return unique[real], values[real]


def picked(addresses: Addresses, rows: I64) -> Addresses:
    """Some rows of a batch, with bytes of their own."""
    starts, ends = addresses.offsets[rows], addresses.offsets[rows + 1]
    offsets = np.concatenate([[0], np.cumsum(ends - starts)])
    at = np.repeat(starts - offsets[:-1], ends - starts) + np.arange(offsets[-1])
    return Addresses(addresses.data[at], offsets, addresses.parts[rows])


def _joined(one: Addresses, other: Addresses) -> Addresses:
    return Addresses(
        np.concatenate([one.data, other.data]),
        np.concatenate([one.offsets, one.offsets[-1] + other.offsets[1:]]),
        np.concatenate([one.parts, other.parts]),
    )
