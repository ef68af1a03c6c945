"""Finds all listed spellings in a text in one pass: an Aho–Corasick automaton over name bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled
from fanzha.detection.link.v1.address import I32, U8

__all__ = ["WIDTH", "Automaton", "build", "symbol_table"]

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-."
WIDTH = len(LETTERS) + 1
"""The last symbol stands for every byte that no spelling has; it leads back to the root."""


@dataclass(frozen=True, eq=False)
class Automaton:
    """`step[state * WIDTH + symbol]` is the next state; `ends[state]` a pattern that ends there
    or −1; `shorter[state]` the state of the longest other pattern that ends there, or 0."""

    step: I32
    ends: I32
    shorter: I32
    symbols: U8
    sizes: I32


def symbol_table() -> U8:
    """Byte → symbol."""
    table = np.full(256, WIDTH - 1, dtype=np.uint8)
    for place, letter in enumerate(LETTERS):
        table[ord(letter)] = place
    return table


def build(patterns: Sequence[str]) -> Automaton:
    """Compile the patterns; where one stands twice the first counts."""
    symbols = symbol_table()
    step: list[list[int]] = [[-1] * WIDTH]
    ends = [-1]
    for number, pattern in enumerate(patterns):
        state = 0
        for byte in pattern.encode("ascii"):
            symbol = int(symbols[byte])
            if step[state][symbol] < 0:
                step[state][symbol] = len(step)
                step.append([-1] * WIDTH)
                ends.append(-1)
            state = step[state][symbol]
        if ends[state] < 0:
            ends[state] = number
    fall = [0] * len(step)
    shorter = [0] * len(step)
    queue: list[int] = []
    for symbol in range(WIDTH):
        if step[0][symbol] < 0:
            step[0][symbol] = 0
        else:
            queue.append(step[0][symbol])
    for state in queue:
        back = fall[state]
        shorter[state] = back if ends[back] >= 0 else shorter[back]
        for symbol in range(WIDTH):
            after = step[state][symbol]
            if after < 0:
                step[state][symbol] = step[back][symbol]
            else:
                fall[after] = step[back][symbol]
                queue.append(after)
    flat = np.array(step, dtype=np.int32)
    flat[:, WIDTH - 1] = 0
    return Automaton(
        flat.ravel(),
        np.array(ends, dtype=np.int32),
        np.array(shorter, dtype=np.int32),
        symbols,
        np.array([len(p) for p in patterns], dtype=np.int32),
    )


Hits = npt.NDArray[np.int32]


@compiled
def scan(
    data: U8, start: int, end: int,
    step: I32, ends: I32, shorter: I32, symbols: U8, sizes: I32, hits: Hits,
) -> int:  # fmt: skip
    """(pattern, begin, end) of what is found into `hits`; returns how many."""
    state = n = 0
    for i in range(start, end):
        state = step[state * WIDTH + symbols[data[i]]]
        at = state if ends[state] >= 0 else shorter[state]
        while at > 0:
            if n == hits.shape[0]:
                return n
            hits[n, 0] = ends[at]
            hits[n, 1] = i + 1 - sizes[ends[at]]
            hits[n, 2] = i + 1
            n += 1
            at = shorter[at]
    return n
