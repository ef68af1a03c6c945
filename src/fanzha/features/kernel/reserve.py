"""Memory reserved as addresses: a table never moves while it grows."""

from __future__ import annotations

import mmap
import sys

_HUGE = 16 << 20
"""Reservations from this size on ask for huge pages: fewer waits for the page table."""
_NORESERVE = 0x4000 if sys.platform == "linux" else 0
"""Linux's MAP_NORESERVE, which Python names from 3.13 on."""


def reserve(size: int, *, huge: bool = True) -> mmap.mmap:
    """Addresses without memory behind them until they are written."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE
    reserved = mmap.mmap(-1, max(size, mmap.PAGESIZE), flags=flags)
    if huge and size >= _HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        reserved.madvise(mmap.MADV_HUGEPAGE)
    return reserved
