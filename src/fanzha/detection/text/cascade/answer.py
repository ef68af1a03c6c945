"""Reads texts with a trained cascade: a probability each, whether it is sure, class and reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.finding import Reason
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.cascade.classes import best_class, class_lead, shares_of
from fanzha.detection.text.cascade.gate import alike_by_grams
from fanzha.detection.text.cascade.grams.first import First, first_stage
from fanzha.detection.text.cascade.grams.fit import gram_rows, probability
from fanzha.detection.text.cascade.grams.vectors import BITS, Read, normed, some_of
from fanzha.detection.text.cascade.grams.written import written_counts, written_scores
from fanzha.detection.text.cascade.meanings import MEANINGS_FILE, Meanings, Said
from fanzha.detection.text.cascade.model import TextModel
from fanzha.detection.text.cascade.once import said_once
from fanzha.detection.text.cascade.policy import CASCADE_FILE, Allowance, CascadePolicy
from fanzha.detection.text.cascade.reasons import Grounds
from fanzha.detection.text.cascade.report import unsure
from fanzha.detection.text.cascade.scale import cells
from fanzha.detection.text.cascade.veiled import unescaped, veils
from fanzha.detection.text.cascade.voice import Voice, both, dense_of, first_columns
from fanzha.detection.text.parts import FROM, SETTLED, SUSPECT, cut, log_odds, worst
from fanzha.detection.text.v1.evidence import Evidence, Reader
from fanzha.detection.text.v1.ngrams import window_grams
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.detection.text.v1.steps import STEPS_FILE, Steps

__all__ = ["Answers", "Cascade"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_EXACT = 5
"""Decimals of log-odds that are told: below them the answer depends on what stood beside a text."""


@dataclass(frozen=True, eq=False)
class Cascade:
    """A model with what it reads by. Holds no memory of texts."""

    model: TextModel
    policy: CascadePolicy
    normaliser: Normaliser
    steps: Steps
    typer: Reader
    """Names the scam type of texts for models without classes of their own."""
    policies: Path

    @classmethod
    def load(cls, policies: Path, model: TextModel | None = None) -> Cascade:
        """`policies` is the folder that holds `taxonomy.yaml` and `text/`."""
        folder = policies / "text"
        taxonomy = load_taxonomy(policies / TAXONOMY_FILE)
        return cls(
            model or TextModel.load(),
            CascadePolicy.load(folder / CASCADE_FILE),
            Normaliser.load(folder / VARIANTS_FILE),
            Steps.load(folder / STEPS_FILE, taxonomy),
            Reader.load(policies, (0.0, 0.0)),
            policies,
        )

    @cached_property
    def meanings(self) -> Meanings:
        """Loaded with the encoder when first needed: about a second, 160 MB."""
        return Meanings.load(self.policies / "text" / MEANINGS_FILE)

    def read(self, texts: Sequence[str], talk: Bools, allowance: Allowance) -> Answers:
        """Judge a batch. `talk` says which are chats or calls; `allowance` limits the encoder.

        Texts of several sentences are judged by the worst of their parts too, by the first stage.
        Of a phrase said over and over the first time counts.
        """
        texts = [said_once(unescaped(text)) for text in texts]
        whole = replace(self._read_whole(texts, talk, allowance), veiled=veils(texts))
        rows = np.flatnonzero((whole.first.length >= FROM) & (whole.score < SETTLED))
        parts, owner = cut([texts[row] for row in rows.tolist()])
        if not parts:
            return whole
        read = self._read_whole(parts, talk[rows][owner], Allowance(0.0, 0))
        odds, steps = log_odds(read.score), read.reading.held @ self.steps.fraud_weights
        at, left, most = worst(odds, owner, rows.size, steps)
        doubtful = (steps >= SUSPECT) & (read.score >= self.policy.unsure_score[0])
        score, split = whole.score.copy(), np.zeros(whole.score.size, dtype=bool)
        raised = np.flatnonzero(left > log_odds(score[rows]))
        score[rows[raised]] = probability(left[raised])
        split[rows] = (most >= 0) != (whole.score[rows] >= 0.5)
        split[rows[owner[doubtful]]] |= whole.score[rows[owner[doubtful]]] < 0.5
        split[rows[at < 0]] = False
        worse = {int(rows[k]): int(at[k]) for k in raised.tolist()}
        return replace(whole, score=score, split=split, parts=read, worse=worse)

    def _read_whole(self, texts: Sequence[str], talk: Bools, allowance: Allowance) -> Answers:
        model = self.model
        read = Read.of(texts, self.normaliser, self.steps)
        near, far = (
            first_stage(read.text.chars, read.text.ends, weights) for weights in model.first_columns
        )
        cell = cells(near.length, talk)
        written, known = self._written(read, near)
        inside = model.first_in(first_columns(near, read, written[:, 0]), cell)
        outside = model.first_out(first_columns(far, read), cell)
        heard = plain = outside
        if self.voice:
            heard = self.voice.first(read, cell)
            outside = both(outside, heard)
        add_in, add_out = model.moved(talk)
        alike = alike_by_grams(known, cell, model.gate)

        odds = model.answer(inside + add_in, outside + add_out, alike, add_in)
        shares = shares_of(written[:, 1:]) if model.classes else None
        wanted = unsure(inside + add_in, outside + add_out, odds, alike, model.band)
        sureness = np.abs(odds)
        if shares is not None:
            lead = class_lead(shares)
            wanted |= lead < model.band
            sureness = np.minimum(sureness, lead)
        asked = allowance.grant(wanted & (near.length > 0), sureness)
        rows = np.flatnonzero(asked)
        said = None
        if rows.size:
            said = self.meanings.read([texts[row] for row in rows.tolist()])
            counts = self._counts(read, rows)
            second = model.second(normed(counts, model.idf), self._columns(model, said, read, rows))
            if model.written_idf.size:
                second[:, 0] += self._words(read, rows) @ model.written.grams[:, 1]
            again = model.second_out(np.column_stack([second[:, 1], plain[rows]]), cell[rows])
            if self.voice:
                columns = self._columns(self.voice.model, said, read, rows)
                after = self.voice.second(counts, columns, heard[rows], cell[rows])
                again = both(again, after)
            own = model.second_in(np.column_stack([second[:, 0], inside[rows]]), cell[rows])
            odds[rows] = model.answer(
                own + add_in[rows], again + add_out[rows], alike[rows], add_in[rows]
            )
        head = int(alike.size > 0 and float(alike.mean()) < 0.5)
        first = far if head else near
        odds = np.round(odds, _EXACT)
        score = np.where(near.length > 0, probability(odds), 0.0)
        return Answers(self, read, first, asked, said, score, alike, cell, head, shares)

    @cached_property
    def voice(self) -> Voice | None:
        """Asked beside the model's own answer for texts of other sources, where it has one."""
        return Voice(self.model.voice) if self.model.voice else None

    @cached_property
    def _weights(self) -> F32:
        """Of rows of words as written and grams: the first stage's, then each class's."""
        first, classes = self.model.written.grams[:, :1], self.model.class_first.grams
        return np.hstack([first, classes]) if self.model.classes else first

    def _written(self, read: Read, near: First) -> tuple[F64, F32]:
        """(rows, 1 + classes) margins of words as written and grams, and the share of long grams
        that the model knows."""
        model = self.model
        if not model.written_idf.size:
            return np.zeros((near.best.size, 1)), near.known
        margins, known = written_scores(read.text, model.written_idf, self._weights)
        return margins + np.append(model.written.bias[0], model.class_first.bias), known

    def _columns(self, model: TextModel, said: Said, read: Read, rows: I64) -> F32:
        steps = [one.code for one in self.steps.steps]
        meanings = [one.code for one in self.meanings.meanings]
        return dense_of(model, said, read.held[rows], steps, meanings)

    def _counts(self, read: Read, rows: I64) -> Any:
        """Counts of grams of some rows, as 1 + ln."""
        text = some_of(read.text, rows)
        grams = gram_rows(*window_grams(text.chars, text.ends, BITS), 1 << BITS)
        return grams.texts(rows.size)

    def _words(self, read: Read, rows: I64) -> Any:
        """Some rows of words as written and grams, of unit length."""
        return normed(written_counts(some_of(read.text, rows)), self.model.written_idf)


