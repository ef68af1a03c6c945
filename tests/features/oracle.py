"""An independent oracle: the features of a stream, computed by DuckDB from their definitions."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

_SQL = """
WITH seen AS (
  SELECT *, ts // {step} - CASE WHEN ts % {step} < 0 THEN 1 ELSE 0 END AS pane,
    max(ts) OVER (ORDER BY idx) - {lateness} AS oldest FROM stream
), marked AS (
  SELECT *, ts < oldest AS late, allowed AND ts >= oldest AND key <> 0 AS c FROM seen
), newest AS (
  SELECT *, max(CASE WHEN c THEN ts END) OVER (
    PARTITION BY key ORDER BY idx ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM marked
), aged AS (
  SELECT *, before IS NULL OR ts - before > {forget} OR before < oldest - {forget} AS fresh
  FROM newest
), parted AS (
  SELECT *, sum(CASE WHEN c AND fresh THEN 1 ELSE 0 END) OVER (PARTITION BY key ORDER BY idx)
    AS part, c AND (fresh OR ts >= before) AS in_order FROM aged
), followed AS (
  SELECT *,
    max(CASE WHEN c THEN pane END) OVER earlier_and_own AS top,
    last_value(CASE WHEN in_order AND flag THEN ts END IGNORE NULLS) OVER earlier AS flagged,
    last_value(CASE WHEN in_order AND place <> 0 THEN place END IGNORE NULLS) OVER earlier
      AS former,
    last_value(CASE WHEN in_order THEN value END IGNORE NULLS) OVER {newest} AS newest_value,
    list(CASE WHEN in_order AND place <> 0 THEN place END) OVER {newest} AS places
  FROM parted
  WINDOW earlier AS (PARTITION BY key, part ORDER BY idx
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
    earlier_and_own AS (PARTITION BY key, part ORDER BY idx)
), spaced AS (
  SELECT *, CASE WHEN in_order AND NOT fresh THEN (ts - before) / 1000 END AS gap,
    CASE WHEN in_order AND flag THEN (ts - flagged) / 1000 END AS gap_flag FROM followed
), reader AS (
  SELECT *, greatest(coalesce(top, pane), pane) AS reference, fresh AND NOT c AS blind
  FROM spaced
)
SELECT i.idx,
  count(j.idx) AS n,
  count(j.idx) FILTER (WHERE j.flag) AS n_flag,
  count(j.value) AS n_value,
  coalesce(sum(j.value), 0) AS total,
  sum(j.value) / nullif(count(j.value), 0) AS mean,
  count(j.value) FILTER (WHERE j.value < {below}) / nullif(count(j.value), 0) AS share,
  max(j.value) AS greatest, min(j.value) AS least,
  max(j.value) FILTER (WHERE j.flag) AS greatest_flag,
  CASE WHEN count(j.value) >= 2 THEN stddev_pop(j.value) END AS spread,
  list(DISTINCT j.other) FILTER (WHERE j.other <> 0) AS others,
  count(j.idx) FILTER (
    WHERE j.in_order AND j.place <> 0 AND j.former IS NOT NULL AND j.former <> j.place) AS changes,
  count(j.gap) AS gaps, coalesce(sum(j.gap), 0) AS gap_total, max(j.gap) AS gap_most,
  min(j.gap) AS gap_least, avg(j.gap) AS gap_mean,
  count(j.gap) FILTER (WHERE j.gap < {short}) / nullif(count(j.gap), 0) AS gap_short,
  CASE WHEN count(j.gap) >= 2 THEN stddev_pop(j.gap) END AS gap_spread,
  max(j.gap_flag) AS gap_flag_most, avg(j.gap_flag) AS gap_flag_mean,
  any_value(CASE WHEN NOT i.blind THEN i.places END) AS places,
  any_value(CASE WHEN NOT i.fresh THEN greatest(0, i.ts - i.before) / 1000 END) AS since,
  any_value(CASE WHEN NOT i.blind AND i.flagged IS NOT NULL
    THEN greatest(0, i.ts - i.flagged) / 1000 END) AS since_flag,
  any_value(CASE WHEN NOT i.blind THEN i.newest_value END) AS newest,
  any_value(i.late) AS late
FROM reader i LEFT JOIN reader j ON j.key = i.key AND j.part = i.part AND j.c AND j.idx {upto} i.idx
  AND j.pane > i.reference - {panes} AND NOT i.blind
WHERE i.key <> 0 GROUP BY i.idx ORDER BY i.idx
"""


def features(
    stream: pa.Table, *, step: int, panes: int, lateness: int, forget: int, below: float,
    short: float, before: bool,
) -> dict[str, list[Any]]:  # fmt: skip
    """One list a feature; rows with key 0 have no features and are left out. `before`: the row
    itself is left out of what it is told.

    `stream` has idx, key, ts, allowed, flag, value (null where there is none), other, place, in
    arrival order. `others` is the list of different values, for a sketch to be compared with;
    `places` all that followed one another, null where nothing did.
    """
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("stream", stream)
        sql = _SQL.format(
            step=step, panes=panes, lateness=lateness, forget=forget, below=below, short=short,
            upto="<" if before else "<=", newest="earlier" if before else "earlier_and_own",
        )  # fmt: skip
        found: dict[str, list[Any]] = connection.sql(sql).to_arrow_table().to_pydict()
        return found
