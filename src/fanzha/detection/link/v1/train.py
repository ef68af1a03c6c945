"""Trains link v1: `python -m fanzha.detection.link.v1.train --data DIR --out FOLDER`."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fanzha.detection.linear import Rows, fit_logistic, margins
from fanzha.detection.link.v1.grams import BITS, F32, gram_rows
from fanzha.detection.link.v1.model import HERE, Model, rarity_knots
from fanzha.detection.link.v1.names import NamesTable
from fanzha.detection.link.v1.sets import (
    ORDINARY,
    SCAM,
    Source,
    bare_names,
    fingerprint,
    held_out,
    read_column,
)
from fanzha.detection.link.v1.tables import POLICIES, load_tables

__all__ = ["Settings", "train", "train_on"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that shapes a model besides its names; written into its record."""

    seed: int = 20261101
    epochs: int = 20
    rate: float = 0.2
    l2: float = 1e-5
    folds: int = 5


def train(
    data: Path, *, settings: Settings | None = None, policies: Path = POLICIES
) -> tuple[Model, dict[str, Any]]:
    """A model and its record, from the sets whose terms allow a shipped model."""
    tables = load_tables(policies)
    table = tables.names
    ordinary = [name for names in _training_names(data, ORDINARY, table) for name in names]
    known = set(ordinary)
    scam: list[list[str]] = []
    for names in _training_names(data, SCAM, table):
        scam.append([name for name in names if name not in known])
        known.update(names)
    model, record = train_on(scam, ordinary, table, settings)
    used = [s.file for s in (*SCAM.values(), *ORDINARY.values()) if s.may_train]
    record["command"] = "python -m fanzha.detection.link.v1.train --data DIR"
    platforms = "\n".join(tables.lists.platforms).encode()
    record["platforms_sha256"] = hashlib.sha256(platforms).hexdigest()
    record["sets_sha256"] = {file: fingerprint(data / file) for file in used}
    return model, record


def train_on(
    scams: Sequence[Sequence[str]], ordinary: Sequence[str], table: NamesTable,
    settings: Settings | None = None,
) -> tuple[Model, dict[str, Any]]:  # fmt: skip
    """A model from lists of registered names. Deterministic: same input, same weights.

    A list of scam names weighs as the root of its length, so that the longest does not drown the
    others; all of them together weigh as much as `ordinary`.
    """
    settings = settings or Settings()
    scam = [name for names in scams for name in names]
    taken = table.take_apart([*scam, *ordinary])
    rows = Rows(*gram_rows(taken.data, taken.offsets, taken.parts))
    wanted = np.zeros(len(taken), dtype=np.float32)
    wanted[: len(scam)] = 1.0
    roots = [len(names) ** 0.5 for names in scams]
    share = [
        np.full(len(names), 0.5 * root / sum(roots) / max(len(names), 1))
        for names, root in zip(scams, roots, strict=True)
    ]
    share.append(np.full(len(ordinary), 0.5 / max(len(ordinary), 1)))
    weight = (np.concatenate(share) * len(taken)).astype(np.float32)
    fold = np.random.default_rng(settings.seed).integers(settings.folds, size=len(taken))
    unseen = np.zeros(len(taken), dtype=np.float32)
    for k in range(settings.folds):
        weights, bias = _fit(rows, wanted, np.where(fold == k, 0, weight), settings)
        unseen[fold == k] = margins(rows, weights, bias)[fold == k]
    weights, bias = _fit(rows, wanted, weight, settings)
    # As the file keeps them, so that what is measured is what is shipped.
    weights = weights.astype(np.float16).astype(np.float32)
    model = Model(weights, bias, rarity_knots(unseen[len(scam) :]))
    record = {
        "settings": {name: getattr(settings, name) for name in Settings.__slots__},
        "names": {"scam": [len(names) for names in scams], "ordinary": len(ordinary)},
    }
    return model, record


def _fit(rows: Rows, wanted: F32, weight: Any, settings: Settings) -> tuple[F32, float]:
    return fit_logistic(
        rows, wanted, weight.astype(np.float32), 1 << BITS,
        epochs=settings.epochs, rate=settings.rate, l2=settings.l2, seed=settings.seed,
    )  # fmt: skip


def _training_names(
    data: Path, sources: Mapping[str, Source], table: NamesTable
) -> Iterator[list[str]]:
    kind = "scam" if sources is SCAM else "ordinary"
    for source in sources.values():
        if source.may_train:
            yield held_out(bare_names(table, read_column(data, source)), kind)[0]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--out", type=Path, default=HERE)
    asked = parser.parse_args()
    model, record = train(asked.data)
    model.save(asked.out, record)
    sys.stdout.write(f"{asked.out / 'model.npz'}: {record['names']}\n")


if __name__ == "__main__":
    main()
