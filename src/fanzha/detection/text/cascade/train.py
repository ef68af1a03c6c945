"""Trains the cascade on labelled texts, measures it on texts kept back, and scales its scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.cascade.classes import class_heads, folds_of
from fanzha.detection.text.cascade.first import First, first_stage
from fanzha.detection.text.cascade.fit import half, idf, logistic, margin_fit
from fanzha.detection.text.cascade.gate import gate_of
from fanzha.detection.text.cascade.meanings import MEANINGS_FILE, Meanings, Said
from fanzha.detection.text.cascade.model import Heads, TextModel
from fanzha.detection.text.cascade.report import Held, report
from fanzha.detection.text.cascade.samples import BUILT_IN, Samples, built_in
from fanzha.detection.text.cascade.scale import Scale, cells, fit_scale
from fanzha.detection.text.cascade.vectors import Read, dense, joined, normed
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.detection.text.v1.steps import STEPS_FILE, Steps

__all__ = ["Ground", "Settings", "train"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_LEAST = np.float32(1e-6)
_GRAM_SCALE = 1.0 / 12.0
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
        rows = rows.multiply((grams.value * _GRAM_SCALE)[:, None]).tocsr()
        rows.data *= self.idf[self.active][rows.indices]
        return rows

    @cached_property
    def normed(self) -> Any:
        return normed(self.whole, self.idf)[:, self.active]

    @cached_property
    def joined(self) -> Any:
        """Rows of the second stage, for `encoded`."""
        return joined(self.normed[self.encoded], self.dense)

    @cached_property
    def dense(self) -> F32:
        return dense(self.said, self.read.held[self.encoded])

    @cached_property
    def cell(self) -> I64:
        ends = self.read.text.ends
        return cells(ends[1:] - ends[:-1], self.samples.talk)

    def spread(self, weights: npt.NDArray[Any]) -> F32:
        """Weights of the active columns in a table of all buckets, half precision's values."""
        table = np.zeros((self.idf.size, *weights.shape[1:]), dtype=np.float32)
        table[self.active] = weights
        return half(table)


@dataclass(frozen=True, eq=False)
class _Stages:
    """Both stages fitted on some rows, and what they say of every row."""

    first: F32
    said: First
    grams: F32
    dense: F32
    bias: float
    odds: F64
    """Second stage's score of the encoded rows."""


def train(
    samples: Samples, classes: tuple[str, ...], class_fraud: Bools, policies: Path,
    settings: Settings | None = None, tell: Callable[[str, str], None] = lambda zh, en: None,
) -> TextModel:  # fmt: skip
    """A model of the user's texts. Deterministic. Its `about` holds the report (see `report`).

    `classes` are the user's class names, `class_fraud` which of them say fraud; both may be empty.
    """
    settings = settings or Settings()
    ground = _prepare(samples, policies, settings, tell)
    near, far = _kept_back(ground, tell)
    tell("在全部文本上训练", "training on all texts")
    every = np.ones(len(ground.samples), dtype=bool)
    farther = _fit(ground, every, far=True)
    nearly = farther if settings.level else _fit(ground, ground.mine, far=False)
    first_in, second_in = _scales(ground, near, ground.plain)
    first_out, second_out = _scales(ground, far, np.where(far.row >= 0, ground.even, 0.0))
    gate = gate_of(
        near, ground.mine, ground.samples.fraud, ground.cell, sources=len(samples.sources),
        level=settings.level,
    )  # fmt: skip
    band = _band(ground, near, first_in)
    told, class_first, class_second = class_heads(ground, len(classes), tell)
    model = TextModel(
        first=np.column_stack([nearly.first, farther.first]), first_in=first_in,
        first_out=first_out, idf=ground.idf.astype(np.float16).astype(np.float32),
        second=Heads(
            np.column_stack([nearly.grams, farther.grams]),
            np.column_stack([nearly.dense, farther.dense]),
            np.array([nearly.bias, farther.bias]),
        ),
        second_in=second_in, second_out=second_out, gate=gate,
        band=band,
        base=(_share(ground, ground.plain), _share(ground, ground.even)), prior=(),
        classes=classes,
        class_fraud=class_fraud, class_first=class_first, class_second=class_second,
        steps=tuple(s.code for s in ground.read.steps.steps), meanings=_codes(policies), about={},
    )  # fmt: skip
    model.check()
    told_report = report(ground.samples, ground.mine, near, far, model, ground.cell, told)
    return replace(model, about={"settings": asdict(settings), "report": told_report})


def _share(ground: Ground, weight: F64) -> float:
    return float((weight * ground.samples.fraud).sum() / weight.sum())


def _codes(policies: Path) -> tuple[str, ...]:
    return tuple(one.code for one in Meanings.load(policies / "text" / MEANINGS_FILE).meanings)


