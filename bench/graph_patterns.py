"""Transfers a second with scatter-gather beside the statistics, on a graph heavy with hubs."""

from __future__ import annotations

import statistics

import polars as pl

from bench.graph_fans import ACCOUNTS, HUBS, SLICE, SMALL_BATCHES, TOTAL, WARM, settings
from bench.peers.graphs import duckdb_scatter, plain_scatter
from bench.peers.running_graph import RunningGraph, percentile
from bench.peers.transfers import DAY, cut, transfers
from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha.features.graph.declare import Pattern

OVER = 7 * DAY
SCATTER = (Pattern.SCATTER_GATHER,)
ALL = tuple(Pattern)
PEER_ROWS = 60_000


def run(*, quick: bool = False) -> Figure:
    """The graph with hubs is the figure; the others and all patterns stand beside it."""
    core = on_one_core()
    scale = 20 if quick else 1
    streams = {hubs: transfers(TOTAL // scale, ACCOUNTS // scale, hubs, days=7) for hubs in HUBS}
    graphs = {}
    for hubs, data in streams.items():
        # What is kept does not depend on the patterns told: one warm-up does for both.
        state = RunningGraph(data, WARM // scale, ()).graph.snapshot()
        for patterns in (SCATTER, ALL):
            graphs[hubs, patterns] = RunningGraph(data, WARM // scale, patterns, state)
    few = cut(streams["apart"], -PEER_ROWS // scale, 2**62)
    frame = pl.DataFrame(few).sort("at")
    first = frame.height * 99 // 100
    rates: dict[object, list[float]] = {which: [] for which in graphs}
    plain, duck = [], []
    for _ in range(3):
        for which, graph in graphs.items():
            rates[which].append(graph.rate(SLICE // scale))
        plain.append(plain_scatter(few, first, OVER, 2.0))
        duck.append((frame.height - first) / duckdb_scatter(frame, OVER, first))
    small, small_all, small_same = (
        graphs[which].batch_ms(SMALL_BATCHES // scale)
        for which in (("apart", SCATTER), ("apart", ALL), ("same", ALL))
    )
    median = {which: statistics.median(found) for which, found in rates.items()}
    return Figure(
        name="graph_patterns",
        ours=median["apart", SCATTER],
        unit="transfers/s",
        peers={
            "plain Python, dictionaries of lists": statistics.median(plain),
            "DuckDB joins": statistics.median(duck),
        },
        also={
            "ordinary_graph_transfers_a_second": median["none", SCATTER],
            "same_hubs_both_ways_transfers_a_second": median["same", SCATTER],
            "all_patterns_transfers_a_second": median["apart", ALL],
            "all_patterns_same_hubs_both_ways_transfers_a_second": median["same", ALL],
            "slowest_round_transfers_a_second": min(rates["apart", SCATTER]),
            "p99_ms_of_a_batch_of_128": percentile(small, 99),
            "p99_ms_of_a_batch_of_128_all_patterns": percentile(small_all, 99),
            "p99_ms_of_a_batch_of_128_all_patterns_same_hubs": percentile(small_same, 99),
            "longest_ms_of_a_batch_of_128_all_patterns_same_hubs": max(small_same),
        },
        settings={
            **settings(core, streams["apart"]),
            "features": "the statistics of graph_fans and scatter-gather over seven days; all: "
            "also money that passes through, gather-scatter, cycles up to six",
            "peers": f"scatter-gather alone, exact and unbounded, for transfers among the last "
            f"hundredth of {frame.height:,}, no state before these",
            "published_elsewhere": "snapml, proprietary, not run here: 7,574/s",
        },
    )
