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


@dataclass(eq=False)
class Allowance:
    """Counts texts read and texts sent on, row by row: batches may be cut anywhere."""

    share: float
    first: int
    seen: int = 0
    asked: int = 0
    wanted: int = 0

    def grant(self, wanted: Bools) -> Bools:
        """Which of the rows that want the second stage get it, in their order."""
        allowed = np.floor((self.seen + np.arange(1, wanted.size + 1)) * self.share) + self.first
        granted = np.zeros(wanted.size, dtype=bool)
        for row in np.flatnonzero(wanted).tolist():
            if self.asked < allowed[row]:
                granted[row] = True
                self.asked += 1
        self.seen += wanted.size
        self.wanted += int(wanted.sum())
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

    @classmethod
    @policy_reader
    def load(cls, path: Path) -> CascadePolicy:
        """Read and check; unknown keys are refused."""
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
        keys = {"version", "in_force_on", "batch", "live", "unlike", "unsure_score", "reasons_from"}
        if not isinstance(data, dict) or set(data) != keys:
            raise invalid(path.name, f"must have exactly the keys {sorted(keys)}")
        if not isinstance(data["in_force_on"], date):
            raise invalid("in_force_on", "is not a date")
        low, high = (_fraction(one, "unsure_score") for one in data["unsure_score"])
        return cls(
            str(data["version"]), _rate(data["batch"], "batch"), _rate(data["live"], "live"),
            _fraction(data["unlike"], "unlike"), (low, high),
            _fraction(data["reasons_from"], "reasons_from"),
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


def _fraction(item: Any, where: str) -> float:
    if isinstance(item, bool) or not isinstance(item, int | float) or not 0 <= item <= 1:
        raise invalid(where, "must be a number from 0 to 1")
    return float(item)
