"""Ends of names and paths, looked up on bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled
from fanzha.detection.link.v1.address import (
    ADDRESS,
    FLAGS,
    HOST_END,
    I32,
    I64,
    TAIL,
    U8,
    U64,
    VALID,
    find,
    name_key,
)
from fanzha.detection.link.v1.names import Addresses

__all__ = ["Endings", "LastLabels", "ends_with_any"]

Bools = npt.NDArray[np.bool_]
_START = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


@dataclass(frozen=True, eq=False)
class LastLabels:
    """Top-level labels of a list."""

    keys: U64

    @classmethod
    def of(cls, labels: Sequence[str]) -> LastLabels:
        size = 1 << 9
        while size < 4 * len(labels):
            size *= 2
        keys = np.zeros(size, dtype=np.uint64)
        for key in map(name_key, labels):
            slot = (key ^ (key >> 29)) & (size - 1)
            while keys[slot]:
                slot = (slot + 1) & (size - 1)
            keys[slot] = key
        return cls(keys)

    def holds(self, addresses: Addresses) -> Bools:
        return _last_label_in(addresses.data, addresses.offsets, addresses.parts, self.keys)


@dataclass(frozen=True, eq=False)
class Endings:
    """Ends of paths, one after the other, and where each begins."""

    letters: U8
    begins: I64

    @classmethod
    def of(cls, ends: Sequence[str]) -> Endings:
        letters = np.frombuffer("".join(ends).encode("ascii"), dtype=np.uint8).copy()
        return cls(letters, np.concatenate([[0], np.cumsum([len(e) for e in ends])]))


def ends_with_any(addresses: Addresses, ends: Endings) -> Bools:
    """Whether the path, without its query, ends so."""
    return _path_ends(addresses.data, addresses.offsets, addresses.parts, ends.letters, ends.begins)


@compiled
def _last_label_in(data: U8, offsets: I64, parts: I32, keys: U64) -> Bools:
    out = np.zeros(parts.shape[0], dtype=np.bool_)
    for row in range(parts.shape[0]):
        if not parts[row, FLAGS] & VALID or parts[row, FLAGS] & ADDRESS:
            continue
        key = _START
        i = offsets[row] + parts[row, HOST_END] - 1
        while i >= offsets[row] and data[i] != 46:
            key = (key ^ np.uint64(data[i])) * _PRIME
            i -= 1
        out[row] = find(key, keys) >= 0
    return out


@compiled
def _path_ends(data: U8, offsets: I64, parts: I32, letters: U8, begins: I64) -> Bools:
    out = np.zeros(parts.shape[0], dtype=np.bool_)
    for row in range(parts.shape[0]):
        if not parts[row, FLAGS] & VALID:
            continue
        start = end = offsets[row] + parts[row, TAIL]
        while end < offsets[row + 1] and data[end] != 63 and data[end] != 35:
            end += 1
        for k in range(begins.size - 1):
            size = begins[k + 1] - begins[k]
            same = end - start > size
            for i in range(size):
                if not same or data[end - size + i] != letters[begins[k] + i]:
                    same = False
                    break
            if same:
                out[row] = True
                break
    return out
