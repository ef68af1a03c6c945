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
_LIST_CODE = re.compile(r"[a-z][a-z0-9_]{1,30}")
_LISTS = ("sources", "tools", "money")


@dataclass(frozen=True, slots=True)
class ScamClass:
    """A main class such as GJF 冒充公检法及政府机关."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class ScamType:
    """A type such as GJF01, with the code of its main class.

    `said` are the scammer's own words; `tools`, `money` and `source` are codes of the taxonomy's
    lists of those names.
    """

    code: str
    main: str
    zh: str
    en: str
    said: tuple[str, ...]
    tools: tuple[str, ...]
    money: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All main classes and types; codes are closed, an unknown one is refused.

    `tools`, `money` (how it leaves) and `sources` (of a type's name) give (zh, en) by code.
    """

    version: str
    sources: Mapping[str, tuple[str, str]]
    tools: Mapping[str, tuple[str, str]]
    money: Mapping[str, tuple[str, str]]
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
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(path.name, f"cannot be read: {type(error).__name__}") from error
    _keys(data, {"version", "in_force_on", *_LISTS, "main_classes", "types"}, path.name)
    if not isinstance(data["in_force_on"], date):
        raise _bad("in_force_on", "is not a date")
    lists = {name: _words(data, name) for name in _LISTS}
    classes = {}
    for code, item in _items(data, "main_classes", _CLASS_CODE):
        _keys(item, {"zh", "en"}, code)
        classes[code] = ScamClass(code, item["zh"], item["en"])
    types = {}
    for code, item in _items(data, "types", _TYPE_CODE):
        types[code] = _type(code, item, lists, classes)
    return Taxonomy(str(data["version"]), **lists, main_classes=classes, types=types)


def _words(data: Mapping[str, Any], name: str) -> dict[str, tuple[str, str]]:
    """One of the taxonomy's lists: code to (zh, en)."""
    found = {}
    for code, item in _items(data, name, _LIST_CODE):
        _keys(item, {"zh", "en"}, code)
        found[code] = (item["zh"], item["en"])
    return found


def _type(
    code: str,
    item: Any,
    lists: Mapping[str, Mapping[str, tuple[str, str]]],
    classes: Mapping[str, ScamClass],
) -> ScamType:
    _keys(item, {"main", "zh", "en", "said", "tools", "money", "source"}, code)
    if item["main"] not in classes:
        raise _bad(code, "names a main class that is not listed")
    if item["source"] not in lists["sources"]:
        raise _bad(code, "names a source that is not listed")
    for name in ("said", "tools", "money"):
        words = item[name]
        if not isinstance(words, list) or not words or any(not isinstance(w, str) for w in words):
            raise _bad(code, f"{name} lists words")
        if name != "said" and not set(words) <= set(lists[name]):
            raise _bad(code, f"{name} names a code that is not listed")
    said, tools, money = (tuple(item[name]) for name in ("said", "tools", "money"))
    return ScamType(code, item["main"], item["zh"], item["en"], said, tools, money, item["source"])


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
    if any(
        not isinstance(item[k], str) or not item[k] for k in wanted & {"zh", "en", "main", "source"}
    ):
        raise _bad(where, "words must be text")


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "taxonomy_invalid",
        zh=f"诈骗类型表有误：{what}",
        en=f"the list of scam types is wrong: {what}",
        field=field,
    )
