"""Trains text v1: `python -m fanzha.detection.text.v1.train --data DIR --out FOLDER`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.linear import Rows, calibrate, fit_logistic, fit_softmax, margins
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.v1.corpus import (
    DIALOGUES,
    MESSAGES_FILE,
    Sample,
    dialogues,
    fingerprint,
    own_set,
    written,
)
from fanzha.detection.text.v1.model import FRAUD, GREY_HEAD, KINDS, Model
from fanzha.detection.text.v1.ngrams import window_grams
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser, NormalText
from fanzha.detection.text.v1.sounds import SOUNDS_FILE
from fanzha.detection.text.v1.steps import STEPS_FILE, Steps

__all__ = ["Settings", "fit", "train"]

F32 = npt.NDArray[np.float32]
POLICIES = Path(__file__).resolve().parents[5] / "policies"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that shapes a model besides its texts; written into its record."""

    seed: int = 20261101
    head_bits: int = 18
    class_bits: int = 15
    type_bits: int = 13
    variants: int = 6
    epochs: int = 12
    rate: float = 0.08
    l2: float = 1e-6
    folds: int = 5
    transcript_weight: float = 0.15


def train(
    data: Path | None, *, extra: Sequence[Path] = (), settings: Settings | None = None,
    policies: Path = POLICIES, samples: Sequence[Sample] = (),
) -> tuple[Model, dict[str, Any]]:  # fmt: skip
    """A model and its record. Deterministic: same files and settings, same weights.

    `data` is a folder with the sets that a shipped model may be trained on (None: written
    messages only); `extra` and `samples` are a user's own labelled texts.
    """
    settings = settings or Settings()
    taxonomy = load_taxonomy(policies / TAXONOMY_FILE)
    text = policies / "text"
    steps = Steps.load(text / STEPS_FILE, taxonomy)
    normaliser = Normaliser.load(text / VARIANTS_FILE)
    corpus = written(text / MESSAGES_FILE, taxonomy, settings.seed, settings.variants)
    files = (MESSAGES_FILE, STEPS_FILE, VARIANTS_FILE, SOUNDS_FILE)
    used = {name: fingerprint(text / name) for name in files}
    if data is not None:
        corpus += dialogues(data / DIALOGUES, corpus[-1].group + 1)
        used[DIALOGUES] = fingerprint(data / DIALOGUES)
    for path in extra:
        corpus += own_set(path, corpus[-1].group + 1)
        used[path.name] = fingerprint(path)
    corpus += samples
    model, unseen = fit(corpus, normaliser, steps, settings)
    asked = ["--data DIR"] * (data is not None) + [f"--extra {path.name}" for path in extra]
    record = {
        "command": " ".join(["python -m fanzha.detection.text.v1.train", *asked]),
        "unseen": unseen,
        "settings": {name: getattr(settings, name) for name in Settings.__slots__},
        "sets_sha256": used,
        "texts": {kind: sum(s.kind == kind for s in corpus) for kind in KINDS},
        "fraud": sum(s.fraud for s in corpus),
    }
    return model, record


@dataclass(frozen=True, eq=False)
class _Texts:
    """The corpus in normal form, cut into windows, with steps found."""

    normal: NormalText
    head: Rows
    owner: npt.NDArray[np.int64]
    weight: F32
    """Per window: its text's weight, shared among the text's windows."""
    fraud_steps: npt.NDArray[np.float64]
    grey_steps: npt.NDArray[np.float64]


