"""A whole centre fed by a city, its processes killed at random; and the keeper itself killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
import psutil

from fanzha.records.schemas import STREAMS
from tests.entrypoints.cli.command import ARGV, environment
from tests.entrypoints.cli.up_process import Centre
from tools.soak.campaign import Clock, Given, Result

_VICTIMS = ("serve", "work", "scorer", "postgres", "nats-server")
_RESIDENTS = "2000"
_PATIENCE_S = 240.0


def whole(given: Given) -> list[Result]:
    """Kills for as long as there is time, then a count, an end, and a keeper that is killed."""
    clock = Clock(given.seconds)
    chance = Random(f"whole:{given.seed}")
    kills: Counter[str] = Counter()
    result = Result("kills: a whole centre under a city")
    with _centre(given.folder) as centre:
        key = _key(centre)
        with _city(centre, key, given.folder / "city.txt") as city:
            while not kills or clock.left > 60:
                time.sleep(chance.uniform(2.0, 15.0))
                victim = chance.choice(_VICTIMS)
                kills[victim] += _kill(centre, victim)
                given.say(f"{victim} killed; {_total(centre, 'fanzha_events'):,} events so far")
            _wait(lambda: _calm(centre), "a centre that is up")
            accepted = city.end()
        counted = _count(centre, accepted)
        warnings = _total(centre, "fanzha_warnings")
        verified = centre.fanzha("audit", "sign").code == 0
        verified &= centre.fanzha("audit", "verify").code == 0
        left = _ended(centre, signal.SIGTERM)
        orphans = _keeper_killed(centre, key, given.folder / "again.txt")
    result.did = (
        f"{sum(kills.values())} kills ({', '.join(f'{v} {n}' for v, n in sorted(kills.items()))}); "
        f"{accepted:,} events accepted, {warnings:,} warnings"
    )
    result.found = (
        f"counted {counted.events:,} + {counted.duplicates:,} repeats: lost {counted.lost}, "
        f"doubled {counted.doubled}; deeds {'whole' if verified else 'BROKEN'}; "
        f"left after SIGTERM {len(left)}, after SIGKILL of the keeper {len(orphans)}"
    )
    result.seconds = clock.took
    if counted.lost or counted.doubled or not verified or left or orphans:
        result.failures.append(f"{result.found} {left} {orphans}; logs in {given.folder}")
    return [result]


@dataclass(frozen=True)
class _Counted:
    """What the centre says it scored, beside what the sender was told is in."""

    accepted: int
    events: int
    duplicates: int

    @property
    def lost(self) -> int:
        return max(0, self.accepted - self.events - self.duplicates)

    @property
    def doubled(self) -> int:
        return max(0, self.events + self.duplicates - self.accepted)


class _City:
    """`fanzha city stream` as a process."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path) -> None:
        self.process = process
        self._out = out

    def end(self) -> int:
        """Ask it to end; the rows that it was told are in."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        found = re.search(r"stopped：([\d,]+)", self._out.read_text(encoding="utf-8"))
        if found is None:
            raise RuntimeError(f"the city ended without a count: {self._out}")
        return int(found[1].replace(",", ""))


@contextmanager
def _centre(folder: Path) -> Iterator[Centre]:
    """Nothing of it is left afterwards, whatever was found."""
    centre = Centre(folder)
    centre.start()
    try:
        yield centre
    finally:
        if centre.process is not None and centre.running:
            centre.process.kill()
            centre.process.wait()
        for process in centre.left():
            with contextlib.suppress(psutil.Error):
                process.kill()


def _key(centre: Centre) -> str:
    said = centre.fanzha("senders", "add", "city", "--streams", ",".join(STREAMS))
    found = re.search(r"^key +(\S+)$", said.out, re.MULTILINE)
    if found is None:
        raise RuntimeError(said.err)
    return found[1]


@contextmanager
def _city(centre: Centre, key: str, out: Path) -> Iterator[_City]:
    with out.open("wb") as words:
        process = subprocess.Popen(
            [
                *ARGV, "city", "stream", "--to", centre.url, "--residents", _RESIDENTS,
                "--history-hours", "6",
            ],
            env=environment(city_key=key), stdout=words, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield _City(process, out)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _kill(centre: Centre, victim: str) -> int:
    """1 where it was running."""
    assert centre.process is not None
    centre.family = [
        *centre.left(),
        *psutil.Process(centre.process.pid).children(recursive=True),
    ]
    with contextlib.suppress(AssertionError, psutil.Error):
        centre.child(victim).kill()
        return 1
    return 0


def _calm(centre: Centre) -> bool:
    """Up in all parts, now and some seconds later."""
    for _ in range(5):
        with contextlib.suppress(httpx.HTTPError, AssertionError):
            for victim in _VICTIMS:
                centre.child(victim)
            if httpx.get(f"{centre.url}/health", timeout=10).status_code == 200:
                time.sleep(2.0)
                continue
        return False
    return True


def _count(centre: Centre, accepted: int) -> _Counted:
    """When it has caught up, or when it has not changed for long."""
    deadline, before = time.monotonic() + _PATIENCE_S, -1
    while True:
        found = _Counted(
            accepted, _total(centre, "fanzha_events"), _total(centre, "fanzha_duplicates")
        )
        if found.events + found.duplicates >= accepted:
            time.sleep(5.0)  # should there be more than there ought to be, it shows
            events, repeats = _total(centre, "fanzha_events"), _total(centre, "fanzha_duplicates")
            return _Counted(accepted, events, repeats)
        if found.events != before:
            before, deadline = found.events, time.monotonic() + _PATIENCE_S
        if time.monotonic() > deadline:
            return found
        time.sleep(1.0)


def _total(centre: Centre, name: str) -> int:
    """Over all labels; 0 while nobody answers."""
    with contextlib.suppress(httpx.HTTPError):
        lines = httpx.get(f"{centre.url}/metrics", timeout=30).text.splitlines()
        return sum(int(float(x.rpartition(" ")[2])) for x in lines if x.startswith(f"{name}_total"))
    return 0


def _ended(centre: Centre, how: signal.Signals) -> list[str]:
    """What still runs a minute after the keeper was told to end, or was killed."""
    assert centre.process is not None
    family = psutil.Process(centre.process.pid).children(recursive=True)
    centre.family = [*centre.left(), *family]
    os.kill(centre.process.pid, how)
    centre.process.wait(180)
    deadline = time.monotonic() + 60.0
    while centre.left() and time.monotonic() < deadline:
        time.sleep(0.5)
    return [" ".join(p.cmdline()[-3:]) for p in set(centre.left())]


def _keeper_killed(centre: Centre, key: str, out: Path) -> list[str]:
    """In the middle of work: a city is sending."""
    centre.start()
    with _city(centre, key, out):
        before = _total(centre, "fanzha_events")
        _wait(lambda: _total(centre, "fanzha_events") > before, "events after the second start")
        return _ended(centre, signal.SIGKILL)


def _wait(found: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} never came")
        time.sleep(0.5)
