"""Web addresses in messages, also where they are written so that a filter does not see them."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.text.v1.kernel import ADDRESS
from fanzha.detection.text.v1.normal import NormalText
from fanzha.errors import Refused
from fanzha.values import url
from fanzha.values.writing import fold

__all__ = ["address_text", "addresses", "addresses_of_few"]

Rows = npt.NDArray[np.intp]
_EACH = 8
"""Addresses read of one message at most."""
_LONGEST = 8_192
_ADDRESS = re.compile(r"[0-9A-Za-z.\-/:?=&%#_~+@]+")
_ENDS = (
    "com|cn|net|org|top|xyz|vip|cc|me|info|shop|site|club|icu|app|io|co|tv|ltd|ink|live|fun|link"
)
_DOT = r"(?:\.|。|．|｡|·|•|点|點|dot|\[\.\]|\(\.\)|【\.】|\(dot\)|\[dot\])"
#: A name whose dots are words, brackets or have blanks around them. RE2 and Python alike.
_HIDDEN = (
    r"(?i)(?:(?:h\s?[tx]\s?[tx]\s?p\s?s?\s?:\s?/\s?/\s?)?"
    rf"[a-z0-9](?:\s?[a-z0-9-]){{0,40}}\s?{_DOT}\s?(?:[a-z0-9-]{{1,40}}\s?{_DOT}\s?)?"
    rf"(?:{_ENDS})(?:\s?/\s?[0-9a-z_./?=&%-]*)?)(?:[^a-z]|$)"
)
_CUE = r"(?i)(?:点|點|dot|\[\.\]|\(\.\)|【\.】|\s[.。．]|[.。．]\s|h[tx][tx]p|[a-z]\s[a-z]\s)\s?"
_HIDDEN_NAME = re.compile(_HIDDEN)
_CUED = re.compile(_CUE)
#: What every hidden name ends in, without its case: a sign or the last letter of `dot`, an end.
_ENDING = re.compile(rf"[.。．｡·•点點\])】t]\s?(?:{_ENDS})")
_FOLD_TO_ASCII = ("ſ".encode(), "\u212a".encode())
_PLAIN_DOT = re.compile(rf"(?i)\s?{_DOT}\s?")
_DEFUSED = re.compile(r"(?i)^hxxp(s?):")
_SCHEME = re.compile(r"(?i)^h\s?[tx]\s?[tx]\s?p\s?(s?)\s?:\s?/\s?/\s?")


def addresses(bodies: pl.Series, text: NormalText) -> tuple[Rows, list[str]]:
    """(rows, addresses): normal forms of `values.url`, rows ascending, in order of the message.

    `text` is the normal form of `bodies`. Mail addresses are none; a word for a dot, brackets
    round it and blanks inside a name are undone.
    """
    found = _marked(text)
    cued = bodies.str.contains(_CUE).fill_null(False).arg_true()
    hidden = bodies.gather(cued).str.contains(_HIDDEN)
    for row in cued.filter(hidden).to_list():
        for name in _HIDDEN_NAME.finditer(fold(str(bodies[row])[:_LONGEST])):
            _add(found, row, _uncovered(name[0]))
    rows = [row for row in sorted(found) for _ in found[row]]
    return np.array(rows, dtype=np.intp), [name for row in sorted(found) for name in found[row]]


def addresses_of_few(text: NormalText) -> list[tuple[int, str]]:
    """(row, address) of a batch of tens of texts, without what a query engine costs a call.

    The same rules; only of blanks that are none in ASCII may the two think otherwise, and of a
    text's first 8,192 characters alone is a hidden name sought here.
    """
    found = _marked(text)
    for row in _spelt(text):
        said = text.bytes_of(row).decode("utf-8", "replace")[:_LONGEST]
        if not _ENDING.search(said.casefold()):
            continue
        if _CUED.search(said) and _HIDDEN_NAME.search(said):
            for name in _HIDDEN_NAME.finditer(fold(said)):
                _add(found, row, _uncovered(name[0]))
    return [(row, name) for row in sorted(found) for name in found[row]]


def _spelt(text: NormalText) -> list[int]:
    """Rows in which two letters stand behind what the end of a hidden name may stand behind."""
    begin, end = int(text.offsets[0]), int(text.offsets[-1])
    raw = text.data[begin:end]
    if raw.size < 3:
        return []
    if any(one in raw.tobytes() for one in _FOLD_TO_ASCII):
        return list(range(len(text)))
    low = raw | 0x20
    letter = (low >= ord("a")) & (low <= ord("z"))
    before = raw[:-2]
    open_ = (before > 0x7F) | (before <= 0x20) | (before == 0x2E) | (before == 0x29)
    open_ |= (before == 0x5D) | (low[:-2] == ord("t"))
    places = np.flatnonzero(open_ & letter[1:-1] & letter[2:]) + begin
    return list(dict.fromkeys((np.searchsorted(text.offsets, places, "right") - 1).tolist()))


def _marked(text: NormalText) -> dict[int, dict[str, None]]:
    """Addresses that the normal form has a mark for."""
    marks = np.flatnonzero(text.chars == ADDRESS)
    owner = np.searchsorted(text.ends, marks, side="right") - 1
    found: dict[int, dict[str, None]] = {}
    for row, place in zip(owner.tolist(), marks.tolist(), strict=True):
        _add(found, row, address_text(_said(text, row, place)))
    return found


def address_text(said: str) -> str:
    """The address that a stretch of a message begins with, in plain characters."""
    found = _ADDRESS.match(fold(said).replace("。", "."))
    return found[0].rstrip(".:?&#-_~+@=%") if found else ""


def _said(text: NormalText, row: int, place: int) -> str:
    """The message from an address mark to the next character of the normal form."""
    raw = text.bytes_of(row)
    last = place + 1 >= text.ends[row + 1]
    end = len(raw) if last else int(text.source[place + 1])
    begin = int(text.source[place])
    return raw[begin : min(end, begin + _LONGEST)].decode("utf-8", errors="ignore")


def _uncovered(said: str) -> str:
    """A hidden name with plain dots and no blanks."""
    scheme = _SCHEME.match(said)
    rest = said[scheme.end() :] if scheme else said
    plain = _PLAIN_DOT.sub(".", rest)
    plain = "".join(plain.split())
    return address_text((f"http{scheme[1].lower()}://" if scheme else "") + plain)


def _add(found: dict[int, dict[str, None]], row: int, written: str) -> None:
    if not written or (("@" in written) and "://" not in written):
        return
    normal = _normal(written)
    if normal is None:
        return
    of_row = found.setdefault(row, {})
    if len(of_row) < _EACH:
        of_row.setdefault(normal)


@lru_cache(maxsize=65_536)
def _normal(written: str) -> str | None:
    """Campaigns send one address many times: it is parsed once."""
    try:
        return url.parse(_DEFUSED.sub(r"http\1:", written)).normal
    except Refused:
        return None
