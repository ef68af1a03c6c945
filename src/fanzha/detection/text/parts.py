"""A long text is read by its parts too, so that harmless lines around a scam do not hide it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["FROM", "SETTLED", "SUSPECT", "TELLING", "cut", "log_odds", "parts_of", "worst"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

FROM = 30
"""Characters of the normal form from which a text is read by its parts: shorter ones, most SMS,
cost nothing more and keep their score."""
SETTLED = 0.9
"""Score from which a text is not looked at further."""
_SENTENCE = re.compile(r"【?[^。！？!?；;\n…【]+[。！？!?；;\n…]*|【")
_LEAST, _MOST = 20, 80
"""Characters of a piece: a shorter sentence waits for the next, a longer one is cut. A few words
alone (a number to call, a name of an app) are no evidence."""
_PIECES = 1_000
_TOGETHER, _STRIDE = 3, 2
TELLING = 2.5
"""Weight of the steps in a part from which it does not sound bad by chance alone."""
SUSPECT = 1.5
"""Weight of steps from which a part that scores more than next to nothing leaves a doubt."""
_DOUBT, _EACH, _EACH_TELLING = 0.5, 0.65, 0.2
"""Log-odds that are taken from a part of n, 0.5 + 0.65 ln(n): the worst of many is bad by chance.
Less from one with a scam's step. Chosen on honest texts alone and 5, 15 and 40 everyday lines, with
and without a scam's among them (docs/detection/texts.md)."""


def parts_of(text: str) -> list[str]:
    """Pieces of 20 to 80 characters, repeated ones once, and runs of three; none of one piece."""
    pieces = list(dict.fromkeys(_pieces(text)))[:_PIECES]
    if len(pieces) < 2:
        return [] if not pieces or pieces[0] == text.strip() else pieces
    last = len(pieces) - _TOGETHER
    if last <= 0:
        return pieces
    begins = sorted({*range(0, last, _STRIDE), last})
    return pieces + ["".join(pieces[k : k + _TOGETHER]) for k in begins]


def _pieces(text: str) -> list[str]:
    sentences = dict.fromkeys(one.strip() for one in _SENTENCE.findall(text))
    size = max(_LEAST, len(text) // _PIECES)
    out, now = [], ""
    for sentence in sentences:
        if now and len(now) + len(sentence) > _MOST:
            out.append(now)
            now = ""
        now += sentence
        if len(now) >= size:
            step = max(_MOST, size)
            out += [now[k : k + step] for k in range(0, len(now), step)]
            now = ""
    return [*out, now] if now else out


def worst(odds: F64, row: I64, rows: int, steps: F64) -> tuple[I64, F64, F64]:
    """For each of `rows` texts: its worst part (-1: it has none), what is left of that part's
    log-odds since it is one of so many, and the highest log-odds of any of its parts.

    `odds`, `row` and `steps` (parts): log-odds, the text each is of, ascending, and the weight of
    the steps that hold.
    """
    many = np.log(np.maximum(np.bincount(row, minlength=rows), 1))
    each = odds - _DOUBT - np.where(steps >= TELLING, _EACH_TELLING, _EACH) * many[row]
    at, left = _highest(each, row, rows)
    return at, left, _highest(odds, row, rows)[1]


def _highest(values: F64, row: I64, rows: int) -> tuple[I64, F64]:
    """Where each text's highest value is, -1 where it has none, and that value."""
    at, most = np.full(rows, -1, dtype=np.int64), np.full(rows, -np.inf)
    order = np.lexsort((-values, row))
    first = order[np.r_[True, row[order][1:] != row[order][:-1]]] if order.size else order
    at[row[first]], most[row[first]] = first, values[first]
    return at, most


def log_odds(score: F64) -> F64:
    """Of probabilities, bounded."""
    near = np.clip(score, 1e-12, 1 - 1e-12)
    odds: F64 = np.log(near / (1 - near))
    return odds


def cut(texts: Sequence[str]) -> tuple[list[str], I64]:
    """The parts of some texts, one after the other, and which text each is of."""
    of = [parts_of(text) for text in texts]
    owner = np.repeat(np.arange(len(of)), [len(one) for one in of]).astype(np.int64)
    return [part for one in of for part in one], owner
