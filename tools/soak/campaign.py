"""What every campaign is handed and what it gives back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Given:
    """`seconds` is the time to begin new rounds in; `folder` is empty and of this campaign only."""

    seed: int
    seconds: float
    folder: Path

    def say(self, line: str) -> None:
        """Progress, to whoever watches."""
        print(f"    {line}", flush=True)


@dataclass
class Result:
    """One line of the table: what was done, what was found."""

    name: str
    did: str = ""
    found: str = ""
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    """Each says what broke and how to see it again."""
    skipped: str = ""
    """Why it did not run here."""


Campaign = Callable[[Given], list[Result]]


class Clock:
    """How much of a campaign's time is left."""

    def __init__(self, seconds: float) -> None:
        self._begun = time.monotonic()
        self._end = self._begun + seconds

    @property
    def left(self) -> float:
        return self._end - time.monotonic()

    @property
    def took(self) -> float:
        return time.monotonic() - self._begun
