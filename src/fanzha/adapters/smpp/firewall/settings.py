"""What a gate is told: where it listens and leads, how patient it is, what it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fanzha.adapters.smpp.firewall.joining import Bounds
from fanzha.ports.text_wire import Said, Verdict

__all__ = ["Counts", "GateSettings", "Judging", "Recorded"]


@dataclass(frozen=True, slots=True)
class Judging:
    """How long the judge may take before it rests, and for how long; meanwhile texts pass."""

    slow_s: float = 0.5
    slow_calls: int = 5
    rest_s: float = 10.0
    texts: int = 512
    """So many are judged in one turn; what is more waits for the next."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """`to` is the centre. Times in seconds. `away` and `unbound` are the protocol's statuses for a
    login while the centre cannot be reached, and for a first request that is none."""

    to: tuple[str, int]
    away: int
    unbound: int
    host: str = "127.0.0.1"
    port: int = 0
    connections: int = 1_000
    login_s: float = 10.0
    connect_s: float = 10.0
    idle_s: float = 300.0
    stall_s: float = 60.0
    """So long one side may take nothing of what is for it."""
    linger_s: float = 10.0
    """So long a side that has said its last may wait for answers."""
    buffer: int = 256 * 1024
    """Octets that may wait for each side before the other is not read."""
    parts: Bounds = field(default_factory=Bounds)
    judging: Judging = field(default_factory=Judging)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A text that was refused, or passed with a doubt. `account` is empty where the centre had not
    let the sender in yet."""

    account: str
    said: Said
    verdict: Verdict


@dataclass(slots=True)
class Counts:
    """Since the start. `unjudged`: passed because the judge failed or rested; `unread`: passed
    because no text could be read in them."""

    connections: int = 0
    open: int = 0
    frames: int = 0
    judged: int = 0
    refused: int = 0
    recorded: int = 0
    unjudged: int = 0
    unread: int = 0
    unrecorded: int = 0
    judge_failures: int = 0
    judge_rests: int = 0
    centre_away: int = 0
    nonsense: int = 0
    timed_out: int = 0
    turned_away: int = 0
    parts_waiting: int = 0
    parts_dropped: int = 0

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


Status = Callable[[str, Verdict], int]
"""(account, verdict) -> the status its sender is told."""
Record = Callable[[list[Recorded]], None]
"""Must not wait for a network; is called before the refusals are answered."""
