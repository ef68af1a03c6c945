"""How much fusion remembers and when it looks again: `policies/detection/person-v1-limits.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fanzha.detection.measures import load_measures

__all__ = ["FusionLimits", "load_limits"]

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class FusionLimits:
    """What fusion keeps at most; beyond it, it counts what it did not keep."""

    episodes: int
    episode_hours: int
    """An episode ends so long after its last finding."""
    talks: int
    talks_hours: int
    """How far back a number that becomes suspected leads to those it talked to."""
    talk_kept_s: int
    """Shorter talks lead to nobody."""
    lately: int
    """The newest answers and ends of calls, by which a call of unknown end is known to be over."""
    acts: int
    """The newest acts of everybody that fusion can look back to."""
    acts_before_s: int
    """An act dated at most so long before the contact counts as after it: clocks differ."""
    running: int
    suspects: int
    suspect_days: int
    traced_hours: int
    """How far back an account that is found out leads to those who paid it."""
    traced_percent: int
    """How suspected it has to be, in hundredths of a score."""
    traced_least_fen: int
    """Smaller payments lead to nobody: a mule shops, and shares bills."""
    passes_on_s: int
    """Money of strangers that leaves again within this is not the payer's own."""
    passes_on_percent: int
    """That much of what is paid must have come in that day for it to be so."""
    risks_an_episode: int
    marks_s: tuple[int, ...]
    """Lengths at which a running suspected talk is weighed again."""
    long_overseas_s: int
    """A running talk with a stranger from abroad this long is a contact."""

    @property
    def episode_ms(self) -> int:
        return self.episode_hours * _HOUR_MS

    @property
    def traced_ms(self) -> int:
        return self.traced_hours * _HOUR_MS

    @property
    def traced_from(self) -> float:
        return self.traced_percent / 100

    @property
    def talks_ms(self) -> int:
        return self.talks_hours * _HOUR_MS


def load_limits(path: Path) -> FusionLimits:
    """Read and check the file; unknown keys are refused."""
    return load_measures(path, FusionLimits)