@dataclass(frozen=True, eq=False)
class Answers:
    """A batch after reading. `score`: probability of fraud; `alike`: probability that a text is
    like those the model was trained on; `asked`: rows the second stage read."""

    cascade: Cascade
    reading: Read
    first: First
    asked: Bools
    said: Said | None
    score: F64
    alike: F64
    cell: I64
    head: int
    shares: F64 | None
    """The user's classes as the first stage sees them."""
    split: Bools | None = None
    """Rows whose whole and worst part are judged differently, or of which a part with a scam's
    step is doubtful where the whole is not."""
    parts: Answers | None = None
    """Of the parts of longer texts."""
    worse: Mapping[int, int] = field(default_factory=dict)
    """Row → the part in `parts` that its score is of, where that is not the whole's."""
    veiled: Mapping[int, str] = field(default_factory=dict)
    """Row → how it is written so that it cannot be read (`veiled.REASONS`)."""

    @cached_property
    def sure(self) -> Bools:
        """False where a text is of a kind the model was not calibrated on and the score undecided,
        where the whole and its worst part disagree, where it is innocent and `veiled`, or where
        there is nothing to read."""
        policy, model = self.cascade.policy, self.cascade.model
        low, high = policy.unsure_score
        middle = (self.score > low) & (self.score < high)
        strange = (self.alike < policy.unlike) | ~model.first_in.met[self.cell]
        sure: Bools = ~(strange & middle) & (self.first.length > 0)
        for row in self.veiled:
            sure[row] &= bool(self.score[row] >= 0.5)
        return sure if self.split is None else sure & ~self.split

    @cached_property
    def classes(self) -> list[str | None]:
        """The user's class of each text; None for all where the model has none."""
        model = self.cascade.model
        if self.shares is None:
            return [None] * self.score.size
        shares = self.shares.copy()
        if self.said is not None:
            asked = np.flatnonzero(self.asked)
            columns = self.cascade._columns(model, self.said, self.reading, asked)
            words = self.cascade._words(self.reading, asked)
            shares[asked] = shares_of(model.class_second(words, columns))
        return [model.classes[k] for k in best_class(shares, model.class_fraud, self.score)]

    def scam_types(self, rows: I64) -> list[str | None]:
        """Type or main class of some rows, by the taxonomy."""
        if not rows.size:
            return []
        evidence = self.types_of(rows)
        return [evidence.scam_type(k) for k in range(rows.size)]

    def types_of(self, rows: I64) -> Evidence:
        """What the channel's own reader finds in some rows."""
        said = [
            self.parts.reading.text.bytes_of(self.worse[row])
            if self.parts is not None and row in self.worse else self.reading.text.bytes_of(row)
            for row in rows.tolist()
        ]  # fmt: skip
        return self.cascade.typer.read(said, by_parts=False)

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Phrases and steps that carry a row's score; parts add up to it."""
        if self.parts is None or row not in self.worse:
            return self._grounds.reasons(row)
        of_part = self.parts.reasons(self.worse[row])
        whole = sum(one.part for one in of_part)
        return tuple(replace(one, part=float(self.score[row]) * one.part / whole)
                     for one in of_part)  # fmt: skip

    @cached_property
    def _grounds(self) -> Grounds:
        meanings = self.cascade.meanings.meanings if self.said is not None else ()
        return Grounds(
            self.reading, self.first, self.cascade.model, self.score, self.asked, self.said,
            meanings, self.cascade.normaliser, self.head,
        )  # fmt: skip
