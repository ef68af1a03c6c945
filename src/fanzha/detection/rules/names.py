"""The names that rules may use, channel by channel: read from a dated file, each with its unit."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from fanzha.detection.rules.measure import Kind, Measure, Type
from fanzha.detection.words import invalid
from fanzha.errors import Refused, policy_reader
from fanzha.features.catalogue import FeatureFile, load_features

__all__ = ["Catalogue", "Channel", "Name", "load_catalogue"]

_POLARS: Mapping[Kind, type[pl.DataType]] = {
    Kind.NUMBER: pl.Float64,
    Kind.TEXT: pl.String,
    Kind.TRUTH: pl.Boolean,
}


@dataclass(frozen=True, slots=True)
class Name:
    """A feature or a received column, as it is published."""

    name: str
    type: Type
    zh: str
    en: str


@dataclass(frozen=True)
class Channel:
    """A place where rules are weighed: one signal file's rows."""

    code: str
    stream: str
    subject: str
    """The column that a rule's hit is about; `<subject>_key` holds its key."""
    zh: str
    en: str
    names: Mapping[str, Name]

    def near(self, name: str) -> tuple[str, ...]:
        """Published names that look like this one, nearest first."""
        return tuple(difflib.get_close_matches(name, self.names, n=3, cutoff=0.5))

    @property
    def probe(self) -> pl.DataFrame:
        """An empty frame of the right types, on which a condition is tried."""
        return pl.DataFrame(schema={n.name: _POLARS[n.type.kind] for n in self.names.values()})


@dataclass(frozen=True)
class Catalogue:
    """All channels of one edition of the file."""

    version: str
    channels: Mapping[str, Channel]

    def channel(self, code: str) -> Channel:
        """Refused where there is no such channel."""
        found = self.channels.get(code)
        if found is None:
            raise Refused(
                "channel_unknown",
                zh=f"没有这个通道；可用：{'、'.join(self.channels)}",
                en=f"no such channel; there are: {', '.join(self.channels)}",
                field="channel",
            )
        return found


@policy_reader
def load_catalogue(path: Path) -> Catalogue:
    """Read and check the published names; unknown keys are refused.

    The file names what is received; what is made of it comes from the catalogue of features beside
    it (`policies/features`), each feature on the rows that carry it.
    """
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    _only(data, {"version", "in_force_on", "channels"}, path.name)
    if not isinstance(data["in_force_on"], date):
        raise invalid("in_force_on", "is not a date")
    files = load_features(path.parents[1] / "features")
    channels = {code: _channel(code, item, files) for code, item in data["channels"].items()}
    return Catalogue(str(data["version"]), channels)


def _channel(code: str, item: Mapping[str, Any], files: Mapping[str, FeatureFile]) -> Channel:
    _only(item, {"stream", "subject", "zh", "en", "names"}, code)
    names = {name: _name(name, parts) for name, parts in (item["names"] or {}).items()}
    for file in files.values():
        for name, meaning in file.on(code).items():
            if name in names:
                raise invalid(name, "stands here and in the catalogue of features")
            names[name] = _name(name, [meaning.unit, meaning.zh, meaning.en])
    return Channel(code, item["stream"], item["subject"], item["zh"], item["en"], names)


def _name(name: str, parts: Any) -> Name:
    if not isinstance(parts, list) or len(parts) != 3:
        raise invalid(name, "is [unit, Chinese, English]")
    unit, zh, en = (str(p) for p in parts)
    if unit in (Kind.TEXT, Kind.TRUTH):
        return Name(name, Type(Kind(unit)), zh, en)
    return Name(name, Type(Kind.NUMBER, Measure(unit)), zh, en)


def _only(item: Mapping[str, Any], wanted: set[str], where: str) -> None:
    if not isinstance(item, dict) or set(item) != wanted:
        raise invalid(where, f"needs {sorted(wanted)}, nothing else")
