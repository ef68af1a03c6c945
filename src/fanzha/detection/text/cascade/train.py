"""Trains the cascade on labelled texts, measures it on texts kept back, and scales its scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.cascade.classes import class_heads, folds_of
from fanzha.detection.text.cascade.gate import Gate, gate_of, level_gate
from fanzha.detection.text.cascade.grams.first import First, first_stage
from fanzha.detection.text.cascade.grams.fit import half, idf, logistic, margin_fit
from fanzha.detection.text.cascade.grams.written import written_scores
from fanzha.detection.text.cascade.ground import GRAM_SCALE, Ground, Settings, prepare
from fanzha.detection.text.cascade.model import Heads, TextModel
from fanzha.detection.text.cascade.report import Held, floor_of, report
from fanzha.detection.text.cascade.samples import BUILT_IN, Samples
from fanzha.detection.text.cascade.scale import Scale, fit_scale

__all__ = ["Settings", "train"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_LEAST = np.float32(1e-6)


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
    written: F32
    """Weights of words as written and grams, of the first stage; empty where it has none."""
    written_bias: float
    margin: F64
    """What they say of every row; zeros where there are none."""
    known: F32


def train(
    samples: Samples, classes: tuple[str, ...], class_fraud: Bools, policies: Path,
    settings: Settings | None = None, tell: Callable[[str, str], None] = lambda zh, en: None,
    count: Callable[[int, int], None] = lambda done, total: None,
) -> TextModel:  # fmt: skip
    """A model of the user's texts. Deterministic. Its `about` holds the report (see `report`).

    `classes` are the user's class names, `class_fraud` which of them say fraud; both may be empty.
    """
    settings = settings or Settings()
    ground = prepare(samples, policies, settings, tell, count)
    near, far = _kept_back(ground, tell)
    tell("在全部文本上训练", "training on all texts")
    every = np.ones(len(ground.samples), dtype=bool)
    farther = _fit(ground, every, far=True)
    nearly = farther if settings.level else _fit(ground, ground.mine, far=False)
    first_in, second_in = _scales(ground, near, ground.plain)
    first_out, second_out = _scales(ground, far, np.where(far.row >= 0, ground.even, 0.0))
    gate = level_gate() if settings.level else _gate(ground, near, nearly, len(samples.sources))
    band = _band(ground, near, first_in)
    if not settings.level:
        far.voice, far.voice_again = ground.heard, ground.heard_again
    told, class_first, class_second = class_heads(ground, classes, tell)
    nothing = np.zeros_like(farther.grams)
    model = TextModel(
        first=np.column_stack([nearly.first, farther.first]), first_in=first_in,
        first_out=first_out, idf=ground.idf.astype(np.float16).astype(np.float32),
        second=Heads(
            np.column_stack([nearly.grams if settings.level else nothing, farther.grams]),
            np.column_stack([nearly.dense, farther.dense]),
            np.array([nearly.bias, farther.bias]),
        ),
        second_in=second_in, second_out=second_out, gate=gate,
        band=band,
        base=(_share(ground, ground.plain), _share(ground, ground.even)), prior=(),
        classes=classes,
        class_fraud=class_fraud, class_first=class_first, class_second=class_second,
        steps=tuple(s.code for s in ground.read.steps.steps), meanings=ground.meanings, about={},
    )  # fmt: skip
    if not settings.level:
        model = replace(
            model, voice=ground.voice.model,
            written_idf=ground.written_idf.astype(np.float16).astype(np.float32),
            written=Heads(
                np.column_stack([nearly.written, nearly.grams]), np.zeros((0, 2), np.float32),
                np.array([nearly.written_bias, 0.0]),
            ),
        )  # fmt: skip
        model = replace(model, floor=floor_of(far, ground.samples, model, ground.cell))
    model.check()
    told_report = report(ground.samples, ground.mine, near, far, model, ground.cell, told)
    return replace(model, about={"settings": asdict(settings), "report": told_report})


def _share(ground: Ground, weight: F64) -> float:
    return float((weight * ground.samples.fraud).sum() / weight.sum())


def _fit(ground: Ground, rows: Bools, *, far: bool) -> _Stages:
    """Both stages on some rows. `far`: for texts of other sources, so sources weigh alike."""
    first, said = _windows(ground, rows, far=far)
    s, fit = ground.settings, logistic if far else margin_fit
    fraud = ground.samples.fraud.astype(np.float64)
    weight = ground.even if far else ground.plain
    again = ground.joined if far else ground.written_joined
    mine = rows[ground.encoded]
    second, bias = fit(
        again[mine], fraud[ground.encoded[mine]], weight[ground.encoded[mine]],
        strength=s.far_second if far else s.near, iterations=s.iterations,
    )  # fmt: skip
    many = again.shape[1] - ground.dense.shape[1]
    grams = ground.spread(second[:many], written=not far)
    after = (grams, half(second[many:]), bias, np.asarray(again @ second) + bias)
    if far:
        nothing = np.zeros(0, dtype=np.float32)
        return _Stages(first, said, *after, nothing, 0.0, np.zeros(rows.size), said.known)
    words, constant = fit(
        ground.written[rows], fraud[rows], weight[rows], strength=s.near, iterations=s.iterations
    )
    return _Stages(
        first, said, *after, ground.spread(words, written=True), constant,
        np.asarray(ground.written @ words) + constant, _known(ground, rows),
    )  # fmt: skip


def _windows(ground: Ground, rows: Bools, *, far: bool) -> tuple[F32, First]:
    """Weights of grams by the best window of each text, and what they say of every row."""
    s = ground.settings
    windows = ground.read.grams
    fraud = ground.samples.fraud.astype(np.float64)
    weight = ground.even if far else ground.plain
    share = weight / np.maximum(np.bincount(windows.owner, minlength=rows.size), 1)
    of = rows[windows.owner]
    fit = logistic if far else margin_fit
    weights, _ = fit(
        ground.windows[of], fraud[windows.owner[of]], share[windows.owner[of]],
        strength=s.far_first if far else s.near, iterations=s.iterations,
    )  # fmt: skip
    first = ground.spread(weights * ground.idf[ground.active] * GRAM_SCALE)
    met = idf(ground.whole, rows) > 0
    first = half(np.where(met, np.where(np.abs(first) < _LEAST, _LEAST, first), 0.0))
    text = ground.read.text
    return first, first_stage(text.chars, text.ends, first)


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
    held.known[out], held.written[out] = stages.known[out], stages.margin[out]
    held.steps[out] = ground.read.step_sum[out]
    held.row[out] = np.flatnonzero(out)
    of = np.flatnonzero(out[ground.encoded])
    held.second[ground.encoded[of]] = stages.odds[of]


def _scales(ground: Ground, held: Held, weight: F64) -> tuple[Scale, Scale]:
    fraud = ground.samples.fraud.astype(np.float64)
    rows = np.flatnonzero((weight > 0) & (held.row >= 0))
    own = bool(held.written.any())
    columns = held.first_columns()
    if own:  # beside words as written neither windows nor steps tell more
        columns[:, :-1] = 0.0
    cell = ground.cell
    first = fit_scale(columns[rows], fraud[rows], weight[rows], cell[rows], apart=not own)
    rows = rows[np.isfinite(held.second[rows])]
    both = np.column_stack([held.second[rows], first(columns[rows], cell[rows])])
    return first, fit_scale(both, fraud[rows], weight[rows], cell[rows], apart=not own)


def _gate(ground: Ground, near: Held, nearly: _Stages, sources: int) -> Gate:
    """What texts of a left-out source know is what strangers will: of one source's model, fanzha's
    own messages are the strangers."""
    own = np.where(ground.mine & (near.row >= 0), near.known, np.nan).astype(np.float32)
    other = np.full(own.size, np.nan, dtype=np.float32)
    if sources == 1:
        other[~ground.mine] = nearly.known[~ground.mine]
    else:
        for k in np.unique(ground.samples.source[ground.mine]).tolist():
            out = ground.samples.source == k
            other[out] = _known(ground, ground.mine & ~out)[out]
    return gate_of(own, other, ground.samples.fraud, ground.cell, ground.even, sources=sources)


def _known(ground: Ground, rows: Bools) -> F32:
    """Share of each text's long grams that some rows have."""
    text = ground.read.text
    seen = np.where(idf(ground.read.written, rows) > 0, ground.written_idf, 0.0)
    nothing = np.zeros((seen.size, 0), dtype=np.float32)
    return written_scores(text, seen.astype(np.float32), nothing)[1]


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
