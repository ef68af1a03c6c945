"""Whose app it passes itself off as: organisations' names in labels, their packages nearly."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fanzha.detection.app.static.policy import Words, exact, read_policy, texts
from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["Likeness", "Owner", "Owners", "load_owners", "plain"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MONEY = frozenset({"bank", "pay", "gov", "lender", "broker", "coin"})
_LATIN = re.compile(r"[a-z0-9]+")
_TOLD = 3
_NEAR = 10
"""Letters of a package from which being a character or two off means something."""
_LOOKALIKE = str.maketrans({"0": "o", "1": "l", "і": "i", "а": "a", "е": "e", "о": "o", "р": "p",
                            "с": "c", "ѕ": "s", "ι": "i", "ο": "o", "α": "a"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owner:
    """An organisation with apps. Labels are in `plain` form; `packages` are beginnings."""

    key: str
    kind: str
    words: Words
    chinese: tuple[str, ...]
    latin: tuple[str, ...]
    packages: tuple[str, ...]
    apps: int
    """How many of `packages` are apps'; the rest are names it holds, turned round."""
    certificates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How an app stands to an organisation. `strength`: 0 none, 1 mentions it, 2 has its name
    beside other words, 3 bears its name."""

    owner: Owner | None = None
    """The organisation as whose the package begins."""
    exact: bool = False
    """Whether the package is one that the organisation is known to publish, letter by letter."""
    imitated: Owner | None = None
    strength: int = 0
    near: Owner | None = None
    """Whose package it is a character or two off."""
    inside: Owner | None = None
    """Whose name stands in a package that is not theirs."""

    @property
    def shown(self) -> Owner | None:
        return self.imitated or self.near or self.inside or self.owner


@dataclass(frozen=True, eq=False)
class Owners:
    """All organisations, with look-ups by package and by label."""

    listed: tuple[Owner, ...]
    generic: frozenset[str]
    by_prefix: Mapping[str, Owner]
    published: frozenset[str]
    """Packages of known apps, whole."""
    by_length: Mapping[int, Sequence[tuple[str, tuple[str, ...], Owner]]]
    """Packages long enough to be a slip away from, with their quarters."""
    by_latin: Mapping[str, Sequence[Owner]]
    by_chinese: Sequence[tuple[str, Owner]]

    def liken(self, label: str | None, package: str | None) -> Likeness:
        """Compare label and package with every organisation."""
        owner = self.owner_of(package) if package else None
        imitated, strength = self._by_label(label, package) if label else (None, 0)
        if package is None:
            return Likeness()
        if owner is not None:
            # Below a name of theirs, yet a slip away from the app whose label it bears.
            listed = package.casefold() in self.by_prefix
            near = self._near(package) if label and not listed else None
            bears = near is not None and any(one is near for one, _ in self._named_by(label or ""))
            exact = package.casefold() in self.published
            return Likeness(owner, exact, imitated, strength, near if bears else None)
        near, inside = self._near(package), self._inside(package)
        return Likeness(None, False, imitated, strength, near, inside)

    def owner_of(self, package: str) -> Owner | None:
        """Whose package this is by its name: the longest beginning that is listed."""
        parts = package.split(".")
        for end in range(len(parts), 0, -1):
            found = self.by_prefix.get(".".join(parts[:end]).casefold())
            if found is not None:
                return found
        return None

    def _by_label(self, label: str, package: str | None) -> tuple[Owner | None, int]:
        """Whose name the label has; nobody's where the package is theirs, or is not known."""
        found: tuple[Owner | None, int] = (None, 0)
        for owner, strength in self._named_by(label):
            if package is None or self._is_theirs(owner, package):
                return None, 0
            if strength > found[1]:
                found = owner, strength
        return found

    def _named_by(self, label: str) -> list[tuple[Owner, int]]:
        text = plain(label)
        squeezed = text.replace(" ", "")
        out = []
        for word, owner in self.by_chinese:
            if word in squeezed:
                out.append((owner, self._strength(word, squeezed, owner)))
        tokens = _LATIN.findall(text)
        runs = set(tokens) | {"".join(tokens)}
        runs |= {a + b for a, b in itertools.pairwise(tokens)}
        runs |= {"".join(t.translate(_LOOKALIKE) for t in tokens)}
        for run in runs:
            for owner in self.by_latin.get(run, ()):
                out.append((owner, self._strength(run, squeezed, owner)))
        return out

    def _strength(self, word: str, whole: str, owner: Owner) -> int:
        generic = word in self.generic
        if word == whole or whole.translate(_LOOKALIKE) == word:
            return 2 if generic else 3
        if generic:
            return 0
        rest = len(whole) - len(word)
        if owner.kind in _MONEY:
            return 3 if rest <= 4 else 2
        return 2 if rest <= 2 else 1

    def _is_theirs(self, owner: Owner, package: str) -> bool:
        found = self.owner_of(package)
        if found is None:
            return False
        shared = {*found.chinese, *found.latin} & {*owner.chinese, *owner.latin}
        return found is owner or bool(shared) or _related(found.packages, owner.packages)

    def _near(self, package: str) -> Owner | None:
        """One or two characters off a listed package of the same shape."""
        text = package.casefold()
        for size in range(len(text) - 2, len(text) + 3):
            for other, quarters, owner in self.by_length.get(size, ()):
                allowed = 2 if size >= 2 * _NEAR else 1
                # Each slip spoils a quarter at most; the others stand in the text as they are.
                if sum(quarter in text for quarter in quarters) < 4 - allowed:
                    continue
                if _distance(text, other, allowed) <= allowed:
                    return owner
        return None

    def _inside(self, package: str) -> Owner | None:
        """A name that is a part of the package, or written over two of its parts."""
        parts = package.casefold().split(".")
        joined = [a + b for a, b in itertools.pairwise(parts[1:])]
        for part in (*parts, *joined):
            for owner in self.by_latin.get(part, ()):
                told = owner.kind in _MONEY or part in joined
                if told and part not in self.generic and len(part) >= _TOLD:
                    return owner
        return None


