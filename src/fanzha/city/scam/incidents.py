"""Incidents: one scammer's attempt on one resident, how far it went and when."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fanzha.city.rhythm import Ints
from fanzha.city.scam.script import SCAM_TYPES


@dataclass(slots=True)
class Incidents:
    """Grows while scams are played; `stages` holds (stage, instant) in the order reached."""

    scam_type: list[int] = field(default_factory=list)
    victim: list[int] = field(default_factory=list)
    contact_at: list[int] = field(default_factory=list)
    stages: list[list[tuple[str, int]]] = field(default_factory=list)

    def open(self, scam_type: str, victim: int, at: int) -> int:
        """An attempt that begins now; returns its place."""
        self.scam_type.append(SCAM_TYPES.index(scam_type))
        self.victim.append(victim)
        self.contact_at.append(at)
        self.stages.append([("contact", at)])
        return len(self.victim) - 1

    def cold(self, scam_type: Ints, victim: Ints, at: Ints) -> Ints:
        """Attempts that end where they begin: a call hung up on, a text nobody acts on."""
        first = len(self.victim)
        self.scam_type += scam_type.tolist()
        self.victim += victim.tolist()
        self.contact_at += at.tolist()
        self.stages += [[("contact", instant)] for instant in at.tolist()]
        return np.arange(first, len(self.victim))

    def reach(self, incident: int, stage: str, at: int) -> None:
        self.stages[incident].append((stage, at))