def _prepare(
    samples: Samples, policies: Path, settings: Settings, tell: Callable[[str, str], None]
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
    said = meanings.read([whole.texts[row] for row in rows.tolist()])
    return Ground(whole, read, said, rows, settings)


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


def _fit(ground: Ground, rows: Bools, *, far: bool) -> _Stages:
    """Both stages on some rows. `far`: for texts of other sources, so sources weigh alike."""
    s = ground.settings
    grams = ground.read.grams
    fraud = ground.samples.fraud.astype(np.float64)
    weight = ground.even if far else ground.plain
    share = weight / np.maximum(np.bincount(grams.owner, minlength=rows.size), 1)
    of = rows[grams.owner]
    fit = logistic if far else margin_fit
    weights, _ = fit(
        ground.windows[of], fraud[grams.owner[of]], share[grams.owner[of]],
        strength=s.far_first if far else s.near, iterations=s.iterations,
    )  # fmt: skip
    first = ground.spread(weights * ground.idf[ground.active] * _GRAM_SCALE)
    met = idf(ground.whole, rows) > 0
    first = half(np.where(met, np.where(np.abs(first) < _LEAST, _LEAST, first), 0.0))
    mine = rows[ground.encoded]
    second, bias = fit(
        ground.joined[mine], fraud[ground.encoded[mine]], weight[ground.encoded[mine]],
        strength=s.far_second if far else s.near, iterations=s.iterations,
    )  # fmt: skip
    many = ground.active.size
    text = ground.read.text
    return _Stages(
        first, first_stage(text.chars, text.ends, first), ground.spread(second[:many]),
        half(second[many:]), bias, np.asarray(ground.joined @ second) + bias,
    )  # fmt: skip


def _kept_back(ground: Ground, tell: Callable[[str, str], None]) -> tuple[Held, Held]:
    """What models say of texts whose group, and of texts whose source, they never saw."""
    samples, s = ground.samples, ground.settings
    near, far = Held.none(len(samples)), Held.none(len(samples))
    fold = _folds(ground)
    for k in range(s.folds):
        tell(f"交叉验证 {k + 1}/{s.folds}", f"cross-validation {k + 1} of {s.folds}")
        rows = ground.mine & (fold != k)
        if _both(samples.fraud[rows]):
            _keep(ground, near, fold == k, _fit(ground, rows, far=s.level))
    many = np.bincount(samples.source, minlength=len(samples.sources))
    ours = [k for k, name in enumerate(samples.sources) if name in BUILT_IN]
    theirs = sorted(set(range(many.size)) - set(ours), key=lambda k: (-many[k], k))[: s.sources]
    for k in sorted(theirs) + ours:
        tell(f"留出来源 {samples.sources[k]}", f"leaving out source {samples.sources[k]}")
        out = samples.source == k
        alike = np.isin(samples.group, np.unique(samples.group[out]))
        if _both(samples.fraud[~alike]):
            _keep(ground, far, out, _fit(ground, ~alike, far=True))
    return near, far


def _folds(ground: Ground) -> I64:
    """Folds by group; by row where the texts are so alike that no fold by group has both sides to
    learn from."""
    fold = folds_of(ground.samples.group, ground.settings.folds)
    fraud, mine = ground.samples.fraud, ground.mine
    for k in np.unique(fold[mine]).tolist():
        if _both(fraud[mine & (fold != k)]):
            return fold
    return np.arange(fold.size) % ground.settings.folds


def _both(fraud: Bools) -> bool:
    return bool(fraud.any() and not fraud.all())


def _keep(ground: Ground, held: Held, out: Bools, stages: _Stages) -> None:
    """Note what `stages` say of the rows `out`."""
    held.best[out], held.whole[out] = stages.said.best[out], stages.said.whole[out]
    held.known[out] = stages.said.known[out]
    held.steps[out] = ground.read.step_sum[out]
    held.row[out] = np.flatnonzero(out)
    of = np.flatnonzero(out[ground.encoded])
    held.second[ground.encoded[of]] = stages.odds[of]


def _scales(ground: Ground, held: Held, weight: F64) -> tuple[Scale, Scale]:
    fraud = ground.samples.fraud.astype(np.float64)
    rows = np.flatnonzero((weight > 0) & (held.row >= 0))
    first = fit_scale(held.first_columns()[rows], fraud[rows], weight[rows], ground.cell[rows])
    rows = rows[np.isfinite(held.second[rows])]
    odds = first(held.first_columns()[rows], ground.cell[rows])
    columns = np.column_stack([held.second[rows], odds])
    return first, fit_scale(columns, fraud[rows], weight[rows], ground.cell[rows])


def _band(ground: Ground, held: Held, scale: Scale) -> float:
    rows = np.flatnonzero((ground.plain > 0) & (held.row >= 0))
    if not rows.size:
        return 0.0
    near = np.abs(scale(held.first_columns()[rows], ground.cell[rows]))
    order = np.argsort(near)
    share = np.cumsum(ground.plain[rows][order]) / ground.plain[rows].sum()
    return float(
        near[order][min(int(np.searchsorted(share, ground.settings.unsure)), near.size - 1)]
    )
