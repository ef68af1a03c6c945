"""Transfers a second with degree, fan and pair statistics over a day and a week, hubs and all."""

from __future__ import annotations

import statistics

import polars as pl

from bench.peers.graphs import duckdb_fans, polars_fans
from bench.peers.running_graph import BATCH, RunningGraph, percentile
from bench.peers.transfers import DAY, Columns, Hubs, cut, transfers
from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha.features.graph.declare import GraphWindow

ACCOUNTS, WARM, SLICE, SMALL_BATCHES = 200_000, 1_150_000, 100_000, 1000
TOTAL = WARM + 3 * SLICE + 128 * SMALL_BATCHES
HUBS: tuple[Hubs, ...] = ("apart", "same", "none")


def run(*, quick: bool = False) -> Figure:
    """The graph with hubs is the figure; one that is worse and an ordinary one stand beside it."""
    core = on_one_core()
    scale = 20 if quick else 1
    streams = {hubs: transfers(TOTAL // scale, ACCOUNTS // scale, hubs, days=7) for hubs in HUBS}
    graphs = {hubs: RunningGraph(data, WARM // scale, ()) for hubs, data in streams.items()}
    rates: dict[Hubs, list[float]] = {hubs: [] for hubs in HUBS}
    duck, polars = [], []
    few = pl.DataFrame(cut(streams["apart"], -3 * SLICE // scale, 2**62)).sort("at")
    for _ in range(3):
        for hubs, graph in graphs.items():
            rates[hubs].append(graph.rate(SLICE // scale))
        duck.append(few.height / duckdb_fans(few, DAY))
        polars.append(few.height / polars_fans(few, DAY))
    small = graphs["apart"].batch_ms(SMALL_BATCHES // scale)
    return Figure(
        name="graph_fans",
        ours=statistics.median(rates["apart"]),
        unit="transfers/s",
        peers={
            "Polars rolling": statistics.median(polars),
            "DuckDB windows": statistics.median(duck),
        },
        also={
            "ordinary_graph_transfers_a_second": statistics.median(rates["none"]),
            "same_hubs_both_ways_transfers_a_second": statistics.median(rates["same"]),
            "slowest_round_transfers_a_second": min(rates["apart"]),
            "p50_ms_of_a_batch_of_128": statistics.median(small),
            "p99_ms_of_a_batch_of_128": percentile(small, 99),
        },
        settings={
            **settings(core, streams["apart"]),
            "features": "16 a window: transfers, fen and counterparties of both accounts each way, "
            "transfers and fen of the pair each way; over a day and over seven",
            "peers": f"seven statistics (Polars six) of one window of a day over the last "
            f"{few.height:,} transfers, sorted, no state before them; exact at hubs too",
            "published_elsewhere": "snapml, proprietary, not run here: 64,540/s",
        },
    )


def settings(core: int, hub_heavy: Columns) -> dict[str, str]:
    """What the graph's figures have in common."""
    payer, payee = (
        pl.Series(hub_heavy[name]).value_counts().get_column("count").sort()[-1]
        for name in ("payer_key", "payee_key")
    )
    window = GraphWindow("graph")
    return {
        "core": f"one ({core})",
        "graph": f"{len(hub_heavy['at']):,} transfers in seven days, chance of an account 1/rank, "
        f"the largest payer {payer:,}, the largest payee {payee:,}; ordinary: all alike",
        "caps": f"{window.cap} newest edges each way, {window.scatter_steps:,} edges a "
        f"search for a source, {window.cycle_steps:,} edges a search for a cycle",
        "batch": f"{BATCH:,} rows after most of the stream",
        "rounds": "3, taking turns",
        "clock": "processor time of this process",
    }
