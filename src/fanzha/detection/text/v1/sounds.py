"""Homophones: characters that are pronounced as a key word of scams and are no word themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import yaml

from fanzha.detection.compiled import bare, inlined
from fanzha.errors import Misconfigured, policy_reader

__all__ = ["SOUNDED", "SOUNDS_FILE", "Sounds", "sounded"]

SOUNDS_FILE = "sounds.yaml"
SHORTEST, LONGEST = 2, 4
"""Characters of a key word."""
SOUNDED = 4
"""Bit of the table of kinds: a key word ends in the character's syllable."""
_HAN, _HANS = 0x4E00, 0x5200
_COMMON = 0xD8
"""Lead byte of GB 2312 below which its 3,755 common characters lie."""
_TERM_SLOTS, _WORD_SLOTS = 1 << 11, 1 << 17
U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]


class Sounds(NamedTuple):
    """Tables over code points and key words, built once a process.

    `syllable` (0x10000,): number of a character's syllable, 0 where no key word has it; `rare`
    (0x10000,): whether it is no common character. `terms` (key words, 4): characters, 0 beyond the
    end; `slots`: key words by their syllables; `closing` (syllables, syllables): lengths of the key
    words that end in the two, as bits; `words`: common words of two characters, by `pair_key`.
    """

    syllable: U8
    rare: npt.NDArray[np.bool_]
    terms: I32
    slots: npt.NDArray[np.int16]
    closing: U8
    words: I32

    @classmethod
    @policy_reader
    def load(cls, path: Path) -> Sounds:
        """Read and check `sounds.yaml`; a key word with a character without syllable is refused."""
        data = _read(path)
        syllable = np.zeros(0x10000, dtype=np.uint8)
        rare = np.zeros(0x10000, dtype=np.bool_)
        for number, characters in enumerate(data["syllables"].values(), start=1):
            for char in characters:
                syllable[ord(char)], rare[ord(char)] = number, not _common(char)
        terms = np.zeros((len(data["terms"]), LONGEST), dtype=np.int32)
        slots = np.zeros(_TERM_SLOTS, dtype=np.int16)
        closing = np.zeros((len(data["syllables"]) + 1,) * 2, dtype=np.uint8)
        words = np.zeros(_WORD_SLOTS, dtype=np.int32)
        for row, term in enumerate(data["terms"]):
            if not SHORTEST <= len(term) <= LONGEST or not all(syllable[ord(c)] for c in term):
                raise _bad(term, "a key word has two to four characters, each with its syllable")
            terms[row, : len(term)] = [ord(c) for c in term]
            slot = _slot(terms[row], len(term), syllable)
            while slots[slot]:
                slot = (slot + 1) % _TERM_SLOTS
            slots[slot] = row + 1
            closing[syllable[ord(term[-2])], syllable[ord(term[-1])]] |= 1 << len(term)
            if len(term) == SHORTEST:
                _enter(words, term)
        for first, seconds in data["words"].items():
            for second in seconds:
                _enter(words, first + second)
        return cls(syllable, rare, terms, slots, closing, words)

    @property
    def ends(self) -> U8:
        """(0x10000,) bit SOUNDED of each character that may be a key word's last."""
        last = np.asarray(self.closing.any(axis=0))
        bits: U8 = np.where(last[self.syllable], SOUNDED, 0).astype(np.uint8)
        return bits


def _enter(words: I32, word: str) -> None:
    key = pair_key(ord(word[0]), ord(word[1]))
    slot = word_slot(key)
    while words[slot] not in (0, key):
        slot = (slot + 1) % _WORD_SLOTS
    words[slot] = key


def _common(char: str) -> bool:
    try:
        raw = char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(raw) == 2 and raw[0] < _COMMON


@inlined
def pair_key(first: int, second: int) -> int:
    """Of two Han characters, above 0; 0 of others."""
    a, b = first - _HAN, second - _HAN
    if a < 0 or a >= _HANS or b < 0 or b >= _HANS:
        return 0
    return a * _HANS + b + 1


@inlined
def word_slot(key: int) -> int:
    return ((key * 0x9E3779B1) >> 15) & (_WORD_SLOTS - 1)


