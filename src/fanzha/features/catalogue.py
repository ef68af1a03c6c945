"""What each feature means: name, words in two languages, unit, source; read from dated files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader

__all__ = ["EVERYWHERE", "FeatureFile", "Meaning", "Standing", "Unit", "load_features"]

EVERYWHERE = "all"
"""In place of a code of rows: on all rows of the channel."""


class Unit(StrEnum):
    """What a feature counts. Words for people: `detection.rules.measure`."""

    COUNT = "count"
    SECONDS = "seconds"
    FEN = "fen"
    SHARE = "share"
    SCORE = "score"
    RATIO = "ratio"
    TRUTH = "truth"
    TEXT = "text"


class Standing(StrEnum):
    """Who may read a feature."""

    LIVE = "live"
    """It stands in the rows of its channel: signals and the workshop's rules read it."""
    INNER = "inner"
    """Other features are made of it; no row carries it."""
    CATALOGUED = "catalogued"
    """Declared, and counted only where somebody asks for it: live it would cost too much."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One feature, in words."""

    name: str
    zh: str
    en: str
    unit: str
    source: str
    cut_by: str = ""
    """The column that says a cap cut it."""
    made: str = ""
    """How it is made, where neither a window nor a signal file says."""


@dataclass(frozen=True)
class FeatureFile:
    """The words of one channel's features."""

    channel: str
    version: str
    rows: tuple[str, ...]
    """Codes of the rows that carry features: the workshop's channels."""
    live: Mapping[str, Mapping[str, Meaning]]
    """By code of rows, or `EVERYWHERE`."""
    inner: Mapping[str, Meaning]
    catalogued: Mapping[str, Meaning]

    def on(self, rows: str) -> dict[str, Meaning]:
        """What stands in these rows; nothing where they are not this channel's."""
        if rows not in self.rows:
            return {}
        return {**self.live.get(EVERYWHERE, {}), **self.live.get(rows, {})}


def load_features(folder: Path) -> dict[str, FeatureFile]:
    """All files of `policies/features`, by channel. Misconfigured where one is not whole."""
    files = [_load(path) for path in sorted(folder.glob("*.yaml"))]
    if not files:
        raise _bad(folder.name, "holds no file")
    return {file.channel: file for file in files}


@policy_reader
def _load(path: Path) -> FeatureFile:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    wanted = {"version", "in_force_on", "channel", "rows", "features", "inner", "catalogued"}
    if not isinstance(data, dict) or set(data) != wanted:
        raise _bad(path.name, f"needs {sorted(wanted)}, nothing else")
    if not isinstance(data["in_force_on"], date):
        raise _bad("in_force_on", "is not a date")
    rows = tuple(str(code) for code in data["rows"])
    if strange := set(data["features"]) - {EVERYWHERE, *rows}:
        raise _bad(path.name, f"there are no rows {sorted(strange)}")
    live = {code: _meanings(part) for code, part in data["features"].items()}
    inner, catalogued = _meanings(data["inner"]), _meanings(data["catalogued"])
    names = [name for part in (*live.values(), inner, catalogued) for name in part]
    # The same name may stand on two kinds of rows that do not meet, and on no others.
    shared = [*live.get(EVERYWHERE, {}), *inner, *catalogued]
    if twice := sorted({n for n in shared if names.count(n) > 1}):
        raise _bad(twice[0], "stands twice")
    return FeatureFile(str(data["channel"]), str(data["version"]), rows, live, inner, catalogued)


def _meanings(part: Mapping[str, Any]) -> dict[str, Meaning]:
    return {name: _meaning(name, parts) for name, parts in part.items()}


def _meaning(name: str, parts: Any) -> Meaning:
    if not isinstance(parts, list) or len(parts) not in (4, 5):
        raise _bad(name, "is [unit, Chinese, English, source] and perhaps how it is made")
    if not all(isinstance(part, str) and part.strip() for part in parts):
        raise _bad(name, "is made of words")
    unit, zh, en, source = parts[:4]
    if unit not in set(Unit):
        raise _bad(name, f"a unit is one of {[u.value for u in Unit]}")
    return Meaning(name, zh, en, unit, source, made=parts[4] if len(parts) == 5 else "")


def _bad(where: str, what: str) -> Misconfigured:
    return Misconfigured(
        "features_invalid",
        zh=f"特征目录有误（{where}）：{what}",
        en=f"the catalogue of features is wrong ({where}): {what}",
        field=where,
    )
