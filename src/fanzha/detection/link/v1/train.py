"""Trains link v1: `python -m fanzha.detection.link.v1.train --data DIR --out FOLDER`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
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
    epochs: int = 10
    rate: float = 0.1
    l2: float = 1e-6
    folds: int = 5


def train(
    data: Path, *, settings: Settings | None = None, policies: Path = POLICIES
) -> tuple[Model, dict[str, Any]]:
    """A model and its record, from the sets whose terms allow a shipped model."""
    table = load_tables(policies).names
    scam = _training_names(data, SCAM, table, "scam")
    ordinary = _training_names(data, ORDINARY, table, "ordinary")
    both = set(ordinary)
    scam = [name for name in scam if name not in both]
    model, record = train_on(scam, ordinary, table, settings)
    used = [s.file for s in (*SCAM.values(), *ORDINARY.values()) if s.may_train]
    record["command"] = "python -m fanzha.detection.link.v1.train --data DIR"
    record["sets_sha256"] = {file: fingerprint(data / file) for file in used}
    return model, record


def train_on(
    scam: Sequence[str], ordinary: Sequence[str], table: NamesTable,
    settings: Settings | None = None,
) -> tuple[Model, dict[str, Any]]:  # fmt: skip
    """A model from registered names. Deterministic: same names and settings, same weights."""
    settings = settings or Settings()
    taken = table.take_apart([*scam, *ordinary])
    rows = Rows(*gram_rows(taken.data, taken.offsets, taken.parts))
    wanted = np.zeros(len(taken), dtype=np.float32)
    wanted[: len(scam)] = 1.0
    share = np.where(wanted > 0, 0.5 / max(len(scam), 1), 0.5 / max(len(ordinary), 1))
    weight = (share * len(taken)).astype(np.float32)
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
        "names": {"scam": len(scam), "ordinary": len(ordinary)},
    }
    return model, record


def _fit(rows: Rows, wanted: F32, weight: Any, settings: Settings) -> tuple[F32, float]:
    return fit_logistic(
        rows, wanted, weight.astype(np.float32), 1 << BITS,
        epochs=settings.epochs, rate=settings.rate, l2=settings.l2, seed=settings.seed,
    )  # fmt: skip


def _training_names(
    data: Path, sources: Mapping[str, Source], table: NamesTable, kind: str
) -> list[str]:
    names: dict[str, None] = {}
    for source in sources.values():
        if source.may_train:
            found = bare_names(table, read_column(data, source))
            names.update(dict.fromkeys(held_out(found, kind)[0]))
    return list(names)


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
