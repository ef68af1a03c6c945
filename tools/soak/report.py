"""Writes what campaigns found under the marker of docs/reliability.md; the prose above it stays."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tools.soak.campaign import Result

MARKER = "<!-- below: written by `make soak`; do not edit -->"


def table(results: Sequence[Result], minutes: float, seed: int, load: float) -> str:
    """The part below the marker."""
    seconds = sum(r.seconds for r in results)
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, "
        f"{platform.system()}, Python {platform.python_version()}; load average {load:.1f} when it "
        f"began; {seconds / 60:.0f} minutes of campaigns.",
        "",
        f"    .venv/bin/python -m tools.soak --minutes {minutes:g} --seed {seed}",
        "",
        "| campaign | did | found | s |",
        "|---|---|---|---:|",
        *(_line(result) for result in results),
    ]
    failures = [f"* {r.name}: {words}" for r in results for words in r.failures]
    lines += ["", "Failures:" if failures else "No failure.", *([""] if failures else [])]
    return "\n".join([*lines, *failures]) + "\n"


def _line(result: Result) -> str:
    if result.skipped:
        return f"| {result.name} | not run | {result.skipped} | – |"
    found = f"**{result.found}**" if result.failures else result.found
    return f"| {result.name} | {result.did} | {found} | {result.seconds:.0f} |"


def write(path: Path, words: str) -> None:
    """Replace what is below the marker."""
    prose = path.read_text(encoding="utf-8").partition(MARKER)[0].rstrip()
    path.write_text(f"{prose}\n\n{MARKER}\n\n{words}", encoding="utf-8")
