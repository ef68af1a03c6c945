"""Declared windows at work: batches of columns in, one number a feature and row out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.errors import Misconfigured
from fanzha.features.declare import Feature, Kind, Window
from fanzha.features.form import form_of
from fanzha.features.frame import Bools, Columns, Floats, Frame, Keys
from fanzha.features.kernel.store import TRUNCATED, Batch
from fanzha.features.lanes import Plan
from fanzha.features.table import Counters, KeyedTable

CHUNK = 30_000
"""Rows that go through the kernel at a time: their lanes stay in the processor's cache."""
_STEP = 16 << 20
"""Bytes of a snapshot that are copied between two looks at what is left."""


MakeFeatures = Callable[[Iterable[Window]], "FeatureSet"]
"""What a detector makes its windows with: `FeatureSet`, or one that shares them out."""


class FeatureSet:
    """All windows of one detector, by stream. Deterministic, and blind to batch boundaries.

    Windows of one stream, key and `keys_max` share a table, unless they are `apart`.
    """

    def __init__(self, windows: Iterable[Window]) -> None:
        self._windows = list(windows)
        self._tables = [WindowTable(together) for together in _together(self._windows)]
        for twice in (list(self.names), [w.name for w in self._windows]):
            if len(set(twice)) != len(twice):
                raise Misconfigured(
                    "feature_twice",
                    zh="特征名重复",
                    en="a feature name stands twice",
                    field=next(n for n in twice if twice.count(n) > 1),
                )
        self.slowly = False
        """Whether `snapshot` gives arrays that `copy_more` fills, so that nothing waits for it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature, in the order declared."""
        return tuple(f.name for w in self._windows for f in w.features)

    def update(self, stream: str, columns: Columns) -> dict[str, npt.NDArray[Any]]:
        """Count a batch and tell each row's features, as they stand after the row.

        `columns["at"]` is int64 ms; key columns are uint64; others numbers or booleans. NaN is
        null. Where the batch is part of a stream, `columns["watermark"]` is the greatest `at` of
        the whole stream up to each row. For each window a boolean column `<window>_truncated` says
        where a sketch was full or a total stood at its cap.
        """
        n = len(columns["at"])
        told = []
        for start in range(0, max(n, 1), CHUNK):
            part = {name: array[start : start + CHUNK] for name, array in columns.items()}
            told.append(self._update(stream, part))
        if len(told) == 1:
            return told[0]
        return {name: np.concatenate([part[name] for part in told]) for name in told[0]}

    def _update(self, stream: str, columns: Columns) -> dict[str, npt.NDArray[Any]]:
        frame = Frame(columns)
        told: dict[str, npt.NDArray[Any]] = {}
        for table in self._tables:
            if table.stream == stream:
                told.update(table.update(frame))
        return told

    def counters(self) -> dict[str, Counters]:
        """By window: late, refused, truncated rows, expired keys."""
        return {
            w.name: counters
            for t in self._tables
            for w, counters in zip(t.windows, t.table.counters, strict=True)
        }

    def sizes(self) -> dict[str, tuple[int, int]]:
        """By window: keys tracked, bytes in use. Of windows that share a table each has its own
        part of the rows, and the first also what finds them."""
        return {
            w.name: (t.table.keys, size)
            for t in self._tables
            for w, size in zip(t.windows, t.table.sizes(), strict=True)
        }

    # ── snapshots ────────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All tables at this instant, by `<first window>.<part>`."""
        state = {
            f"{t.name}.{part}": array for t in self._tables for part, array in t.snapshot().items()
        }
        while not self.slowly and self.copy_more(_STEP):
            pass
        return state

    def copy_more(self, size: int) -> bool:
        """Copy about so many bytes more of the snapshot last asked for; whether any are left."""
        return any(t.table.copy_more(size) for t in self._tables)

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over a snapshot made with the same declarations; only into a new set."""
        for t in self._tables:
            t.restore(parts_of(t.name, state))


def parts_of(name: str, state: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """The parts of one table."""
    prefix = f"{name}."
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _together(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Windows that share a table, in the order of their first."""
    groups: dict[tuple[object, ...], list[Window]] = {}
    for w in windows:
        place = (w.stream, w.key, w.keys_max, w.name if w.apart else None)
        groups.setdefault(place, []).append(w)
    yield from groups.values()


