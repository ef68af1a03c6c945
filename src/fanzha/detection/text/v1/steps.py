"""The tell-tale steps of scams, read from `policies/text/steps.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from fanzha.detection.taxonomy import Taxonomy
from fanzha.detection.text.v1.patterns.automaton import Automaton
from fanzha.errors import Misconfigured, policy_reader
from fanzha.values.stage import Stage

__all__ = ["GREY", "STEPS_FILE", "Step", "Steps"]

STEPS_FILE = "steps.yaml"
GREY = "BH"
"""Main class of what is illegal trade but no scam on the reader."""
_MUST = {"code", "stage", "weight", "zh", "en", "any"}
_MAY = {"scam_type"}
_CODE = re.compile(r"[a-z][a-z_]{2,40}")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a message does, its weight in natural-log odds, and its words."""

    code: str
    scam_type: str | None
    stage: Stage
    weight: float
    zh: str
    en: str


@dataclass(frozen=True, eq=False)
class Steps:
    """All steps with the automaton that finds them."""

    version: str
    steps: tuple[Step, ...]
    automaton: Automaton
    taxonomy: Taxonomy

    @classmethod
    @policy_reader
    def load(cls, path: Path, taxonomy: Taxonomy) -> Steps:
        """Read and check; unknown keys, types, stages and doubled codes are refused."""
        data = _read(path)
        steps: list[Step] = []
        patterns: list[tuple[int, str]] = []
        for item in data["steps"]:
            steps.append(_step(item, taxonomy))
            patterns += [(len(steps) - 1, pattern) for pattern in item["any"]]
        if len({step.code for step in steps}) != len(steps):
            raise _bad("code", "stands twice")
        automaton = Automaton.build(patterns, len(steps))
        return cls(str(data["version"]), tuple(steps), automaton, taxonomy)

    def main(self, step: Step) -> str | None:
        return self.taxonomy.main_of(step.scam_type) if step.scam_type else None

    @cached_property
    def fraud_weights(self) -> npt.NDArray[np.float64]:
        """Weight towards fraud on the reader; steps of the grey trade carry none."""
        return np.array([0.0 if self.main(s) == GREY else s.weight for s in self.steps])

    @cached_property
    def grey_weights(self) -> npt.NDArray[np.float64]:
        """Weight towards grey trade."""
        return np.array([s.weight if self.main(s) == GREY else 0.0 for s in self.steps])


def _step(item: Any, taxonomy: Taxonomy) -> Step:
    if not isinstance(item, dict) or not _MUST <= set(item) <= _MUST | _MAY:
        raise _bad("steps", f"a step has exactly the keys {sorted(_MUST)}, and may {sorted(_MAY)}")
    code = str(item["code"])
    if not _CODE.fullmatch(code):
        raise _bad("code", "is lower-case words joined by _")
    scam_type = item.get("scam_type")
    if scam_type is not None and not taxonomy.known(scam_type):
        raise _bad(code, "names a type that the taxonomy does not list")
    try:
        stage = Stage(item["stage"])
    except ValueError as error:
        raise _bad(code, "names no stage") from error
    if not isinstance(item["weight"], float | int) or not -9 <= item["weight"] <= 9:
        raise _bad(code, "weight is a number from -9 to 9")
    if not item["any"] or any(not isinstance(p, str) for p in item["any"]):
        raise _bad(code, "any lists patterns")
    return Step(code, scam_type, stage, float(item["weight"]), str(item["zh"]), str(item["en"]))


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict) or set(data) != {"version", "in_force_on", "steps"}:
        raise _bad(path.name, "must have exactly version, in_force_on and steps")
    if not isinstance(data["in_force_on"], date) or not isinstance(data["steps"], list):
        raise _bad(path.name, "in_force_on is a date, steps a list")
    return data


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "steps_invalid",
        zh=f"话术步骤文件有误：{what}",
        en=f"the file of steps is wrong: {what}",
        field=field,
    )
