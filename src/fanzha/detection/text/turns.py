"""A call or chat as it goes on: the score after each turn, and the first that would have warned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.threads import Threads

__all__ = ["Course", "as_it_goes", "heard", "scores_of"]

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


def scores_of(reader: Reader, *, call: bool) -> Score:
    """The first stage of the live channel, reading calls or chats."""
    return lambda texts: reader.read(texts, np.full(len(texts), call, dtype=np.int8)).score
