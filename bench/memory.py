"""Keys that a machine of 24 GiB holds, by filling memory with them: eight features a key."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np

from bench.calls_full import Calls, declared
from bench.features import EIGHT
from bench.peers.stream import Columns
from bench.running.figure import Figure
from bench.running.machine import on_one_core, resident_bytes
from fanzha.features.declare import Window
from fanzha.features.live import FeatureSet

BATCH = 25_000
MACHINE_GIB = 24
SYSTEM_GIB = 2
"""Left to the system and to what is not windows."""
FILL_GIB = 2.0
"""As much as a shared machine can spare; `python -m bench.memory --fill-gib 20` fills more."""


def run(*, quick: bool = False, fill_gib: float = FILL_GIB) -> Figure:
    """Keys a resident GiB at the end of filling, no key refused, times what 24 GiB leave."""
    core = on_one_core()
    fill = int((fill_gib / 20 if quick else fill_gib) * 2**30)
    eight, keys = _filled(_eight(), _new_keys, fill)
    callers = [w for w in declared() if w.key == ("caller_key",)]
    full, tracked = _filled(callers, _new_callers(), fill)
    holds = (MACHINE_GIB - SYSTEM_GIB) * 2**30
    return Figure(
        name="memory",
        ours=holds / eight,
        unit="keys in 24 GiB",
        also={
            "bytes_a_key_of_eight_features": eight,
            "keys_filled": keys,
            "bytes_a_caller_of_the_full_set": full,
            "callers_filled": tracked,
            "callers_of_the_full_set_in_24_gib": holds / full,
            "features_of_a_caller": sum(len(w.features) for w in callers),
        },
        settings={
            "core": f"one ({core})",
            "measured": "resident bytes of the process, before and after, over keys tracked",
            "filled": f"{fill / 2**30:.2f} GiB each, until full; no key refused",
            "scaled": f"to {MACHINE_GIB - SYSTEM_GIB} GiB of {MACHINE_GIB}: a key costs the same "
            "however many there are, as every row has its place and segments split one by one",
            "eight": "the features of `features`, six panes, 32 buckets",
            "caller": "the windows of a caller in `calls_full`, 1 minute to 90 days",
        },
    )


def _filled(windows: list[Window], batch: Callable[[int], Columns], fill: int) -> tuple[float, int]:
    """Resident bytes a key once `fill` bytes are taken, and how many keys those are."""
    found = FeatureSet(windows)
    stream = windows[0].stream
    found.update(stream, batch(0))  # compiled, and the room to work in is there
    warm = found.sizes()[windows[0].name][0]
    before = resident_bytes()
    number = 1
    while resident_bytes() - before < fill:
        found.update(stream, batch(number))
        number += 1
    tracked = found.sizes()[windows[0].name][0]
    refused = sum(counters.refused for counters in found.counters().values())
    if refused:
        raise RuntimeError(f"{refused} rows were refused")
    return (resident_bytes() - before) / (tracked - warm), tracked


def _eight() -> list[Window]:
    return [
        Window("w", "events", key=("key",), over="1h", step="10m", features=EIGHT,
               keys_max=200_000_000)
    ]  # fmt: skip


def _new_keys(number: int) -> Columns:
    """New keys, once each, at one instant a batch: nothing falls silent."""
    rng = np.random.default_rng(number)
    first = np.uint64(1 + number * BATCH)
    keys = np.arange(first, first + np.uint64(BATCH), dtype=np.uint64)
    return {
        "at": np.full(BATCH, 1_700_000_000_000 + number),
        "key": keys * np.uint64(0x9E3779B97F4A7C15),
        "value": rng.integers(0, 600, BATCH).astype(np.float64),
        "other": rng.integers(1, 2**63, BATCH, dtype=np.uint64),
        "place": rng.integers(1, 9, BATCH, dtype=np.uint64),
    }


def _new_callers() -> Callable[[int], Columns]:
    calls = Calls(2**31)

    def batch(number: int) -> Columns:
        first = np.uint64(1 + number * BATCH)
        return calls.batch(BATCH, np.arange(first, first + np.uint64(BATCH), dtype=np.uint64))

    return batch


def main() -> int:
    """Fill as much as asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--fill-gib", type=float, default=FILL_GIB)
    asked = parser.parse_args()
    print(run(fill_gib=asked.fill_gib).as_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
