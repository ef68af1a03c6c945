"""Declared windows as Polars and DuckDB are asked for them, over a whole frame at once.

Both slide instead of keeping panes, know nothing of late rows and keep no state. What has no plain
counterpart (last values, trails, gaps, time since) is left out: they do less. Processor time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import duckdb
import polars as pl

from fanzha.features.declare import GAP, Feature, Kind, Window, span_ms

_SQL = {
    Kind.COUNT: "count(*)",
    Kind.SUM: "sum({of})",
    Kind.MEAN: "avg({of})",
    Kind.MAX: "max({of})",
    Kind.MIN: "min({of})",
    Kind.DISTINCT: "count(DISTINCT {of})",
}


def compared(window: Window) -> list[Feature]:
    """The features of a window that the peers tell too."""
    return [f for f in window.features if f.kind in _SQL and f.of != GAP]


def duckdb_declared(events: pl.DataFrame, windows: Sequence[Window]) -> float:
    """Seconds for all rows, one query a window."""
    taken = 0.0
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("events", events.to_arrow())
        for w in windows:
            told = [
                f"{_SQL[f.kind].format(of=f.of)} FILTER (WHERE {f.where or 'true'}) OVER w"
                for f in compared(w)
            ]
            if not told:
                continue
            sql = (
                f"SELECT {', '.join(told)} FROM events WINDOW w AS (PARTITION BY {', '.join(w.key)}"
                f' ORDER BY "at" RANGE BETWEEN {span_ms(w.over, w.name)} PRECEDING AND CURRENT ROW)'
            )
            begun = time.process_time()
            found = connection.sql(sql).to_arrow_table()
            taken += time.process_time() - begun
            if found.num_rows != events.height:
                raise RuntimeError("DuckDB gave another number of rows")
    return taken


def polars_declared(events: pl.DataFrame, windows: Sequence[Window]) -> float:
    """Seconds for all rows, one rolling a window."""
    begun = time.process_time()
    for w in windows:
        told = [_polars(f).alias(f.name) for f in compared(w)]
        if not told:
            continue
        period = f"{span_ms(w.over, w.name)}i"
        found = events.rolling("at", period=period, group_by=list(w.key)).agg(told)
        if found.height != events.height:
            raise RuntimeError("Polars gave another number of rows")
    return time.process_time() - begun


def _polars(f: Feature) -> pl.Expr:
    if f.kind is Kind.COUNT:
        return pl.col(f.where).sum() if f.where else pl.len()
    column = pl.col(str(f.of))
    column = column.filter(pl.col(f.where)) if f.where else column
    told = {Kind.SUM: column.sum, Kind.MEAN: column.mean, Kind.MAX: column.max,
            Kind.MIN: column.min, Kind.DISTINCT: column.n_unique}  # fmt: skip
    return told[f.kind]()
