"""What a user would pick for graph features: DuckDB, Polars, networkx, and plain Python.

DuckDB and Polars see a whole sorted frame, keep no state before it and bound no work. networkx and
the plain searches are asked on a sample of the transfers, with the graph built beforehand. Times
are processor time.
"""

from __future__ import annotations

import bisect
import time
from collections import defaultdict
from collections.abc import Callable

import duckdb
import networkx as nx  # type: ignore[import-untyped]
import numpy as np
import polars as pl

from bench.peers.transfers import Columns

Edges = list[tuple[int, int]]
"""(instant, the other account), in order of time."""

_FANS = """
SELECT count(*) OVER o AS out_n, sum(amount) OVER o AS out_fen,
  count(DISTINCT payee_key) OVER o AS fan_out, count(*) OVER i AS in_n,
  sum(amount) OVER i AS in_fen, count(DISTINCT payer_key) OVER i AS fan_in,
  count(*) OVER p AS pair_n
FROM events WINDOW
  o AS (PARTITION BY payer_key ORDER BY "at" RANGE BETWEEN {over} PRECEDING AND CURRENT ROW),
  i AS (PARTITION BY payee_key ORDER BY "at" RANGE BETWEEN {over} PRECEDING AND CURRENT ROW),
  p AS (PARTITION BY payer_key, payee_key ORDER BY "at"
        RANGE BETWEEN {over} PRECEDING AND CURRENT ROW)
"""
_SCATTER = """
WITH two AS (
  SELECT k.row, a.payer_key AS source, k.payee_key AS sink, k."at" AS closed
  FROM events k JOIN events a ON a.payee_key = k.payer_key AND a.payer_key <> k.payee_key
    AND a."at" <= k."at" AND a."at" > k."at" - {over}
  WHERE k.row >= {first} GROUP BY ALL
), many AS (
  SELECT t.row, t.source, count(DISTINCT b.payer_key) AS middles
  FROM two t JOIN events b ON b.payee_key = t.sink AND b."at" <= t.closed
      AND b."at" > t.closed - {over}
    JOIN events a ON a.payer_key = t.source AND a.payee_key = b.payer_key AND a."at" <= b."at"
      AND a."at" > t.closed - {over}
  GROUP BY ALL
)
SELECT row, max(middles) FROM many GROUP BY row
"""


def duckdb_fans(events: pl.DataFrame, over: int) -> float:
    """Seconds for seven statistics of every transfer in one window."""
    return _sql(events, _FANS.format(over=over))


def duckdb_scatter(events: pl.DataFrame, over: int, first: int) -> float:
    """Seconds for scatter-gather of the transfers from number `first` on, by joins."""
    return _sql(events.with_row_index("row"), _SCATTER.format(over=over, first=first))


def _sql(events: pl.DataFrame, sql: str) -> float:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("given", events.to_arrow())
        connection.execute("CREATE TABLE events AS SELECT * FROM given")
        begun = time.process_time()
        connection.sql(sql).to_arrow_table()
        return time.process_time() - begun


def polars_fans(events: pl.DataFrame, over: int) -> float:
    """Seconds for the same, the pair's count apart."""
    begun = time.process_time()
    for key, other in (("payer_key", "payee_key"), ("payee_key", "payer_key")):
        found = (
            events.lazy()
            .rolling("at", period=f"{over}i", group_by=key)
            .agg(pl.len(), pl.col("amount").sum(), pl.col(other).n_unique())
            .collect()
        )
        if found.height != events.height:
            raise RuntimeError("Polars gave another number of rows")
    return time.process_time() - begun


class PlainGraph:
    """Dictionaries of lists in order of time, as one would write it in an afternoon."""

    def __init__(self, data: Columns) -> None:
        self.out: dict[int, Edges] = defaultdict(list)
        self.into: dict[int, Edges] = defaultdict(list)
        for at, payer, payee in _rows(data):
            self.out[payer].append((at, payee))
            self.into[payee].append((at, payer))

    def scatter(self, at: int, mid: int, sink: int, over: int) -> int:
        """Scatter-gather of one transfer, exact and unbounded."""
        latest: dict[int, int] = {}
        for when, payer in _shown(self.into[sink], at, over):
            latest[payer] = when
        most = 0
        for source in {payer for _, payer in _shown(self.into[mid], at, over)} - {sink}:
            paid = _shown(self.out[source], at, over)
            most = max(most, len({m for when, m in paid if when <= latest.get(m, -1)}))
        return most

    def cycle(self, at: int, payer: int, payee: int, over: int, longest: int) -> int:
        """Transfers of the shortest cycle: breadth first by earliest arrival, unbounded."""
        arrived = {payee: at - over}
        front = [payee]
        for length in range(2, longest + 1):
            found: dict[int, int] = {}
            for account in front:
                for when, other in _shown(self.out[account], at, over):
                    if when >= arrived[account] and when < min(
                        arrived.get(other, at + 1), found.get(other, at + 1)
                    ):
                        found[other] = when
            if payer in found:
                return length
            arrived |= found
            front = list(found)
        return 0


def networkx_cycles(data: Columns, first: int, longest: int, enough: float) -> float:
    """Transfers a second for a path back of at most `longest` less one hops; blind to time, and it
    may stop at the first path, so less is asked of it."""
    graph = nx.DiGraph()
    rows = _rows(data)
    graph.add_edges_from((payer, payee) for _, payer, payee in rows)
    reversed_graph = graph.reverse(copy=False)

    def ask(row: tuple[int, int, int]) -> None:
        nx.single_source_shortest_path_length(graph, row[2], cutoff=longest // 2)
        nx.single_source_shortest_path_length(reversed_graph, row[1], cutoff=(longest - 1) // 2)

    return _asked(rows[first:], ask, enough)


def plain_scatter(data: Columns, first: int, over: int, enough: float) -> float:
    """Transfers a second."""
    graph = PlainGraph(data)
    return _asked(
        _rows(data)[first:], lambda row: graph.scatter(row[0], row[1], row[2], over), enough
    )


def plain_cycles(data: Columns, first: int, over: int, longest: int, enough: float) -> float:
    """Transfers a second."""
    graph = PlainGraph(data)
    return _asked(_rows(data)[first:], lambda row: graph.cycle(*row, over, longest), enough)


def _asked(
    rows: list[tuple[int, int, int]], ask: Callable[[tuple[int, int, int]], object], enough: float
) -> float:
    """Rate over every 97th transfer, until `enough` seconds are spent."""
    begun, many = time.process_time(), 0
    for row in rows[::97]:
        ask(row)
        many += 1
        if time.process_time() - begun > enough:
            break
    return many / (time.process_time() - begun)


def _shown(edges: Edges, at: int, over: int) -> Edges:
    first, last = (bisect.bisect_left(edges, (when, 0)) for when in (at - over + 1, at + 1))
    return edges[first:last]


def _rows(data: Columns) -> list[tuple[int, int, int]]:
    order = np.argsort(data["at"], kind="stable")
    columns = (data[name][order].tolist() for name in ("at", "payer_key", "payee_key"))
    return list(zip(*columns, strict=True))
