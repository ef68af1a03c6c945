"""How much of a file is read, and how much time and memory that may cost."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]

_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. What goes over is refused or said to be left out."""

    file: int = 512 * _MB
    """A longer file is refused unopened."""
    entries: int = 100_000
    unpacked: int = 4_096 * _MB
    """Sum of the sizes that the directory claims."""
    entry_ratio: int = 1_100
    """Most that deflate can give for a byte is 1,032."""
    manifest: int = 8 * _MB
    resources: int = 48 * _MB
    dex: int = 64 * _MB
    """One file of code; all together four times as much."""
    dex_files: int = 200
    strings: int = 2_000_000
    asset: int = 8 * _MB
    assets: int = 2_000
    pages: int = 64 * _MB
    """All pages together."""
    certificate: int = 256 * 1024
    memory: int = 1_536 * _MB
    """Address space of the process that reads one file, the file itself included."""
    cpu: int = 60
    wall: float = 90.0
    answer: int = 8 * _MB
    """Facts of one file."""
