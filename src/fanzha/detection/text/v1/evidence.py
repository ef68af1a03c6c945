"""What the words of messages say: a score a row, and for one row its reasons, class and stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.finding import Reason, Stage
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.v1.automaton import Hits
from fanzha.detection.text.v1.kernel import F32, I32, I64
from fanzha.detection.text.v1.model import FRAUD, GREY_HEAD, Model
from fanzha.detection.text.v1.ngrams import WINDOW, contributions
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser, NormalText, Texts
from fanzha.detection.text.v1.phrases import quote, spans
from fanzha.detection.text.v1.steps import GREY, STEPS_FILE, Step, Steps

__all__ = ["Evidence", "Reader"]

Floats = npt.NDArray[np.float64]
_CLEAR = 0.4
"""Share of probability below which no class is named."""


@dataclass(frozen=True, eq=False)
class Reader:
    """Normal form, steps and grams of a batch, weighed together. Holds no memory."""

    normaliser: Normaliser
    steps: Steps
    model: Model
    prior: tuple[float, float]
    """Added to the log-odds of messages and of transcripts: fraud is rarer than in training."""

    @classmethod
    def load(cls, policies: Path, prior: tuple[float, float], model: Model | None = None) -> Reader:
        """`policies` is the folder that holds `taxonomy.yaml` and `text/`."""
        taxonomy = load_taxonomy(policies / TAXONOMY_FILE)
        return cls(
            Normaliser.load(policies / "text" / VARIANTS_FILE),
            Steps.load(policies / "text" / STEPS_FILE, taxonomy),
            model or Model.load(),
            prior,
        )

    def read(
        self, texts: Texts | NormalText, kinds: npt.NDArray[np.int8] | None = None
    ) -> Evidence:
        """Weigh a batch; `kinds` says which rows are transcripts (1), none are when left out."""
        text = texts if isinstance(texts, NormalText) else self.normaliser(texts)
        grams, begins = self.model.log_odds(text.chars, text.ends)
        hits = self.steps.automaton.hits(text.chars, text.ends)
        if kinds is None:
            kinds = np.zeros(len(text), dtype=np.int8)
        return Evidence(self, text, kinds, grams, begins, hits)


@dataclass(frozen=True, eq=False)
class Evidence:
    """One batch after reading."""

    reader: Reader
    text: NormalText
    kinds: npt.NDArray[np.int8]
    grams: F32
    window: I64
    hits: Hits

    @cached_property
    def score(self) -> Floats:
        """Probability of fraud on the reader, at the rate the prior supposes."""
        blend = self.reader.model.blend[self.kinds, FRAUD]
        steps = self.hits.sums(self.reader.steps.fraud_weights)
        odds = blend[:, 0] * self.grams[:, FRAUD] + blend[:, 1] * steps + blend[:, 2]
        odds += np.array(self.reader.prior)[self.kinds]
        return _probability(odds)

    @cached_property
    def grey(self) -> Floats:
        """Probability of grey trade (gambling, false papers, escort): no scam on the reader."""
        blend = self.reader.model.blend[self.kinds, GREY_HEAD]
        steps = self.hits.sums(self.reader.steps.grey_weights)
        odds = blend[:, 0] * self.grams[:, GREY_HEAD] + blend[:, 1] * steps + blend[:, 2]
        return _probability(odds)

    def steps_of(self, row: int) -> list[tuple[int, Step]]:
        """The steps that hold on a row and speak for fraud, heaviest first."""
        steps = self.reader.steps
        held = [k for k in self.hits.of(row)[0].tolist() if steps.fraud_weights[k] > 0]
        return [(k, steps.steps[k]) for k in sorted(held, key=lambda k: -steps.fraud_weights[k])]

    def reasons(self, row: int, total: float) -> tuple[Reason, ...]:
        """Steps with the phrase each was found in, and the wording; parts add up to `total`."""
        blend = self.reader.model.blend[self.kinds[row], FRAUD]
        found: list[tuple[float, str, str, str]] = []
        held, first, after = (one.tolist() for one in self.hits.of(row))
        where = dict(zip(held, zip(first, after, strict=True), strict=True))
        for k, step in self.steps_of(row):
            said = quote(self.text, row, *where[k])
            weight = float(max(blend[1], _FAINT) * step.weight)
            found.append((weight, step.code, f"{step.zh}：“{said}”", f"{step.en}: “{said}”"))
        wording = self.wording(row)
        if wording > 0.0:
            found.append((wording, "wording", *self._wording_words(row)))
        whole = sum(weight for weight, *_ in found)
        found.sort(key=lambda one: (-one[0], one[1]))
        return tuple(Reason(code, zh, en, float(total * w / whole)) for w, code, zh, en in found)

    def wording(self, row: int) -> float:
        """What the grams add to the log-odds."""
        return float(self.reader.model.blend[self.kinds[row], FRAUD, 0] * self.grams[row, FRAUD])

    def scam_type(self, row: int) -> str | None:
        """Type or main class; None when no class is likely enough."""
        steps, model = self.reader.steps, self.reader.model
        said = self.steps_of(row)
        odds = np.log(model.class_shares(self._window(row)))
        for place, code in enumerate(model.codes):
            odds[place] += sum(step.weight for _, step in said if steps.main(step) == code)
            if code == GREY:
                odds[place] = -np.inf
        shares = np.exp(odds - odds.max())
        best = int(shares.argmax())
        if shares[best] / shares.sum() < _CLEAR:
            return None
        main = model.codes[best]
        return _narrowed(main, [step for _, step in said if steps.main(step) == main])

    def stage(self, row: int) -> Stage:
        """The furthest stage that a step on this row speaks of."""
        stages = [step.stage for _, step in self.steps_of(row)]
        return max(stages, key=lambda stage: stage.imminence, default=Stage.CONTACT)

    def _window(self, row: int) -> I32:
        begin = int(self.text.ends[row] + self.window[row])
        chars: I32 = self.text.chars[begin : min(begin + WINDOW, int(self.text.ends[row + 1]))]
        return chars

    def _wording_words(self, row: int) -> tuple[str, str]:
        """Which stretches of the message sound most like a scam's, in both languages."""
        chars = self._window(row)
        parts = np.zeros(chars.size, dtype=np.float32)
        contributions(chars, 0, chars.size, self.reader.model.heads, FRAUD, parts)
        base = int(self.window[row])
        quotes = [quote(self.text, row, base + b, base + e) for b, e in spans(parts)]
        said = [q for q in quotes if q]
        zh = "、".join(f"“{q}”" for q in said)
        en = ", ".join(f"“{q}”" for q in said)
        return (
            f"措辞与诈骗短信相近：{zh}" if said else "措辞与诈骗短信相近",
            f"worded like scam messages: {en}" if said else "worded like scam messages",
        )


_FAINT = 0.1
"""Share of a step's weight in the reasons where the score does not count steps (transcripts)."""


def _narrowed(main: str, steps: Sequence[Step]) -> str:
    """The type within a main class that most of its steps' weight names; else the class."""
    tally: dict[str, float] = {}
    for step in steps:
        if step.scam_type and step.scam_type != main:
            tally[step.scam_type] = tally.get(step.scam_type, 0.0) + step.weight
    whole = sum(step.weight for step in steps)
    best = max(sorted(tally), key=tally.__getitem__, default=main)
    return best if tally.get(best, 0.0) > whole / 2 else main


def _probability(odds: Floats) -> Floats:
    probability: Floats = 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
    return probability