class WindowTable:
    """Windows of one table: fills the lanes from columns, and reads features from totals."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self.windows = windows
        self.name, self.stream, self.key = windows[0].name, windows[0].stream, windows[0].key
        self._plans = [Plan(window) for window in windows]
        self._form = form_of(self._plans)
        self.table = KeyedTable(self._form, keys_max=windows[0].keys_max)
        lanes = [(p.window.key, p.window.where, p.lanes) for p in self._plans]
        self._declared = np.array([zlib.crc32(repr(lanes).encode())])

    def update(self, frame: Frame) -> dict[str, npt.NDArray[Any]]:
        told = self.table.update(self._batch(frame))
        found: dict[str, npt.NDArray[Any]] = {}
        for plan, section, flags in zip(self._plans, self._form.sections, told.flags, strict=True):
            columns = told.columns[section.column : section.column + section.columns]
            shown: set[int] = set()
            for f in plan.window.features:
                found[f.name] = _told(f, [columns[c] for c in plan.places[f.name]])
                if found[f.name].base is not None:
                    (place,) = plan.places[f.name]
                    if place in shown:  # nobody who changes one feature changes another
                        found[f.name] = found[f.name].copy()
                    shown.add(place)
            found[f"{plan.window.name}_truncated"] = (flags & TRUNCATED) != 0
        return found

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        return {**self.table.begin_snapshot(), "declared": self._declared}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        self._fits(state)
        self.table.restore(state)

    def adopt(self, state: Mapping[str, npt.NDArray[Any]], wanted: Callable[[Keys], Bools]) -> None:
        """Take over the keys wanted from a snapshot made with the same declaration."""
        self._fits(state)
        self.table.adopt(state, wanted)

    def _fits(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        if not np.array_equal(state.get("declared", ()), self._declared):
            raise Misconfigured(
                "snapshot_unfit",
                zh="快照与当前特征定义不符",
                en="the snapshot was made with other declarations",
                field=self.name,
            )

    def _batch(self, frame: Frame) -> Batch:
        n = len(frame.at)
        form = self._form
        masks = np.empty((len(form.masks), n), np.bool_)
        for place, mask in enumerate(form.masks):
            masks[place] = frame.mask(mask)
        values = np.empty((len(form.values), n), np.int64)
        for place, value in enumerate(form.values):
            values[place] = frame.value(value)
        reals = np.empty((len(form.reals), n), np.float64)
        for place, value in enumerate(form.reals):
            reals[place] = frame.value(value)
        panes = np.empty((2 * len(form.periods), n), np.int64)
        for place, period in enumerate(form.periods):
            panes[2 * place], panes[2 * place + 1] = frame.panes(*period)
        # Always a writable array: Numba would compile the kernel again for one that is not.
        keys = np.require(frame.keys(self.key), requirements="W")
        return Batch(keys, frame.at, frame.watermark, panes, masks, values, reals)


def _told(f: Feature, columns: Sequence[Floats]) -> Floats:
    """A feature from the columns that the kernel told; NaN stays NaN."""
    match f.kind:
        case Kind.MEAN:
            return _over(columns[1], columns[0])
        case Kind.SHARE:
            return _over(columns[1], columns[0])
        case Kind.STD:
            n, amount, square = columns
            mean = _over(amount, n)
            spread = np.sqrt(np.maximum(_over(square, n) - mean * mean, 0.0))
            return np.where(n >= 2, spread, np.nan)
    return columns[0]


def _over(total: Floats, n: Floats) -> Floats:
    """Total over n; null where n is 0 or null."""
    with np.errstate(invalid="ignore"):
        found: Floats = total / n
    return found
