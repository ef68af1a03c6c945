"""Calls through Kamailio while the edge beside it is killed, held, cut off and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from bench.running import call_edges
from fanzha.testing.kamailio import Kamailio
from fanzha.testing.sipp import ANSWERED, CALLED, PASSED, REFUSED, Call, Sipp
from fanzha.values import reserved
from tools.soak.campaign import Clock, Given, Result
from tools.steps import ROOT

_RATE, _CALLERS, _ENTRIES, _ROUND_S = 40, 500, 2_000, 20.0


def calls(given: Given) -> list[Result]:
    """Rounds: honest and doubtful calls all go through whatever happens to the edge; once it is
    well again, every refused number is refused."""
    result = Result("calls while the edge fails")
    if shutil.which("kamailio") is None or shutil.which("sipp") is None:
        result.skipped = "kamailio and sip-tester are not installed"
        return [result]
    clock, counts = Clock(given.seconds), Counter[str]()
    chance = Random(f"calls:{given.seed}")
    place = given.folder / "edge.sock"
    settings = {"socket": str(place), "log_every_s": "1"}
    with (
        Sipp(given.folder / "called", CALLED) as called,
        Kamailio(given.folder / "kamailio", called.port, settings, memory_mb=256) as kamailio,
    ):
        while not counts["rounds"] or clock.left > 2 * _ROUND_S:
            folder = given.folder / f"round{counts['rounds']}"
            result.failures += _round(folder, place, kamailio, chance, counts)
            counts["rounds"] += 1
            given.say(f"round {counts['rounds']}: {dict(counts)}, {kamailio.counted()}")
            if not kamailio.alive or "exited by a signal" in kamailio.log:
                result.failures.append(f"Kamailio ended: {kamailio.log[-500:]}")
                break
        counted = kamailio.counted() if kamailio.alive else {}
    result.did = (
        f"{counts['rounds']} rounds, {counts['calls']:,} calls, {counts['faults']} faults "
        f"({counted.get('unasked', 0):,} calls passed unasked)"
    )
    result.found = f"{counts['lost']} lost, {counts['let through']} let through once it was well"
    result.seconds = clock.took
    return [result]


def _round(
    folder: Path, place: Path, kamailio: Kamailio, chance: Random, counts: Counter[str]
) -> list[str]:
    total = int(_RATE * _ROUND_S)
    failures = []
    with _edge(place) as edge:
        with (
            _callers(folder / "honest", PASSED, call_edges.GOOD, kamailio, total) as honest,
            _callers(folder / "doubtful", ANSWERED, call_edges.DOUBTFUL, kamailio, total) as some,
        ):
            until = time.monotonic() + _ROUND_S
            while time.monotonic() < until:
                time.sleep(chance.uniform(0.2, 2.0))
                _hurt(edge, place, chance)
                counts["faults"] += 1
            outcomes = [honest.wait(), some.wait()]
        edge.well()
        time.sleep(1.5)  # a worker may still rest
        with _callers(folder / "refused", REFUSED, call_edges.BAD, kamailio, total // 4) as bad:
            after = bad.wait()
    for outcome in outcomes:
        counts["calls"] += outcome.succeeded + outcome.failed
        counts["lost"] += outcome.failed
    counts["calls"] += after.succeeded + after.failed
    counts["let through"] += after.failed
    for outcome in (*outcomes, after):
        if outcome.failed or not outcome.succeeded:
            failures.append(f"{folder.name}: {outcome.failed} failed: {outcome.words[:300]}")
    return failures


@contextmanager
def _callers(
    folder: Path, scenario: str, first: int, kamailio: Kamailio, total: int
) -> Iterator[Sipp]:
    expected = ("jcards/",) if scenario is REFUSED else ()
    lines = [Call(reserved.mobile(first + n), "10010", "", expected) for n in range(_CALLERS)]
    caller = Sipp(folder, scenario, to=kamailio.port, calls=lines, rate=_RATE, total=total)
    with caller:
        yield caller


class _Edge:
    """Our edge as a process that can be hurt."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._process: subprocess.Popen[str] | None = None

    def well(self) -> None:
        """It runs and answers."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            if self._place.exists():
                return
        self.end()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.running.call_edges", "edge", str(self._place),
             str(_ENTRIES)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def hold(self, seconds: float) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)
            self._process.kill()
            self._process.wait()


@contextmanager
def _edge(place: Path) -> Iterator[_Edge]:
    edge = _Edge(place)
    edge.well()
    try:
        yield edge
    finally:
        edge.end()


def _hurt(edge: _Edge, place: Path, chance: Random) -> None:
    match chance.randrange(4):
        case 0:
            edge.end()
        case 1:
            edge.hold(chance.uniform(0.05, 1.0))
        case 2:
            place.unlink(missing_ok=True)
        case _:
            _nonsense(edge, place, chance)
    if chance.random() < 0.7:
        edge.well()


def _nonsense(edge: _Edge, place: Path, chance: Random) -> None:
    """Something else answers in its place for a while."""
    edge.end()
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(place))
        server.listen(16)
        server.settimeout(0.05)
        until = time.monotonic() + chance.uniform(0.2, 1.0)
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                link, _ = server.accept()
                with link:
                    link.settimeout(0.05)
                    link.recv(4096)
                    link.sendall(chance.randbytes(chance.randrange(40)))
    place.unlink(missing_ok=True)
