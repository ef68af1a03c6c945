"""Boosted trees as flat arrays: read off a LightGBM text, evaluated without it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled
from fanzha.detection.link.v1.address import I32
from fanzha.detection.model_file import ModelFile

__all__ = ["Forest", "forest_of"]

F32 = npt.NDArray[np.float32]
U32 = npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Forest:
    """Nodes of all trees one after the other. A node goes to `left` where the column is at most
    `limit`; a negative child is the leaf −1 − child of `leaves`. `roots` are the first nodes."""

    column: I32
    limit: F32
    left: I32
    right: I32
    leaves: F32
    roots: I32

    def raw(self, columns: F32) -> F32:
        """(rows,) sums of leaves."""
        out: F32 = _raw(columns, *self._level)
        return out

    @cached_property
    def _level(self) -> tuple[U32, F32, U32, F32, U32, I32]:
        """The trees with leaves that lead to themselves, so that every row takes the same number
        of steps through a tree: no branch to guess, and several rows at a time.

        Columns and limits a node, two children a node, the sums that leaves give, roots, depths.
        """
        nodes, leaves = self.column.size, self.leaves.size
        here = np.arange(nodes + leaves, dtype=np.int32)
        kids = np.repeat(here, 2)
        for side, child in enumerate((self.left, self.right)):
            kids[side : 2 * nodes : 2] = np.where(child >= 0, child, nodes - 1 - child)
        depth = np.zeros(nodes + leaves, np.int32)
        for node in range(nodes - 1, -1, -1):
            depth[node] = 1 + max(depth[kids[2 * node]], depth[kids[2 * node + 1]])
        column = np.concatenate([self.column, np.zeros(leaves, np.int32)])
        limit = np.concatenate([self.limit, np.full(leaves, np.inf, np.float32)])
        gives = np.concatenate([np.zeros(nodes, np.float32), self.leaves])
        return (
            column.astype(np.uint32), limit, kids.astype(np.uint32), gives,
            self.roots.astype(np.uint32), depth[self.roots],
        )  # fmt: skip

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """For a model file."""
        names = ("column", "limit", "left", "right", "leaves", "roots")
        return {f"forest_{name}": getattr(self, name) for name in names}

    @classmethod
    def of_file(cls, file: ModelFile, columns: int) -> Forest:
        """Raises ValueError or Misconfigured where a model holds no forest over so many columns."""

        def whole(name: str) -> I32:
            found: I32 = file.array(f"forest_{name}", "i", None).astype(np.int32)
            return found

        def short(name: str) -> F32:
            found: F32 = file.array(f"forest_{name}", "f", None).astype(np.float32)
            return found

        forest = cls(
            whole("column"), short("limit"), whole("left"), whole("right"), short("leaves"),
            whole("roots"),
        )  # fmt: skip
        nodes = forest.column.size
        if not forest.limit.size == forest.left.size == forest.right.size == nodes:
            raise ValueError("nodes of several sizes")
        if nodes and not (forest.column.min() >= 0 and forest.column.max() < columns):
            raise ValueError("a column that is not there")
        here = np.arange(nodes)
        for child in (forest.left, forest.right):
            # Children stand after their parents, so that every walk ends.
            if ((child >= 0) & ((child <= here) | (child >= nodes))).any():
                raise ValueError("a child that is not there")
            if (child < -forest.leaves.size).any():
                raise ValueError("a leaf that is not there")
        if forest.roots.size and not (forest.roots.min() >= 0 and forest.roots.max() < nodes):
            raise ValueError("a root that is not there")
        return forest


def forest_of(text: str) -> Forest:
    """From a model string of LightGBM with plain numeric splits, missing values not used."""
    parts: dict[str, list[npt.NDArray[Any]]] = {
        name: [] for name in ("column", "limit", "left", "right", "leaves")
    }
    roots: list[int] = []
    nodes = leaves = 0
    for block in text.split("\nTree=")[1:]:
        lines = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        values = np.array(lines["leaf_value"].split(), np.float64)
        if "split_feature" not in lines:
            continue
        column = np.array(lines["split_feature"].split(), np.int32)
        for side in ("left", "right"):
            child = np.array(lines[f"{side}_child"].split(), np.int32)
            parts[side].append(np.where(child >= 0, child + nodes, child - leaves))
        parts["column"].append(column)
        limit = np.array(lines["threshold"].split(), np.float64)
        parts["limit"].append(_below(limit))
        parts["leaves"].append(values)
        roots.append(nodes)
        nodes, leaves = nodes + column.size, leaves + values.size
    flat = {name: np.concatenate(found) if found else np.zeros(0) for name, found in parts.items()}
    return Forest(
        flat["column"].astype(np.int32), flat["limit"].astype(np.float32),
        flat["left"].astype(np.int32), flat["right"].astype(np.int32),
        flat["leaves"].astype(np.float32), np.array(roots, np.int32),
    )  # fmt: skip


def _below(limit: npt.NDArray[np.float64]) -> F32:
    """The largest short float that is not above: short columns then split as in LightGBM."""
    short = limit.astype(np.float32)
    under = np.nextafter(short, np.float32(-np.inf))
    out: F32 = np.where(short.astype(np.float64) > limit, under, short)
    return out


_ABREAST = 8
"""Rows that go through a tree together."""


@compiled
def _raw(
    columns: F32, column: U32, limit: F32, kids: U32, gives: F32, roots: U32, depths: I32
) -> F32:
    rows = columns.shape[0]
    out = np.zeros(rows, dtype=np.float32)
    at = np.zeros(_ABREAST, dtype=np.uint32)
    one = np.uint32(1)
    for first in range(0, rows - _ABREAST + 1, _ABREAST):
        block, sums = columns[first : first + _ABREAST], out[first : first + _ABREAST]
        for tree in range(roots.size):
            at[:] = roots[tree]
            for _ in range(depths[tree]):
                for k in range(_ABREAST):
                    node = at[k]
                    right = np.uint32(block[k, column[node]] > limit[node])
                    at[k] = kids[(node << one) | right]
            for k in range(_ABREAST):
                sums[k] += gives[at[k]]
    for row in range(rows - rows % _ABREAST, rows):
        for tree in range(roots.size):
            node = roots[tree]
            for _ in range(depths[tree]):
                right = np.uint32(columns[row, column[node]] > limit[node])
                node = kids[(node << one) | right]
            out[row] += gives[node]
    return out
