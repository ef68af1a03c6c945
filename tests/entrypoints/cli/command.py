"""Runs the command `fanzha` as a person does: a process, its words, its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
ARGV = [sys.executable, "-m", "fanzha.entrypoints.cli.main"]


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str


def environment(**settings: str) -> dict[str, str]:
    """Ours without the settings of whoever runs the tests, and with these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FANZHA_")}
    ours = {f"FANZHA_{name.upper()}": value for name, value in settings.items()}
    return {**kept, "PYTHONPATH": str(_ROOT / "src"), "COLUMNS": "200", "NO_COLOR": "1", **ours}


def fanzha(
    *arguments: str | Path,
    cwd: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Said:
    """Run it to its end. A traceback is never an answer."""
    done = subprocess.run(
        [*ARGV, *map(str, arguments)],
        cwd=cwd,
        env=environment(**(settings or {})),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)
