"""Which figures there are, and running one."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from typing import Any

import bench
from bench.running.figure import Figure


def names() -> list[str]:
    """Modules directly in `bench/`: one a figure."""
    found = pkgutil.iter_modules(bench.__path__)
    return sorted(m.name for m in found if not m.ispkg and not m.name.startswith("_"))


def run_here(name: str, *, quick: bool) -> Figure:
    """Run a figure in this process."""
    figure: Figure = importlib.import_module(f"bench.{name}").run(quick=quick)
    return figure


def run_apart(name: str, *, quick: bool) -> dict[str, Any]:
    """Run a figure in a process of its own: no run inherits another's threads or memory.

    Raises CalledProcessError where it fails.
    """
    command = [sys.executable, "-m", "bench", name, "--json", *(["--quick"] if quick else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def about(name: str) -> str:
    """The first line of a figure's module."""
    text = importlib.import_module(f"bench.{name}").__doc__ or ""
    return text.strip().splitlines()[0]
