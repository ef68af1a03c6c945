"""Reads the tables that static verdicts go by; what they do not know they refuse at load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["Group", "Kind", "Marker", "Markers", "Names", "Permissions", "Purpose", "load_markers",
           "load_names", "load_permissions", "read_policy"]  # fmt: skip

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Words = tuple[str, str]
"""(zh, en)."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of permissions; `cap` is the most it may weigh in log-odds, either way."""

    key: str
    cap: float
    words: Words


@dataclass(frozen=True, slots=True)
class Permissions:
    """`weights`: last part of a permission's name → (group, log-odds)."""

    groups: Mapping[str, Group]
    weights: Mapping[str, tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a label promises."""

    code: str
    scam_type: str
    weight: float
    shown: Words
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an app is for, and which groups of permissions belong to that."""

    code: str
    shown: Words
    words: tuple[str, ...]
    packages: tuple[str, ...]
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Names:
    kinds: tuple[Kind, ...]
    system_labels: frozenset[str]
    default_labels: frozenset[str]
    purposes: tuple[Purpose, ...]
    generators: tuple[str, ...]
    placeholders: tuple[str, ...]
    system_packages: tuple[str, ...]
    system_known: tuple[str, ...]
    publishers: tuple[str, ...]
    least_letters: int
    odd_share: float
    pairs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Marker:
    """Something known by library, class, file or host names."""

    key: str
    words: Words
    libraries: tuple[str, ...]
    classes: tuple[str, ...]
    files: tuple[str, ...]
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Markers:
    packers: tuple[Marker, ...]
    remote: tuple[Marker, ...]
    service_kits: tuple[Marker, ...]
    web_shells: tuple[Marker, ...]
    loaders: tuple[str, ...]
    invite_words: tuple[str, ...]
    plain_hosts: tuple[str, ...]
    shared_keys: frozenset[str]


def read_policy(path: Path, keys: set[str]) -> dict[str, Any]:
    """A policy file with exactly `keys` besides its version and date."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    exact(data, keys | {"version", "in_force_on"}, path.name)
    if not isinstance(data["in_force_on"], date):
        raise invalid("in_force_on", "is not a date")
    return dict(data)


def exact(item: Any, keys: set[str], where: str, may: frozenset[str] = frozenset()) -> None:
    """Refuse what is no mapping of `keys` (and perhaps of `may`)."""
    if not isinstance(item, dict):
        raise invalid(where, "is not a mapping")
    if unknown := sorted(str(key) for key in set(item) - keys - may):
        raise invalid(where, f"unknown keys {unknown}")
    if absent := sorted(keys - set(item)):
        raise invalid(where, f"keys {absent} are absent")


def texts(items: Any, where: str, *, fold: bool = False) -> tuple[str, ...]:
    """A list of texts; in small letters with `fold`."""
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise invalid(where, "must be a list of texts; quote what consists of digits")
    return tuple(item.casefold() if fold else item for item in items)


def number(value: Any, where: str, low: float, high: float) -> float:
    """A number between both, which count."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise invalid(where, f"needs a number from {low} to {high}")
    return float(value)


@policy_reader
def load_permissions(path: Path) -> Permissions:
    """Read and check the table of permissions."""
    data = read_policy(path, {"groups", "permissions"})
    groups = {}
    for key, item in data["groups"].items():
        exact(item, {"cap", "zh", "en"}, key)
        groups[key] = Group(key, number(item["cap"], key, 0, 10), (item["zh"], item["en"]))
    weights = {}
    for name, item in data["permissions"].items():
        exact(item, {"group", "weight"}, name)
        if item["group"] not in groups:
            raise invalid(name, "is in a group that is not listed")
        weights[str(name)] = (str(item["group"]), number(item["weight"], name, -5, 5))
    return Permissions(groups, weights)


@policy_reader
def load_names(path: Path) -> Names:
    """Read and check the words and shapes of names."""
    lists = ("generators", "placeholders", "system_packages", "system_known", "publishers")
    labels = ("system_labels", "default_labels")
    data = read_policy(path, {"kinds", "purposes", "random", *lists, *labels})
    kinds = []
    for item in data["kinds"]:
        exact(item, {"code", "scam_type", "weight", "zh", "en", "words"}, "kinds")
        code = str(item["code"])
        kinds.append(
            Kind(
                code,
                str(item["scam_type"]),
                number(item["weight"], code, 0, 10),
                (item["zh"], item["en"]),
                texts(item["words"], code, fold=True),
            )
        )
    purposes = []
    for item in data["purposes"]:
        exact(item, {"code", "zh", "en", "words", "packages", "groups"}, "purposes")
        code = str(item["code"])
        purposes.append(
            Purpose(
                code,
                (item["zh"], item["en"]),
                texts(item["words"], code, fold=True),
                texts(item["packages"], code, fold=True),
                frozenset(texts(item["groups"], code)),
            )
        )
    random = data["random"]
    exact(random, {"least_letters", "odd_share", "pairs"}, "random")
    return Names(
        kinds=tuple(kinds),
        purposes=tuple(purposes),
        least_letters=int(number(random["least_letters"], "least_letters", 3, 30)),
        odd_share=number(random["odd_share"], "odd_share", 0, 1),
        pairs=frozenset(str(random["pairs"]).split()),
        system_labels=frozenset(texts(data["system_labels"], "system_labels", fold=True)),
        default_labels=frozenset(texts(data["default_labels"], "default_labels", fold=True)),
        **{name: texts(data[name], name) for name in lists},
    )


@policy_reader
def load_markers(path: Path) -> Markers:
    """Read and check the markers of files and strings."""
    kinds = ("packers", "remote", "service_kits", "web_shells")
    lists = ("loaders", "invite_words", "plain_hosts", "shared_keys")
    data = read_policy(path, {*kinds, *lists})
    found = {kind: tuple(_marker(item, kind) for item in data[kind]) for kind in kinds}
    loaders, invites, plain, shared = (texts(data[name], name) for name in lists)
    return Markers(
        **found,
        loaders=loaders,
        invite_words=invites,
        plain_hosts=plain,
        shared_keys=frozenset(shared),
    )


def _marker(item: Any, where: str) -> Marker:
    may = ("libraries", "classes", "files", "hosts")
    exact(item, {"key", "zh", "en"}, where, frozenset(may))
    key = str(item["key"])
    return Marker(
        key, (item["zh"], item["en"]), **{name: texts(item.get(name, []), key) for name in may}
    )
