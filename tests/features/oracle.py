"""An independent oracle: the features of a stream, computed by DuckDB from their definitions."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

_SQL = """
WITH seen AS (
  SELECT *, CAST(floor(at / {step}) AS BIGINT) AS pane,
    at < max(at) OVER (ORDER BY idx) - {lateness} AS late FROM stream
), marked AS (
  SELECT *, counted AND NOT late AND key <> 0 AS c FROM seen
), newest AS (
  SELECT *, max(CASE WHEN c THEN at END) OVER (
    PARTITION BY key ORDER BY idx ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM marked
), parted AS (
  SELECT *, sum(CASE WHEN c AND before IS NOT NULL AND at - before > {forget} THEN 1 ELSE 0 END)
    OVER (PARTITION BY key ORDER BY idx) AS part FROM newest
), ordered AS (
  SELECT *, before IS NULL OR at - before > {forget} AS fresh,
    c AND (before IS NULL OR at >= before) AS in_order FROM parted
), lagged AS (
  SELECT *,
    CASE WHEN in_order THEN lag(other) OVER (PARTITION BY key, part, in_order ORDER BY idx) END
      AS former,
    max(CASE WHEN c THEN pane END) OVER (PARTITION BY key, part ORDER BY idx) AS top
  FROM ordered
), reader AS (
  SELECT *, greatest(coalesce(top, pane), pane) AS reference FROM lagged
)
SELECT i.idx,
  count(j.idx) AS n,
  coalesce(sum(j.value), 0) AS total,
  count(j.idx) FILTER (WHERE j.value < {below}) AS below,
  max(j.value) AS greatest, min(j.value) AS least,
  count(DISTINCT j.other) AS different,
  count(j.idx) FILTER (WHERE j.in_order AND j.former IS NOT NULL AND j.former <> j.other)
    AS changes,
  any_value(CASE WHEN i.fresh THEN NULL ELSE greatest(0, i.at - i.before) END) AS since,
  stddev_pop(j.value) AS spread,
  any_value(i.late) AS late
FROM reader i LEFT JOIN reader j ON j.key = i.key AND j.part = i.part AND j.c AND j.idx <= i.idx
  AND j.pane > i.reference - {panes} AND (i.c OR NOT i.fresh)
WHERE i.key <> 0 GROUP BY i.idx ORDER BY i.idx
"""


def features(
    stream: pa.Table, *, step: int, panes: int, lateness: int, forget: int, below: float
) -> dict[str, list[Any]]:
    """One list a feature; rows with key 0 have no features and are left out.

    `stream` has idx, key, at, counted, value, other in arrival order.
    """
    with duckdb.connect() as connection:
        connection.register("stream", stream)
        sql = _SQL.format(step=step, panes=panes, lateness=lateness, forget=forget, below=below)
        found = connection.execute(sql).to_arrow_table()
    return found.to_pydict()
