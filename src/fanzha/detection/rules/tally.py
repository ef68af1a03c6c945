"""What rules and scores came to, counted exactly once an event: hits, cases, spreads, looks."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fanzha.detection.arrays import Array
from fanzha.detection.state import packed, unpacked

__all__ = ["BUCKETS", "CASE_MS", "Counted", "Hit", "Looked", "Tally", "bucket_of"]

_HOUR = 3_600_000
CASE_MS = 24 * _HOUR
"""A subject that a rule hits again within this is the same case."""
_SUBJECTS_MOST = 200_000
"""Subjects remembered a rule; the one hit longest ago makes room."""
BUCKETS = 64

HitKey = tuple[str, str, int]
"""(rule@version, mode, hour since 1970)."""
SpreadKey = tuple[str, str, int]
"""(channel, name, day since 1970)."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that held on a row, as a new case."""

    ref: str
    at: int
    source: str
    event_id: int
    subject: str
    key: int
    score: float
    """What the row would score, the rule included."""
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A row below the threshold that was drawn to be looked at; `share` is how likely that was."""

    channel: str
    detector: str
    at: int
    stream: str
    source: str
    event_id: int
    subject: str
    share: float
    score: float
    zh: str
    en: str


@dataclass(slots=True)
class Counted:
    """What came between two takings; adds up in any order."""

    hits: Counter[HitKey] = field(default_factory=Counter)
    cases: Counter[HitKey] = field(default_factory=Counter)
    spreads: dict[SpreadKey, npt.NDArray[np.int64]] = field(default_factory=dict)
    looks: list[Looked] = field(default_factory=list)
    found: list[Hit] = field(default_factory=list)
    """The cases themselves, kept only where a rehearsal asks for them."""

    def __bool__(self) -> bool:
        return bool(self.hits or self.spreads or self.looks)

    def add(self, other: Counted) -> None:
        self.hits.update(other.hits)
        self.cases.update(other.cases)
        for key, counts in other.spreads.items():
            mine = self.spreads.get(key)
            self.spreads[key] = counts if mine is None else mine + counts
        self.looks += other.looks
        self.found += other.found

    def spread(self, channel: str, name: str, day: int, buckets: npt.NDArray[np.int64]) -> None:
        """Count values that fell into these buckets."""
        counts = np.bincount(buckets, minlength=BUCKETS)
        mine = self.spreads.get((channel, name, day))
        self.spreads[channel, name, day] = counts if mine is None else mine + counts


def bucket_of(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """A bucket a value: 0 for what is missing or negative, tenths up to 1, then two a doubling.

    Fixed for ever, so that days can be compared whatever rules were in force.
    """
    known = np.where(np.isfinite(values) & (values >= 0), values, -1.0)
    small = 1 + np.floor(np.clip(known, 0, 1) * 10).astype(np.int64)
    large = 12 + np.floor(2 * np.log2(np.maximum(known, 1.0))).astype(np.int64)
    bucket = np.where(known > 1, np.minimum(large, BUCKETS - 1), small)
    return np.where(known < 0, 0, bucket)


class Tally:
    """Counts in log order. It remembers when each rule last hit a subject: that is its state."""

    def __init__(self, *, keep_found: bool = False) -> None:
        self.keep_found = keep_found
        self._counted = Counted()
        self._seen: dict[str, OrderedDict[int, int]] = {}

    @property
    def counted(self) -> Counted:
        return self._counted

    def is_new(self, ref: str, key: int, at: int) -> bool:
        """Whether a hit opens a case. A subject without a key (a withheld number) is always one."""
        if not key:
            return True
        seen = self._seen.setdefault(ref, OrderedDict())
        before = seen.get(key)
        if before is not None and at - before < CASE_MS:
            return False
        seen[key] = at
        seen.move_to_end(key)
        if len(seen) > _SUBJECTS_MOST:
            seen.popitem(last=False)
        return True

    def keep_only(self, refs: frozenset[str]) -> None:
        """Forget rules that are in force no more."""
        self._seen = {ref: seen for ref, seen in self._seen.items() if ref in refs}

    def take(self) -> Counted:
        """What has been counted since the last taking."""
        counted, self._counted = self._counted, Counted()
        return counted

    def snapshot(self) -> dict[str, Array]:
        refs = sorted(self._seen)
        state: dict[str, Array] = {"refs": packed(refs)}
        for n, ref in enumerate(refs):
            seen = self._seen[ref]
            state[f"{n}.keys"] = np.fromiter(seen, np.uint64, len(seen))
            state[f"{n}.at"] = np.fromiter(seen.values(), np.int64, len(seen))
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """A snapshot from before there were rules holds nothing of them, and is as good."""
        refs = unpacked(state["refs"]) if "refs" in state else []
        self._seen = {
            ref: OrderedDict(
                zip(state[f"{n}.keys"].tolist(), state[f"{n}.at"].tolist(), strict=True)
            )
            for n, ref in enumerate(refs)
        }
