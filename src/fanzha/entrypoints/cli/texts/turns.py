"""Chats and calls turn by turn: the score after each, and the first that would have warned."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.text.cascade.answer import Answers, Cascade
from fanzha.detection.text.cascade.policy import Allowance
from fanzha.detection.text.turns import heard_by_speaker, warning_threshold
from fanzha.entrypoints.cli.texts.options import BATCH, FOUND, NOTHING_SAID, TALK, strange_channel

__all__ = ["answer_turns", "spoken"]

Spoken = list[tuple[str, str]]
_MOST = 2_000
"""Turns of one row that are read."""
_NO_TURNS = (
    "turns 须为文本的列表，或 {speaker, text} 的列表"
    " turns lists texts, or objects with speaker and text"
)
_TOO_MANY = f"只读前 {_MOST:,} 句 only the first {_MOST:,} turns were read"


def spoken(raw: bytes | None) -> Spoken | None:
    """(speaker, text) of each turn of a row's JSON; None where it is no list of turns."""
    if raw is None:
        return None
    found = json.loads(raw)
    if not isinstance(found, list):
        return None
    out: Spoken = []
    for turn in found:
        if turn is None:
            continue
        who, text = (
            (turn.get("speaker"), turn.get("text")) if isinstance(turn, dict) else ("", turn)
        )
        if not isinstance(text, str):
            return None
        out.append((str(who or ""), text.encode("utf-8", "replace").decode()))
    return out


@dataclass
class _Talk:
    """A chat or call as it is read. `turns` is None where the row has none."""

    turns: Spoken | None
    talk: bool
    scores: list[float] = field(default_factory=list)
    gravest: tuple[Answers, int] | None = None
    """The batch and row of the gravest turn so far, until it is settled."""
    scam_type: str | None = None
    reasons: list[dict[str, Any]] = field(default_factory=list)
    class_: str | None = None
    sure: bool | None = None
    empty: bool = True
    """Nothing that can be read was said."""

    def hear(self, answers: Answers, at: int) -> None:
        """One turn more. What was heard stays heard."""
        score, before = float(answers.score[at]), self.scores[-1] if self.scores else -1.0
        self.scores.append(max(score, before))
        self.empty &= int(answers.first.length[at]) == 0
        if score > before:
            self.gravest = (answers, at)

    def settle(self) -> None:
        """Say type and reasons of the gravest turn so far, and let go of its batch."""
        if self.gravest is None:
            return
        answers, at = self.gravest
        self.gravest = None
        self.scam_type, self.reasons = None, []
        self.class_, self.sure = answers.classes[at], bool(answers.sure[at])
        if answers.score[at] >= answers.cascade.policy.reasons_from:
            self.reasons = [
                {"code": r.code, "zh": r.zh, "en": r.en, "part": r.part}
                for r in answers.reasons(at)
            ]
        if answers.cascade.model.classes:
            self.scam_type = answers.classes[at]
        elif answers.score[at] >= FOUND:
            self.scam_type = answers.scam_types(np.array([at]))[0]


def answer_turns(cascade: Cascade, rows: pl.DataFrame, allowance: Allowance) -> pl.DataFrame:
    """One row a chat or call: `score`, `scam_type`, `class`, `sure` and `reasons` of its gravest
    turn, `scores` after each, `warned` the first turn (from 1) at the live channel's threshold.

    Each turn is read after what the same speaker said before it, as the live channel does; the
    score never falls.
    """
    talks = _talks(rows)
    flat = [
        (talk, text)
        for talk in talks
        for text in heard_by_speaker((talk.turns or [])[:_MOST])
    ]  # fmt: skip
    for first in range(0, len(flat), BATCH):
        part = flat[first : first + BATCH]
        answers = cascade.read(
            [text for _, text in part], np.array([talk.talk for talk, _ in part]), allowance
        )
        for at, (talk, _) in enumerate(part):
            talk.hear(answers, at)
        for talk, _ in part:
            talk.settle()
    return _told(talks, rows, warning_threshold(cascade.policies))


def _talks(rows: pl.DataFrame) -> list[_Talk]:
    """A row without turns may have a text: a talk of one turn."""
    channel = rows["channel"].str.to_lowercase()
    talk = (channel.is_null() | channel.is_in(TALK)).to_list()
    said = [
        [("", text)] if raw is None and text is not None else spoken(raw)
        for raw, text in zip(rows["turns"], rows["text"], strict=True)
    ]
    return [_Talk(turns, one) for turns, one in zip(said, talk, strict=True)]


def _told(talks: list[_Talk], rows: pl.DataFrame, threshold: float) -> pl.DataFrame:
    kind = pl.Struct({"code": pl.String, "zh": pl.String, "en": pl.String, "part": pl.Float64})
    strange = strange_channel(rows)
    read = [
        talk.turns is not None and not talk.empty and said is None
        for talk, said in zip(talks, strange, strict=True)
    ]
    warned = [
        next((n for n, score in enumerate(talk.scores, 1) if score >= threshold), None)
        for talk in talks
    ]
    errors = [
        error
        or (_NO_TURNS if talk.turns is None else None)
        or said
        or (NOTHING_SAID if talk.empty else _TOO_MANY if len(talk.turns or ()) > _MOST else None)
        for error, talk, said in zip(rows["error"], talks, strange, strict=True)
    ]
    scores = [(talk.scores or [0.0])[-1] for talk in talks]
    columns = {
        "scam_type": pl.Series([talk.scam_type for talk in talks], dtype=pl.String),
        "class": pl.Series([talk.class_ for talk in talks], dtype=pl.String),
        "score": pl.Series(scores, dtype=pl.Float64),
        "sure": pl.Series([talk.sure for talk in talks], dtype=pl.Boolean),
        "scores": pl.Series([talk.scores for talk in talks], dtype=pl.List(pl.Float64)),
        "warned": pl.Series(warned, dtype=pl.Int64),
        "reasons": pl.Series([talk.reasons for talk in talks], dtype=pl.List(kind)),
    }
    there = pl.Series(read, dtype=pl.Boolean)
    return rows.select("id", error=pl.Series(errors, dtype=pl.String)).select(
        "id",
        *(pl.when(there).then(column).otherwise(None).alias(name)
          for name, column in columns.items()),
        "error",
    )  # fmt: skip
