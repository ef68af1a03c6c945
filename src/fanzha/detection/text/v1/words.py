"""What the words of a batch come to after both stages, and which of them had the last word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fanzha.detection.finding import Reason
from fanzha.detection.text.v1.evidence import Evidence, Floats
from fanzha.detection.text.v1.second import Answer, Stage

__all__ = ["Words"]

_CODES = np.array([stage.code for stage in Stage])
_SAID: Mapping[Stage, tuple[str, str]] = {
    Stage.FIRST: ("由第一级判定（{first}）", "decided by the first stage ({first})"),
    Stage.SECOND: (
        "由第二级句子编码器判定（{second}）",
        "decided with the second stage, the sentence encoder ({second})",
    ),
    Stage.SECOND_BEFORE: (
        "由第二级句子编码器对同一内容的判定得出（{second}）",
        "decided with what the second stage said of the same text before ({second})",
    ),
    Stage.NO_ROOM: (
        "第一级无把握，第二级名额已用完，由第一级判定（{first}）",
        "the first stage was unsure and the second's quota used up: decided by the first ({first})",
    ),
    Stage.NO_ENCODER: (
        "第一级无把握，第二级不可用，由第一级判定（{first}）",
        "the first stage was unsure and there is no second: decided by the first ({first})",
    ),
}


@dataclass(frozen=True, eq=False)
class Words:
    """`score` (rows): probability of fraud by the words; `stages` (rows) which stage decided;
    `said`: what the second stage said, by row."""

    evidence: Evidence
    second_version: str
    score: Floats
    stages: npt.NDArray[np.int8]
    said: Mapping[int, Answer]

    @property
    def stage_codes(self) -> npt.NDArray[np.str_]:
        """The code of the stage that decided each row."""
        return _CODES[self.stages]

    @cached_property
    def counted(self) -> dict[str, int]:
        """How many rows each stage decided."""
        many = np.bincount(self.stages, minlength=len(Stage))
        return {stage.code: int(many[stage]) for stage in Stage}

    @property
    def at_even_odds(self) -> Floats:
        """`score` as it would be were fraud as common as not."""
        prior = np.array(self.evidence.reader.prior)[self.evidence.kinds]
        odds: Floats = self.score / (1.0 - self.score) * np.exp(-prior)
        return odds / (1.0 + odds)

    def reasons(self, row: int, total: float) -> tuple[Reason, ...]:
        """Phrases, steps and meanings that carry a row's score; parts add up to `total`."""
        answer = self.said.get(row)
        if answer is None or not answer.reasons:
            return self.evidence.reasons(row, total)
        whole = sum(reason.part for reason in answer.reasons)
        return tuple(Reason(r.code, r.zh, r.en, total * r.part / whole) for r in answer.reasons)

    def decided(self, row: int) -> Reason:
        """Which stage of which model decided: a reason that carries no part of the score."""
        stage = Stage(int(self.stages[row]))
        names = {"first": self.evidence.reader.model.version, "second": self.second_version}
        zh, en = _SAID[stage]
        return Reason(f"stage_{stage.code}", zh.format(**names), en.format(**names), 0.0)