@inlined
def is_word(first: int, second: int, words: I32) -> bool:
    """Whether two characters are a common word."""
    key = pair_key(first, second)
    if key == 0:
        return False
    slot = word_slot(key)
    while words[slot] != 0:
        if words[slot] == key:
            return True
        slot = (slot + 1) & (_WORD_SLOTS - 1)
    return False


@inlined
def _slot(chars: I32, size: int, syllable: U8) -> int:
    """Where a key word with the syllables of these characters stands, or the next free slot."""
    key = 0
    for k in range(size):
        key = key * 0x2F + int(syllable[chars[k]])
    return ((key * 0x9E3779B1) >> 13) & (_TERM_SLOTS - 1)


@bare
def sounded(out: I32, source: I32, size: int, following: int, sounds: Sounds) -> None:
    """Write the key word that the last characters of `out` are pronounced as in their place; the
    last two lie below 0x10000.

    `following`: the character that comes next. Characters that are rare are taken for a disguise
    wherever they stand. Common ones only where nothing stands between, half of the key word is
    written as it should be, and neither edge makes a common word with its neighbour.
    """
    syllable, slots = sounds.syllable, sounds.slots
    kinds = sounds.closing[syllable[out[size - 2]], syllable[out[size - 1]]]
    for length in range(LONGEST, SHORTEST - 1, -1):
        begin = size - length
        if begin < 0 or not kinds >> length & 1:
            continue
        han = True
        for k in range(begin, size):
            han &= out[k] < syllable.size and syllable[out[k]] != 0
        if not han:
            continue
        slot = _slot(out[begin:size], length, syllable)
        while slots[slot] != 0:
            term = sounds.terms[slots[slot] - 1]
            if _said(out, begin, length, term, syllable):
                if _meant(out, source, begin, size, following, term, sounds):
                    for k in range(length):
                        out[begin + k] = term[k]
                return
            slot = (slot + 1) & (_TERM_SLOTS - 1)


@inlined
def _said(out: I32, begin: int, length: int, term: I32, syllable: U8) -> bool:
    """Whether the characters from `begin` have the syllables of the key word, and no more."""
    if length < LONGEST and term[length] != 0:
        return False
    for k in range(length):
        if term[k] == 0 or syllable[out[begin + k]] != syllable[term[k]]:
            return False
    return True


@bare
def _meant(
    out: I32, source: I32, begin: int, size: int, following: int, term: I32, sounds: Sounds
) -> bool:
    """Whether a run that sounds like a key word was written for it."""
    length = size - begin
    words = sounds.words
    other = common = 0
    for k in range(length):
        if out[begin + k] != term[k]:
            other += 1
            common += not sounds.rare[out[begin + k]]
    if other == 0 or (length == SHORTEST and is_word(out[begin], out[begin + 1], words)):
        return False
    if common == 0:
        return True
    if other > length // 2:
        return False
    for k in range(begin, size - 1):
        odd = out[k] != term[k - begin] or out[k + 1] != term[k + 1 - begin]
        if source[k + 1] - source[k] != 3 or (odd and is_word(out[k], out[k + 1], words)):
            return False
    before = out[begin - 1] if begin > 0 else 0
    return not (is_word(before, out[begin], words) or is_word(out[size - 1], following, words))


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(path.name, f"cannot be read: {type(error).__name__}") from error
    wanted = {"version", "in_force_on", "terms", "syllables", "words"}
    if not isinstance(data, dict) or set(data) != wanted:
        raise _bad(path.name, f"must have exactly the keys {sorted(wanted)}")
    if len(data["syllables"]) > 255:
        raise _bad("syllables", "are at most 255")
    if not isinstance(data["terms"], list) or not all(
        isinstance(data[part], dict)
        and all(isinstance(k, str) and isinstance(v, str) for k, v in data[part].items())
        for part in ("syllables", "words")
    ):
        raise _bad(path.name, "terms is a list, syllables and words are texts by name")
    told = "".join(data["syllables"].values())
    if len(set(told)) != len(told) or any(ord(c) >= 0x10000 for c in told):
        raise _bad("syllables", "a character has one syllable")
    if any(len(first) != 1 for first in data["words"]):
        raise _bad("words", "they stand by their first character")
    return data


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "sounds_invalid",
        zh=f"同音字表有误：{what}",
        en=f"the list of sounds is wrong: {what}",
        field=field,
    )
