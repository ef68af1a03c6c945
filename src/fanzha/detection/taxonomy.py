"""Scam types and main classes by code, read from `policies/taxonomy.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader

__all__ = ["TAXONOMY_FILE", "ScamClass", "ScamType", "Taxonomy", "load_taxonomy"]

TAXONOMY_FILE = "taxonomy.yaml"
_CLASS_CODE = re.compile(r"[A-Z]{2,3}")
_TYPE_CODE = re.compile(r"[A-Z]{2,3}\d\d")


@dataclass(frozen=True, slots=True)
class ScamClass:
    """A main class such as GJF 冒充公检法及政府机关."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class ScamType:
    """A type such as GJF01, with the code of its main class."""

    code: str
    main: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All main classes and types; codes are closed, an unknown one is refused."""

    version: str
    main_classes: Mapping[str, ScamClass]
    types: Mapping[str, ScamType]

    def known(self, code: str) -> bool:
        """Whether this is a main class's or a type's code."""
        return code in self.main_classes or code in self.types

    def main_of(self, code: str) -> str:
        """The main class of a type; a main class is its own."""
        if code in self.main_classes:
            return code
        if code in self.types:
            return self.types[code].main
        raise _bad("scam_type", "the code is in no list")

    def words(self, code: str) -> tuple[str, str]:
        """(zh, en) name of a type or main class."""
        found = self.main_classes.get(code) or self.types.get(code)
        if found is None:
            raise _bad("scam_type", "the code is in no list")
        return found.zh, found.en


@policy_reader
def load_taxonomy(path: Path) -> Taxonomy:
    """Read and check the list; `path` is the file."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(path.name, f"cannot be read: {type(error).__name__}") from error
    _keys(data, {"version", "in_force_on", "main_classes", "types"}, path.name)
    if not isinstance(data["in_force_on"], date):
        raise _bad("in_force_on", "is not a date")
    classes = {}
    for code, item in _items(data, "main_classes", _CLASS_CODE):
        _keys(item, {"zh", "en"}, code)
        classes[code] = ScamClass(code, item["zh"], item["en"])
    types = {}
    for code, item in _items(data, "types", _TYPE_CODE):
        _keys(item, {"main", "zh", "en"}, code)
        if item["main"] not in classes:
            raise _bad(code, "names a main class that is not listed")
        types[code] = ScamType(code, item["main"], item["zh"], item["en"])
    return Taxonomy(str(data["version"]), classes, types)


def _items(data: Mapping[str, Any], key: str, code: re.Pattern[str]) -> list[tuple[str, Any]]:
    if not isinstance(data[key], dict) or not data[key]:
        raise _bad(key, "is not a mapping with entries")
    for name in data[key]:
        if not isinstance(name, str) or not code.fullmatch(name):
            raise _bad(key, "a code does not have the shape of a code")
    return list(data[key].items())


def _keys(item: Any, wanted: set[str], where: str) -> None:
    if not isinstance(item, dict):
        raise _bad(where, "is not a mapping")
    if unknown := sorted(str(k) for k in set(item) - wanted):
        raise _bad(where, f"unknown keys {unknown}")
    if absent := sorted(wanted - set(item)):
        raise _bad(where, f"missing keys {absent}")
    if any(not isinstance(item[k], str) or not item[k] for k in wanted & {"zh", "en", "main"}):
        raise _bad(where, "words must be text")


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "taxonomy_invalid",
        zh=f"诈骗类型表有误：{what}",
        en=f"the list of scam types is wrong: {what}",
        field=field,
    )
