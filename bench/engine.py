"""A day of an invented city through the whole engine, one core: features to fused risks."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha import settings
from fanzha.city.generate import City, generate
from fanzha.detection.engine import Engine
from fanzha.records.door import admit
from fanzha.records.merge import merge
from fanzha.records.schemas import STREAMS

START = "2026-03-02T00:00:00+08:00"
SEED = 7
SLICE_MS = 3_600_000
"""An hour of stream time an entry, so that a small city fills batches as a busy centre would."""

Entry = tuple[str, pa.RecordBatch]


def run(*, quick: bool = False) -> Figure:
    """Events a second of processor time, repeats recognised and every finding worked out."""
    core = on_one_core()
    pa.set_cpu_count(1)
    residents = 300 if quick else 4_000
    entries = _entries(generate(residents, 1.0, SEED, datetime.fromisoformat(START)))
    rows = sum(batch.num_rows for _, batch in entries)
    policies = settings.load().policies
    seconds: list[float] = []
    found = 0
    spent: dict[str, float] = defaultdict(float)
    for _ in range(3):
        engine = Engine(policies)
        found = 0
        begun = time.process_time()
        for position, (stream, batch) in enumerate(entries):
            before = time.process_time()
            found += len(engine.process(position + 1, stream, batch).findings)
            spent[stream] += time.process_time() - before
        seconds.append(time.process_time() - begun)
    counts: Counter[str] = Counter()
    for stream, batch in entries:
        counts[stream] += batch.num_rows
    return Figure(
        name="engine",
        ours=rows / statistics.median(seconds),
        unit="events/s",
        also={
            **{f"{name}_events_a_second": 3 * counts[name] / spent[name] for name in counts},
            "findings": float(found),
        },
        settings={
            "core": f"one ({core})",
            "city": f"{residents:,} residents, one day, seed {SEED}",
            "events": f"{rows:,}, admitted before the clock starts",
            "mix": ", ".join(f"{name} {n:,}" for name, n in counts.most_common()),
            "entries": f"{len(entries):,}, an hour of one stream each",
            "rounds": "3, a new engine each",
            "clock": "processor time of this process",
            "peers": "none: nothing comparable can be installed",
        },
    )


def _entries(city: City) -> list[Entry]:
    """The city's rows as the log would hold them."""
    batches = {}
    for stream, table in city.streams.items():
        admitted = admit(stream, table, "city")
        if admitted.refused:
            raise ValueError(f"the door refused {admitted.refused[0].code} in {stream}")
        batches[stream] = [admitted.batch]
    with tempfile.TemporaryDirectory() as spill:
        return [
            (stream, piece.batches[stream])
            for piece in merge(batches, Path(spill), slice_ms=SLICE_MS)
            for stream in STREAMS
            if stream in piece.batches
        ]
