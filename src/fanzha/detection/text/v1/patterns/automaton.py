"""Finds phrases in order with bounded gaps, all patterns at once, in one pass over the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import bare, compiled, inlined
from fanzha.detection.text.v1.kernel import I32, I64, is_letter
from fanzha.detection.text.v1.patterns.machine import STATES, Machine, build, slot_of

__all__ = ["Automaton", "Hits"]

Bools = npt.NDArray[np.bool_]
_KEPT = 4
"""Latest ends kept for each stage: a stage may follow any of them."""


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
    """The machine of a list of patterns, at work; `steps` is how many steps there are."""

    machine: Machine
    steps: int

    @classmethod
    def build(cls, patterns: Iterable[tuple[int, str]], steps: int) -> Automaton:
        """Compile `(step, pattern)` pairs."""
        return cls(build(patterns), steps)

    def hits(self, chars: I32, ends: I64) -> Hits:
        """The steps that hold in each row of a batch in normal form."""
        return Hits(*_scan(chars, ends, self.machine, self.steps))

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


@inlined
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
                    return int(edges[slot] & (STATES - 1))
                slot = (slot + 1) & mask
        state = int(fail[state])
    return int(root[c])


@compiled
def _scan(chars: I32, ends: I64, machine: Machine, steps: int) -> tuple[I64, I32, I32, I32]:
    rows = ends.size - 1
    at = np.zeros(rows + 1, dtype=np.int64)
    out = np.empty((rows + steps, 3), dtype=np.int32)
    slots = machine.bits.shape[0] - 1
    kept = np.zeros((slots, _KEPT, 2), dtype=np.int32)
    count = np.zeros(slots, dtype=np.int32)
    reached = np.full(slots, -1, dtype=np.int32)  # the row in which a slot last was
    row = _rows(0, chars, ends, machine, steps, kept, count, reached, at, out)
    while row < rows:
        wider = np.empty((2 * out.shape[0], 3), dtype=np.int32)
        wider[: at[row]] = out[: at[row]]
        out = wider
        row = _rows(row, chars, ends, machine, steps, kept, count, reached, at, out)
    out = out[: at[rows]]
    return at, out[:, 0].copy(), out[:, 1].copy(), out[:, 2].copy()


@bare
def _rows(
    row: int, chars: I32, ends: I64, machine: Machine, steps: int,
    kept: I32, count: I32, reached: I32, at: I64, out: I32,
) -> int:  # fmt: skip
    """Scan from `row` on, as long as `out` has room for all steps; the next row."""
    rows = ends.size - 1
    root, phrase_at, phrases = machine.root, machine.phrase_at, machine.phrases
    bits, slots = machine.bits, machine.bits.shape[0] - 1
    while row < rows and at[row] + steps <= out.shape[0]:
        base = ends[row]
        size = ends[row + 1] - base
        found = out[at[row] :]
        state = many = 0
        low, high = bits[slots, 0], bits[slots, 1]
        for i in range(size):
            c = chars[base + i]
            if c >= root.size:
                state = 0
                continue
            state = follow(state, c, root, machine.edges, machine.fail, machine.ways)
            for f in range(phrase_at[state], phrase_at[state + 1]):
                phrase = phrases[f]
                start = i + 1 - machine.length[phrase]
                kind = machine.latin[phrase]
                if kind & 1 and start > 0 and is_letter(chars[base + start - 1]):
                    continue
                if kind & 2 and i + 1 < size and is_letter(chars[base + i + 1]):
                    continue
                for g in range(machine.opening_at[phrase], machine.opening_at[phrase + 1]):
                    slot = machine.opening[g]
                    reach(slot, row, start, i + 1, reached, count, kept)
                    low, high = low | bits[slot, 0], high | bits[slot, 1]
                if (low & machine.after[phrase, 0]) | (high & machine.after[phrase, 1]) == 0:
                    continue
                for g in range(machine.place_at[phrase], machine.place_at[phrase + 1]):
                    place = machine.places[g]
                    before, begin = machine.before[place], start
                    if before >= 0:
                        if reached[before] != row:
                            continue
                        begin = begun(kept[before], count[before], start, machine.gap[place])
                        if begin < 0:
                            continue
                    slot = machine.slot[place]
                    if slot < 0:
                        many = note(found, many, machine.step[place], begin, i + 1)
                        continue
                    reach(slot, row, begin, i + 1, reached, count, kept)
                    low, high = low | bits[slot, 0], high | bits[slot, 1]
        row += 1
        at[row] = at[row - 1] + many
    return row


@inlined
def reach(slot: int, row: int, begin: int, end: int, reached: I32, count: I32, kept: I32) -> None:
    """Keep where a place was reached that is not its sequence's last."""
    if reached[slot] != row:
        reached[slot] = row
        count[slot] = 0
    kept[slot, count[slot] % _KEPT, 0] = end
    kept[slot, count[slot] % _KEPT, 1] = begin
    count[slot] += 1


@inlined
def begun(kept: I32, count: int, start: int, gap: int) -> int:
    """Where a sequence began whose next stage begins at `start`; −1 where none is near enough."""
    begin = -1
    for k in range(min(count, _KEPT)):
        near = start - kept[k, 0]
        if 0 <= near <= gap:
            begin = max(begin, kept[k, 1])
    return begin


@bare
def note(found: I32, many: int, step: int, begin: int, end: int) -> int:
    """Enter a step in order unless it holds already; how many hold now."""
    k = many
    while k > 0 and found[k - 1, 0] >= step:
        k -= 1
    if k < many and found[k, 0] == step:
        return many
    for m in range(many, k, -1):
        for part in range(3):
            found[m, part] = found[m - 1, part]
    found[k, 0], found[k, 1], found[k, 2] = step, begin, end
    return many + 1
