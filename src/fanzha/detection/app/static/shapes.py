"""What labels, package names and versions look like by themselves."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from fanzha.detection.app.static.imitation import plain
from fanzha.detection.app.static.policy import Kind, Names, Purpose

__all__ = ["begins_with", "grown", "kind_of", "odd_version", "purpose_of", "random_part", "unlike"]

_COMMON_PARTS = frozenset(
    ["com", "org", "net", "cn", "io", "app", "apps", "android", "mobile", "www", "the", "me", "co",
     "de", "uk", "jp", "ru", "in", "main", "activity", "phone", "client", "free", "pro", "lite",
     "hd", "plus"]
)  # fmt: skip
_LATIN = re.compile(r"[a-z0-9+]+(?:-[a-z0-9]+)*")
_DIGITS = re.compile(r"\d+")


def kind_of(label: str, kinds: Sequence[Kind]) -> tuple[Kind, str] | None:
    """The kind whose words stand in the label, and the word; the heaviest kind wins."""
    text = plain(label)
    squeezed = text.replace(" ", "")
    padded = f" {text} "
    best: tuple[Kind, str] | None = None
    for kind in kinds:
        if best is not None and kind.weight <= best[0].weight:
            continue
        word = next((w for w in kind.words if _holds(w, squeezed, padded)), None)
        if word is not None:
            best = kind, word
    return best


def _holds(word: str, squeezed: str, padded: str) -> bool:
    spaced = _spaced(word)
    return word in squeezed if spaced is None else spaced in padded


@functools.lru_cache(maxsize=4_096)
def _spaced(word: str) -> str | None:
    """A Latin word as it is looked for among words; None where it may stand anywhere."""
    return f" {plain(word)} " if word.isascii() and not word.isdigit() else None


def purpose_of(
    label: str | None, package: str | None, purposes: Sequence[Purpose]
) -> Purpose | None:
    """What the app is for: by its label first, else by its package."""
    if label:
        text = plain(label)
        squeezed, padded = text.replace(" ", ""), f" {text} "
        for purpose in purposes:
            if any(_holds(w, squeezed, padded) for w in purpose.words):
                return purpose
    if package:
        name = package.casefold()
        for purpose in purposes:
            if any(part in name for part in purpose.packages):
                return purpose
    return None


def begins_with(package: str, prefixes: Sequence[str]) -> bool:
    """Whether it is one of the names, or below one; a prefix ending in a dot or a letter run that
    the policy means as a beginning (`uni.UNI`) counts as it stands."""
    for prefix in prefixes:
        if package == prefix or package.startswith(prefix if prefix[-1] in "._" else prefix + "."):
            return True
    return False


def random_part(package: str, names: Names) -> str | None:
    """The part of a package that looks drawn at random, if one does."""
    worst, where = 0.0, None
    total = odd = 0
    for part in package.casefold().split("."):
        if part in _COMMON_PARTS:
            continue
        letters = re.sub(r"[^a-z]", "", part)
        pairs = [letters[i : i + 2] for i in range(len(letters) - 1)]
        strange = sum(pair not in names.pairs for pair in pairs)
        hexlike = len(part) >= 2 * names.least_letters and len(_DIGITS.findall(part)) >= 3
        total, odd = total + len(pairs), odd + strange
        share = 1.0 if hexlike else strange / max(1, len(pairs))
        if (len(letters) >= names.least_letters or hexlike) and share > worst:
            worst, where = share, part
    if worst >= names.odd_share:
        return where
    overall = total >= 2 * names.least_letters and odd / total >= 0.8 * names.odd_share
    return where if overall else None


def unlike(label: str, package: str) -> bool:
    """A Latin label without a word or beginning of one in common with the package."""
    tokens = [t for t in _LATIN.findall(plain(label)) if len(t) >= 3]
    if not tokens or not label.isascii():
        return False
    name = package.casefold()
    parts = [p for p in re.split(r"[._]", name) if len(p) >= 3 and p not in _COMMON_PARTS]
    squeezed = "".join(tokens)
    initials = "".join(t[0] for t in tokens)
    if any(t[:4] in name for t in tokens) or any(p[:4] in squeezed for p in parts):
        return False
    return not (len(initials) >= 3 and initials in name)


def grown(version: str) -> bool:
    """A version that many releases led to: three numbers with a large one, or a high first."""
    numbers = [int(n[:9]) for n in _DIGITS.findall(version)]
    if not numbers or len(version) > 40:
        return False
    return (len(numbers) >= 3 and max(numbers[:3]) >= 4 and sum(numbers[:3]) >= 6) or (
        4 <= numbers[0] < 2_000 and len(numbers) >= 2
    )


def odd_version(version: str) -> bool:
    """No digit in it, or far too long."""
    return not any(c.isdigit() for c in version) or len(version) > 40
