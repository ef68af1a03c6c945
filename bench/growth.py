"""The longest batch of 10,000 rows while a table grows from nothing to its full size."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from bench.features import EIGHT
from bench.peers.stream import KEYS, Columns, Stream
from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha.features.declare import Window
from fanzha.features.live import FeatureSet

BATCH = 10_000


def run(*, quick: bool = False) -> Figure:
    """Milliseconds of processor time, so that what else the machine does is left out."""
    core = on_one_core()
    keys = KEYS // 20 if quick else KEYS
    _longest(_table(), Stream(1000))
    ours, usual, dictionaries = [], [], []
    for turn in range(3):
        longest, median = _longest(_table(), Stream(keys, seed=turn))
        ours.append(longest)
        usual.append(median)
        dictionaries.append(_longest(_dictionary(), Stream(keys, seed=turn))[0])
    return Figure(
        name="growth",
        ours=statistics.median(ours),
        unit="ms",
        better="lower",
        peers={"Python dict": statistics.median(dictionaries)},
        also={"median_batch_ms": statistics.median(usual), "shortest_of_runs_ms": min(ours)},
        settings={
            "core": f"one ({core})",
            "keys": f"{keys:,} new ones, once each",
            "batch": f"{BATCH:,} rows",
            "table": "the eight features of `features`, memory taken as keys come",
            "peer": "a dict from key to a count: one number where the table keeps eight features",
            "rounds": "3, taking turns",
            "clock": "processor time of this process, page faults included",
        },
    )


def _table() -> Callable[[Columns], object]:
    window = Window("w", "s", key=("key",), over="1h", step="10m", features=EIGHT)
    found = FeatureSet([window])
    return lambda batch: found.update("s", batch)


def _dictionary() -> Callable[[Columns], object]:
    counts: dict[int, int] = {}

    def update(batch: Columns) -> None:
        for key in batch["key"].tolist():
            counts[key] = counts.get(key, 0) + 1

    return update


def _longest(update: Callable[[Columns], object], stream: Stream) -> tuple[float, float]:
    """Longest and median ms of a batch."""
    taken = []
    for numbers in stream.everyone(BATCH):
        batch = stream.batch(len(numbers), numbers)
        begun = time.process_time()
        update(batch)
        taken.append(1000 * (time.process_time() - begun))
    return max(taken), statistics.median(taken)
