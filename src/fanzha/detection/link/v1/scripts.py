"""Names in other scripts: Chinese names of organisations, and Latin ones in borrowed characters."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence

from confusable_homoglyphs import confusables

from fanzha.detection.link.v1.near import LONGEST
from fanzha.detection.link.v1.organisations import Organisation

__all__ = ["Scripts"]

_STROKES = str.maketrans("1i|0", "lllo")
"""Strokes and rings that scripts draw alike (`ӏ` is taken for i or l)."""


class Scripts:
    """Spellings of the organisations as they can be imitated in other scripts."""

    def __init__(self, organisations: Sequence[Organisation]) -> None:
        self._latin: dict[str, int] = {}
        self._drawn: dict[str, int] = {}
        self._chinese: list[tuple[str, int]] = []
        for number, one in enumerate(organisations):
            for name in (*one.names, *(n for n in one.short if len(n) >= 4)):
                self._latin.setdefault(name, number)
                self._drawn.setdefault(name.translate(_STROKES), number)
            self._chinese += [(name, number) for name in one.zh_names if not name.isascii()]

    def organisation(self, host: str) -> int | None:
        """The place of the organisation that an internationalised host names, if any."""
        for label in host.split("."):
            if label.startswith("xn--"):
                found = self._label(_shown(label))
                if found is not None:
                    return found
        return None

    def _label(self, label: str) -> int | None:
        for name, number in self._chinese:
            if name in label:
                return number
        if label.isascii():
            return None
        latin = "".join(map(_latin_letter, label[:LONGEST]))
        for word in (latin.replace("-", ""), *latin.split("-")):
            found = self._latin.get(word, self._drawn.get(word.translate(_STROKES)))
            if found is not None:
                return found
        return None


def _shown(label: str) -> str:
    """The characters of a punycode label; the label itself where it is none."""
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


@functools.lru_cache(maxsize=8_192)
def _latin_letter(character: str) -> str:
    """The Latin letter it is drawn like, without accents; itself where there is none."""
    if character.isascii():
        return character.lower()
    plain = unicodedata.normalize("NFKD", character)[0].lower()
    if plain.isascii():
        return plain
    for found in confusables.is_confusable(plain, greedy=True, preferred_aliases=[]) or ():
        for other in found["homoglyphs"]:
            letter = str(other["c"]).lower()
            if len(letter) == 1 and letter.isascii() and letter.isalnum():
                return letter
    return character
