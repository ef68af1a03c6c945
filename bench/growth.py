"""The longest batch of 10,000 rows while a table grows, and while a snapshot of it is taken."""

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
COPIED_AT_ONCE = 4 << 20
"""As the scorer does between two entries."""


def run(*, quick: bool = False) -> Figure:
    """Milliseconds of processor time, so that what else the machine does is left out."""
    core = on_one_core()
    keys = KEYS // 20 if quick else KEYS
    _longest(_counted(_table()), Stream(1000))
    ours, usual, dictionaries, pauses, at_once = [], [], [], [], []
    for turn in range(3):
        found, stream = _table(), Stream(keys, seed=turn)
        longest, median = _longest(_counted(found), stream)
        ours.append(longest)
        usual.append(median)
        pauses.append(_snapshot_step_by_step(found, stream))
        at_once.append(_ms(found.snapshot))
        dictionaries.append(_longest(_dictionary(), Stream(keys, seed=turn))[0])
    return Figure(
        name="growth",
        ours=statistics.median(ours),
        unit="ms",
        better="lower",
        peers={"Python dict": statistics.median(dictionaries)},
        also={
            "median_batch_ms": statistics.median(usual),
            "shortest_of_runs_ms": min(ours),
            "longest_pause_of_a_snapshot_ms": statistics.median(p[0] for p in pauses),
            "longest_batch_during_it_ms": statistics.median(p[1] for p in pauses),
            "snapshot_copied_at_once_ms": statistics.median(at_once),
        },
        settings={
            "core": f"one ({core})",
            "keys": f"{keys:,} new ones, once each",
            "batch": f"{BATCH:,} rows",
            "table": "the eight features of `features`, memory taken as keys come",
            "peer": "a dict from key to a count: one number where the table keeps eight features",
            "snapshot": f"of the full table; {COPIED_AT_ONCE >> 20} MiB between two batches",
            "rounds": "3, taking turns",
            "clock": "processor time of this process, page faults included",
        },
    )


def _table() -> FeatureSet:
    return FeatureSet([Window("w", "s", key=("key",), over="1h", step="10m", features=EIGHT)])


def _counted(found: FeatureSet) -> Callable[[Columns], object]:
    return lambda batch: found.update("s", batch)


def _snapshot_step_by_step(found: FeatureSet, stream: Stream) -> tuple[float, float]:
    """The longest step of a snapshot and the longest batch between two steps, ms."""
    found.slowly = True
    batches: list[float] = []
    begun = time.process_time()
    state = found.snapshot()  # held: to give its memory back is not a part of it
    steps = [1000 * (time.process_time() - begun)]
    more = True
    while more:
        batch = stream.batch(BATCH)
        begun = time.process_time()
        found.update("s", batch)
        counted = time.process_time()
        more = found.copy_more(COPIED_AT_ONCE)
        batches.append(1000 * (counted - begun))
        steps.append(1000 * (time.process_time() - counted))
    found.slowly = False
    del state
    return max(steps), max(batches)


def _ms(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return 1000 * (time.process_time() - begun)


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
