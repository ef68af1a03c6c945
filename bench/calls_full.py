"""Calls a second on one core with the full set of features, on every key of a call."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from bench.peers.declared import compared, duckdb_declared, polars_declared
from bench.peers.stream import Columns
from bench.running.figure import Figure
from bench.running.machine import on_one_core, resident_bytes
from fanzha.features.declare import (
    GAP,
    Changes,
    Count,
    Distinct,
    Last,
    Max,
    Mean,
    Share,
    Since,
    Std,
    Sum,
    Trail,
    Window,
)  # fmt: skip
from fanzha.features.layers import layers
from fanzha.features.live import FeatureSet

Keys = npt.NDArray[np.uint64]

BATCH = 25_000
PER_SECOND = 2_000
"""Calls a second of stream time: those of a province."""
NUMBERS = 500_000
CELLS = 20_000
_FLAGS = {
    "stranger": 0.4, "night_call": 0.05, "talked": 0.6, "short_talk": 0.15, "hung_up": 0.2,
    "one_ring": 0.05, "office_call": 0.5, "first_today": 0.2, "resumed": 0.3, "calls_back": 0.02,
    "risky_talk": 0.02, "picked_up": 0.6,
}  # fmt: skip


def declared() -> list[Window]:
    """What the live channel remembers of calls (`detection.call.v1.windows`), and a caller's
    layers from one minute to 90 days, rhythm and way."""
    late: dict[str, Any] = {"lateness": "1h"}
    caller = ("caller_key",)
    return [
        Window(
            "caller", "call", caller, "24h", "4h",
            (Count("calls"), Count("strangers", where="stranger"),
             Count("night_calls", where="night_call"), Count("talks", where="talked"),
             Count("short_talks", where="short_talk"), Count("hung_ups", where="hung_up"),
             Count("one_rings", where="one_ring"), Since("quiet_s"),
             Sum("talk_sum", of="talk_s", where="talked", scale=1),
             Mean("every_s", of=GAP), Std("regular_s", of=GAP),
             Share("bursts", of=GAP, below=10), Changes("moves", of="cell_key"),
             Distinct("callees", of="callee_key", buckets=256),
             Distinct("cells", of="cell_key", buckets=256)),
            forget="90d", **late,
        ),
        Window(
            "week", "call", caller, "7d", "1d",
            (Count("calls_week"), Count("strangers_week", where="stranger"),
             Count("office_week", where="office_call"), Count("days", where="first_today"),
             Count("bursts_week", where="resumed"), Max("silent_s", of=GAP)),
            forget="90d", **late,
        ),
        *layers(
            "layer", "call", caller, **late,
            features=(Count("n"), Count("short", where="short_talk"),
                      Sum("talk_s", of="talk_s", where="talked", scale=1),
                      Trail("way", of="cell_key", length=3)),
        ),
        Window(
            "callee", "call", ("callee_key",), "24h", "4h",
            (Count("received"), Count("strange_in", where="stranger"),
             Count("ringed", where="one_ring"), Count("called_back", where="calls_back"),
             Max("risky_talk_s", of="talk_s", where="risky_talk", scale=1),
             Since("risky_since_s", where="risky_talk"), Since("picked_up_s", where="picked_up"),
             Last("last_talk_s", of="talk_s", where="picked_up", scale=1),
             Distinct("callers", of="caller_key", buckets=16)),
            **late,
        ),
        Window(
            "pair", "call", ("caller_key", "callee_key"), "30d", "10d",
            (Count("pair_calls"), Count("pair_talks", where="talked"), Since("pair_s")), **late,
        ),
        Window(
            "pair_day", "call", ("caller_key", "callee_key"), "24h", "4h",
            (Count("pair_day_calls"), Count("pair_day_talks", where="talked")), **late,
        ),
        Window(
            "device", "call", ("imei_key",), "7d", "1d",
            (Distinct("cards", of="imsi_key", buckets=64), Changes("card_turns", of="imsi_key")),
            **late,
        ),
        Window(
            "card", "call", ("imsi_key",), "7d", "1d",
            (Distinct("devices", of="imei_key", buckets=16), Count("card_calls")), **late,
        ),
        Window(
            "cell", "call", ("cell_key",), "1h", "10m",
            (Count("cell_calls"), Count("cell_strangers", where="stranger"),
             Count("cell_talks", where="talked"), Since("cell_s"),
             Distinct("cell_cards", of="imsi_key", buckets=256),
             Distinct("cell_devices", of="imei_key", buckets=256)),
            keys_max=1_000_000, **late,
        ),
    ]  # fmt: skip


class Calls:
    """Batches in time's order, one row in twenty up to two minutes late. Callers are uneven: the
    chance of the n-th falls with the root of n, and a hundredth of the calls are of twenty
    hubs; three calls in four go to one of eight acquaintances; a card moves among six cells."""

    def __init__(self, numbers: int, seed: int = 7) -> None:
        self._rng = np.random.default_rng(seed)
        self._numbers = numbers
        self._now = 1_700_000_000_000

    def everyone(self, n: int) -> list[Keys]:
        """All numbers, once each, in any order, in parts of n."""
        order = self._rng.permutation(self._numbers).astype(np.uint64)
        return [order[i : i + n] for i in range(0, self._numbers, n)]

    def batch(self, n: int, caller: Keys | None = None) -> Columns:
        """The next n calls; of `caller`, else of whoever is drawn."""
        rng = self._rng
        at = self._now + np.arange(n) * 1000 // PER_SECOND
        self._now = int(at[-1])
        late = rng.random(n) < 0.05
        at[late] -= rng.integers(0, 120_000, int(late.sum()))
        if caller is None:
            caller = (self._numbers * rng.random(n) ** 2).astype(np.uint64)
            hub = rng.random(n) < 0.01
            caller[hub] = rng.integers(0, 20, int(hub.sum()))
        friend = _mixed(caller * np.uint64(8) + rng.integers(0, 8, n).astype(np.uint64))
        known = rng.random(n) < 0.75
        callee = np.where(known, friend, rng.integers(0, 2**62, n).astype(np.uint64))
        callee %= np.uint64(self._numbers)
        cell = _mixed(caller * np.uint64(6) + rng.integers(0, 6, n).astype(np.uint64))
        card = caller + np.uint64(1)
        swapped = rng.random(n) < 0.001
        card[swapped] += rng.integers(0, 9, int(swapped.sum())).astype(np.uint64)
        columns: Columns = {
            "at": at,
            "caller_key": _mixed(caller + np.uint64(1)),
            "callee_key": _mixed(callee + np.uint64(1)),
            "imei_key": _mixed(caller + np.uint64(2**40)),
            "imsi_key": _mixed(card + np.uint64(2**41)),
            "cell_key": cell % np.uint64(CELLS) + np.uint64(1),
            "talk_s": np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 600, n)),
        }
        return columns | {name: rng.random(n) < share for name, share in _FLAGS.items()}


def run(*, quick: bool = False) -> Figure:
    """Calls a second, every call told all features of its caller, callee, pair, handset, card and
    cell."""
    core = on_one_core()
    numbers = NUMBERS // 20 if quick else NUMBERS
    calls, windows = Calls(numbers), declared()
    before = resident_bytes()
    found = FeatureSet(windows)
    for callers in calls.everyone(BATCH):
        found.update("call", calls.batch(len(callers), callers))
    for _ in range(8 if quick else 80):
        found.update("call", calls.batch(BATCH))
    resident = resident_bytes() - before
    ours, polars, duck = [], [], []
    for _ in range(3 if quick else 5):
        _rate(found, calls, 4)
        rate, batches = _rate(found, calls, 4 if quick else 16)
        ours.append(rate)
        events = pl.concat([pl.DataFrame(batch) for batch in batches[:4]]).sort("at")
        polars.append(events.height / polars_declared(events, windows))
        duck.append(events.height / duckdb_declared(events, windows))
    sizes = {w.name: found.sizes()[w.name][0] for w in windows}
    keys = sum(sizes[name] for name in ("caller", "callee", "pair", "device", "card", "cell"))
    return Figure(
        name="calls_full",
        ours=statistics.median(ours),
        unit="calls/s",
        peers={
            "Polars rolling": statistics.median(polars),
            "DuckDB windows": statistics.median(duck),
        },
        also={
            "features": len(found.names),
            "of_them_asked_of_the_peers": sum(len(compared(w)) for w in windows),
            "windows": len(windows),
            "keys_tracked": keys,
            "callers": sizes["caller"],
            "pairs": sizes["pair"],
            "resident_gib": resident / 2**30,
            "slowest_round": min(ours),
            "fastest_round": max(ours),
        },
        settings={
            "core": f"one ({core})",
            "keys": "caller, callee, caller–callee pair, handset, card, cell: six look-ups a call",
            "spans": "a caller from 1 minute panes over 1 h to 3 day panes over 90 d; 24 h; 7 d",
            "stream": f"{numbers:,} numbers, uneven; a hundredth of the calls are of 20 hubs; "
            f"{PER_SECOND:,} calls a second of stream time, 5 % out of order",
            "before": f"each number calls once, then {(8 if quick else 80) * BATCH:,} calls",
            "batch": f"{BATCH:,} calls",
            "clock": "processor time of this process, columns in to features out",
            "peers": "on 100,000 calls at once, no state before them; without last values, "
            "trails, gaps and time since; exact distincts; one thread",
            "elsewhere": "PyFlink's OVER: about 78,000 rows/s on one slot for four features",
        },
    )


def _rate(found: FeatureSet, calls: Calls, many: int) -> tuple[float, list[Columns]]:
    batches, taken = [], 0.0
    for _ in range(many):
        batch = calls.batch(BATCH)
        begun = time.process_time()
        found.update("call", batch)
        taken += time.process_time() - begun
        batches.append(batch)
    return many * BATCH / taken, batches


def _mixed(x: Keys) -> Keys:
    """SplitMix64's finaliser: numbers in a row become keys, as the door makes them."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Keys = np.maximum(x ^ (x >> np.uint64(31)), np.uint64(1))
    return mixed
