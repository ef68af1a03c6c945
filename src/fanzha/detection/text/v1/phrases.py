"""Quotes a message where its normal form has a phrase, with identifiers masked."""

from __future__ import annotations

import re

import numpy as np

from fanzha.detection.text.v1.addresses import address_text
from fanzha.detection.text.v1.kernel import ADDRESS, F32, LONG_NUMBER
from fanzha.detection.text.v1.normal import NormalText
from fanzha.errors import Refused
from fanzha.values import url

__all__ = ["quote", "spans"]

_SHOWN = 40
_LEAST = 2
_TRIMMED = " \t\r\n,.;:!?，。；：！？、…~～-—|/\\*()（）[]【】<>《》「」『』\"'“”‘’·"
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff]"
)
"""Controls, marks of direction and all that shows nothing: a quote must show what it is."""
_DIGITS = re.compile(r"\d(?:[\s-]{0,2}\d){6,}")
_HANDLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,}\d[A-Za-z0-9_-]*")


def quote(text: NormalText, row: int, begin: int, end: int) -> str:
    """What the message says where its normal form has characters `begin` to `end`.

    Numbers of seven digits or more and chat handles are masked, of addresses only the place
    is shown; at most 40 characters.
    """
    base, last = int(text.ends[row]), int(text.ends[row + 1])
    end = min(end, last - base)
    raw = text.bytes_of(row)
    pieces: list[str] = []
    for k in range(base + begin, base + end):
        after = int(text.source[k + 1]) if k + 1 < last else len(raw)
        said = raw[int(text.source[k]) : after].decode("utf-8", errors="ignore")
        if text.chars[k] == LONG_NUMBER:
            said = "****"
        elif text.chars[k] == ADDRESS:
            said = _place(said)
        pieces.append(said)
        if len(pieces) > 2 * _SHOWN:
            break
    said = _DIGITS.sub("****", "".join(pieces))
    said = _HANDLE.sub(lambda found: found[0][:2] + "****", said)
    return " ".join(_INVISIBLE.sub("", said).split()).strip(_TRIMMED)[:_SHOWN]


def spans(parts: F32, most: int = 2) -> list[tuple[int, int]]:
    """Where the weightiest stretches are: (begin, end) in characters, weightiest first.

    `parts` is the weight of the grams that end at each character.
    """
    if not parts.size or parts.max() <= 0:
        return []
    left = parts.astype(np.float64) - 0.25 * float(parts.max())
    found: list[tuple[int, int]] = []
    for _ in range(most):
        best, begin, end = _best_run(left)
        if best <= 0.0:
            break
        left[begin:end] = -np.inf
        begin = max(0, begin - 1)
        if end - begin >= _LEAST and not any(b < end and begin < e for b, e in found):
            found.append((begin, end))
    return found


def _best_run(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, int, int]:
    best, best_begin, best_end = 0.0, 0, 0
    total, begin = 0.0, 0
    for k, value in enumerate(values.tolist()):
        if total <= 0.0:
            total, begin = 0.0, k
        total += value
        if total > best:
            best, best_begin, best_end = total, begin, k + 1
    return best, best_begin, best_end


def _place(said: str) -> str:
    try:
        return url.parse(address_text(said)).mask
    except Refused:
        return "…"
