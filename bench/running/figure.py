"""One measured figure, and the peers measured beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.running.machine import machine


@dataclass(frozen=True)
class Figure:
    """What a run found.

    `ours` and `peers` are medians in `unit`; `better` says which way is good. `also` holds further
    figures of the same run, by name with the unit in it; `settings` what a reader needs to judge.
    """

    name: str
    ours: float
    unit: str
    settings: Mapping[str, Any]
    peers: Mapping[str, float] = field(default_factory=dict)
    also: Mapping[str, float] = field(default_factory=dict)
    better: Literal["higher", "lower"] = "higher"

    @property
    def ratio(self) -> float | None:
        """How many times better than the best peer; None without peers."""
        if not self.peers or not self.ours:
            return None
        if self.better == "higher":
            return self.ours / max(self.peers.values())
        return min(self.peers.values()) / self.ours

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "name": self.name,
            "ours": _short(self.ours),
            "unit": self.unit,
            "peers": {name: _short(value) for name, value in self.peers.items()},
            "ratio": None if self.ratio is None else _short(self.ratio),
            "better": self.better,
            "also": {name: _short(value) for name, value in self.also.items()},
            "machine": machine(),
            "settings": dict(self.settings),
        }


def _short(value: float) -> float:
    """Four digits are more than a timing can tell."""
    return float(f"{value:.4g}")
