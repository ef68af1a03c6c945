"""Everything that parses, fuzzed: each target in a process whose death or silence is a finding."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from tools.soak.campaign import Clock, Given, Result
from tools.soak.fuzz_process import TARGETS
from tools.steps import ROOT

_SILENT_S = 60.0
"""One input that takes longer than this hangs; so does a start."""


@dataclass
class _Tried:
    """What came of one target."""

    inputs: int = 0
    seconds: float = 0.0
    failed: int = 0
    failures: list[str] = field(default_factory=list)


def fuzz(given: Given) -> list[Result]:
    """One line a target."""
    clock = Clock(given.seconds)
    results = []
    for nth, target in enumerate(TARGETS):
        tried = _target(given, target, clock.left / (len(TARGETS) - nth))
        rate = tried.inputs / tried.seconds if tried.seconds else 0.0
        result = Result(
            f"fuzz: {target}",
            f"{tried.inputs:,} inputs, {rate:,.0f}/s",
            f"{tried.failed:,} failed",
            tried.seconds,
            tried.failures,
        )
        given.say(f"{result.name}: {result.did}, {result.found}")
        results.append(result)
    return results


def _target(given: Given, target: str, seconds: float) -> _Tried:
    """Goes on behind an input that killed the process."""
    tried, clock, first = _Tried(), Clock(seconds), 0
    while not tried.seconds or (clock.left > 5 and len(tried.failures) < 5):
        ended, first = _process(given, target, first, max(5.0, clock.left), tried)
        if ended:
            break
    return tried


def _process(
    given: Given, target: str, first: int, seconds: float, tried: _Tried
) -> tuple[bool, int]:
    """(whether it ended by itself, the next input)."""
    mark = given.folder / f"{target}.mark"
    mark.write_bytes(first.to_bytes(8, "little"))
    errors = given.folder / f"{target}.err"
    begun = time.monotonic()
    with errors.open("w") as err:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "tools.soak.fuzz_process", target, "--seed", str(given.seed),
                "--seconds", str(seconds), "--first", str(first), "--mark", str(mark),
            ],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=err, text=True,
        )  # fmt: skip
        said, silent = _listen(process, mark)
    at = int.from_bytes(mark.read_bytes(), "little")
    if process.returncode == 0:
        _add(tried, json.loads(said), target, given.seed)
        return True, at
    what = "hung" if silent else f"ended with {process.returncode}"
    tried.inputs += at - first
    tried.seconds += time.monotonic() - begun
    tried.failed += 1
    tried.failures.append(f"{what}: {_again(target, given.seed, at)}; {errors.read_text()[-300:]}")
    return False, at + 1


def _listen(process: subprocess.Popen[str], mark: Any) -> tuple[str, bool]:
    """(what it printed, whether it had to be killed because one input took too long)."""
    before = b""
    while True:
        try:
            return process.communicate(timeout=_SILENT_S)[0], False
        except subprocess.TimeoutExpired:
            if (now := mark.read_bytes()) == before:
                process.kill()
                return process.communicate()[0], True
            before = now


def _add(tried: _Tried, said: dict[str, Any], target: str, seed: int) -> None:
    tried.inputs += said["inputs"]
    tried.seconds += said["seconds"]
    tried.failed += said["failed"]
    tried.failures += [
        f"{kind['kind']}: {_again(target, seed, kind['n'])}" for kind in said["kinds"]
    ]


def _again(target: str, seed: int, n: int) -> str:
    return f"`python -m tools.soak.fuzz_process {target} --seed {seed} --only {n}`"
