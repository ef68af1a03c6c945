"""What a training run reads once: texts with their grams, words, steps and sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.cascade.grams.fit import half, idf
from fanzha.detection.text.cascade.grams.vectors import Read, dense, joined, normed
from fanzha.detection.text.cascade.meanings import MEANINGS_FILE, Meanings, Said
from fanzha.detection.text.cascade.model import TextModel
from fanzha.detection.text.cascade.samples import BUILT_IN, Samples, built_in
from fanzha.detection.text.cascade.scale import cells
from fanzha.detection.text.cascade.voice import Voice, dense_of
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.detection.text.v1.steps import STEPS_FILE, Steps

__all__ = ["GRAM_SCALE", "Ground", "Settings", "prepare"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
GRAM_SCALE = 1.0 / 12.0
"""Brings a window's normed grams to about unit length, so that one strength fits all."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What shapes a model besides its texts; written into its record."""

    seed: int = 20261101
    variants: int = 4
    folds: int = 4
    near: float = 1.0
    """Strength of the heads for texts like those trained on (squared hinge)."""
    far_first: float = 30.0
    far_second: float = 20.0
    """Strength of the heads for texts of other sources (log-loss), grams and sentences."""
    iterations: int = 80
    encoded: int = 12_000
    """Texts that the sentence encoder reads for training the second stage."""
    sources: int = 6
    """Sources of the user's, the largest, that are left out in turn."""
    unsure: float = 0.10
    """Share of texts like those trained on that the first stage calls unsure."""
    level: bool = False
    """Whether fanzha's own messages count as texts the model is for, and all sources alike: so for
    the model that ships, which is for nobody's texts in particular."""


@dataclass(eq=False)
class Ground:
    """Everything that is computed once about the texts: grams, steps, sentences of a part.

    Matrices have only the columns of grams that two texts or more have (`active`).
    """

    samples: Samples
    read: Read
    said: Said
    encoded: I64
    """Rows whose sentences `said` holds, in its order."""
    settings: Settings
    meanings: tuple[str, ...]
    """Codes of the meanings."""

    @cached_property
    def mine(self) -> Bools:
        """Texts of the kind the model is for."""
        ours = [k for k, name in enumerate(self.samples.sources) if name in BUILT_IN]
        mine = ~np.isin(self.samples.source, ours)
        return mine if mine.any() and not self.settings.level else np.ones(mine.size, dtype=bool)

    @cached_property
    def even(self) -> F64:
        """Per text: the root evens out sources and their two sides without making them equal."""
        cell = self.samples.source * 2 + self.samples.fraud
        many = np.bincount(cell, minlength=int(cell.max()) + 1)
        return 1.0 / np.sqrt(many[cell])

    @cached_property
    def plain(self) -> F64:
        """Per text: its weight among texts the model is for; 0 for the others."""
        weight = self.even if self.settings.level else np.ones(len(self.samples))
        return np.where(self.mine, weight, 0.0)

    @cached_property
    def whole(self) -> Any:
        return self.read.grams.texts(len(self.samples))

    @cached_property
    def idf(self) -> F32:
        return idf(self.whole, np.ones(len(self.samples), dtype=bool))

    @cached_property
    def active(self) -> I64:
        return np.flatnonzero(self.idf > 0)

    @cached_property
    def windows(self) -> Any:
        """Windows' rows for the first stage, scaled."""
        grams = self.read.grams
        rows = grams.counts[:, self.active]
        rows = rows.multiply((grams.value * GRAM_SCALE)[:, None]).tocsr()
        rows.data *= self.idf[self.active][rows.indices]
        return rows

    @cached_property
    def normed(self) -> Any:
        return normed(self.whole, self.idf)[:, self.active]

    @cached_property
    def joined(self) -> Any:
        """Rows of the second stage's answer for other sources, for `encoded`."""
        return joined(self.normed[self.encoded], self.dense)

    @cached_property
    def written_idf(self) -> F32:
        """Of words as written and grams that texts the model is for have."""
        return idf(self.read.written, self.mine)

    @cached_property
    def written_active(self) -> I64:
        return np.flatnonzero(self.written_idf > 0)

    @cached_property
    def written(self) -> Any:
        """Rows of unit length, of words as written and grams."""
        return normed(self.read.written, self.written_idf)[:, self.written_active].tocsr()

    @cached_property
    def written_joined(self) -> Any:
        """Rows of the second stage's answer for texts like those trained on, for `encoded`."""
        return joined(self.written[self.encoded], self.dense)

    @cached_property
    def voice(self) -> Voice:
        return Voice(TextModel.load())

    @cached_property
    def heard(self) -> F64:
        """Of all rows, what the voice says after the first stage."""
        return self.voice.first(self.read, self.cell)

    @cached_property
    def heard_again(self) -> F64:
        """Of all rows, what the voice says after the second stage; NaN where not encoded."""
        out, rows = np.full(len(self.samples), np.nan), self.encoded
        columns = dense_of(
            self.voice.model, self.said, self.read.held[rows],
            [one.code for one in self.read.steps.steps], self.meanings,
        )  # fmt: skip
        out[rows] = self.voice.second(self.whole[rows], columns, self.heard[rows], self.cell[rows])
        return out

    @cached_property
    def dense(self) -> F32:
        return dense(self.said, self.read.held[self.encoded])

    @cached_property
    def cell(self) -> I64:
        ends = self.read.text.ends
        return cells(ends[1:] - ends[:-1], self.samples.talk)

    def spread(self, weights: npt.NDArray[Any], *, written: bool = False) -> F32:
        """Weights of the active columns in a table of all buckets, half precision's values."""
        size = self.written_idf.size if written else self.idf.size
        table = np.zeros((size, *weights.shape[1:]), dtype=np.float32)
        table[self.written_active if written else self.active] = weights
        return half(table)


def prepare(
    samples: Samples,
    policies: Path,
    settings: Settings,
    tell: Callable[[str, str], None],
    count: Callable[[int, int], None],
) -> Ground:
    folder = policies / "text"
    taxonomy = load_taxonomy(policies / TAXONOMY_FILE)
    whole = samples.with_more(built_in(policies, taxonomy, settings.seed, settings.variants))
    steps = Steps.load(folder / STEPS_FILE, taxonomy)
    tell(f"读取 {len(whole):,} 条文本", f"reading {len(whole):,} texts")
    read = Read.of(whole.texts, Normaliser.load(folder / VARIANTS_FILE), steps)
    rows = _to_encode(whole, settings)
    tell(f"编码 {rows.size:,} 条文本的句子", f"encoding the sentences of {rows.size:,} texts")
    meanings = Meanings.load(folder / MEANINGS_FILE)
    texts = [whole.texts[row] for row in rows.tolist()]
    said = meanings.read(texts, lambda done: count(done, rows.size))
    codes = tuple(one.code for one in meanings.meanings)
    return Ground(whole, read, said, rows, settings, codes)


def _to_encode(samples: Samples, settings: Settings) -> I64:
    """Rows for the encoder: all where they are few, else as many of each source and side."""
    if len(samples) <= settings.encoded:
        return np.arange(len(samples))
    rng = np.random.default_rng(settings.seed)
    cell = samples.source * 2 + samples.fraud
    many = np.bincount(cell)
    least, most = 0, int(many.max())
    while most - least > 1:  # the cap on a cell that just fills the number asked for
        middle = (least + most) // 2
        if np.minimum(many, middle).sum() <= settings.encoded:
            least = middle
        else:
            most = middle
    chosen = [rng.permutation(np.flatnonzero(cell == c))[:most] for c in range(many.size)]
    return np.sort(np.concatenate(chosen))