def fit(
    corpus: Sequence[Sample], normaliser: Normaliser, steps: Steps, settings: Settings
) -> tuple[Model, dict[str, Any]]:
    """A model of these texts, and what it says of texts whose group it had not seen."""
    mains = sorted(steps.taxonomy.main_classes)
    texts = _prepare(corpus, normaliser, steps, settings)
    group = np.array([s.group for s in corpus])
    fold = (group * 2654435761 % 2**32 // 2**16) % settings.folds
    labels = (
        np.array([s.fraud for s in corpus], dtype=np.float32),
        np.array([s.grey for s in corpus], dtype=np.float32),
    )
    heads = np.zeros((1 << settings.head_bits, 2), dtype=np.float32)
    bias = np.zeros(2, dtype=np.float32)
    blend = np.zeros((len(KINDS), 2, 3))
    told: dict[str, Any] = {}
    for head, steps_sum in ((FRAUD, texts.fraud_steps), (GREY_HEAD, texts.grey_steps)):
        unseen = _unseen(texts, labels[head], fold, settings)
        for k, kind in enumerate(KINDS):
            of_kind = np.array([s.kind == kind for s in corpus])
            if not of_kind.any() or (head == GREY_HEAD and kind == "transcript"):
                blend[k, head] = blend[0, head]
                continue
            columns = np.column_stack([unseen[of_kind], steps_sum[of_kind]]).astype(np.float64)
            share = np.array([s.weight for s in corpus])[of_kind]
            wanted = labels[head][of_kind].astype(np.float64)
            blend[k, head] = calibrate(columns, wanted, share)
            odds = columns @ blend[k, head, :2] + blend[k, head, 2]
            told[f"{kind}, {'fraud' if head == FRAUD else 'grey'}"] = _told(odds, wanted, share)
        heads[:, head], bias[head] = _head(texts, labels[head], None, settings)
    of_main = [s.main for s in corpus]
    classes, class_bias = _classes(of_main, texts, mains, settings.class_bits, settings)
    of_type = [s.scam_type for s in corpus]
    kinds = sorted({one for one in of_type if one})
    types, type_bias = _classes(of_type, texts, kinds, settings.type_bits, settings)
    return Model(
        heads, bias, classes, class_bias, tuple(mains), types, type_bias, tuple(kinds), blend
    ), told


def _told(
    odds: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64], share: npt.NDArray[np.float64]
) -> dict[str, list[float]]:
    """Share caught and share falsely named by log-odds, on texts whose group was not trained on."""
    yes, no = share * (wanted > 0), share * (wanted == 0)
    return {
        f"{least:g}": [
            round(float(one[odds >= least].sum() / one.sum()), 4) if one.sum() else 0.0
            for one in (yes, no)
        ]
        for least in (0.0, 2.0, 3.0, 4.0)
    }


def _prepare(
    corpus: Sequence[Sample], normaliser: Normaliser, steps: Steps, settings: Settings
) -> _Texts:
    normal = normaliser([s.text for s in corpus])
    buckets, begins, values, owner = window_grams(normal.chars, normal.ends, settings.head_bits)
    share = np.array(
        [s.weight * (settings.transcript_weight if s.kind == "transcript" else 1.0) for s in corpus]
    )
    windows = np.bincount(owner, minlength=len(corpus))
    held, _, _ = steps.automaton.holds(normal.chars, normal.ends)
    return _Texts(
        normal,
        Rows(buckets, begins, values),
        owner,
        (share[owner] / windows[owner]).astype(np.float32),
        held @ steps.fraud_weights,
        held @ steps.grey_weights,
    )


def _head(
    texts: _Texts, wanted: F32, windows: npt.NDArray[np.bool_] | None, settings: Settings
) -> tuple[F32, float]:
    weight = texts.weight if windows is None else texts.weight * windows
    return fit_logistic(
        texts.head, wanted[texts.owner], weight.astype(np.float32), 1 << settings.head_bits,
        epochs=settings.epochs, rate=settings.rate, l2=settings.l2, seed=settings.seed,
    )  # fmt: skip


def _unseen(
    texts: _Texts, wanted: F32, fold: npt.NDArray[np.int64], settings: Settings
) -> npt.NDArray[np.float64]:
    """Every text's log-odds under a model that never saw its group: its best window's."""
    out = np.full(wanted.size, -np.inf)
    for k in range(settings.folds):
        out_of = fold[texts.owner] == k
        weights, bias = _head(texts, wanted, ~out_of, settings)
        scores = margins(texts.head, weights, bias).astype(np.float64)
        np.maximum.at(out, texts.owner[out_of], scores[out_of])
    return out


def _classes(
    named: Sequence[str | None], texts: _Texts, codes: list[str], bits: int, settings: Settings
) -> tuple[F32, F32]:
    """Softmax over codes, from texts that have one."""
    buckets, begins, values, owner = window_grams(texts.normal.chars, texts.normal.ends, bits)
    known = np.array([codes.index(one) if one else -1 for one in named])[owner]
    weight = np.where(known >= 0, texts.weight, 0.0).astype(np.float32)
    balance = np.bincount(known[known >= 0], weights=weight[known >= 0], minlength=len(codes))
    weight *= np.where(known >= 0, balance.mean() / np.maximum(balance, 1e-6)[known], 0.0)
    return fit_softmax(
        Rows(buckets, begins, values), np.maximum(known, 0), weight.astype(np.float32), 1 << bits,
        len(codes), epochs=settings.epochs, rate=settings.rate, l2=settings.l2, seed=settings.seed,
    )  # fmt: skip


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the training sets")
    parser.add_argument("--extra", type=Path, action="append", default=[], help="own labelled set")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    asked = parser.parse_args()
    model, record = train(asked.data, extra=asked.extra)
    model.save(asked.out, record)
    sys.stdout.write(f"{asked.out / 'model.npz'}: {record['texts']}\n")


if __name__ == "__main__":
    main()
