"""Transfers a second through the whole account channel, and what its graph costs beside windows."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pyarrow as pa

from bench.peers.running_graph import percentile
from bench.peers.transfers import Hubs, transfers
from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha import settings
from fanzha.detection.account.v1.channel import AccountChannel
from fanzha.detection.account.v1.graph import GRAPH_SCHEMA, WINDOW, TransferGraph
from fanzha.detection.arrays import Array, Bools, frame_of
from fanzha.features.graph.live import GraphCounters
from fanzha.records.door import admit
from fanzha.records.schemas import SCHEMAS
from fanzha.values import reserved

MANY, ACCOUNTS, BATCH, SMALL = 60_000, 12_000, 2_000, 128


class _NoGraph(TransferGraph):
    """Tells nothing, keeps nothing: the channel as it would be without a graph."""

    def __init__(self) -> None:
        pass

    def sides(self, batch: pl.DataFrame, moved: Bools) -> list[pl.Series]:
        n = 2 * batch.height
        return [pl.Series(name, [None] * n, dtype=kind) for name, kind in GRAPH_SCHEMA.items()]

    def counters(self) -> GraphCounters:
        return GraphCounters()

    def snapshot(self) -> dict[str, Array]:
        return {}


def run(*, quick: bool = False) -> Figure:
    """Rows a second with the graph; without it as the peer, taking turns."""
    core = on_one_core()
    pa.set_cpu_count(1)
    scale = 10 if quick else 1
    frames = {hubs: _frame(hubs, MANY // scale) for hubs in ("none", "apart")}
    _rate(frames["none"][: 2 * BATCH], graph=True)  # compiled and warm
    rates: dict[tuple[str, bool], list[float]] = {}
    for _ in range(3):
        for hubs, frame in frames.items():
            for graph in (True, False):
                rates.setdefault((hubs, graph), []).append(_rate(frame, graph=graph))
    small = {graph: _small(frames["apart"], graph=graph) for graph in (True, False)}
    median = {which: statistics.median(found) for which, found in rates.items()}
    return Figure(
        name="graph_channel",
        ours=median["none", True],
        unit="transfers/s",
        peers={"the same without the graph": median["none", False]},
        also={
            "with_hubs_transfers_a_second": median["apart", True],
            "with_hubs_without_the_graph_transfers_a_second": median["apart", False],
            "p99_ms_of_a_batch_of_128_with_hubs": percentile(small[True], 99),
            "p99_ms_of_a_batch_of_128_with_hubs_without_the_graph": percentile(small[False], 99),
            "most_steps_a_transfer_may_take": float(WINDOW.steps_bound),
        },
        settings={
            "core": f"one ({core})",
            "stream": f"{MANY // scale:,} transfers of {ACCOUNTS:,} accounts in two days, "
            f"in batches of {BATCH:,}; with hubs: chance of an account 1/rank",
            "rounds": "3, taking turns",
            "clock": "processor time of this process, findings included",
        },
    )


def _frame(hubs: Hubs, many: int) -> pl.DataFrame:
    """Admitted rows, as a channel gets them."""
    data = transfers(many, ACCOUNTS, hubs, days=2)
    bank = next(iter(reserved.BANKS))
    names = np.array([reserved.bank_account(n, bank) for n in range(ACCOUNTS)])
    keys = np.unique(np.concatenate([data["payer_key"], data["payee_key"]]))
    payer, payee = (
        names[np.searchsorted(keys, data[f"{side}_key"])] for side in ("payer", "payee")
    )
    at = [datetime.fromtimestamp(ms / 1000, UTC) for ms in data["at"].tolist()]
    rows = {
        "event_id": pa.array(np.arange(1, many + 1)),
        "source": ["bench"] * many,
        "at": pa.array(at, SCHEMAS["transfer"].field("at").type),
        "payer": payer,
        "payee": payee,
        "amount_fen": data["amount"],
        "status": ["booked"] * many,
    }
    return frame_of(admit("transfer", pa.table(rows), "bench").batch)


def _channel(*, graph: bool) -> AccountChannel:
    channel = AccountChannel(settings.load().policies / "detection")
    if not graph:
        channel._graph = _NoGraph()
    return channel


def _nobody(batch: pl.DataFrame) -> dict[str, pl.Series]:
    no = pl.repeat(value=False, n=batch.height, eager=True)
    return {name: no.alias(name) for name in ("call_on", "call_strange")}


def _rate(frame: pl.DataFrame, *, graph: bool) -> float:
    channel = _channel(graph=graph)
    begun = time.process_time()
    for batch in frame.iter_slices(BATCH):
        channel.read(batch, _nobody(batch))
    return frame.height / (time.process_time() - begun)


def _small(frame: pl.DataFrame, *, graph: bool) -> list[float]:
    """Milliseconds of each batch of 128 over the later half."""
    channel, half = _channel(graph=graph), frame.height // 2
    for batch in frame[:half].iter_slices(BATCH):
        channel.read(batch, _nobody(batch))
    taken = []
    for batch in frame[half : half + 200 * SMALL].iter_slices(SMALL):
        begun = time.process_time()
        channel.read(batch, _nobody(batch))
        taken.append(1000 * (time.process_time() - begun))
    return taken
