"""Numbers looked up a second in a list of ten million, one core; beside a dict and SQLite."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.running.figure import Figure
from bench.running.machine import on_one_core, resident_bytes
from fanzha.entrypoints.edge.frames import question
from fanzha.entrypoints.edge.socket import listening
from fanzha.lists.form import CHANGES, ENTRIES
from fanzha.lists.index import Standing

ENTRIES_IN_ALL = 10_000_000
ASKED = 1_000_000
PEER_ASKED = 200_000
SERVED = 1_000_000
PREFIXES = 2_000
NOW = 1_764_000_000
_SQL_AT_ONCE = 100
_FRAME, _AHEAD = 100, 16
T = TypeVar("T")


def run(*, quick: bool = False) -> Figure:
    """Column of numbers in; effect, code and end of each out."""
    core = on_one_core()
    table = _list(ENTRIES_IN_ALL // 100 if quick else ENTRIES_IN_ALL)
    Standing.build(table.slice(0, 10), 1).numbers(["1"], 0)
    standing, built = _timed(lambda: Standing.build(table, 1, 7))
    text = sum(pc.sum(pc.binary_length(c)).as_py() for c in table["key"].chunks)
    numbers, names = _asked(table, ASKED // 100 if quick else ASKED)
    few = numbers.slice(0, PEER_ASKED // 20 if quick else PEER_ASKED).to_pylist()
    before = resident_bytes()
    (plain, lengths), plain_built = _timed(lambda: _dict(table))
    plain_bytes = resident_bytes() - before
    sqlite, sqlite_built = _timed(lambda: _sqlite(table))
    _agree(standing, plain, lengths, sqlite, few[:1000])
    ours, domains, in_dict, in_sqlite = [], [], [], []
    for _ in range(3 if quick else 5):
        ours.append(_rate(len(numbers), lambda: standing.numbers(numbers, NOW)))
        domains.append(_rate(len(names), lambda: standing.names(names, NOW)))
        in_dict.append(_rate(len(few), lambda: _look_in_dict(plain, lengths, few)))
        in_sqlite.append(_rate(len(few), lambda: _look_in_sqlite(sqlite, lengths, few)))
    some = few[:20_000]
    one = _rate(len(some), lambda: [standing.number(n, NOW) for n in some])
    changed = _changed(standing, table)
    return Figure(
        name="lists",
        ours=statistics.median(ours),
        unit="look-ups/s",
        peers={
            "dict of str, asked for each length of a prefix": statistics.median(in_dict),
            "SQLite in memory, 100 numbers a query": statistics.median(in_sqlite),
        },
        also={
            "slowest_round": min(ours),
            "names_a_second": statistics.median(domains),
            "one_by_one_a_second": one,
            "built_in_s": built,
            "dict_built_in_s": plain_built,
            "sqlite_built_in_s": sqlite_built,
            "bytes_an_entry_beyond_its_text": (standing.nbytes - text) / len(standing),
            "dict_bytes_an_entry_beyond_its_text": (plain_bytes - text) / len(standing),
            **changed,
            **_over_the_socket(100_000 if quick else SERVED, quick=quick),
        },
        settings={
            "core": f"one ({core}); the socket: client on it, server on any",
            "entries": f"{len(standing):,}: six tenths numbers, three names, one hashes of pages;"
            f" {PREFIXES:,} prefixes of four lengths",
            "mean_text_bytes": round(text / len(standing), 1),
            "asked": f"{len(numbers):,} numbers, {len(few):,} of the peers; a tenth listed",
            "clock": "processor time of this process; the socket by the clock on the wall",
            "socket": f"frames of {_FRAME} numbers without +86, {_AHEAD} ahead, one client;"
            " p50 and p99: one frame at a time",
        },
    )


def _list(count: int) -> pa.Table:
    """The same for the same size."""
    rng = np.random.default_rng(11)
    numbers = pa.array(np.unique(rng.integers(13_000_000_000, 20_000_000_000, count * 6 // 10)))
    heads = np.unique(
        [h // 10 ** (n % 4) for n, h in enumerate(rng.integers(13_000_000, 20_000_000, PREFIXES))]
    )
    labels = pa.array(rng.permutation(count)[: count * 3 // 10]).cast(pa.string())
    ends = pa.array(["shop.example", "pay.example", "cn.example"]).take(
        pa.array(np.arange(len(labels)) % 3)
    )
    hashes = pa.array([rng.bytes(32) for _ in range(count // 10)], pa.binary())
    parts = [
        (1, 0, _joined("+86", numbers)),
        (1, 1, _joined("+86", pa.array(heads))),
        (3, 2, pc.binary_join_element_wise(labels, ends, ".").cast(pa.binary())),
        (4, 0, hashes),
    ]
    keys = pa.concat_arrays([key for _, _, key in parts])
    kinds, matches = (
        pa.array(np.concatenate([np.full(len(p[2]), p[of], np.uint8) for p in parts]))
        for of in (0, 1)
    )
    effects = pa.array(rng.integers(1, 4, len(keys)).astype(np.uint8))
    codes = pa.array(rng.integers(1, 1 << 45, len(keys)).astype(np.uint64))
    ends_at = pa.array(np.full(len(keys), NOW + 86_400, np.uint32))
    table = pa.table([kinds, matches, keys, effects, codes, ends_at], schema=ENTRIES)
    order = pc.sort_indices(table, [(name, "ascending") for name in ("kind", "match", "key")])
    return table.take(order).combine_chunks()


def _joined(head: str, numbers: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(head, numbers.cast(pa.string()), "").cast(pa.binary())


def _asked(table: pa.Table, count: int) -> tuple[pa.Array, pa.Array]:
    """Numbers, one in ten of them listed; names below names, a tenth of them listed."""
    rng = np.random.default_rng(12)
    exact = table.filter(pc.and_(pc.equal(table["kind"], 1), pc.equal(table["match"], 0)))
    named = table.filter(pc.equal(table["kind"], 3))["key"].cast(pa.string()).combine_chunks()
    fresh = _joined("+86", pa.array(rng.integers(13_000_000_000, 20_000_000_000, count)))
    listed = exact["key"].combine_chunks().take(pa.array(rng.integers(0, len(exact), count)))
    tenth = pa.array(rng.random(count) < 0.1)
    numbers = pc.if_else(tenth, listed, fresh).cast(pa.string())
    taken = named.take(pa.array(rng.integers(0, len(named), count)))
    others = pc.binary_join_element_wise("n", taken, "")
    return numbers, pc.binary_join_element_wise("www", pc.if_else(tenth, taken, others), ".")


Entry = tuple[int, int, int]


def _dict(table: pa.Table) -> tuple[dict[str | bytes, Entry], list[int]]:
    """What a user writes: one dict by text (prefixes end in `*`), and the lengths of prefixes."""
    held: dict[str | bytes, Entry] = {}
    lengths = set()
    for batch in table.to_batches(max_chunksize=100_000):
        columns = (column.to_pylist() for column in batch.columns)
        for kind, match, key, *entry in zip(*columns, strict=True):
            name = key if kind == 4 else key.decode() + ("*" if match else "")
            held[name] = tuple(entry)
            if kind == 1 and match:
                lengths.add(len(key))
    return held, sorted(lengths)


def _look_in_dict(
    held: dict[str | bytes, Entry], lengths: list[int], numbers: list[str]
) -> list[Entry | None]:
    found = []
    for number in numbers:
        best = held.get(number)
        for length in lengths:
            entry = held.get(number[:length] + "*")
            if entry is not None and (best is None or entry[0] > best[0]):
                best = entry
        found.append(best if best is None or not 0 < best[2] <= NOW else None)
    return found


def _sqlite(table: pa.Table) -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    base.execute(
        "CREATE TABLE entry (key BLOB, match INT, effect INT, code INT, ends_at INT,"
        " PRIMARY KEY (key, match)) WITHOUT ROWID"
    )
    names = ("key", "match", "effect", "code", "ends_at")
    for batch in table.select(names).to_batches(max_chunksize=100_000):
        rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
        base.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows)
    base.commit()
    return base


def _look_in_sqlite(
    base: sqlite3.Connection, lengths: list[int], numbers: list[str]
) -> list[Entry | None]:
    found: list[Entry | None] = []
    for start in range(0, len(numbers), _SQL_AT_ONCE):
        some = [number.encode() for number in numbers[start : start + _SQL_AT_ONCE]]
        exact = _entries(base, set(some), 0)
        wider = _entries(base, {n[:length] for n in some for length in lengths}, 1)
        for number in some:
            met = [exact.get(number), *(wider.get(number[:length]) for length in lengths)]
            found.append(max(filter(None, met), key=lambda e: e[0], default=None))
    return found


def _entries(base: sqlite3.Connection, keys: set[bytes], match: int) -> dict[bytes, Entry]:
    marks = ",".join("?" * len(keys))
    rows = base.execute(
        f"SELECT key, effect, code, ends_at FROM entry WHERE match = {match} AND key IN ({marks})"
        f" AND (ends_at = 0 OR ends_at > {NOW})",
        list(keys),
    )
    return {key: (effect, code, ends_at) for key, effect, code, ends_at in rows}


def _agree(
    standing: Standing,
    plain: dict[str | bytes, Entry],
    lengths: list[int],
    base: sqlite3.Connection,
    numbers: list[str],
) -> None:
    ours = standing.numbers(numbers, NOW).effect.tolist()
    for found in (
        _look_in_dict(plain, lengths, numbers), _look_in_sqlite(base, lengths, numbers)
    ):  # fmt: skip
        assert [entry[0] if entry else 0 for entry in found] == ours


def _changed(standing: Standing, table: pa.Table) -> dict[str, float]:
    """Sets of a thousand changes, one after the other, half of them taking out."""
    rng = np.random.default_rng(13)
    took = []
    for version in range(2, 22):
        some = table.take(pa.array(np.unique(rng.integers(0, len(table), 1000))))
        gone = pa.array(np.arange(len(some)) % 2 == 0)
        changes = some.append_column(CHANGES.field("gone"), gone)
        begun = time.process_time()
        standing.apply(changes, version)
        took.append(1000 * (time.process_time() - begun))
    return {"a_thousand_changes_ms": statistics.median(took), "slowest_changes_ms": max(took)}


# ── over the socket ──────────────────────────────────────────────────────────────────────────────


def _serve(path: str, count: int) -> None:
    """A process of its own, on any core."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    standing = Standing.build(_list(count), 1, 7)

    async def serve() -> None:
        async with listening(Path(path), lambda: standing):
            await asyncio.Event().wait()

    import uvloop

    uvloop.run(serve())


