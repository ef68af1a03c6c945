"""How a ranking model does on addresses whose registered name it never saw: cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.link.ranking.columns import name_keys, path_keys
from fanzha.detection.link.ranking.measure import ranking
from fanzha.detection.link.ranking.model import Ranker
from fanzha.detection.link.ranking.train import picked, train
from fanzha.detection.link.v1.names import Addresses
from fanzha.detection.link.v1.tables import Tables
from fanzha.detection.ranking import interval, macro_f1

__all__ = ["held_back"]

Bools = npt.NDArray[np.bool_]
_MOST = 40_000
"""Rows that are looked at: of a larger file whole registered names are drawn."""
_SEED = 20261127


def held_back(
    addresses: Addresses, scam: Bools, tables: Tables, policies: Path, folds: int,
    *, done: Callable[[int], None] = lambda parts: None,
) -> tuple[dict[str, dict[str, Any]], int]:  # fmt: skip
    """Figures by shape of address and the number of rows measured. All rows of a registered name
    are in one part, and equal addresses count once. Raises `Refused` as `train` does."""
    sites = name_keys(addresses.data, addresses.offsets, addresses.parts)
    paths = path_keys(addresses.data, addresses.offsets, addresses.parts)
    place = np.unique(sites, return_inverse=True)[1]
    chance = np.random.default_rng(_SEED)
    part = chance.integers(folds, size=int(place.max()) + 1)[place]
    drawn = chance.random(int(place.max()) + 1)[place] < _MOST / max(sites.size, 1)
    once = np.zeros(sites.size, np.bool_)
    text = [addresses.data[a:b].tobytes() for a, b in
            zip(addresses.offsets[:-1], addresses.offsets[1:], strict=True)]  # fmt: skip
    once[list({one: row for row, one in reversed(list(enumerate(text)))}.values())] = True
    usable = once & drawn & (sites != 0)
    score = np.full(sites.size, np.nan)
    for k in range(folds):
        learn, judge = (np.flatnonzero(usable & (part == k) == held) for held in (False, True))
        learn = learn[usable[learn]]
        model = train(picked(addresses, learn), scam[learn], tables)
        score[judge] = Ranker.of(model, tables, policies).score(picked(addresses, judge)).score
        done(1)
    found: dict[str, dict[str, Any]] = {}
    for name, rows in (
        ("五折 all", usable), ("名称 names", usable & (paths == 0)),
        ("完整网址 full addresses", usable & (paths != 0)),
    ):  # fmt: skip
        rows = rows & ~np.isnan(score)
        figures = ranking(score[rows], scam[rows])
        if figures is None:
            continue
        said = {k: v for k, v in figures.as_json().items() if not k.startswith("threshold")}

        def f1(values: Any, truth: Any) -> float:
            return macro_f1(values, truth, 0.5)

        said["macro_f1"] = f1(score[rows], scam[rows])
        said["macro_f1_ci95"] = list(
            interval(f1, score[rows], scam[rows], unit=place[rows].astype(np.int64), draws=200)
        )
        found[name] = said
    return found, int(usable.sum())
