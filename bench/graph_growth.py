"""The longest batch of 10,000 transfers while a graph grows from nothing to millions of edges."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict, deque

from bench.graph_fans import settings
from bench.peers.transfers import Columns, cut, transfers
from bench.running.figure import Figure
from bench.running.machine import on_one_core, resident_bytes
from fanzha.features.graph.declare import GraphWindow
from fanzha.features.graph.live import GraphSet

ACCOUNTS, MANY, BATCH = 1_000_000, 4_000_000, 10_000


def run(*, quick: bool = False) -> Figure:
    """Milliseconds of processor time; memory is measured in the first round."""
    core = on_one_core()
    scale = 20 if quick else 1
    ours, usual, plain, once = [], [], [], []
    memory: dict[str, float] = {}
    # Compiled and warm.
    _taken(GraphSet(_window()), transfers(20_000, 1000, "none", days=7))
    for turn in range(3):
        data = transfers(MANY // scale, ACCOUNTS // scale, "none", days=7, seed=turn)
        before = resident_bytes()
        graph = GraphSet(_window())
        first = _taken(graph, data)
        if turn == 0:
            memory = _memory(graph, len(data["at"]), resident_bytes() - before)
        del graph
        again = _taken(GraphSet(_window()), data)
        ours.append(max(_both(first, again)))
        usual.append(statistics.median(first))
        once += [max(first), max(again)]
        plain.append(_plain(data))
    hub_heavy = transfers(MANY // scale, ACCOUNTS // scale, "apart", days=7)
    hubs = [_taken(GraphSet(_window()), hub_heavy) for _ in range(2)]
    return Figure(
        name="graph_growth",
        ours=statistics.median(ours),
        unit="ms",
        better="lower",
        peers={"Python dict of deques": statistics.median(plain)},
        also={
            "median_batch_ms": statistics.median(usual),
            "longest_of_all_rounds_ms": max(ours),
            "longest_on_the_hub_heavy_graph_ms": max(_both(*hubs)),
            "longest_of_a_single_pass_ms": max(*once, *(max(one) for one in hubs)),
            **memory,
        },
        settings={
            **{k: v for k, v in settings(core, hub_heavy).items() if k in ("core", "caps")},
            "graph": f"{MANY // scale:,} transfers among {ACCOUNTS // scale:,} accounts in seven "
            "days; none leaves the window",
            "batch": f"{BATCH:,} rows",
            "peer": "the newest edges of each account in a deque each way, nothing told",
            "rounds": "3, taking turns, each of two passes over the same rows from nothing",
            "longest": "of what each batch took in the shorter pass: a pause of ours stands in "
            "both, one of the machine's in one",
            "clock": "processor time of this process, page faults included",
        },
    )


def _window() -> GraphWindow:
    return GraphWindow("graph", patterns=())


def _memory(graph: GraphSet, edges: int, resident: int) -> dict[str, float]:
    accounts, slots, used = graph.sizes()
    return {
        "accounts": accounts,
        "edges": edges,
        "bytes_an_account_its_edges_apart": (used - 16 * slots) / accounts,
        "bytes_an_edge_at_both_accounts": 16 * slots / edges,
        "resident_bytes_an_account_with_its_edges": resident / accounts,
        "bytes_an_account_with_its_edges": used / accounts,
    }


def _taken(graph: GraphSet, data: Columns) -> list[float]:
    """Milliseconds of each batch."""
    taken = []
    for start in range(0, len(data["at"]), BATCH):
        batch = cut(data, start, start + BATCH)
        begun = time.process_time()
        graph.update(batch)
        taken.append(1000 * (time.process_time() - begun))
    return taken


def _both(first: list[float], again: list[float]) -> list[float]:
    """What each batch took in the shorter of two passes."""
    return [min(pair) for pair in zip(first, again, strict=True)]


def _plain(data: Columns) -> float:
    """Longest ms of a batch for dictionaries of deques."""
    cap = GraphWindow("graph").cap
    out: dict[int, deque[tuple[int, int, int]]] = defaultdict(lambda: deque(maxlen=cap))
    into: dict[int, deque[tuple[int, int, int]]] = defaultdict(lambda: deque(maxlen=cap))
    longest = 0.0
    for start in range(0, len(data["at"]) // 4, BATCH):
        batch = cut(data, start, start + BATCH)
        begun = time.process_time()
        names = ("at", "payer_key", "payee_key", "amount")
        for at, payer, payee, fen in zip(*(batch[n].tolist() for n in names), strict=True):
            out[payer].append((at, payee, fen))
            into[payee].append((at, payer, fen))
        longest = max(longest, 1000 * (time.process_time() - begun))
    return longest
