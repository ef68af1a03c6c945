"""The dissuader's script: five steps, answers, what never to say; versioned data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader

Bilingual = tuple[str, str]
"""(zh, en)"""

_STEPS = ("identify", "situation", "cut", "explain", "agree")


@dataclass(frozen=True, slots=True)
class Step:
    title: Bilingual
    sentence: Bilingual
    checks: tuple[Bilingual, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer when the person says this; the key that shows it."""

    key: str
    says: Bilingual
    answer: Bilingual


@dataclass(frozen=True, slots=True)
class Script:
    """A script for one type of scam."""

    type: str
    version: str
    opening: Bilingual
    steps: tuple[Step, ...]
    answers: tuple[Answer, ...]
    avoid: tuple[Bilingual, ...]


class ScriptBook:
    """All scripts; a type falls back to its main class, then to the general one."""

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        self._scripts = scripts

    def of(self, scam_type: str | None) -> Script:
        code = scam_type or "general"
        main = code.rstrip("0123456789")
        for name in (code, main, "general"):
            if name in self._scripts:
                return self._scripts[name]
        raise _bad("types", "general is missing")


@policy_reader
def load(path: Path) -> ScriptBook:
    """Read and check the scripts; unknown keys are refused."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    keys = {"version", "in_force_on", "opening", "steps", "answers", "avoid", "types"}
    if set(data) != keys:
        raise _bad(path.name, f"keys differ: {sorted(set(data) ^ keys)}")
    if tuple(data["steps"]) != _STEPS:
        raise _bad("steps", f"must be {_STEPS}")
    answers = tuple(Answer(a["key"], _both(a["says"]), _both(a["answer"])) for a in data["answers"])
    scripts = {}
    for code, explained in data["types"].items():
        steps = tuple(
            Step(
                title=_both(step["title"]),
                sentence=_both(explained if name == "explain" else step["sentence"]),
                checks=tuple(_both(c) for c in step["checks"]),
            )
            for name, step in data["steps"].items()
        )
        scripts[code] = Script(
            type=code,
            version=str(data["version"]),
            opening=_both(data["opening"]),
            steps=steps,
            answers=answers,
            avoid=tuple(_both(a) for a in data["avoid"]),
        )
    return ScriptBook(scripts)


def _both(item: Mapping[str, str]) -> Bilingual:
    if set(item) != {"zh", "en"} or not item["zh"] or not item["en"]:
        raise _bad("words", "zh and en are both needed")
    return item["zh"], item["en"]


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "script_invalid",
        zh=f"话术文件有误：{what}",
        en=f"the script file is wrong: {what}",
        field=field,
    )
