"""How far a command has come and which model answers, on standard error."""

from __future__ import annotations

import sys
import time

__all__ = ["Progress", "told"]


class Progress:
    """How far it has come, on standard error: once a second on a terminal, else every ten."""

    def __init__(self, zh: str, en: str, total: int | None = None) -> None:
        """`total`: rows there are, where that is known."""
        self._words = f"{zh} {en}"
        self._of = "" if total is None else f" / {total:,}"
        self._begun = self._last = time.monotonic()
        self._pause = 1.0 if sys.stderr.isatty() else 10.0
        self._end = "\r" if sys.stderr.isatty() else "\n"
        self.rows = 0

    def add(self, rows: int) -> None:
        """Count rows done."""
        self.rows += rows
        now = time.monotonic()
        if now - self._last >= self._pause:
            self._last = now
            self._say(self._end)

    def done(self) -> None:
        """The last word."""
        self._say("\n")

    def _say(self, end: str) -> None:
        seconds = max(time.monotonic() - self._begun, 1e-9)
        each = self.rows / seconds
        slow = self.rows and each < 1
        rate = f"({seconds / self.rows:.1f} s each)" if slow else f"({each:,.0f}/s)"
        sys.stderr.write(f"{self._words}: {self.rows:,}{self._of}  {rate}{end}")
        sys.stderr.flush()


def told(version: str) -> None:
    """Say on standard error which model answers."""
    sys.stderr.write(f"模型 model: {version}\n")
