"""Reads texts with a trained cascade: a probability each, whether it is sure, class and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.finding import Reason
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.cascade.classes import best_class, class_lead, shares_of
from fanzha.detection.text.cascade.first import First, first_stage
from fanzha.detection.text.cascade.fit import gram_rows, probability
from fanzha.detection.text.cascade.gate import alike_by_grams, mix
from fanzha.detection.text.cascade.meanings import MEANINGS_FILE, Meanings, Said
from fanzha.detection.text.cascade.model import TextModel, columns_of
from fanzha.detection.text.cascade.policy import CASCADE_FILE, Allowance, CascadePolicy
from fanzha.detection.text.cascade.reasons import Grounds
from fanzha.detection.text.cascade.report import unsure
from fanzha.detection.text.cascade.scale import cells
from fanzha.detection.text.cascade.vectors import BITS, Read, dense, normed
from fanzha.detection.text.v1.evidence import Evidence, Reader
from fanzha.detection.text.v1.ngrams import window_grams
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.detection.text.v1.steps import STEPS_FILE, Steps

__all__ = ["Answers", "Cascade"]

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


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
        """Judge a batch. `talk` says which are chats or calls; `allowance` limits the encoder."""
        model = self.model
        read = Read.of(texts, self.normaliser, self.steps)
        near, far = (
            first_stage(read.text.chars, read.text.ends, np.ascontiguousarray(column))
            for column in model.first.T
        )
        cell = cells(near.length, talk)
        inside = model.first_in(_columns(near, read), cell)
        outside = model.first_out(_columns(far, read), cell)
        add_in, add_out = model.moved(talk)
        alike = alike_by_grams(near.known, cell, model.gate)
        odds = mix(inside + add_in, outside + add_out, alike)
        every = np.arange(odds.size)
        shares = shares_of(model.class_first(self._grams(read, every))) if model.classes else None
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
            second = model.second(self._grams(read, rows), self._columns(said, read, rows))
            odds[rows] = mix(
                model.second_in(np.column_stack([second[:, 0], inside[rows]]), cell[rows])
                + add_in[rows],
                model.second_out(np.column_stack([second[:, 1], outside[rows]]), cell[rows])
                + add_out[rows],
                alike[rows],
            )
        head = int(alike.size > 0 and float(alike.mean()) < 0.5)
        first = far if head else near
        score = np.where(near.length > 0, probability(odds), 0.0)
        return Answers(self, read, first, asked, said, score, alike, cell, head, shares)

    def _columns(self, said: Said, read: Read, rows: I64) -> F32:
        """Dense columns in the order that the model was trained with."""
        steps = columns_of([s.code for s in self.steps.steps], self.model.steps)
        meanings = columns_of([m.code for m in self.meanings.meanings], self.model.meanings)
        held = read.held[rows][:, np.maximum(steps, 0)] & (steps >= 0)
        like = said.like[:, np.maximum(meanings, 0)] * (meanings >= 0)
        return dense(Said(said.mean, like.astype(np.float32), said.where, said.pieces), held)

    def _grams(self, read: Read, rows: I64) -> object:
        text = read.text
        lengths = (text.ends[1:] - text.ends[:-1])[rows]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        chars = np.concatenate(
            [text.chars[text.ends[r] : text.ends[r + 1]] for r in rows.tolist()]
            or [text.chars[:0]]
        )  # fmt: skip
        grams = gram_rows(*window_grams(chars, ends, BITS), 1 << BITS)
        return normed(grams.texts(rows.size), self.model.idf)


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

    @cached_property
    def sure(self) -> Bools:
        """False where a text is of a kind the model was not calibrated on and the score undecided,
        or where there is nothing to read."""
        policy, model = self.cascade.policy, self.cascade.model
        low, high = policy.unsure_score
        middle = (self.score > low) & (self.score < high)
        strange = (self.alike < policy.unlike) | ~model.first_in.met[self.cell]
        sure: Bools = ~(strange & middle) & (self.first.length > 0)
        return sure

    @cached_property
    def classes(self) -> list[str | None]:
        """The user's class of each text; None for all where the model has none."""
        model = self.cascade.model
        if self.shares is None:
            return [None] * self.score.size
        shares = self.shares.copy()
        if self.said is not None:
            asked = np.flatnonzero(self.asked)
            columns = self.cascade._columns(self.said, self.reading, asked)
            grams = self.cascade._grams(self.reading, asked)
            shares[asked] = shares_of(model.class_second(grams, columns))
        return [model.classes[k] for k in best_class(shares, model.class_fraud, self.score)]

    def scam_types(self, rows: I64) -> list[str | None]:
        """Type or main class of some rows, by the taxonomy."""
        if not rows.size:
            return []
        evidence = self.types_of(rows)
        return [evidence.scam_type(k) for k in range(rows.size)]

    def types_of(self, rows: I64) -> Evidence:
        """What the channel's own reader finds in some rows."""
        text = self.reading.text
        return self.cascade.typer.read([text.bytes_of(row) for row in rows.tolist()])

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Phrases and steps that carry a row's score; parts add up to it."""
        return self._grounds.reasons(row)

    @cached_property
    def _grounds(self) -> Grounds:
        meanings = self.cascade.meanings.meanings if self.said is not None else ()
        return Grounds(
            self.reading, self.first, self.cascade.model, self.score, self.asked, self.said,
            meanings, self.cascade.normaliser, self.head,
        )  # fmt: skip


def _columns(first: First, read: Read) -> F64:
    return np.column_stack([first.best, first.whole, read.step_sum]).astype(np.float64)
