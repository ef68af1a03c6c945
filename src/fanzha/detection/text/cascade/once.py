"""A phrase said over and over is read once: repeated, little evidence would add up to certainty."""

from __future__ import annotations

__all__ = ["said_once"]

_FEWEST, _LONGEST = 8, 200
"""Times a phrase stands in a row before it is read once, and its most characters."""
_SIZE = 64
"""Characters of a run before it matters: a number masked by crosses is shorter."""
_ANCHOR = 16
_RUNS = 4
"""Runs of one text that are looked for."""


def said_once(text: str) -> str:
    """The text without the repeats of a run that makes up half of it or more; else as it is."""
    for _ in range(_RUNS):
        shorter = _shorter(text)
        if len(shorter) == len(text):
            break
        text = shorter
    return text


def _shorter(text: str) -> str:
    """A run of half the text holds the text's middle, or ends or begins there."""
    size = len(text)
    if size < _SIZE:
        return text
    middle = size // 2
    for at in (middle, max(middle - 2 * _ANCHOR, 0), 0):
        anchor = text[at : at + _ANCHOR]
        period = text.find(anchor, at + 1, at + _LONGEST + _ANCHOR) - at
        if period <= 0:
            continue
        begin, end = at, at + period
        while end < size and text[end] == text[end - period]:
            end += 1
        while begin > 0 and text[begin - 1] == text[begin - 1 + period]:
            begin -= 1
        if end - begin >= max(_FEWEST * period, size / 2, _SIZE):
            return text[: begin + period] + text[end:]
    return text
