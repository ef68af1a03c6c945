"""The eight features as a user would ask Polars or DuckDB for them, over a whole frame at once.

Both slide instead of keeping panes, know nothing of late rows, keep no state, and need their input
sorted by time: less than what the kernel does, and as much as they offer. Times are processor time.
"""

from __future__ import annotations

import time

import duckdb
import polars as pl

_WINDOWS = """
SELECT count(*) OVER w AS n, sum(value) OVER w AS total, avg(value) OVER w AS mean,
  avg(CAST(value < {below} AS DOUBLE)) OVER w AS share, max(value) OVER w AS top,
  count(DISTINCT other) OVER w AS peers, sum(changed) OVER w AS changes,
  since
FROM (
  SELECT *, "at" - lag("at") OVER k AS since,
    CAST(place <> lag(place) OVER k AS INTEGER) AS changed
  FROM events WINDOW k AS (PARTITION BY key ORDER BY "at")
) WINDOW w AS (PARTITION BY key ORDER BY "at" RANGE BETWEEN {over_ms} PRECEDING AND CURRENT ROW)
"""


def polars_rolling(events: pl.DataFrame, over_ms: int, below: float) -> float:
    """Seconds for all rows."""
    begun = time.process_time()
    found = (
        events.lazy()
        .with_columns(
            (pl.col("at") - pl.col("at").shift().over("key")).alias("since"),
            (pl.col("place") != pl.col("place").shift().over("key")).alias("changed"),
        )
        .rolling("at", period=f"{over_ms}i", group_by="key")
        .agg(
            pl.len().alias("n"),
            pl.col("value").sum().alias("total"),
            pl.col("value").mean().alias("mean"),
            (pl.col("value") < below).mean().alias("share"),
            pl.col("value").max().alias("top"),
            pl.col("other").n_unique().alias("peers"),
            pl.col("changed").sum().alias("changes"),
            pl.col("since").last(),
        )
        .collect()
    )
    taken = time.process_time() - begun
    if found.height != events.height:
        raise RuntimeError("Polars gave another number of rows")
    return taken


def duckdb_windows(events: pl.DataFrame, over_ms: int, below: float) -> float:
    """Seconds for all rows."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("events", events.to_arrow())
        begun = time.process_time()
        sql = _WINDOWS.format(over_ms=over_ms, below=below)
        found = connection.sql(sql).to_arrow_table()
        taken = time.process_time() - begun
    if found.num_rows != events.height:
        raise RuntimeError("DuckDB gave another number of rows")
    return taken
