"""The names table: the public suffix list, and what the lists and organisations add to it."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fanzha.detection.compiled import compiled
from fanzha.detection.link.v1.address import (
    CUT,
    EXCEPTION,
    FLAGS,
    I32,
    I64,
    PRIVATE,
    RULE,
    STRANGE,
    U8,
    U64,
    VALID,
    WILD,
    WILD_PRIVATE,
    lower,
    name_key,
    take_apart,
)
from fanzha.errors import Misconfigured, Refused
from fanzha.values import dns_name, url

__all__ = ["Addresses", "NamesTable", "names_table"]

_PRIVATE_PART = "// ===BEGIN PRIVATE DOMAINS==="
_LONGEST = 8_192
_USER_KEPT, _TAIL_KEPT = 64, 4_096
"""Bytes kept of an address that is too long: of what stands before `@`, and with the path."""
_AUTHORITY = re.compile(rb"\s*[a-z][a-z0-9+.-]{0,15}:[/\\]{1,8}")
_HOST_ENDS = re.compile(rb"[/\\?#]")
_DISARMED_SCHEME = re.compile(r"^\s*h(?:xx|\*\*|tt)p(s?)\s*(?:\[:\]|:)\s*//", re.IGNORECASE)
_DISARMED_DOT = re.compile(
    r"\s*(?:\[\s*(?:\.|dot|点)\s*\]|\(\s*(?:\.|dot|点)\s*\)|\{\.\})\s*", re.IGNORECASE
)


@dataclass(frozen=True, eq=False)
class Addresses:
    """A batch taken apart: lower-case bytes, row offsets, positions (rows, FIELDS)."""

    data: U8
    offsets: I64
    parts: I32

    def __len__(self) -> int:
        return len(self.parts)

    def text(self, row: int, start: int, end: int) -> str:
        """What stands between two fields of a row."""
        base = self.offsets[row]
        return bytes(self.data[base + self.parts[row, start] : base + self.parts[row, end]]).decode(
            "ascii"
        )


@dataclass(frozen=True, eq=False)
class NamesTable:
    """Open-addressed: key of a name → suffix rules and a code. See `address.name_key`."""

    keys: U64
    rules: U8
    codes: I32

    def take_apart(self, addresses: pa.Array | list[str]) -> Addresses:
        """Any text is taken: what is no address has FLAGS without VALID; nulls too."""
        data, offsets = _bytes_of(addresses)
        long = np.flatnonzero(np.diff(offsets) > _LONGEST)
        if long.size:
            data, offsets = _shortened(data, offsets, long)
        taken = self._take_apart(data, offsets)
        taken.parts[long, FLAGS] |= np.where(taken.parts[long, FLAGS] & VALID, np.int32(CUT), 0)
        return taken

    def _take_apart(self, data: U8, offsets: I64) -> Addresses:
        parts = take_apart(data, offsets, self.keys, self.rules, self.codes, _LONGEST, False)
        odd = np.flatnonzero(parts[:, FLAGS] & STRANGE)
        if odd.size == 0:
            return Addresses(data, offsets, parts)
        normal = [_read_slowly(bytes(data[offsets[r] : offsets[r + 1]])) for r in odd.tolist()]
        more, ends = _bytes_of(normal)
        again = take_apart(more, ends, self.keys, self.rules, self.codes, 4 * _LONGEST, True)
        again[:, FLAGS] &= np.where(again[:, FLAGS] & STRANGE, 0, ~np.int32(STRANGE))
        parts[odd] = again
        return _spliced(data, offsets, parts, odd, more, ends)


def names_table(
    platforms: Iterable[str], codes: Mapping[str, int], size: int = 1 << 16
) -> NamesTable:
    """The suffix list that ships with tldextract, free hosts beside it, and a code a name."""
    rules: dict[int, int] = {}
    for text, private in _suffix_list():
        bare = text.lstrip("!*.")
        rule = EXCEPTION if text[0] == "!" else WILD if text[0] == "*" else RULE
        if private and rule != EXCEPTION:
            rule = PRIVATE if rule == RULE else WILD_PRIVATE
        key = name_key(_ascii(bare))
        rules[key] = rules.get(key, 0) | rule
    for name in platforms:
        key = name_key(_ascii(name))
        rules[key] = rules.get(key, 0) | PRIVATE
    told = {name_key(_ascii(name)): code for name, code in codes.items()}
    while size < 4 * len(rules.keys() | told.keys()):
        size *= 2
    table = NamesTable(
        np.zeros(size, np.uint64), np.zeros(size, np.uint8), np.zeros(size, np.int32)
    )
    for key in sorted(rules.keys() | told.keys()):
        slot = (key ^ (key >> 29)) & (size - 1)
        while table.keys[slot]:
            slot = (slot + 1) & (size - 1)
        table.keys[slot], table.rules[slot] = key, rules.get(key, 0)
        table.codes[slot] = told.get(key, 0)
    return table


def _suffix_list() -> Iterable[tuple[str, bool]]:
    """(rule, whether it is one of the private part), as the list writes them."""
    raw = pkgutil.get_data("tldextract", ".tld_set_snapshot")
    if raw is None:
        raise Misconfigured(
            "suffix_list_absent",
            zh="缺少公共后缀列表",
            en="the public suffix list is absent",
            field="tldextract",
        )
    public, _, private = raw.decode("utf-8").partition(_PRIVATE_PART)
    for part, is_private in ((public, False), (private, True)):
        for line in part.splitlines():
            rule = line.strip().split(" ")[0]
            if rule and not rule.startswith("//"):
                yield rule, is_private


def _ascii(name: str) -> str:
    return name if name.isascii() else dns_name.parse(name).normal


def _bytes_of(addresses: pa.Array | list[str]) -> tuple[U8, I64]:
    """Lower-case bytes and row offsets, whatever text type the column has; nulls are empty."""
    if isinstance(addresses, list):
        addresses = pa.array(
            [a.encode("utf-8", "replace").decode("utf-8") for a in addresses], pa.large_string()
        )
    if isinstance(addresses, pa.ChunkedArray):
        addresses = addresses.combine_chunks()
    addresses = addresses.cast(pa.large_string())
    rows, first = len(addresses), addresses.offset
    _, offset_buffer, data_buffer = addresses.buffers()
    if rows == 0:
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    offsets = np.frombuffer(offset_buffer, np.int64)[first : first + rows + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    return lower(data), offsets - offsets[0]


def _read_slowly(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    # As it stands first; then as people write an address that nobody is to open by mistake.
    for written in dict.fromkeys((text, _armed(text))):
        try:
            return url.parse(written).normal
        except Refused:
            continue
    return ""


def _armed(text: str) -> str:
    """`hxxp://a[.]b` as the address it stands for."""
    return _DISARMED_DOT.sub(".", _DISARMED_SCHEME.sub(r"http\1://", text, count=1))


def _shortened(data: U8, offsets: I64, rows: I64) -> tuple[U8, I64]:
    """The batch with too long addresses cut: never the host, which may stand behind a long user."""
    texts = []
    for row in rows.tolist():
        raw = bytes(data[offsets[row] : offsets[row + 1]])
        start = _AUTHORITY.match(raw)
        head, rest = (raw[: start.end()], raw[start.end() :]) if start else (b"", raw)
        end = _HOST_ENDS.search(rest)
        authority, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, b"")
        user, at, host = authority.rpartition(b"@")
        kept = head + user[:_USER_KEPT] + at + host
        texts.append(kept + tail[: max(0, _TAIL_KEPT - len(kept))])
    sizes = np.diff(offsets)
    sizes[rows] = [len(text) for text in texts]
    new = np.concatenate([[0], np.cumsum(sizes)])
    out = np.empty(new[-1], np.uint8)
    more = np.frombuffer(b"".join(texts), np.uint8)
    ends = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    _exchange(data, offsets, rows, more, ends, new, out)
    return out, new


def _spliced(data: U8, offsets: I64, parts: I32, rows: I64, more: U8, ends: I64) -> Addresses:
    """The batch with the bytes of `rows` exchanged for their normal forms."""
    sizes = np.diff(offsets)
    sizes[rows] = np.diff(ends)
    new = np.concatenate([[0], np.cumsum(sizes)])
    out = np.empty(new[-1], np.uint8)
    _exchange(data, offsets, rows, more, ends, new, out)
    return Addresses(out, new, parts)


@compiled
def _exchange(data: U8, offsets: I64, rows: I64, more: U8, ends: I64, new: I64, out: U8) -> None:
    k = 0
    for r in range(offsets.size - 1):
        changed = k < rows.size and rows[k] == r
        begin = ends[k] if changed else offsets[r]
        for i in range(new[r + 1] - new[r]):
            out[new[r] + i] = more[begin + i] if changed else data[begin + i]
        k += changed
