"""Texts a second through the SMPP firewall with the classifier on: window 100, three processes."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.running.figure import Figure
from bench.texts import ORDINARY, SCAM

ROOT = Path(__file__).resolve().parent.parent
TEXTS, ONE_BY_ONE = 200_000, 10_000
ENTRIES = 300_000
#: (name, window, connections, share of the texts)
LOADS = (
    ("window_1", 1, 1),
    ("window_10", 10, 1),
    ("window_100", 100, 1),
    ("window_100_on_4", 100, 4),
    ("window_1000", 1_000, 1),
)
NOTHING = "no firewall: the sender at the centre"
JASMIN = "Jasmin with an interceptor of two lines"
JASMIN_TEXTS = 2_000


def run(*, quick: bool = False) -> Figure:
    """A sender keeps its window full; one text in 500 is a scam and is refused."""
    bodies = [
        (SCAM if k % 500 == 0 else ORDINARY[k % 7]).format(n=1000 + k % 8999, d=1 + k % 28)
        for k in range(7_000)
    ]
    also: dict[str, float] = {}
    with _processes() as ports:
        rounds = 1 if quick else 3
        for name, window, links in LOADS:
            count = (ONE_BY_ONE if window < 100 else TEXTS) // (20 if quick else 1)
            for place in ("firewall", "listed", "direct"):
                if place == "listed" and name != "window_100":
                    continue
                found = [_send(ports[place], bodies, count, window, links) for _ in range(rounds)]
                key = name if place == "firewall" else f"{name}_{place}"
                for figure in ("rate", "p50_ms", "p99_ms"):
                    also[f"{key}_{figure}"] = statistics.median(one[figure] for one in found)
        peers = {}
        if jasmin := os.environ.get("JASMIN"):
            found = [_send(int(jasmin), bodies, JASMIN_TEXTS, 100, 1) for _ in range(rounds)]
            peers[JASMIN] = statistics.median(one["rate"] for one in found)
            for figure in ("p50_ms", "p99_ms"):
                also[f"jasmin_{figure}"] = statistics.median(one[figure] for one in found)
    ours = also.pop("window_100_rate")
    return Figure(
        name="firewall",
        ours=ours,
        unit="texts/s",
        peers=peers,
        also=also,
        settings={
            "processes": "sender, firewall, centre on the cores of this machine; uvloop in each",
            "texts": "UCS-2, 7,000 made ones in turn, one in 500 a scam (refused with 0x45)",
            "judged": "first stage of the live channel, every text",
            "listed": f"the same while {ENTRIES:,} entries stand: senders, names, numbers asked",
            "direct": NOTHING,
            "latency": "from the write of a submit to its answer, one in 16 timed",
            "rounds": "median of 3",
            "clock": "wall",
            "jasmin": f"{JASMIN_TEXTS:,} texts, window 100; it answers once a text is in RabbitMQ",
        },
    )


@contextlib.contextmanager
def _processes() -> Iterator[dict[str, int]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        centre = _started(stack, "centre", os.environ.get("JASMIN_CENTRE", "0"))
        ports = {"direct": centre}
        for name, entries in (("firewall", 0), ("listed", ENTRIES)):
            data = folder / name
            data.mkdir()
            told = {"to": centre, "data": str(data), "entries": entries}
            ports[name] = _started(stack, "gate", json.dumps(told))
        yield ports


def _started(stack: contextlib.ExitStack, module: str, argument: str) -> int:
    process = subprocess.Popen(
        [sys.executable, "-m", f"bench.peers.smpp.{module}", argument],
        cwd=ROOT, env=_environment(), stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    stack.callback(process.stdout.close)
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return int(process.stdout.readline())


def _send(port: int, bodies: list[str], count: int, window: int, links: int) -> dict[str, Any]:
    told = {"port": port, "bodies": bodies, "count": count, "window": window, "links": links}
    done = subprocess.run(
        [sys.executable, "-m", "bench.peers.smpp.sender"],
        cwd=ROOT, env=_environment(), input=json.dumps(told).encode(), capture_output=True,
        check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
