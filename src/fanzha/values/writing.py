"""How one identifier is written in many ways, and what is left when that is undone."""

from __future__ import annotations

import re
import unicodedata

from fanzha.errors import Refused

#: Signs that separate groups of digits, and signs nobody sees (zero-width, direction, soft hyphen).
_SEPARATORS = re.compile(
    r"[\s\-\u2010-\u2015\u2212()（）\[\]./·•_\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+"
)
_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+"
)


def fold(text: str) -> str:
    """`text` with full-width forms made plain, nothing invisible in it, and no blanks around it."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip()


def compact(text: str) -> str:
    """`text` folded and without any separator: what a number written in groups comes down to."""
    if text.isascii() and text.isalnum():
        return text
    return _SEPARATORS.sub("", fold(text))


def tight(text: str, longest: int) -> str:
    """`text` folded, without any blank, cut at `longest`: what is kept of what cannot be read."""
    # Taking blanks out may bring a letter and an accent together: they are composed once more.
    joined = unicodedata.normalize("NFKC", "".join(fold(text).split()))
    return "".join(joined.split())[:longest]


def is_digits(text: str) -> bool:
    """Whether `text` is ASCII digits and nothing else (`str.isdigit` also takes ² and ٣)."""
    return text.isascii() and text.isdigit()


def refused(code: str, zh: str, en: str, field: str) -> Refused:
    """What every parser raises: the rule that failed, never the value."""
    return Refused(code, zh=zh, en=en, field=field)


def veil(text: str, head: int, tail: int, *, stars: str = "****") -> str:
    """The first `head` and last `tail` characters around stars.

    At least four characters stay hidden; a text too short for that shows its last quarter only.
    """
    if len(text) - head - tail < 4:
        head, tail = 0, min(tail, len(text) // 4)
    return text[:head] + stars + (text[len(text) - tail :] if tail else "")