@contextmanager
def _server(count: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="fz-bench-") as folder:
        path = str(Path(folder) / "edge.sock")
        process = multiprocessing.get_context("spawn").Process(target=_serve, args=(path, count))
        process.start()
        try:
            while not _answers(path):
                assert process.is_alive()
                time.sleep(0.05)
            yield path
        finally:
            process.kill()
            process.join()


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def _over_the_socket(count: int, *, quick: bool) -> dict[str, float]:
    frames = 200 if quick else 5_000
    rng = np.random.default_rng(14)
    numbers = rng.integers(13_000_000_000, 20_000_000_000, (50, _FRAME)).astype(str).tolist()
    written = [question([(1, number.encode()) for number in some]) for some in numbers]
    with _server(count) as path, socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        _exchange(client, written, 50)
        rates = []
        for _ in range(3):
            begun = time.perf_counter()
            _exchange(client, written, frames)
            rates.append(frames * _FRAME / (time.perf_counter() - begun))
        alone = []
        for n in range(200 if quick else 5_000):
            begun = time.perf_counter()
            _exchange(client, written[n % 50 : n % 50 + 1], 1)
            alone.append(1e6 * (time.perf_counter() - begun))
    return {
        "over_the_socket_a_second": statistics.median(rates),
        "socket_frame_p50_us": float(np.percentile(alone, 50)),
        "socket_frame_p99_us": float(np.percentile(alone, 99)),
    }


def _exchange(client: socket.socket, written: list[bytes], frames: int) -> None:
    """So many frames, some of them under way before the first is answered."""
    size = 6 + 13 * _FRAME
    sent = read = 0
    while read < frames * size:
        while sent < frames and sent * size < read + _AHEAD * size:
            client.sendall(written[sent % len(written)])
            sent += 1
        data = client.recv(1 << 18)
        assert data
        read += len(data)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begun = time.process_time()
    found = work()
    return found, time.process_time() - begun


def _rate(count: int, work: Callable[[], object]) -> float:
    return count / max(1e-9, _timed(work)[1])
