"""A call or chat as it goes on: the score after each turn, and the first that would have warned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fanzha.detection.signal_file import load_signals
from fanzha.detection.text.v1.channel import RECIPIENT_SCHEMA
from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.threads import Threads

__all__ = ["Course", "as_it_goes", "heard", "heard_by_speaker", "scores_of", "warning_threshold"]

Floats = npt.NDArray[np.float64]
Score = Callable[[Sequence[bytes]], Floats]


@dataclass(frozen=True, slots=True)
class Course:
    """`scores[k]`: probability of fraud once turn k was said, never falling: what was heard stays
    heard. `warned`: the first turn at which the score reached the threshold, counted from 0."""

    scores: tuple[float, ...]
    warned: int | None


def as_it_goes(turns: Sequence[str], score: Score, threshold: float) -> Course:
    """The course of one side's turns. `score` gives a probability to each text of a list.

    A turn is read with the end of what was said before it (1,500 bytes), as the live channel does,
    so the work grows with the number of turns and not with its square.
    """
    if not turns:
        return Course((), None)
    raised = np.maximum.accumulate(np.asarray(score(heard(turns)), dtype=np.float64))
    over = np.flatnonzero(raised >= threshold)
    return Course(tuple(raised.tolist()), int(over[0]) if over.size else None)


def heard(turns: Sequence[str]) -> list[bytes]:
    """For each turn the text it is read as: itself after the end of the turns before it."""
    thread = Threads(keep_ms=1, limit=1)
    return [thread.join(1, 0, turn.encode("utf-8", errors="replace")) for turn in turns]


def heard_by_speaker(turns: Sequence[tuple[str, str]]) -> list[str]:
    """For each (speaker, turn) the text it is read as: after the end of what the same speaker said
    before it."""
    of: dict[str, Threads] = {}
    out = []
    for speaker, turn in turns:
        thread = of.setdefault(speaker, Threads(keep_ms=1, limit=1))
        out.append(thread.join(1, 0, turn.encode("utf-8", "replace")).decode("utf-8", "replace"))
    return out


def warning_threshold(policies: Path) -> float:
    """The score from which the live channel makes a finding about who is written to."""
    path = policies / "text" / "text-v1-recipient.yaml"
    return load_signals(path, RECIPIENT_SCHEMA).threshold


def scores_of(reader: Reader, *, call: bool) -> Score:
    """The first stage of the live channel, reading calls or chats."""
    return lambda texts: reader.read(texts, np.full(len(texts), call, dtype=np.int8)).score
