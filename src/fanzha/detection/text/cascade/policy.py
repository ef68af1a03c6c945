"""How often the second stage may be asked, and when an answer says it is not sure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["CASCADE_FILE", "Allowance", "CascadePolicy"]

CASCADE_FILE = "cascade.yaml"
Bools = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]


@dataclass(eq=False)
class Allowance:
    """Counts texts read and texts sent on. Of all read so far at most `share` is sent on, or
    `first` texts where that is more, so that a small file is read with care."""

    share: float
    first: int
    seen: int = 0
    asked: int = 0
    wanted: int = 0

    def grant(self, wanted: Bools, sureness: F64) -> Bools:
        """Which of a batch's rows that want the second stage get it: the least sure, the earlier
        of equals. A function of the rows and of the counts so far, never of time."""
        self.seen += wanted.size
        self.wanted += int(wanted.sum())
        left = max(int(self.seen * self.share), self.first) - self.asked
        rows = np.flatnonzero(wanted)
        chosen = rows[np.argsort(sureness[rows], kind="stable")[: max(left, 0)]]
        self.asked += chosen.size
        granted = np.zeros(wanted.size, dtype=bool)
        granted[chosen] = True
        return granted


@dataclass(frozen=True, slots=True)
class CascadePolicy:
    """Shares as fractions, scores as probabilities."""

    version: str
    batch: tuple[float, int]
    live: tuple[float, int]
    unlike: float
    unsure_score: tuple[float, float]
    reasons_from: float
    prior: tuple[float, float]
    """How common fraud is among messages and among talk, for the model that ships."""

    @classmethod
    @policy_reader
    def load(cls, path: Path) -> CascadePolicy:
        """Read and check; unknown keys are refused."""
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
        keys = {"version", "in_force_on", "batch", "live", "unlike", "unsure_score", "reasons_from",
                "prior"}  # fmt: skip
        if not isinstance(data, dict) or set(data) != keys:
            raise invalid(path.name, f"must have exactly the keys {sorted(keys)}")
        if not isinstance(data["in_force_on"], date):
            raise invalid("in_force_on", "is not a date")
        low, high = (_fraction(one, "unsure_score") for one in data["unsure_score"])
        return cls(
            str(data["version"]), _rate(data["batch"], "batch"), _rate(data["live"], "live"),
            _fraction(data["unlike"], "unlike"), (low, high),
            _fraction(data["reasons_from"], "reasons_from"), _prior(data["prior"]),
        )  # fmt: skip

    def in_batch(self) -> Allowance:
        return Allowance(*self.batch)

    def in_stream(self) -> Allowance:
        return Allowance(*self.live)


def _rate(item: Any, where: str) -> tuple[float, int]:
    if not isinstance(item, dict) or set(item) != {"share", "first"}:
        raise invalid(where, "must have exactly share and first")
    if not isinstance(item["first"], int) or item["first"] < 0:
        raise invalid(where, "first is a whole number, 0 or more")
    return _fraction(item["share"], where), item["first"]


def _prior(item: Any) -> tuple[float, float]:
    if not isinstance(item, dict) or set(item) != {"message", "talk"}:
        raise invalid("prior", "must have exactly message and talk")
    message, talk = (_fraction(item[key], "prior") for key in ("message", "talk"))
    if not (0 < message < 1 and 0 < talk < 1):
        raise invalid("prior", "lies between 0 and 1")
    return message, talk


def _fraction(item: Any, where: str) -> float:
    if isinstance(item, bool) or not isinstance(item, int | float) or not 0 <= item <= 1:
        raise invalid(where, "must be a number from 0 to 1")
    return float(item)
