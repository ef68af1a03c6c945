"""99th percentile of call set-up through Kamailio with our hook and edge, 500 calls a second."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.running import call_edges
from bench.running.figure import Figure
from bench.running.prober import probe
from fanzha.testing.kamailio import Kamailio, free_port
from fanzha.testing.sipp import ANSWERED, CALLED, MARKED, PASSED, REFUSED, Call, Sipp
from fanzha.values import reserved

_SHARES = {"good": 0.6, "bad": 0.2, "doubtful": 0.2}
_CALLERS = 5_000
_MEMORY_MB = 512
"""Shared by Kamailio's workers: 500 calls a second fill its default of 64 within seconds."""
_HTTP_HOOK = Path(__file__).with_name("running") / "http_kemi.py"


@dataclass
class _Seen:
    """Set-up times of honest calls among them (INVITE to 180, ms), and calls that ended wrongly."""

    times: list[float] = field(default_factory=list)
    calls: int = 0
    wrong: int = 0
    """Refused though honest, let through though refused, not marked though doubtful."""
    failed: int = 0
    """Ended in another way than they should, whatever the verdict: lost, late, out of order."""
    counted: dict[str, int] = field(default_factory=dict)

    def at(self, share: float) -> float:
        return sorted(self.times)[int(share * len(self.times))]


def run(*, quick: bool = False) -> Figure:
    """Callers, Kamailio, the called switch and what is asked share the machine; all take turns."""
    seconds, rounds, entries = (3, 1, 10_000) if quick else (12, 3, 1_000_000)
    seen = {name: _Seen() for name in ("ours", "none", "http")}
    rates: list[float] = []
    with tempfile.TemporaryDirectory(prefix="fanzha-bench-sip-") as name, ExitStack() as stack:
        folder, port = Path(name), free_port()
        socket = folder / "edge.sock"
        stack.enter_context(_asked("edge", str(socket), entries))
        stack.enter_context(_asked("http", str(port), entries))
        called = stack.enter_context(Sipp(folder / "called", CALLED))
        kamailios = {
            "ours": Kamailio(
                folder / "ours", called.port, {"socket": str(socket)}, memory_mb=_MEMORY_MB
            ),
            "none": Kamailio(folder / "none", called.port, None, memory_mb=_MEMORY_MB),
            "http": Kamailio(
                folder / "http", called.port, {}, hook=_HTTP_HOOK, memory_mb=_MEMORY_MB,
                environment={"POLICY_PORT": str(port)},
            ),
        }  # fmt: skip
        for one in kamailios.values():
            stack.enter_context(one)
        for n in range(rounds):
            for who, kamailio in kamailios.items():
                rates.append(_round(folder / f"{who}{n}", who, kamailio, seconds, seen[who]))
        seen["ours"].counted = kamailios["ours"].counted()
    return _figure(seen, rates, entries)


def _figure(seen: dict[str, _Seen], rates: list[float], entries: int) -> Figure:
    ours, none, http = seen["ours"], seen["none"], seen["http"]
    return Figure(
        name="sip",
        ours=ours.at(0.99),
        unit="ms from INVITE to ringing, 99th percentile",
        peers={"Python in Kamailio that asks an HTTP service": http.at(0.99)},
        better="lower",
        also={
            "without any hook, p99 ms": none.at(0.99),
            "added by ours, p99 ms": ours.at(0.99) - none.at(0.99),
            "added by ours, median ms": ours.at(0.5) - none.at(0.5),
            "added by HTTP, p99 ms": http.at(0.99) - none.at(0.99),
            "added by HTTP, median ms": http.at(0.5) - none.at(0.5),
            "calls judged by ours": ours.calls,
            "wrong verdicts of ours": ours.wrong,
            "calls of ours that failed otherwise": ours.failed - ours.wrong,
            "calls that failed without any hook": none.failed,
            "wrong verdicts over HTTP": http.wrong,
            "calls over HTTP that failed otherwise": http.failed - http.wrong,
            "calls that passed unasked (ours)": ours.counted["unasked"],
            "calls a second, median of rounds": statistics.median(rates),
        },
        settings={
            "calls": "60 % honest, 20 % refused, 20 % doubtful, each checked by its caller (sipp)",
            "numbers listed": entries,
            "timed": "50 honest calls a second among them, by a caller with a finer clock",
            "workers of Kamailio": 2,
            "beside": "Kamailio, three callers and a called switch (sipp) on the same cores",
        },
    )


@contextmanager
def _asked(kind: str, place: str, entries: int) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.running.call_edges", kind, place, str(entries)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise RuntimeError(f"the {kind} did not come up")
            yield
        finally:
            process.terminate()


def _round(folder: Path, who: str, kamailio: Kamailio, seconds: int, seen: _Seen) -> float:
    """Calls a second as they were really made."""
    scenarios = {"good": PASSED, "bad": REFUSED, "doubtful": MARKED}
    expected = {"bad": ("jcards/",), "doubtful": ("Suspected fraud", "https")}
    first = {
        "good": call_edges.GOOD, "bad": call_edges.BAD, "doubtful": call_edges.DOUBTFUL,
    }  # fmt: skip
    with ExitStack() as stack:
        callers = {}
        for sort, share in _SHARES.items():
            rate = 500 * share
            calls = [
                Call(reserved.mobile(first[sort] + n), "10010", "", expected.get(sort, ()))
                for n in range(_CALLERS)
            ]
            scenario = ANSWERED if who == "none" else scenarios[sort]
            callers[sort] = stack.enter_context(
                Sipp(
                    folder / sort, scenario, to=kamailio.port, calls=calls, rate=rate,
                    total=int(rate * seconds),
                )
            )  # fmt: skip
        honest = [reserved.mobile(call_edges.GOOD + _CALLERS + n) for n in range(_CALLERS)]
        seen.times += probe(kamailio.port, honest, seconds - 1)
        outcomes = {sort: caller.wait() for sort, caller in callers.items()}
    for outcome in outcomes.values():
        seen.calls += outcome.succeeded + outcome.failed
        seen.failed += outcome.failed
        seen.wrong += outcome.wrong
    return sum(outcome.rate for outcome in outcomes.values())
