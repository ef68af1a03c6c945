"""Normal form of messages: one writing for what is written to evade, with a way back."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from opencc import OpenCC

from fanzha.detection.text.v1.kernel import (
    DROP,
    EXPANDED,
    GAP,
    I32,
    I64,
    NUMERAL,
    PAIRED,
    U8,
    normalise,
    pair_slot,
)
from fanzha.detection.text.v1.sounds import SOUNDS_FILE, Sounds
from fanzha.errors import Misconfigured, policy_reader

__all__ = ["VARIANTS_FILE", "NormalText", "Normaliser", "Texts"]

VARIANTS_FILE = "variants.yaml"
LONGEST = 1 << 20
"""Bytes of one message that are read; what comes after is not."""
_TABLE = 0x20000
_FILLERS = (0x115F, 0x1160, 0x3164, 0xFFA0)
"""Hangul letters that show nothing."""
_SHOWN = 48
_TRIMMED = " \t\r\n,.;:!?，。；：！？、…~～-—|/\\*()（）[]【】<>《》「」『』\"'“”‘’·"

Texts: TypeAlias = "Sequence[str | bytes | None] | pa.Array | pa.ChunkedArray"


@dataclass(frozen=True, eq=False)
class NormalText:
    """A batch in normal form. Row `r` is `chars[ends[r]:ends[r + 1]]`, code points.

    Spaces, punctuation, emoji and invisible characters are gone (a space stays between Latin
    words); `#` stands for a number, `%` for one of seven digits or more, `@` for an address.
    `source[i]` is the byte of the original row that character `i` began at.
    """

    data: U8
    offsets: I64
    chars: I32
    source: I32
    ends: I64

    def __len__(self) -> int:
        return self.ends.size - 1

    def row(self, row: int) -> str:
        """One row's normal form as text."""
        return self.chars[self.ends[row] : self.ends[row + 1]].tobytes().decode("utf-32-le")

    def bytes_of(self, row: int) -> bytes:
        """The row as received."""
        return bytes(self.data[self.offsets[row] : self.offsets[row + 1]])

    def chosen(self, rows: npt.NDArray[np.intp]) -> NormalText:
        """Some rows, as if they alone had come."""
        raw = [self.bytes_of(row) for row in rows.tolist()]
        cuts = [slice(int(self.ends[row]), int(self.ends[row + 1])) for row in rows.tolist()]
        return NormalText(
            np.frombuffer(b"".join(raw) or b"\0", dtype=np.uint8),
            np.cumsum([0, *(len(one) for one in raw)], dtype=np.int64),
            np.concatenate([self.chars[:0], *(self.chars[cut] for cut in cuts)]),
            np.concatenate([self.source[:0], *(self.source[cut] for cut in cuts)]),
            np.cumsum([0, *(cut.stop - cut.start for cut in cuts)], dtype=np.int64),
        )

    def original(self, row: int, begin: int, end: int) -> str:
        """What the message says where its normal form has characters `begin` to `end`."""
        base, last = self.ends[row], self.ends[row + 1]
        if begin >= end or base + begin >= last:
            return ""
        raw = self.bytes_of(row)
        first = int(self.source[base + begin])
        after = int(self.source[base + end]) if base + end < last else len(raw)
        final = int(self.source[min(base + end, last) - 1])
        if final < first:  # written backwards
            first = final
            after = int(self.source[base + begin]) + 4
            said = raw[first : min(after, first + 1024)].decode("utf-8", errors="ignore")
            return said[: end - begin][::-1].strip(_TRIMMED)[:_SHOWN]
        said = raw[first : min(after, first + 1024)].decode("utf-8", errors="ignore")
        return said.strip(_TRIMMED)[:_SHOWN]


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Tables that say what each character becomes. Deterministic; built once a process."""

    table: I32
    spread: I32
    numeral: U8
    pairs: I32
    sounds: Sounds

    @classmethod
    @policy_reader
    def load(cls, path: Path) -> Normaliser:
        """Tables from Unicode, OpenCC's traditional characters, the list of variants and, beside
        it, that of sounds."""
        listed = _variants(path)
        table, spread = _characters(listed["characters"], listed["symbols"])
        numeral = np.zeros(0x10000, dtype=np.uint8)
        for char in listed["numerals"]:
            numeral[ord(char)] = NUMERAL
        pairs = _pairs(listed["pairs"])
        lasts = pairs[:, 1]
        numeral[lasts[lasts < numeral.size]] |= PAIRED
        sounds = Sounds.load(path.with_name(SOUNDS_FILE))
        numeral |= sounds.ends
        return cls(table, spread, numeral, pairs, sounds)

    def __call__(self, texts: Texts) -> NormalText:
        data, offsets = buffers(texts)
        chars, source, ends = normalise(
            data, offsets, self.table, self.spread, self.numeral, self.pairs, self.sounds, LONGEST
        )
        return NormalText(data, offsets, chars, source, ends)


def buffers(texts: Texts) -> tuple[U8, I64]:
    """Bytes and row offsets of a batch without a copy where Arrow has them; null is empty."""
    if not isinstance(texts, (pa.Array, pa.ChunkedArray)):
        rows = [_raw(text) for text in texts]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        return np.frombuffer(b"".join(rows) or b"\0", dtype=np.uint8), offsets
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
        if isinstance(texts, pa.ChunkedArray):
            texts = pa.concat_arrays(texts.chunks)
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    if texts.null_count:
        texts = pc.fill_null(texts, b"" if pa.types.is_binary(texts.type) else "")
    if not pa.types.is_large_string(texts.type) and not pa.types.is_large_binary(texts.type):
        texts = texts.cast(
            pa.large_binary() if pa.types.is_binary(texts.type) else pa.large_string()
        )
    _, places, content = texts.buffers()
    if not len(texts):
        return np.zeros(1, dtype=np.uint8), np.zeros(1, dtype=np.int64)
    offsets = np.frombuffer(places, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    if content is None or content.size == 0:
        return np.zeros(1, dtype=np.uint8), offsets
    return np.frombuffer(content, dtype=np.uint8), offsets


def _raw(text: str | bytes | None) -> bytes:
    if text is None:
        return b""
    return text if isinstance(text, bytes) else text.encode("utf-8", errors="replace")


@cache
def _unicode_table() -> I32:
    """Case, width, compatibility forms and traditional characters, one by one, before our list."""
    table = np.full(_TABLE, GAP, dtype=np.int32)
    han = [chr(c) for c in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00))]
    simple = OpenCC("t2s").convert("\n".join(han)).split("\n")
    simplified = {a: b if ord(b) < _TABLE else a for a, b in zip(han, simple, strict=True)}
    for c in range(_TABLE):
        char = chr(c)
        kind = unicodedata.category(char)
        if kind in ("Mn", "Me", "Cf", "Sk") or 0xFE00 <= c <= 0xFE0F or c in _FILLERS:
            table[c] = DROP
        elif kind[0] in "LN" or 0x2460 <= c <= 0x24FF or 0x2776 <= c <= 0x2793:
            table[c] = _plain(char, simplified)
    return table


def _plain(char: str, simplified: dict[str, str]) -> int:
    """The plain letter or digit behind a compatibility form, else the character itself."""
    if "❶" <= char <= "➓":
        return ord("0") + (ord(char) - 0x2776) % 10 + 1 if (ord(char) - 0x2776) % 10 < 9 else GAP
    forms = unicodedata.normalize("NFKC", simplified.get(char, char)).lower()
    core = [c for c in unicodedata.normalize("NFD", forms) if c.isalnum()] or list(forms)
    first = core[0] if len(core) == 1 or ord(core[0]) < 128 else forms[0]
    return ord(simplified.get(first, first)) if ord(first) < _TABLE else GAP


def _characters(characters: dict[str, str], symbols: dict[str, str]) -> tuple[I32, I32]:
    table = _unicode_table().copy()
    spread = [0]
    for meant, written in characters.items():
        for char in written:
            table[ord(char)] = ord(meant)
    for written, meant in symbols.items():
        table[ord(written)] = EXPANDED + len(spread)
        spread += [ord(char) for char in meant] + [0]
    return table, np.array(spread, dtype=np.int32)


def _pairs(pairs: dict[str, list[str]]) -> I32:
    out = np.zeros((1024, 4), dtype=np.int32)
    for meant, ways in pairs.items():
        for written in ways:
            if len(written) != 2 or len(meant) != 2:
                raise _bad("pairs", "both sides are two characters")
            slot = pair_slot(ord(written[0]), ord(written[1]), len(out) - 1)
            while out[slot, 0]:
                slot = (slot + 1) % len(out)
            out[slot] = [ord(c) for c in (*written, *meant)]
    return out


def _variants(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _bad(path.name, f"cannot be read: {type(error).__name__}") from error
    wanted = {"version", "in_force_on", "characters", "symbols", "numerals", "pairs"}
    if not isinstance(data, dict) or set(data) != wanted:
        raise _bad(path.name, f"must have exactly the keys {sorted(wanted)}")
    if any(ord(c) >= _TABLE for ways in data["characters"].values() for c in ways):
        raise _bad("characters", "a character lies beyond the table")
    return data


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "variants_invalid",
        zh=f"变体字表有误：{what}",
        en=f"the list of variant writings is wrong: {what}",
        field=field,
    )
