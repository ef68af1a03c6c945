"""A long text is read by its parts too, so that harmless lines around a scam do not hide it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["FROM", "SETTLED", "cut", "log_odds", "parts_of", "worst"]

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
_DOUBT, _EACH = 0.5, 0.6
"""Log-odds that are taken from the worst of n parts, 0.5 + 0.6 ln(n): the worst of many is bad by
chance. Chosen on honest texts alone and five or six joined, and on scams among everyday sentences:
without the 0.5 false alarms are half as many again, at 0.75 ln(n) more scams in long texts slip
through."""


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


def worst(odds: F64, row: I64, rows: int) -> tuple[I64, F64, F64]:
    """For each of `rows` texts: which part has the highest log-odds (-1: it has none), these
    log-odds, and what is left of them since it is the worst of so many.

    `odds` and `row` (parts): log-odds, and the text each is of, ascending.
    """
    at = np.full(rows, -1, dtype=np.int64)
    raw = np.full(rows, -np.inf)
    many = np.bincount(row, minlength=rows)
    order = np.lexsort((-odds, row))
    first = order[np.r_[True, row[order][1:] != row[order][:-1]]] if order.size else order
    at[row[first]] = first
    raw[row[first]] = odds[first]
    return at, raw, raw - _DOUBT - _EACH * np.log(np.maximum(many, 1))


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
