"""The event log on a disk that fills up under it: what was acknowledged stays, the rest is said."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa

from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.errors import Unavailable, Uncertain
from tools.soak.campaign import Clock, Given, Result

_DISK_MIB = 48
_ROWS = 8_000
"""64 KB an entry, which does not compress."""
_REFUSALS, _ACCEPTED = 3, 20


def full_disk(given: Given) -> list[Result]:
    """Rounds: fill, be refused, kill the server while full, make room, go on, read all back."""
    clock = Clock(given.seconds)
    result = Result("full disk under the event log")
    tally = _Tally()
    rounds = 0
    try:
        while rounds == 0 or clock.left > 30:
            chance = Random(f"disk:{given.seed}:{rounds}")
            with _disk(given.folder / f"disk-{rounds}") as disk:
                asyncio.run(_round(disk, chance, tally))
            rounds += 1
            given.say(f"round {rounds}: {dict(tally.counts)}")
    except subprocess.CalledProcessError as error:
        result.skipped = f"no file system of our own: mount ended with {error.returncode}"
        return [result]
    counts = tally.counts
    result.did = (
        f"{rounds} rounds on {_DISK_MIB} MiB, {counts['acknowledged']:,} entries acknowledged, "
        f"{counts['refused']} refused, {counts['killed full']} kills while full"
    )
    result.found = (
        f"lost {counts['lost']}, doubled {counts['doubled']}; room made, it goes on by itself "
        f"{counts['went on']} times, after a restart {counts['needed a restart']} times"
    )
    result.seconds = clock.took
    if counts["lost"] or counts["doubled"]:
        result.failures.append(f"{dict(counts)}")
    return [result]


@dataclass
class _Tally:
    counts: Counter[str] = field(default_factory=Counter)


@contextmanager
def _disk(place: Path) -> Iterator[Path]:
    """A file system in memory, small enough to be filled; needs root, or fails."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tmpfs", str(place)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


async def _round(disk: Path, chance: Random, tally: _Tally) -> None:
    numbers: Counter[str] = tally.counts
    with NatsServer(disk / "nats") as server:
        log = await _open(server)
        acknowledged: set[int] = set()
        first = await _append(log, 0, acknowledged, refusals=_REFUSALS, accepted=_ACCEPTED)
        ballast = disk / "ballast"
        _fill(ballast, disk, keep=chance.randrange(64 << 10, 1 << 20))
        nxt = await _append(log, first, acknowledged, refusals=_REFUSALS, accepted=10_000)
        numbers["refused"] += _REFUSALS
        if chance.random() < 0.5:
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            ballast.unlink()
            await asyncio.to_thread(server.restart)
            numbers["killed full"] += 1
        else:
            ballast.unlink()
        before = len(acknowledged)
        nxt = await _append(log, nxt, acknowledged, refusals=_REFUSALS, accepted=_ACCEPTED)
        if len(acknowledged) == before + _ACCEPTED:
            numbers["went on"] += 1
        else:
            await asyncio.to_thread(server.restart)
            numbers["needed a restart"] += 1
            await _append(log, nxt, acknowledged, refusals=_REFUSALS, accepted=_ACCEPTED)
        read = await _read(log)
        await log.close()
    numbers["acknowledged"] += len(acknowledged)
    numbers["lost"] += len(acknowledged - read.keys())
    numbers["doubled"] += sum(n - 1 for n in read.values())


async def _open(server: NatsServer) -> JetStreamLog:
    log = JetStreamLog(LogSettings(server.url, USER, server.password, patience_s=4.0))
    await log.start()
    return log


async def _append(
    log: JetStreamLog, first: int, acknowledged: set[int], *, refusals: int, accepted: int
) -> int:
    """Until it was refused or accepted so often; the next number. A refused one is not repeated."""
    noise = np.random.default_rng(first)
    refused, taken, number = 0, 0, first
    while refused < refusals and taken < accepted:
        rows = {"n": np.full(_ROWS, number), "noise": noise.integers(0, 2**62, _ROWS)}
        try:
            await log.append("call", pa.record_batch(rows), f"n{number}")
            acknowledged.add(number)
            taken += 1
        except (Unavailable, Uncertain):
            refused += 1
        number += 1
    return number


async def _read(log: JetStreamLog) -> Counter[int]:
    """Every entry, by the number in it."""
    last, found = await log.last(), Counter[int]()
    async for entry in log.read(0):
        found[entry.batch["n"][0].as_py()] += 1
        if entry.position >= last:
            break
    return found


def _fill(ballast: Path, disk: Path, keep: int) -> None:
    """Take what is free, but for `keep` bytes."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(4096, free - keep))