def plain(label: str) -> str:
    """A label as it is compared: one width, small letters, no signs but blanks between words."""
    text = unicodedata.normalize("NFKC", label).casefold()
    return " ".join(re.sub(r"[^\w]+|_", " ", text).split())


def _related(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether one package stands below the other: parts of one house."""
    return any(a.startswith(b) or b.startswith(a) for a in ours for b in theirs)


def _distance(a: str, b: str, most: int) -> int:
    """Edits from `a` to `b`; more than `most` where it is more."""
    row = list(range(len(b) + 1))
    for i, c in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, d in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (c != d))
        if min(row) > most:
            return most + 1
    return row[-1]


@policy_reader
def load_owners(path: Path, organisations: Sequence[Path]) -> Owners:
    """Join the packages of `path` to the organisations that links are compared with."""
    data = read_policy(path, {"packages", "generic", "certificates", "open", "also"})
    known = [item for file in organisations for item in _organisations(file)]
    keys = {str(item["key"]) for item in known} | {str(item.get("key")) for item in data["also"]}
    for field in ("packages", "certificates"):
        if strange := sorted(set(data[field]) - keys):
            raise invalid(field, f"unknown organisations {strange}")
    listed = [_owner(item, data) for item in known]
    for item in data["also"]:
        exact(item, {"key", "kind", "zh", "en", "labels", "packages"}, "also")
        names = [plain(name) for name in texts(item["labels"], "labels")]
        listed.append(
            Owner(
                str(item["key"]),
                str(item["kind"]),
                (item["zh"], item["en"]),
                tuple(name.replace(" ", "") for name in names if not name.isascii()),
                tuple(name.replace(" ", "") for name in names if name.isascii()),
                texts(item["packages"], "packages"),
                len(item["packages"]),
                frozenset(texts(data["certificates"].get(item["key"], []), "certificates")),
            )
        )
    by_latin: dict[str, list[Owner]] = {}
    for owner in listed:
        for name in owner.latin:
            by_latin.setdefault(name, []).append(owner)
    by_prefix: dict[str, Owner] = {}
    unowned = set(texts(data["open"], "open"))
    for owner in listed:
        for package in owner.packages:
            if package not in unowned:
                by_prefix.setdefault(package.casefold(), owner)
    return Owners(
        tuple(listed),
        frozenset(plain(word) for word in texts(data["generic"], "generic")),
        by_prefix,
        frozenset(p.casefold() for owner in listed for p in owner.packages[: owner.apps]),
        _by_length(listed),
        by_latin,
        tuple((word, owner) for owner in listed for word in owner.chinese),
    )


def _by_length(
    listed: Sequence[Owner],
) -> dict[int, list[tuple[str, tuple[str, ...], Owner]]]:
    out: dict[int, list[tuple[str, tuple[str, ...], Owner]]] = {}
    for package, owner in ((p.casefold(), o) for o in listed for p in o.packages[: o.apps]):
        size = len(package)
        if package.count(".") >= 2 and size >= _NEAR:
            ends = [size * part // 4 for part in range(5)]
            quarters = tuple(package[a:b] for a, b in itertools.pairwise(ends))
            out.setdefault(size, []).append((package, quarters, owner))
    return out


def _organisations(path: Path) -> list[dict[str, Any]]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    return list(data["organisations"])


def _owner(item: Mapping[str, Any], data: Mapping[str, Any]) -> Owner:
    key = str(item["key"])
    turned = [".".join(reversed(str(name).split("."))) for name in item["domains"]]
    named = texts(data["packages"].get(key, []), key)
    chinese = {plain(str(name)).replace(" ", "") for name in item["zh_names"]}
    latin = {str(name) for name in item["names"]} | {str(name) for name in item["short"]}
    return Owner(
        key,
        str(item["kind"]),
        (str(item["zh"]), str(item["en"])),
        tuple(sorted(name for name in chinese if not name.isascii())),
        tuple(sorted(latin)),
        (*named, *turned),
        len(named),
        frozenset(texts(data["certificates"].get(key, []), key)),
    )
