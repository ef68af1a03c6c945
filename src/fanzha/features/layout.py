"""How a key's row lies in memory: one run of bytes, so that a row costs few cache lines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """Numbers of lanes of one window, and where each begins in a row.

    Words of eight bytes: key, newest instant (ms), `lasts` last values, then the rings of `panes`
    panes of each sum (int64), each float sum (float64) and each wide maximum (int64).
    Words of four bytes: current pane (int32), occupied buckets of each distinct, then the rings of
    each count (uint32) and each narrow maximum (int32).
    Bytes: the buckets of each distinct.
    """

    panes: int
    counts: int
    sums: int
    floats: int
    wide: int
    narrow: int
    lasts: int
    distincts: int
    buckets: int

    @property
    def word_sums(self) -> int:
        return 2 + self.lasts

    @property
    def word_floats(self) -> int:
        return self.word_sums + self.sums * self.panes

    @property
    def word_wide(self) -> int:
        return self.word_floats + self.floats * self.panes

    @property
    def half_pane(self) -> int:
        """First four-byte word behind the eight-byte words."""
        return 2 * (self.word_wide + self.wide * self.panes)

    @property
    def half_counts(self) -> int:
        return self.half_pane + 1 + self.distincts

    @property
    def half_narrow(self) -> int:
        return self.half_counts + self.counts * self.panes

    @property
    def byte_buckets(self) -> int:
        return 4 * (self.half_narrow + self.narrow * self.panes)

    @property
    def stride(self) -> int:
        """Eight-byte words a row."""
        return (self.byte_buckets + self.distincts * self.buckets + 7) // 8

    @property
    def outputs(self) -> int:
        """Columns the kernel gives: totals of each lane, then the age of the newest row (ms)."""
        return self.counts + self.sums + self.floats + self.wide + self.narrow + self.distincts + 1

    @property
    def numbers(self) -> tuple[int, ...]:
        """What the kernel needs to know of the layout, in its order."""
        return (
            self.panes, self.stride, self.counts, self.sums, self.floats, self.wide, self.narrow,
            self.lasts, self.distincts, self.buckets, self.word_sums, self.word_floats,
            self.word_wide, self.half_pane, self.half_counts, self.half_narrow, self.byte_buckets,
        )  # fmt: skip
