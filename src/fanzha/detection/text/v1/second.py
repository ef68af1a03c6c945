"""Asks the sentence encoder about the texts of a stream that the first stage is unsure of."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.arrays import Array, Bools
from fanzha.detection.finding import Reason
from fanzha.detection.state import packed, unpacked
from fanzha.detection.text.cascade import meanings
from fanzha.detection.text.cascade.answer import Cascade
from fanzha.detection.text.cascade.policy import CASCADE_FILE, Allowance, CascadePolicy
from fanzha.detection.text.v1.evidence import Evidence, Floats
from fanzha.detection.text.v1.policy import SecondPolicy

__all__ = ["Answer", "Quota", "Second", "Stage", "second_stage"]

_PROBE = "好"
_WHOLE = 1_000_000
"""Parts of a place in the quota: a share is kept as a whole number of them."""
_GRID = 1024
"""Scores of the second stage are whole numbers of 1/1024, so that the last bits in which one
processor's sums differ from another's hardly ever show."""


class Stage(IntEnum):
    """Which stage had the last word on a text, and if the second did not, why."""

    FIRST = 0
    """The first was sure."""
    SECOND = 1
    """The sentence encoder read it."""
    SECOND_BEFORE = 2
    """The encoder had read the same text, in normal form, not long before."""
    NO_ROOM = 3
    """Unsure, but the stream's quota was used up: the first stage's answer stands."""
    NO_ENCODER = 4
    """Unsure, but the encoder is not installed or failed: the first stage's answer stands."""

    @property
    def code(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the second stage said of a text: probability of fraud, and why."""

    score: float
    reasons: tuple[Reason, ...]


class Quota:
    """A share of a stream's rows. Each row adds its share of a place, asking takes a whole one; at
    most `ahead` places are saved up. It depends on the rows alone: not on time, nor on how they are
    cut into batches. Of all rows so far at most the share has been asked about."""

    def __init__(self, share: float, ahead: int) -> None:
        self._each, self._most = round(share * _WHOLE), ahead * _WHOLE
        self._saved = 0

    def pass_by(self, rows: int) -> None:
        """So many rows came."""
        self._saved = min(self._most, self._saved + rows * self._each)

    def take(self) -> bool:
        """A place for the row that came last, if there is one."""
        if self._saved < _WHOLE:
            return False
        self._saved -= _WHOLE
        return True

    def snapshot(self) -> Array:
        return np.array([self._saved], dtype=np.int64)

    def restore(self, state: Array) -> None:
        self._saved = int(state[0])


class Second:
    """The second stage of one stream: its quota, its answers of late, its encoder.

    Texts are encoded one at a time, so that an answer does not depend on what stood beside it.
    """

    def __init__(self, cascade: Callable[[], Cascade], policy: SecondPolicy, share: float) -> None:
        """`cascade` is made when the first text is asked about."""
        self._make, self._policy = cascade, policy
        self.version = ""
        """Of the model that gave the answers; empty while there is none."""
        self._quota = Quota(share, policy.ahead)
        self._answers: OrderedDict[int, Answer] = OrderedDict()
        self._cascade: Cascade | None = None
        self._absent = False

    def read(
        self, evidence: Evidence, talk: Bools
    ) -> tuple[Floats, npt.NDArray[np.int8], dict[int, Answer]]:
        """(rows) scores after both stages and which stage decided (`Stage`), and by row what the
        second said. `talk`: which rows are turns of chats and calls."""
        low, high = self._policy.unsure
        scores = evidence.score.copy()
        stages = np.zeros(scores.size, dtype=np.int8)
        said: dict[int, Answer] = {}
        passed = 0
        for row in np.flatnonzero((scores > low) & (scores < high)).tolist():
            self._quota.pass_by(row + 1 - passed)
            passed = row + 1
            stage, answer = self._about(evidence, row, talk=bool(talk[row]))
            stages[row] = stage
            if answer is not None:
                scores[row], said[row] = (
                    _between(scores[row], answer.score, self._policy.say),
                    answer,
                )
        self._quota.pass_by(scores.size - passed)
        return scores, stages, said

    def warm(self) -> None:
        """Load the encoder now rather than at the first text that needs it (seconds, 200 MB)."""
        self._loaded()

    def _about(self, evidence: Evidence, row: int, *, talk: bool) -> tuple[Stage, Answer | None]:
        key = _key(evidence, row, talk=talk)
        kept = self._answers.get(key)
        if kept is not None:
            self._answers.move_to_end(key)
            return Stage.SECOND_BEFORE, kept
        if not self._quota.take():
            return Stage.NO_ROOM, None
        answer = self._ask(evidence.text.bytes_of(row).decode("utf-8", "replace"), talk=talk)
        if answer is None:
            return Stage.NO_ENCODER, None
        self._answers[key] = answer
        if len(self._answers) > self._policy.kept:
            self._answers.popitem(last=False)
        return Stage.SECOND, answer

    def _ask(self, text: str, *, talk: bool) -> Answer | None:
        """None where there is no encoder, or it fails on this text."""
        cascade = self._loaded()
        if cascade is None:
            return None
        try:
            found = cascade.read([text], np.array([talk]), Allowance(1.0, 1))
        except Exception:  # whatever ails the encoder: the first stage has answered
            return None
        score = min(max(round(float(found.score[0]) * _GRID), 1), _GRID - 1) / _GRID
        told = score >= self._policy.reasons_from
        return Answer(score, found.reasons(0) if told else ())

    def _loaded(self) -> Cascade | None:
        """The cascade with its encoder; None, for good, where the encoder does not come up."""
        if self._cascade is None and not self._absent:
            try:
                meanings.sentence_encoder().encode([_PROBE])
            except Exception:  # not installed, or its weights cannot be read
                self._absent = True
                return None
            cascade = self._make()
            _ = cascade.meanings
            if self.version != cascade.model.version:  # what another model said is not its word
                self._answers.clear()
            self._cascade, self.version = cascade, cascade.model.version
        return self._cascade

    def snapshot(self) -> dict[str, Array]:
        """The quota, and the answers in the order in which they make room. Whether the encoder is
        loaded by now is no part of it."""
        plain = [[a.score, [[r.code, r.zh, r.en, r.part] for r in a.reasons]]
                 for a in self._answers.values()]  # fmt: skip
        return {
            "quota": self._quota.snapshot(),
            "keys": np.fromiter(self._answers, np.uint64, len(self._answers)),
            "answers": packed([self.version if plain else "", plain]),
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        self._quota.restore(state["quota"])
        self.version, answers = unpacked(state["answers"])
        self._answers = OrderedDict(
            (key, Answer(score, tuple(Reason(*one) for one in reasons)))
            for key, (score, reasons) in zip(state["keys"].tolist(), answers, strict=True)
        )


def _between(first: float, second: float, say: float) -> float:
    """Between two probabilities on the scale of log-odds, at `say` of the way to the second."""
    odds = (1 - say) * np.log(first / (1 - first)) + say * np.log(second / (1 - second))
    return float(1 / (1 + np.exp(-odds)))


def second_stage(policies: Path, policy: SecondPolicy) -> Second:
    """The shipped cascade, within the share that it allows a live stream."""
    allowed = CascadePolicy.load(policies / "text" / CASCADE_FILE)
    return Second(lambda: _shipped(policies), policy, allowed.live[0])


@cache
def _shipped(policies: Path) -> Cascade:
    """Loaded once a process: its encoder has some 200 MB."""
    return Cascade.load(policies)


def _key(evidence: Evidence, row: int, *, talk: bool) -> int:
    """Of a text in normal form and of how it is read."""
    text = evidence.text
    chars = text.chars[text.ends[row] : text.ends[row + 1]].tobytes()
    digest = hashlib.blake2b(chars, digest_size=8, key=b"talk" if talk else b"text")
    return int.from_bytes(digest.digest())
