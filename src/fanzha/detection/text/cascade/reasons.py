"""Why a text has its score: its tell-tale steps, what its sentences mean, its wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fanzha.detection.finding import Reason
from fanzha.detection.text.cascade.grams.first import First
from fanzha.detection.text.cascade.grams.vectors import Read
from fanzha.detection.text.cascade.meanings import Meaning, Said
from fanzha.detection.text.cascade.model import TextModel
from fanzha.detection.text.v1.ngrams import WINDOW, contributions
from fanzha.detection.text.v1.normal import Normaliser
from fanzha.detection.text.v1.phrases import quote, spans

__all__ = ["Grounds"]

F64 = npt.NDArray[np.float64]
_MOST = 6
_LIKE = 0.45
"""Likeness from which a sentence is said to mean what a written example means."""
_MEANING = 1.5
"""Weight of a meaning at full likeness, in the log-odds of a middling step."""
_SHOWN = 40


@dataclass(frozen=True, eq=False)
class Grounds:
    """What the answers of one batch rest on."""

    read: Read
    first: First
    model: TextModel
    score: F64
    asked: npt.NDArray[np.bool_]
    said: Said | None
    meanings: Sequence[Meaning]
    normaliser: Normaliser
    head: int
    """Which of the model's two answers the quoted wording is of."""

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Heaviest first; parts add up to the score."""
        found = [*self._steps(row), *self._meant(row), *self._wording(row)]
        found.sort(key=lambda one: (-one[0], one[1]))
        found = found[:_MOST]
        whole = sum(weight for weight, *_ in found)
        total = float(self.score[row])
        return tuple(Reason(code, zh, en, total * w / whole) for w, code, zh, en in found)

    def _steps(self, row: int) -> list[tuple[float, str, str, str]]:
        out = []
        weights = self.read.steps.fraud_weights
        for k in np.flatnonzero(self.read.held[row] & (weights > 0)).tolist():
            step = self.read.steps.steps[k]
            said = quote(
                self.read.text, row, int(self.read.first[row, k]), int(self.read.after[row, k])
            )
            out.append((step.weight, step.code, f"{step.zh}：“{said}”", f"{step.en}: “{said}”"))
        return out

    def _meant(self, row: int) -> list[tuple[float, str, str, str]]:
        if self.said is None or not self.asked[row]:
            return []
        at = int(self._place[row])
        like = self.said.like[at]
        against = np.array([one.against for one in self.meanings])
        least = max(_LIKE, float(like[against].max(initial=0.0)))
        out = []
        for k in np.flatnonzero((like >= least) & ~against).tolist():
            one = self.meanings[k]
            piece = self._piece(self.said.pieces[at][int(self.said.where[at, k])])
            out.append(
                (_MEANING * float(like[k]), f"means_{one.code}",
                 f"意思近于“{one.zh}”：“{piece}”", f"means “{one.en}”: “{piece}”")
            )  # fmt: skip
        return sorted(out, key=lambda one: -one[0])[:3]

    @cached_property
    def _place(self) -> npt.NDArray[np.int64]:
        return np.cumsum(self.asked) - 1

    def _piece(self, piece: str) -> str:
        """The piece as it may be shown: numbers, handles and addresses masked."""
        text = self.normaliser([piece])
        return quote(text, 0, 0, min(int(text.ends[-1]), _SHOWN))

    def _wording(self, row: int) -> list[tuple[float, str, str, str]]:
        begin = int(self.read.text.ends[row] + self.first.begin[row])
        end = min(begin + WINDOW, int(self.read.text.ends[row + 1]))
        if end <= begin or self.score[row] <= 0:
            return []
        parts = np.zeros(end - begin, dtype=np.float32)
        contributions(self.read.text.chars, begin, end, self.model.first, self.head, parts)
        weight = float(self.first.best[row]) * 1.0
        if parts.sum() <= 0:
            return [] if self.read.held[row].any() else [(0.1, "wording", *_PLAIN)]
        base = int(self.first.begin[row])
        quotes = [quote(self.read.text, row, base + b, base + e) for b, e in spans(parts)]
        said = [one for one in quotes if one]
        if not said:
            return [(max(weight, 0.1), "wording", *_PLAIN)]
        zh = "、".join(f"“{one}”" for one in said)
        en = ", ".join(f"“{one}”" for one in said)
        return [(max(weight, 0.1), "wording", f"{_PLAIN[0]}：{zh}", f"{_PLAIN[1]}: {en}")]


_PLAIN = ("措辞与诈骗文本相近", "worded like scam texts")
