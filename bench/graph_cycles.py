"""Transfers a second with the shortest cycle of up to six transfers, on a graph heavy with hubs."""

from __future__ import annotations

import statistics

from bench.graph_fans import ACCOUNTS, HUBS, SLICE, TOTAL, WARM, settings
from bench.peers.graphs import networkx_cycles, plain_cycles
from bench.peers.running_graph import RunningGraph
from bench.peers.transfers import DAY, Columns, Hubs, cut, transfers
from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha.features.graph.declare import GraphWindow, Pattern

CYCLE = (Pattern.CYCLE,)
OVER, LONGEST = 7 * DAY, 6
PEER_ROWS = 60_000


def run(*, quick: bool = False) -> Figure:
    """The graph with hubs is the figure; the others stand beside it."""
    core = on_one_core()
    scale = 20 if quick else 1
    streams = {hubs: transfers(TOTAL // scale, ACCOUNTS // scale, hubs, days=7) for hubs in HUBS}
    graphs = {hubs: _graph(data, WARM // scale) for hubs, data in streams.items()}
    few = cut(streams["apart"], -PEER_ROWS // scale, 2**62)
    half = len(few["at"]) // 2
    rates: dict[Hubs, list[float]] = {hubs: [] for hubs in HUBS}
    plain, paths = [], []
    for _ in range(3):
        for hubs, graph in graphs.items():
            rates[hubs].append(graph.rate(SLICE // scale))
        plain.append(plain_cycles(few, half, OVER, LONGEST, 2.0))
        paths.append(networkx_cycles(few, half, LONGEST, 2.0))
    shares = {}
    for hubs, graph in graphs.items():
        shares[f"share_closing_a_cycle_hubs_{hubs}"] = graph.share("cycle_length", 3000)
        shares[f"share_cut_hubs_{hubs}"] = graph.share("cycle_truncated", 3000)
    return Figure(
        name="graph_cycles",
        ours=statistics.median(rates["apart"]),
        unit="transfers/s",
        peers={
            "plain Python, breadth first by time": statistics.median(plain),
            "networkx shortest paths, blind to time": statistics.median(paths),
        },
        also={
            "ordinary_graph_transfers_a_second": statistics.median(rates["none"]),
            "same_hubs_both_ways_transfers_a_second": statistics.median(rates["same"]),
            "slowest_round_transfers_a_second": min(rates["apart"]),
            **shares,
            "most_edges_looked_at_in_a_search": GraphWindow("graph").cycle_steps,
        },
        settings={
            **settings(core, streams["apart"]),
            "features": "the statistics of graph_fans and the shortest cycle in order of time",
            "peers": f"the cycle alone, unbounded, for a sample of the later half of "
            f"{len(few['at']):,} transfers and nothing before them: a graph 20 times smaller",
        },
    )


def _graph(data: Columns, warm: int) -> RunningGraph:
    """Warmed up without searching: what is kept does not depend on it."""
    return RunningGraph(data, warm, CYCLE, RunningGraph(data, warm, ()).graph.snapshot())
