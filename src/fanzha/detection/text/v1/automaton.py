"""Finds phrases in order with bounded gaps, all patterns at once, in one pass over the text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled
from fanzha.detection.text.v1.grammar import sequences
from fanzha.detection.text.v1.kernel import I32, I64, is_letter
from fanzha.errors import Misconfigured

__all__ = ["Automaton", "weigh"]

Bools = npt.NDArray[np.bool_]
_SYMBOLS = 0x20000
_KEPT = 4
"""Latest ends kept for each stage: a stage may follow any of them."""
_STEM = 4
"""A Latin phrase of fewer letters must end where its word ends."""


@dataclass(frozen=True, eq=False)
class Automaton:
    """Aho-Corasick over code points; each phrase knows the stages of sequences it may be.

    A place is one stage of one sequence; places of a sequence follow each other. A step holds
    when the last place of any of its sequences is reached.
    """

    symbol: I32
    goto: I32
    phrase_at: I32
    """Per state where its phrases begin in `phrases`; ends with the total."""
    phrases: I32
    length: I32
    latin: npt.NDArray[np.int8]
    place_at: I32
    places: I32
    gap: I32
    """Widest gap before a place; −1 where it begins a sequence."""
    step: I32
    """The step that holds once this place is reached; −1 where more must follow."""
    steps: int

    @classmethod
    def build(cls, patterns: Iterable[tuple[int, str]], steps: int) -> Automaton:
        """Compile `(step, pattern)` pairs; `steps` is how many steps there are."""
        of_phrase: dict[str, list[int]] = {}
        gap: list[int] = []
        step: list[int] = []
        for number, pattern in patterns:
            for one in sequences(pattern):
                for k, stage in enumerate(one.stages):
                    for phrase in sorted(stage):
                        of_phrase.setdefault(phrase, []).append(len(gap))
                    gap.append(one.gaps[k - 1] if k else -1)
                    step.append(number if k == len(one.stages) - 1 else -1)
        if "" in of_phrase:
            raise Misconfigured(
                "pattern_invalid", zh="话术模式可为空", en="a phrase may be empty", field="any"
            )
        words = sorted(of_phrase)
        symbol, goto, outputs = _machine(words)
        latin = [(1 if is_letter(ord(w[0])) else 0) + (2 if _bounded(w) else 0) for w in words]
        phrase_at, phrases = _flat(outputs)
        place_at, places = _flat([of_phrase[w] for w in words])
        return cls(
            symbol,
            goto,
            phrase_at,
            phrases,
            np.array([len(w) for w in words], dtype=np.int32),
            np.array(latin, dtype=np.int8),
            place_at,
            places,
            np.array(gap, dtype=np.int32),
            np.array(step, dtype=np.int32),
            steps,
        )

    def holds(self, chars: I32, ends: I64) -> tuple[Bools, I32, I32]:
        """(rows, steps): whether a step holds, and the characters where it first did."""
        found: tuple[Bools, I32, I32] = _scan(
            chars,
            ends,
            self.symbol,
            self.goto,
            self.phrase_at,
            self.phrases,
            self.length,
            self.latin,
            self.place_at,
            self.places,
            self.gap,
            self.step,
            self.steps,
        )
        return found


@compiled
def weigh(held: Bools, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum of the weights of the steps that hold, row by row; few do, so no matrix is made."""
    out = np.zeros(held.shape[0])
    for row in range(held.shape[0]):
        for k in range(held.shape[1]):
            if held[row, k]:
                out[row] += weights[k]
    return out


def _bounded(word: str) -> bool:
    return len(word) < _STEM and all(is_letter(ord(c)) for c in word)


def _flat(lists: list[list[int]]) -> tuple[I32, I32]:
    begins = np.zeros(len(lists) + 1, dtype=np.int32)
    np.cumsum([len(one) for one in lists], out=begins[1:])
    return begins, np.array([x for one in lists for x in one], dtype=np.int32)


def _machine(words: list[str]) -> tuple[I32, I32, list[list[int]]]:
    """Symbols of code points, the full transition table, the phrases that end in each state."""
    alphabet = sorted({c for w in words for c in w})
    symbol = np.zeros(_SYMBOLS, dtype=np.int32)
    for k, char in enumerate(alphabet, start=1):
        symbol[ord(char)] = k
    room = sum(len(w) for w in words) + 1
    goto = np.zeros((room, len(alphabet) + 1), dtype=np.int32)
    outputs: list[list[int]] = [[] for _ in range(room)]
    states = 1
    for number, word in enumerate(words):
        state = 0
        for char in word:
            k = symbol[ord(char)]
            if not goto[state, k]:
                goto[state, k] = states
                states += 1
            state = int(goto[state, k])
        outputs[state].append(number)
    fail = np.zeros(states, dtype=np.int32)
    line = deque(int(s) for s in goto[0] if s)
    while line:
        state = line.popleft()
        outputs[state] += outputs[fail[state]]
        follow = goto[fail[state]]
        own = np.flatnonzero(goto[state])
        for k in own.tolist():
            fail[goto[state, k]] = follow[k]
            line.append(int(goto[state, k]))
        goto[state] = np.where(goto[state] != 0, goto[state], follow)
    return symbol, np.ascontiguousarray(goto[:states]), outputs[:states]


@compiled
def _scan(
    chars: I32,
    ends: I64,
    symbol: I32,
    goto: I32,
    phrase_at: I32,
    phrases: I32,
    length: I32,
    latin: npt.NDArray[np.int8],
    place_at: I32,
    places: I32,
    gap: I32,
    step: I32,
    steps: int,
) -> tuple[Bools, I32, I32]:
    rows = ends.size - 1
    held = np.zeros((rows, steps), dtype=np.bool_)
    first = np.zeros((rows, steps), dtype=np.int32)
    after = np.zeros((rows, steps), dtype=np.int32)
    kept_end = np.zeros((gap.size, _KEPT), dtype=np.int32)
    kept_start = np.zeros((gap.size, _KEPT), dtype=np.int32)
    count = np.zeros(gap.size, dtype=np.int32)
    stamp = np.full(gap.size, -1, dtype=np.int64)
    for row in range(rows):
        base = ends[row]
        size = ends[row + 1] - base
        state = 0
        for i in range(size):
            c = chars[base + i]
            state = int(goto[state, symbol[c] if c < symbol.size else 0])
            for f in range(phrase_at[state], phrase_at[state + 1]):
                phrase = phrases[f]
                start = i + 1 - length[phrase]
                kind = latin[phrase]
                if kind & 1 and start > 0 and is_letter(chars[base + start - 1]):
                    continue
                if kind & 2 and i + 1 < size and is_letter(chars[base + i + 1]):
                    continue
                for g in range(place_at[phrase], place_at[phrase + 1]):
                    place = places[g]
                    begin = start
                    if gap[place] >= 0:
                        begin = -1
                        if stamp[place - 1] == row:
                            for k in range(min(count[place - 1], _KEPT)):
                                near = start - kept_end[place - 1, k]
                                if 0 <= near <= gap[place]:
                                    begin = max(begin, kept_start[place - 1, k])
                        if begin < 0:
                            continue
                    if step[place] >= 0:
                        if not held[row, step[place]]:
                            held[row, step[place]] = True
                            first[row, step[place]] = begin
                            after[row, step[place]] = i + 1
                        continue
                    if stamp[place] != row:
                        stamp[place] = row
                        count[place] = 0
                    kept_end[place, count[place] % _KEPT] = i + 1
                    kept_start[place, count[place] % _KEPT] = begin
                    count[place] += 1
    return held, first, after
