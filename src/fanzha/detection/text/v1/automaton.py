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

__all__ = ["Automaton", "Hits"]

Bools = npt.NDArray[np.bool_]
_SYMBOLS = 0x20000
_STATES = 1 << 20
_KEPT = 4
"""Latest ends kept for each stage: a stage may follow any of them."""
_STEM = 4
"""A Latin phrase of fewer letters must end where its word ends."""


@dataclass(frozen=True, eq=False)
class Hits:
    """The steps that hold in a batch. Row `r` has `at[r]` to `at[r + 1]`, steps ascending; `first`
    and `after` are the characters where a step first held."""

    at: I64
    step: I32
    first: I32
    after: I32

    def sums(self, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Sum of the weights of the steps that hold, row by row."""
        return _sums(self.at, self.step, weights)

    def of(self, row: int) -> tuple[I32, I32, I32]:
        """(steps, first, after) of one row."""
        which = slice(self.at[row], self.at[row + 1])
        return self.step[which], self.first[which], self.after[which]

    def spread(self, steps: int) -> tuple[Bools, I32, I32]:
        """(rows, steps) each: whether a step holds, and the characters where it first did."""
        rows = np.repeat(np.arange(self.at.size - 1), np.diff(self.at))
        shape = (self.at.size - 1, steps)
        held = np.zeros(shape, dtype=np.bool_)
        first, after = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
        held[rows, self.step] = True
        first[rows, self.step], after[rows, self.step] = self.first, self.after
        return held, first, after


@dataclass(frozen=True, eq=False)
class Automaton:
    """Aho-Corasick over code points; each phrase knows the stages of sequences it may be.

    Only the first character of phrases has a full table: most characters of most messages begin
    none and end there. Deeper transitions are hashed, and what is missing fails to a shorter state:
    some hundred kilobytes where the full table would have 69 MB, so it stays in the cache.

    A place is one stage of one sequence; places of a sequence follow each other. A step holds
    when the last place of any of its sequences is reached.
    """

    root: I32
    """Per code point the state after it alone; 0 where no phrase begins with it."""
    edges: I64
    """Hash table of (state << 17 | code point) << 20 | next state; −1 where empty."""
    fail: I32
    """Per state the longest shorter one that it ends with and that goes on."""
    ways: npt.NDArray[np.uint64]
    """Per state the characters that go on from it, by their last six bits: most do not, and are
    told without a look into `edges`."""
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
        root, edges, fail, ways, outputs = _machine(words)
        latin = [(1 if is_letter(ord(w[0])) else 0) + (2 if _bounded(w) else 0) for w in words]
        phrase_at, phrases = _flat(outputs)
        place_at, places = _flat([of_phrase[w] for w in words])
        return cls(
            root,
            edges,
            fail,
            ways,
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

    def hits(self, chars: I32, ends: I64) -> Hits:
        """The steps that hold in each row of a batch in normal form."""
        return Hits(
            *_scan(
                chars, ends, self.root, self.edges, self.fail, self.ways, self.phrase_at,
                self.phrases, self.length, self.latin, self.place_at, self.places, self.gap,
                self.step, self.steps,
            )
        )  # fmt: skip

    def holds(self, chars: I32, ends: I64) -> tuple[Bools, I32, I32]:
        """(rows, steps): whether a step holds, and the characters where it first did."""
        return self.hits(chars, ends).spread(self.steps)


@compiled
def _sums(at: I64, step: I32, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    out = np.zeros(at.size - 1)
    for row in range(out.size):
        for k in range(at[row], at[row + 1]):
            out[row] += weights[step[k]]
    return out


def _bounded(word: str) -> bool:
    return len(word) < _STEM and all(is_letter(ord(c)) for c in word)


def _flat(lists: list[list[int]]) -> tuple[I32, I32]:
    begins = np.zeros(len(lists) + 1, dtype=np.int32)
    np.cumsum([len(one) for one in lists], out=begins[1:])
    return begins, np.array([x for one in lists for x in one], dtype=np.int32)


def _machine(
    words: list[str],
) -> tuple[I32, I64, I32, npt.NDArray[np.uint64], list[list[int]]]:
    """Root table, hashed transitions, failure states, `ways`, phrases that end in each state."""
    below: list[dict[str, int]] = [{}]
    outputs: list[list[int]] = [[]]
    for number, word in enumerate(words):
        state = 0
        for char in word:
            if char not in below[state]:
                below[state][char] = len(below)
                below.append({})
                outputs.append([])
            state = below[state][char]
        outputs[state].append(number)
    fail = [0] * len(below)
    line = deque(below[0].values())
    while line:
        state = line.popleft()
        outputs[state] += outputs[fail[state]]
        for char, after in below[state].items():
            shorter = fail[state]
            while shorter and char not in below[shorter]:
                shorter = fail[shorter]
            fail[after] = below[shorter].get(char, 0)
            line.append(after)
    going = fail.copy()  # their phrases are told: states that end there need not be asked
    for state in range(1, len(below)):
        while going[state] and not below[going[state]]:
            going[state] = fail[going[state]]
    ways = np.zeros(len(below), dtype=np.uint64)
    for state, own in enumerate(below):
        for char in own:
            ways[state] |= np.uint64(1 << (ord(char) & 63))
    root = np.zeros(_SYMBOLS, dtype=np.int32)
    for char, state in below[0].items():
        root[ord(char)] = state
    return root, _hashed(below), np.array(going, dtype=np.int32), ways, outputs


def _hashed(below: list[dict[str, int]]) -> I64:
    """Transitions from all states but the root, a quarter of the table full."""
    if len(below) >= _STATES:
        raise Misconfigured(
            "pattern_invalid", zh="话术模式过多", en="there are too many phrases", field="any"
        )
    many = sum(len(own) for own in below[1:])
    edges = np.full(1 << max(many * 4, 8).bit_length(), -1, dtype=np.int64)
    for state, own in enumerate(below[1:], start=1):
        for char, after in own.items():
            key = (state << 17) | ord(char)
            slot = slot_of(key, edges.size - 1)
            while edges[slot] >= 0:
                slot = (slot + 1) & (edges.size - 1)
            edges[slot] = (key << 20) | after
    return edges


@compiled
def slot_of(key: int, mask: int) -> int:
    return ((key * 0x9E3779B1) >> 15) & mask


@compiled
def follow(
    state: int, c: int, root: I32, edges: I64, fail: I32, ways: npt.NDArray[np.uint64]
) -> int:
    """The state after one more character."""
    mask = edges.size - 1
    way = np.uint64(1) << np.uint64(c & 63)
    while state:
        if ways[state] & way:
            key = (state << 17) | c
            slot = slot_of(key, mask)
            while edges[slot] >= 0:
                if edges[slot] >> 20 == key:
                    return int(edges[slot] & (_STATES - 1))
                slot = (slot + 1) & mask
        state = int(fail[state])
    return int(root[c])


@compiled
def _scan(
    chars: I32,
    ends: I64,
    root: I32,
    edges: I64,
    fail: I32,
    ways: npt.NDArray[np.uint64],
    phrase_at: I32,
    phrases: I32,
    length: I32,
    latin: npt.NDArray[np.int8],
    place_at: I32,
    places: I32,
    gap: I32,
    step: I32,
    steps: int,
) -> tuple[I64, I32, I32, I32]:
    rows = ends.size - 1
    at = np.zeros(rows + 1, dtype=np.int64)
    out = np.empty((rows + steps, 3), dtype=np.int32)
    found = np.empty((steps, 3), dtype=np.int32)
    kept = np.zeros((gap.size, _KEPT, 2), dtype=np.int32)
    count = np.zeros(gap.size, dtype=np.int32)
    stamp = np.full(gap.size, -1, dtype=np.int64)
    for row in range(rows):
        base = ends[row]
        size = ends[row + 1] - base
        state = many = 0
        for i in range(size):
            c = chars[base + i]
            if c >= root.size:
                state = 0
                continue
            state = follow(state, c, root, edges, fail, ways) if state else int(root[c])
            if state == 0:
                continue
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
                            begin = begun(kept[place - 1], count[place - 1], start, gap[place])
                        if begin < 0:
                            continue
                    if step[place] >= 0:
                        many = note(found, many, step[place], begin, i + 1)
                        continue
                    if stamp[place] != row:
                        stamp[place] = row
                        count[place] = 0
                    kept[place, count[place] % _KEPT, 0] = i + 1
                    kept[place, count[place] % _KEPT, 1] = begin
                    count[place] += 1
        at[row + 1] = at[row] + many
        if at[row + 1] + steps > out.shape[0]:
            wider = np.empty((2 * out.shape[0], 3), dtype=np.int32)
            wider[: at[row]] = out[: at[row]]
            out = wider
        out[at[row] : at[row + 1]] = found[:many]
    out = out[: at[rows]]
    return at, out[:, 0].copy(), out[:, 1].copy(), out[:, 2].copy()


@compiled
def begun(kept: I32, count: int, start: int, gap: int) -> int:
    """Where a sequence began whose next stage begins at `start`; −1 where none is near enough."""
    begin = -1
    for k in range(min(count, _KEPT)):
        near = start - kept[k, 0]
        if 0 <= near <= gap:
            begin = max(begin, kept[k, 1])
    return begin


@compiled
def note(found: I32, many: int, step: int, begin: int, end: int) -> int:
    """Enter a step in order unless it holds already; how many hold now."""
    k = many
    while k > 0 and found[k - 1, 0] >= step:
        k -= 1
    if k < many and found[k, 0] == step:
        return many
    for m in range(many, k, -1):
        found[m] = found[m - 1]
    found[k, 0], found[k, 1], found[k, 2] = step, begin, end
    return many + 1
