"""Tables of an Aho-Corasick machine whose phrases are the stages of sequences."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import inlined
from fanzha.detection.text.v1.kernel import I32, I64, is_letter
from fanzha.detection.text.v1.patterns.grammar import sequences
from fanzha.errors import Misconfigured

__all__ = ["STATES", "Machine", "build", "slot_of"]

_SYMBOLS = 0x20000
STATES = 1 << 20
_STEM = 4
"""A Latin phrase of fewer letters must end where its word ends."""


class Machine(NamedTuple):
    """Aho-Corasick over code points; each phrase knows the stages of sequences it may be.

    Only the first character of phrases has a full table: most characters of most messages begin
    none and end there. Deeper transitions are hashed, and what is missing fails to a shorter state:
    some hundred kilobytes where the full table would have 69 MB, so it stays in the cache.

    A place is one stage of one sequence; a step holds when the last place of any of its sequences
    is reached. Where a place that is not the last was reached is kept in its slot; sequences that
    begin with the same phrases share their first place's. Of the places that a phrase may be, nine
    in ten follow a slot that nothing was put into in the same text: `after` passes them over.
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
    opening_at: I32
    opening: I32
    """Per phrase the slots of sequences that begin with it and go on."""
    place_at: I32
    places: I32
    """Per phrase its other places."""
    after: npt.NDArray[np.uint64]
    """(phrases, 2): the slots that these places follow, by their `bits`."""
    before: I32
    """Per place the slot it follows; −1 where it stands alone."""
    slot: I32
    """Per place the slot it is kept in; −1 for a sequence's last."""
    gap: I32
    """Per place the widest gap before it."""
    step: I32
    """Per place the step that holds once it is reached; −1 where more must follow."""
    bits: npt.NDArray[np.uint64]
    """(slots + 1, 2); the last stands for no slot."""


def build(patterns: Iterable[tuple[int, str]]) -> Machine:
    """Compile `(step, pattern)` pairs."""
    opening, later, places, slots = _places(patterns)
    words = sorted({*opening, *later})
    if "" in words:
        raise Misconfigured(
            "pattern_invalid", zh="话术模式可为空", en="a phrase may be empty", field="any"
        )
    bits = _bits(slots)
    after = np.zeros((len(words), 2), dtype=np.uint64)
    for row, word in enumerate(words):
        for place in later.get(word, []):
            after[row] |= bits[places[place][0]]
    root, edges, fail, ways, outputs = _machine(words)
    phrase_at, phrases = _flat(outputs)
    latin = [(1 if is_letter(ord(w[0])) else 0) + (2 if _bounded(w) else 0) for w in words]
    opening_at, openings = _flat([opening.get(w, []) for w in words])
    place_at, of_phrases = _flat([later.get(w, []) for w in words])
    before, slot, gap, step = np.array(places, dtype=np.int32).reshape(-1, 4).T.copy()
    return Machine(
        root, edges, fail, ways, phrase_at, phrases,
        np.array([len(w) for w in words], dtype=np.int32), np.array(latin, dtype=np.int8),
        opening_at, openings, place_at, of_phrases, after, before, slot, gap, step, bits,
    )  # fmt: skip


_Phrases = dict[str, list[int]]


def _places(
    patterns: Iterable[tuple[int, str]],
) -> tuple[_Phrases, _Phrases, list[tuple[int, int, int, int]], int]:
    """By phrase the slots that it opens and its later places; of these (`before`, `slot`, `gap`,
    `step`); how many slots there are."""
    opening: _Phrases = {}
    later: _Phrases = {}
    places: list[tuple[int, int, int, int]] = []
    opened: dict[frozenset[str], int] = {}
    slots = 0
    for number, pattern in patterns:
        for one in sequences(pattern):
            first, *more = one.stages
            slot = -1
            if more and first in opened:
                slot = opened[first]
            elif more:
                slot = opened[first] = slots
                slots += 1
                for phrase in sorted(first):
                    opening.setdefault(phrase, []).append(slot)
            else:  # a stage alone follows nothing, and ends its sequence
                more = [first]
            for k, stage in enumerate(more):
                last = k == len(more) - 1
                for phrase in sorted(stage):
                    later.setdefault(phrase, []).append(len(places))
                gap = one.gaps[k] if one.gaps else -1
                places.append((slot, -1 if last else slots, gap, number if last else -1))
                if not last:
                    slot = slots
                    slots += 1
    return opening, later, places, slots


def _bits(slots: int) -> npt.NDArray[np.uint64]:
    """(slots + 1, 2): a bit of 128 for each; the last, for −1, shares its own with none."""
    bits = np.zeros((slots + 1, 2), dtype=np.uint64)
    for slot in range(slots + 1):
        bit = slot % 127 if slot < slots else 127
        bits[slot, bit >> 6] = np.uint64(1 << (bit & 63))
    return bits


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
    if len(below) >= STATES:
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


@inlined
def slot_of(key: int, mask: int) -> int:
    return ((key * 0x9E3779B1) >> 15) & mask
