"""How a text is carried: in GSM-7 where it fits that alphabet, else in UCS-2; in how many parts.

3GPP TS 23.038 (alphabets) and TS 23.040 clause 9.2.3.24.1 (parts): 160 septets or 70 UTF-16 units
in one message, 153 or 67 in each part of several, because each part carries a header of 6 octets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fanzha.errors import Refused

#: The default alphabet by septet (TS 23.038 clause 6.2.1); place 0x1B is the escape.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Its extension, reached by the escape (clause 6.2.1.1).
GSM_EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F,
    "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
PARTS_MAX = 255
_BASIC = frozenset(GSM_BASIC) - {"\x1b"}


class Alphabet(StrEnum):
    """How the characters are written."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"

    @property
    def whole(self) -> int:
        """Units in a message of one part."""
        return 160 if self is Alphabet.GSM7 else 70

    @property
    def part(self) -> int:
        """Units in each part of several."""
        return 153 if self is Alphabet.GSM7 else 67


@dataclass(frozen=True, slots=True)
class Split:
    """A text as it travels."""

    alphabet: Alphabet
    parts: tuple[str, ...]


def split(text: str) -> Split:
    """Cut a text into parts, never inside a character. Refused when it cannot be carried."""
    if not text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise _bad("text_not_sendable", "文本为空或含无效字符", "the text is empty or not Unicode")
    gsm = all(c in _BASIC or c in GSM_EXTENSION for c in text)
    alphabet = Alphabet.GSM7 if gsm else Alphabet.UCS2
    if sum(_units(c, alphabet) for c in text) <= alphabet.whole:
        return Split(alphabet, (text,))
    parts: list[str] = []
    start = used = 0
    for place, character in enumerate(text):
        units = _units(character, alphabet)
        if used + units > alphabet.part:
            parts.append(text[start:place])
            start, used = place, 0
        used += units
    parts.append(text[start:])
    if len(parts) > PARTS_MAX:
        raise _bad("text_too_long", "文本超过 255 段", "the text needs more than 255 parts")
    return Split(alphabet, tuple(parts))


def _units(character: str, alphabet: Alphabet) -> int:
    if alphabet is Alphabet.GSM7:
        return 2 if character in GSM_EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


def _bad(code: str, zh: str, en: str) -> Refused:
    return Refused(code, zh=zh, en=en, field="text")
