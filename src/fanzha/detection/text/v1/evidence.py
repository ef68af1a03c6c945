"""What the words of messages say: a score a row, and for one row its reasons, class and stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.finding import Reason, Stage
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.parts import FROM, SETTLED, cut, log_odds, worst
from fanzha.detection.text.v1.kernel import F32, I32, I64
from fanzha.detection.text.v1.model import FRAUD, GREY_HEAD, Model
from fanzha.detection.text.v1.ngrams import WINDOW, contributions
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser, NormalText, Texts
from fanzha.detection.text.v1.patterns.automaton import Hits
from fanzha.detection.text.v1.phrases import quote, spans
from fanzha.detection.text.v1.steps import GREY, STEPS_FILE, Step, Steps

__all__ = ["Evidence", "Reader"]

Floats = npt.NDArray[np.float64]
_CLEAR, _CLEAR_CLASS = 0.2, 0.3
"""Share of probability below which no type is named, and below which no main class is."""
_TELLS, _CLASS = 2.0, 0.5
"""How much a type's own steps, and its main class's odds, count beside its words. Chosen on written
messages whose group was left out, as were the two shares above."""


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
        self,
        texts: Texts | NormalText,
        kinds: npt.NDArray[np.int8] | None = None,
        *,
        by_parts: bool = True,
    ) -> Evidence:
        """Weigh a batch; `kinds` says which rows are transcripts (1), none are when left out.
        `by_parts`: texts of several sentences are also judged by the worst of their parts."""
        text = texts if isinstance(texts, NormalText) else self.normaliser(texts)
        grams, begins = self.model.log_odds(text.chars, text.ends)
        hits = self.steps.automaton.hits(text.chars, text.ends)
        if kinds is None:
            kinds = np.zeros(len(text), dtype=np.int8)
        whole = Evidence(self, text, kinds, grams, begins, hits)
        return self._by_parts(whole) if by_parts else whole

    def _by_parts(self, whole: Evidence) -> Evidence:
        text = whole.text
        rows = np.flatnonzero((text.ends[1:] - text.ends[:-1] >= FROM) & (whole.score < SETTLED))
        parts, owner = cut([text.bytes_of(row).decode("utf-8", "replace") for row in rows.tolist()])
        if not parts:
            return whole
        read = self.read(parts, whole.kinds[rows][owner], by_parts=False)
        steps = read.hits.sums(self.steps.fraud_weights)
        at, left, _ = worst(log_odds(read.score), owner, rows.size, steps)
        raised = np.flatnonzero(left > log_odds(whole.score[rows]))
        worse = {int(rows[k]): (int(at[k]), float(left[k])) for k in raised.tolist()}
        return replace(whole, parts=read, worse=worse) if worse else whole


@dataclass(frozen=True, eq=False)
class Evidence:
    """One batch after reading."""

    reader: Reader
    text: NormalText
    kinds: npt.NDArray[np.int8]
    grams: F32
    window: I64
    hits: Hits
    parts: Evidence | None = None
    """Of the parts of longer texts."""
    worse: Mapping[int, tuple[int, float]] = field(default_factory=dict)
    """Row → the part in `parts` that its score is of, and the log-odds this comes to, where they
    are above those of the whole."""

    @cached_property
    def score(self) -> Floats:
        """Probability of fraud on the reader, at the rate the prior supposes."""
        blend = self.reader.model.blend[self.kinds, FRAUD]
        steps = self.hits.sums(self.reader.steps.fraud_weights)
        odds = blend[:, 0] * self.grams[:, FRAUD] + blend[:, 1] * steps + blend[:, 2]
        odds += np.array(self.reader.prior)[self.kinds]
        for row, (_, left) in self.worse.items():
            odds[row] = left
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
        if self.parts is not None and row in self.worse:
            return self.parts.reasons(self.worse[row][0], total)
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
        """Type or main class; None when no class is likely enough.

        The type's words and steps, and half as much its main class's, speak for it; where no type
        is likely enough, the main class is named whose types together are.
        """
        if self.parts is not None and row in self.worse:
            return self.parts.scam_type(self.worse[row][0])
        steps, model = self.reader.steps, self.reader.model
        window = self._window(row)
        mains = dict(zip(model.codes, np.log(model.class_shares(window)).tolist(), strict=True))
        types = dict(zip(model.type_codes, np.log(model.type_shares(window)).tolist(), strict=True))
        for _, step in self.steps_of(row):
            main = steps.main(step)
            if main in mains:
                mains[main] += step.weight
            if step.scam_type in types:
                types[step.scam_type] += _TELLS * step.weight
        of = {code: steps.taxonomy.main_of(code) for code in types}
        odds = {code: said + _CLASS * mains[of[code]] for code, said in types.items()}
        raised = np.exp(np.array(list(odds.values())) - max(odds.values())).tolist()
        shares = {code: one for code, one in zip(odds, raised, strict=True) if of[code] != GREY}
        best, whole = max(sorted(shares), key=shares.__getitem__), sum(shares.values())
        if shares[best] / whole >= _CLEAR:
            return best
        tally: dict[str, float] = {}
        for code, share in shares.items():
            tally[of[code]] = tally.get(of[code], 0.0) + share
        main = max(sorted(tally), key=tally.__getitem__)
        return main if tally[main] / whole >= _CLEAR_CLASS else None

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


def _probability(odds: Floats) -> Floats:
    probability: Floats = 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
    return probability
