"""The machine a figure was measured on, and keeping a run to one core of it."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Processor, cores, memory, versions, and how busy it was: others' load makes figures worse."""
    return {
        "processor": _named("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def on_one_core() -> int:
    """Keep this process on one core; gives its number.

    Libraries count the cores when they are imported, so the process begins again, held to one.
    """
    core = max(os.sched_getaffinity(0))
    if os.environ.get("POLARS_MAX_THREADS") != "1":
        os.sched_setaffinity(0, {core})
        os.environ["POLARS_MAX_THREADS"] = "1"
        os.execv(sys.executable, sys.orig_argv)
    return core


def resident_bytes() -> int:
    """Memory of this process that is really there."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _named(path: str, name: str) -> str | None:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), None)
