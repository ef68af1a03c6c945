"""Eight windowed features of two million keys on one core, six panes of ten minutes."""

from __future__ import annotations

import statistics
import time

import polars as pl

from bench.peers.stream import KEYS, PER_SECOND, Columns, Stream
from bench.peers.windows import duckdb_windows, polars_rolling
from bench.running.figure import Figure
from bench.running.machine import on_one_core, resident_bytes
from fanzha.features.declare import (
    Changes,
    Count,
    Distinct,
    Feature,
    Max,
    Mean,
    Share,
    Since,
    Sum,
    Window,
)
from fanzha.features.live import FeatureSet

BELOW = 10.0
BUCKETS = 32
BATCH = 25_000
EIGHT: tuple[Feature, ...] = (
    Count("n", of="value"),
    Sum("total", of="value"),
    Mean("mean", of="value"),
    Share("share", of="value", below=BELOW),
    Max("top", of="value", narrow=True),
    Distinct("peers", of="other", buckets=BUCKETS),
    Changes("changes", of="place"),
    Since("since"),
)


def run(*, quick: bool = False) -> Figure:
    """Events a second, every row told all eight features."""
    return measured("features", panes=6, quick=quick)


def measured(name: str, *, panes: int, quick: bool) -> Figure:
    """The figure for so many panes of ten minutes; an hour of events before the first run."""
    core = on_one_core()
    keys = KEYS // 20 if quick else KEYS
    rounds = 3 if quick else 5
    stream = Stream(keys)
    before = resident_bytes()
    found = FeatureSet([_window(panes)])
    for numbers in stream.everyone(BATCH):
        found.update("events", stream.batch(len(numbers), numbers))
    for _ in range(0 if quick else 3600 * PER_SECOND // BATCH):
        found.update("events", stream.batch(BATCH))
    tracked, used = found.sizes()["w"]
    resident = resident_bytes() - before
    ours, polars, duck = [], [], []
    for _ in range(rounds):
        # The peers have emptied the caches: half a million events bring ours back.
        _rate(found, stream, 4 if quick else 20)
        rate, batches = _rate(found, stream, 8 if quick else 40)
        ours.append(rate)
        events = pl.concat([pl.DataFrame(batch) for batch in batches]).sort("at")
        polars.append(events.height / polars_rolling(events, panes * 600_000, BELOW))
        duck.append(events.height / duckdb_windows(events, panes * 600_000, BELOW))
    return Figure(
        name=name,
        ours=statistics.median(ours),
        unit="events/s",
        peers={
            "Polars rolling": statistics.median(polars),
            "DuckDB windows": statistics.median(duck),
        },
        also={
            "bytes_a_tracked_key": used / tracked,
            "resident_bytes_a_tracked_key": resident / tracked,
            "slowest_round_events_a_second": min(ours),
            "fastest_round_events_a_second": max(ours),
        },
        settings={
            "core": f"one ({core})",
            "threads": f"Polars {pl.thread_pool_size()}, DuckDB 1",
            "features": "count, sum, mean, share below a bound, maximum, distinct, changes, since",
            "panes": f"{panes} of ten minutes",
            "keys": f"{tracked:,}, evenly drawn",
            "buckets_of_the_distinct": BUCKETS,
            "batch": f"{BATCH:,} rows, {PER_SECOND:,} a second of stream time, 5 % out of order",
            "rounds": f"{rounds}, taking turns",
            "clock": "processor time of this process",
            "peers": "sliding window over 1,000,000 events, no state before them, exact distinct",
        },
    )


def _window(panes: int) -> Window:
    return Window(
        "w",
        "events",
        key=("key",),
        over=f"{panes * 10}m",
        step="10m",
        features=EIGHT,
        keys_max=2 * KEYS,
    )


def _rate(found: FeatureSet, stream: Stream, many: int) -> tuple[float, list[Columns]]:
    """Events a second, columns in to features out, and the batches; each comes fresh, as it would
    from the door."""
    batches, taken = [], 0.0
    for _ in range(many):
        batch = stream.batch(BATCH)
        begun = time.process_time()
        found.update("events", batch)
        taken += time.process_time() - begun
        batches.append(batch)
    return many * BATCH / taken, batches
