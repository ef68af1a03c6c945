"""The windows of one table as the kernel reads them: sections, lanes and sources as arrays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fanzha.features.kernel.store import INSTANT, KEY, VALUE
from fanzha.features.lanes import SORTS, Lane, Mask, Plan, Source, Value
from fanzha.features.layout import Section, bucket_words, head_words, ring_words, section_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_LAST = {"": VALUE, "key": KEY, "value": VALUE, "instant": INSTANT}


@dataclass(frozen=True, eq=False)
class Form:
    """What a table is made of; the arrays are those of `kernel.store.Store`."""

    stride: int
    heads: int
    """Words until the last head ends."""
    sections: list[Section]
    on: Ints
    of: Ints
    scale: Floats
    last: Ints
    follows: Ints
    former: Ints
    says: Ints
    under: Ints
    nothing: Floats
    estimate: Floats
    estimates: Ints
    periods: list[tuple[int, int]]
    """Step and panes."""
    masks: list[Mask | frozenset[Mask]]
    values: list[Value]
    reals: list[Value]
    """The arrays that a batch brings, in the order of their places."""


class _Drawn:
    """Lists that grow section by section."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.lanes: list[tuple[int, int, float, int]] = []
        self.sources: list[tuple[int, int, int, int]] = []
        self.nothing: list[float] = []
        self.periods: dict[tuple[int, int], int] = {}
        self.masks: dict[Mask | frozenset[Mask], int] = {}
        self.values: dict[Value, int] = {}
        self.reals: dict[Value, int] = {}

    def add(self, plan: Plan, **places: int) -> None:
        """Lay out one window at its places in the row."""
        counted: Mask | frozenset[Mask] = plan.counted
        if isinstance(counted, frozenset) and len(counted) == 1:
            (counted,) = counted
        period = plan.window.step_ms, plan.window.panes
        section = section_of(
            plan.shape, **places, lane=len(self.lanes),
            source=len(self.sources), sources=len(plan.sources), column=len(self.nothing),
            columns=plan.columns, period=self.periods.setdefault(period, len(self.periods)),
            counted=self._mask(counted), step=plan.window.step_ms,
            lateness=plan.window.lateness_ms, forget=plan.window.forget_ms,
            before=int(plan.window.before), aged=int(plan.aged),
        )  # fmt: skip
        every = [(sort, lane) for sort in SORTS for lane in plan.lanes[sort]]
        self.lanes += [self._lane(lane, plan, section) for _, lane in every]
        self.nothing += [_nothing(sort) for sort, lane in every if lane.what != "key"]
        self.nothing += [np.nan] * plan.aged
        self.sources += [self._source(source, plan, section) for source in plan.sources]
        self.sections.append(section)

    def _lane(self, lane: Lane, plan: Plan, section: Section) -> tuple[int, int, float, int]:
        def place(of: Mask | Value | Source | None) -> int:
            match of:
                case Source():
                    return -1 - section.source - plan.sources.index(of)
                case Mask():
                    return self._mask(of)
                case Value():
                    kind = self.values if of.scale or of.is_key else self.reals
                    return kind.setdefault(of, len(kind))
            return 0

        return place(lane.on), place(lane.of), float(lane.scale), _LAST[lane.what]

    def _mask(self, mask: Mask | frozenset[Mask]) -> int:
        return self.masks.setdefault(mask, len(self.masks))

    def _source(self, source: Source, plan: Plan, section: Section) -> tuple[int, int, int, int]:
        under = int(min(np.ceil(source.under), 2.0**62))
        if source.last is None:
            return -1, section.newest, source.says, under
        place = plan.lanes["lasts"].index(source.last)
        before = sum(len(plan.lanes[sort]) for sort in SORTS[: SORTS.index("lasts")])
        return section.lane + before + place, section.word_lasts + place, source.says, under


def form_of(plans: Sequence[Plan]) -> Form:
    """Lay the windows side by side."""
    drawn = _Drawn()
    shapes = [plan.shape for plan in plans]
    heads = _begins(1 + len(plans), [head_words(s) for s in shapes])
    buckets = _begins(heads[-1], [bucket_words(s) for s in shapes])
    rings = _begins(buckets[-1], [ring_words(s) for s in shapes])
    for n, plan in enumerate(plans):
        drawn.add(plan, newest=1 + n, begin=heads[n], buckets=buckets[n], ring=rings[n])
    on, of, scale, last = _columns(drawn.lanes, 4)
    follows, former, says, under = _columns(drawn.sources, 4)
    sketches = [_estimates(plan.shape.buckets) for plan in plans]
    ends = np.cumsum([len(sketch) for sketch in sketches])
    return Form(
        stride=rings[-1],
        heads=heads[-1],
        sections=drawn.sections,
        on=on.astype(np.int64), of=of.astype(np.int64), scale=scale, last=last.astype(np.int64),
        follows=follows.astype(np.int64), former=former.astype(np.int64),
        says=says.astype(np.int64), under=under.astype(np.int64),
        nothing=np.array(drawn.nothing),
        estimate=np.concatenate(sketches),
        estimates=np.concatenate([[0], ends[:-1]]).astype(np.int64),
        periods=list(drawn.periods),
        masks=list(drawn.masks), values=list(drawn.values), reals=list(drawn.reals),
    )  # fmt: skip


def _begins(first: int, words: Sequence[int]) -> list[int]:
    """Where each begins, and where the last ends."""
    return list(itertools.accumulate(words, initial=first))


def _columns(rows: Sequence[tuple[float, ...]], many: int) -> Floats:
    return np.array(rows, np.float64).reshape(-1, many).T.copy()


def _nothing(sort: str) -> float:
    return np.nan if sort in ("wide", "narrow", "lasts", "trails") else 0.0


def _estimates(buckets: int) -> Floats:
    """Linear counting: with k of m buckets hit, about m·ln(m/(m−k)) values were seen.

    Whang, Vander-Zanden, Taylor 1990. With every bucket hit the estimate is a lower bound, and the
    row is marked truncated.
    """
    if buckets == 0:
        return np.zeros(1)
    hit = np.arange(buckets + 1)
    left = np.maximum(buckets - hit, 0.5)
    return np.round(buckets * np.log(buckets / left))
