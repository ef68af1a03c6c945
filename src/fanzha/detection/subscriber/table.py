"""Subscribers as a matrix of figures with names, and the graph between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from fanzha.errors import Refused
from fanzha.values.keys import key64

__all__ = ["Subscribers", "adjacency", "keys_of", "of_frame"]

F64 = npt.NDArray[np.float64]
U64 = npt.NDArray[np.uint64]

_NOT_FIGURES = ("node", "label")
_LARGEST = 1e15


@dataclass(frozen=True, eq=False)
class Subscribers:
    """A row a subscriber. `figures` is NaN where the row lacks one; `label` 1, 0, NaN not told."""

    key: U64
    """64-bit key of the node; 0 where the row names none."""
    names: tuple[str, ...]
    figures: F64
    label: F64
    unusable: dict[str, int] = field(default_factory=dict)
    """By column how many of its values are no numbers, or beyond what a figure can be."""

    def take(self, rows: npt.NDArray[np.int64]) -> Subscribers:
        """Some of the rows."""
        return Subscribers(self.key[rows], self.names, self.figures[rows], self.label[rows])

    def under(self, names: Sequence[str]) -> F64:
        """The figures in the order of `names`; NaN where this table lacks one."""
        at = {name: i for i, name in enumerate(self.names)}
        out = np.full((self.key.size, len(names)), np.nan)
        for i, name in enumerate(names):
            if name in at:
                out[:, i] = self.figures[:, at[name]]
        return out


def of_frame(frame: pl.DataFrame, names: Sequence[str] | None = None) -> Subscribers:
    """Rows with `node`, perhaps `label`, and figures: those of `names`, or all columns of numbers
    (of texts too where most are numbers).

    Figures beyond 1e15 and infinite ones count as missing. Raises `Refused` without `node`, with
    a node twice, and where no figure is left.
    """
    if "node" not in frame.columns:
        raise Refused(
            "columns_absent",
            zh=f"缺少 node 列；现有 {_shown(frame.columns)}",
            en=f"there is no column node; there are {_shown(frame.columns)}",
            field="node",
        )
    key = keys_of(frame["node"])
    told = key[key != 0]
    if np.unique(told).size < told.size:
        raise _twice(key)
    if names is None:
        numeric = [n for n in frame.columns if _of_numbers(frame[n])]
        names = [name for name in numeric if name not in _NOT_FIGURES]
    held = [name for name in names if name in frame.columns]
    if not held:
        raise Refused(
            "columns_absent",
            zh=f"没有可用的数字列；现有 {_shown(frame.columns)}",
            en=f"there is no column of figures to judge by; there are {_shown(frame.columns)}",
            field="--features",
        )
    figures = np.column_stack([_figures(frame[name]) for name in held]).reshape(-1, len(held))
    figures[~(np.abs(figures) <= _LARGEST)] = np.nan
    unusable = {}
    for name, values in zip(held, figures.T, strict=True):
        if count := int(np.isnan(values).sum()) - _absent(frame[name]):
            unusable[name] = count
    label = np.full(frame.height, np.nan)
    if "label" in frame.columns:
        label = _figures(frame["label"])
        label = np.where((label == 0.0) | (label == 1.0), label, np.nan)
    return Subscribers(key, tuple(held), figures, label, unusable)


def _of_numbers(values: pl.Series) -> bool:
    if values.dtype.is_numeric():
        return True
    if values.dtype != pl.String or not len(values):
        return False
    return int(values.cast(pl.Float64, strict=False).count()) * 2 > values.count()


def _absent(values: pl.Series) -> int:
    """Values that say nothing: null, NaN, an empty text."""
    nothing = values.is_null()
    if values.dtype.is_float():
        nothing |= values.is_nan().fill_null(value=False)
    if values.dtype == pl.String:
        nothing |= (values.str.strip_chars() == "").fill_null(value=False)
    return int(nothing.sum())


def _twice(key: U64) -> Refused:
    """Which rows share a node: the first two by number, and how many nodes stand twice."""
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero((np.diff(key[order]) == 0) & (key[order][1:] != 0))
    first = same[np.argmin(order[same])]
    rows = f"{int(order[first]) + 1}, {int(order[first + 1]) + 1}"
    return Refused(
        "node_twice",
        zh=f"node 重复 {same.size:,} 次，例如第 {rows} 行（不计表头）",
        en=f"nodes stand twice {same.size:,} times, first in rows {rows} (head not counted)",
        field="node",
    )


def _shown(names: Sequence[str]) -> str:
    return ", ".join(name for name in names[:20] if len(name) < 25 and not name[:1].isdigit())


def keys_of(nodes: pl.Series) -> U64:
    """Keys of nodes, whether the file has them as numbers or as texts; 0 for null. Raises `Refused`
    where they are neither."""
    if nodes.dtype.is_nested() or nodes.dtype == pl.Object:
        raise Refused(
            "nodes_unusable",
            zh="节点须为文本或整数",
            en="nodes must be texts or whole numbers",
            field=nodes.name,
        )
    text = nodes.cast(pl.String)
    if nodes.dtype.is_float():
        text = nodes.cast(pl.Int64, strict=False).cast(pl.String)
    made = {one: key64("subscriber", one) for one in text.unique().drop_nulls().to_list() if one}
    found = [made.get(one, 0) for one in text.to_list()]
    return np.array(found, dtype=np.uint64)


def adjacency(key: U64, a: U64, b: U64, weight: F64) -> sparse.csr_array:
    """Weights between the nodes of `key`, both ways; edges to others, to oneself, and of no
    positive weight are left out."""
    order = np.argsort(key, kind="stable")
    size = key.size
    if not size:
        return sparse.csr_array((0, 0), dtype=np.float64)
    ends = []
    for end in (a, b):
        spot = np.minimum(np.searchsorted(key[order], end), size - 1)
        ends.append(np.where((key[order][spot] == end) & (end != 0), order[spot], -1))
    good = (ends[0] >= 0) & (ends[1] >= 0) & (ends[0] != ends[1]) & (weight > 0)
    good &= np.isfinite(weight)
    i, j, w = ends[0][good], ends[1][good], weight[good]
    half = sparse.coo_array((w, (i, j)), shape=(size, size)).tocsr()
    return sparse.csr_array(half.maximum(half.T))


def _figures(values: pl.Series) -> F64:
    if values.dtype.is_nested() or values.dtype == pl.Object:
        return np.full(len(values), np.nan)
    cast = values.cast(pl.Float64, strict=False)
    return np.array(cast.to_numpy(), dtype=np.float64)
