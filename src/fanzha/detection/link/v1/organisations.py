"""Organisations that others pass themselves off as: their spellings and the names they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fanzha.detection.words import invalid
from fanzha.errors import Refused, policy_reader
from fanzha.values import dns_name

__all__ = ["Lists", "Organisation", "load_lists", "load_organisations"]

_FILE = {"version", "in_force_on", "source", "organisations"}
_ORGANISATION = {"key", "kind", "zh", "en", "names", "short", "zh_names", "domains"}
_LISTS = ("platforms", "shorteners", "delivery", "closed", "cheap", "bait")
_LIST_FILE = {"version", "in_force_on", "usual_ports", "installers", "scam_types", *_LISTS}


@dataclass(frozen=True, slots=True)
class Organisation:
    """`names` stand for it wherever they occur, `short` only beside other evidence."""

    key: str
    kind: str
    zh: str
    en: str
    names: tuple[str, ...]
    short: tuple[str, ...]
    zh_names: tuple[str, ...]
    domains: tuple[str, ...]

    @property
    def words(self) -> tuple[str, str]:
        return self.zh, self.en


@dataclass(frozen=True, slots=True)
class Lists:
    """Kinds of hosts, words and ports; scam types by the kind of organisation imitated."""

    platforms: tuple[str, ...]
    shorteners: tuple[str, ...]
    delivery: tuple[str, ...]
    closed: tuple[str, ...]
    cheap: tuple[str, ...]
    bait: tuple[str, ...]
    usual_ports: tuple[int, ...]
    installers: tuple[str, ...]
    scam_types: Mapping[str, str]


@policy_reader
def load_organisations(paths: Sequence[Path]) -> tuple[Organisation, ...]:
    """Read and check the files; a key or a name held twice is refused."""
    out: list[Organisation] = []
    for path in paths:
        data = _mapping(path, _FILE)
        for item in data["organisations"]:
            out.append(_organisation(item, path.name))
    keys = [one.key for one in out]
    if len(set(keys)) != len(keys):
        raise invalid("organisations", "a key stands twice")
    held = [name for one in out for name in one.domains]
    if len(set(held)) != len(held):
        raise invalid("organisations", "two hold the same name")
    return tuple(out)


@policy_reader
def load_lists(path: Path) -> Lists:
    """Read and check the lists; unknown keys are refused."""
    data = _mapping(path, _LIST_FILE)
    lists = {name: tuple(str(word) for word in data[name]) for name in _LISTS}
    return Lists(
        **lists,
        usual_ports=tuple(int(port) for port in data["usual_ports"]),
        installers=tuple(str(end) for end in data["installers"]),
        scam_types={str(k): str(v) for k, v in data["scam_types"].items()},
    )


def _organisation(item: Any, where: str) -> Organisation:
    if not isinstance(item, dict) or set(item) != _ORGANISATION:
        raise invalid(where, f"an organisation has {sorted(_ORGANISATION)} and nothing else")
    for field in ("names", "short"):
        for name in item[field]:
            if not isinstance(name, str) or name != name.lower() or not name.isascii():
                raise invalid(str(item["key"]), f"{field} are texts of small ASCII letters")
    try:
        domains = tuple(dns_name.parse(str(name)).normal for name in item["domains"])
    except Refused as error:
        raise invalid(str(item["key"]), "a domain is not a DNS name") from error
    if not domains or not (item["names"] or item["short"] or item["zh_names"]):
        raise invalid(str(item["key"]), "needs a domain and a spelling")
    return Organisation(
        key=str(item["key"]),
        kind=str(item["kind"]),
        zh=str(item["zh"]),
        en=str(item["en"]),
        names=tuple(item["names"]),
        short=tuple(item["short"]),
        zh_names=tuple(str(name) for name in item["zh_names"]),
        domains=domains,
    )


def _mapping(path: Path, keys: set[str]) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict) or set(data) != keys:
        raise invalid(path.name, f"needs {sorted(keys)} and nothing else")
    if not isinstance(data["in_force_on"], date):
        raise invalid(path.name, "in_force_on is not a date")
    return data


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
