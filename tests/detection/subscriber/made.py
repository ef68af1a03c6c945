"""Invented subscribers: figures that tell fraud from the rest, or a graph that does."""

from __future__ import annotations

import numpy as np
import polars as pl


def made(size: int = 600, *, graph_tells: bool, seed: int = 1) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Features and edges. With `graph_tells` fraud touches fraud and the figures say little."""
    rng = np.random.default_rng(seed)
    label = (rng.random(size) < 0.35).astype(np.int64)
    told = 0.3 if graph_tells else 1.2
    frame = pl.DataFrame(
        {
            "node": np.arange(size) * 7 + 3,
            "opposite_count": rng.exponential(np.exp(told * label) * 50),
            "opposite_unique": rng.exponential(30, size),
            "sms_count": np.where(
                rng.random(size) < 0.2, np.nan, rng.normal(told * label, 1, size)
            ),
            "noise": rng.normal(size=size),
            "label": label,
        }
    ).with_columns(pl.col("sms_count").fill_nan(None))
    a, b = rng.integers(0, size, (2, size * 12))
    alike = label[a] == label[b]
    kept = (a != b) & (alike | (rng.random(a.size) < (0.1 if graph_tells else 1.0)))
    nodes = frame["node"].to_numpy()
    edges = pl.DataFrame({"node_a": nodes[a[kept]], "node_b": nodes[b[kept]], "weight": 1.0})
    return frame, edges
