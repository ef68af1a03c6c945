"""The zip inside an APK, read as Android reads it: by its directory, within limits.

Malicious apps set flags and methods that Android ignores and tools stumble over, so `zipfile` will
not do. Nothing is written anywhere: names are only compared, never used as paths.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fanzha.adapters.apk.limits import Limits
from fanzha.errors import Refused

__all__ = ["Archive", "Entry", "open_archive"]

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_MARK, _CENTRAL_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_COMMENT_MAX = 0xFFFF
_STORED, _DEFLATED = 0, 8
_ZIP64 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the directory tells it. Sizes in bytes."""

    name: str
    flags: int
    method: int
    packed: int
    size: int
    at: int
    """Where its local header stands in the file."""


@dataclass(frozen=True, eq=False)
class Archive:
    """`entries`: the first of each name, as Android takes it. `tricks`: codes of malformation."""

    data: memoryview
    entries: Mapping[str, Entry]
    tricks: frozenset[str]
    limits: Limits

    def read(self, name: str, most: int) -> bytes:
        """Unpack one entry. `Refused` where it is longer than `most` or damaged."""
        entry = self.entries[name]
        if entry.size > most:
            raise _refused("apk_entry_too_large", "条目过大", "an entry is too large", name)
        start = self._content(entry)
        packed = self.data[start : start + entry.packed]
        if entry.method != _DEFLATED:
            # Android takes every method it does not know for stored.
            return bytes(packed[: min(most, entry.size or entry.packed)])
        unpacker = zlib.decompressobj(-15)
        try:
            out = unpacker.decompress(packed, most + 1)
        except zlib.error as error:
            raise _refused("apk_entry_damaged", "条目损坏", "an entry is damaged", name) from error
        if not unpacker.eof and len(out) <= most:
            raise _refused("apk_entry_damaged", "条目损坏", "an entry is damaged", name)
        if len(out) > most:
            raise _refused("apk_entry_too_large", "条目过大", "an entry is too large", name)
        return out

    def named(self, prefix: str = "", suffix: str = "") -> Iterator[Entry]:
        """Entries whose names begin and end so."""
        for name, entry in self.entries.items():
            if name.startswith(prefix) and name.endswith(suffix):
                yield entry

    def _content(self, entry: Entry) -> int:
        if entry.at + _LOCAL.size > len(self.data):
            raise _refused("apk_entry_damaged", "条目损坏", "an entry is damaged", entry.name)
        mark, *_, name, extra = _LOCAL.unpack_from(self.data, entry.at)
        if mark != _LOCAL_MARK:
            raise _refused("apk_entry_damaged", "条目损坏", "an entry is damaged", entry.name)
        return int(entry.at + _LOCAL.size + name + extra)


def open_archive(data: memoryview, limits: Limits) -> Archive:
    """Read the directory. `Refused` where it is none, too long, or claims to unpack to too much."""
    at, count, size = _end(data)
    if count > limits.entries:
        raise _refused("apk_too_many_entries", "条目过多", "too many entries")
    entries: dict[str, Entry] = {}
    tricks: set[str] = set()
    position, total, seen = at, 0, 0
    while position + _CENTRAL.size <= min(len(data), at + size) and seen < limits.entries + 1:
        entry, step = _central(data, position)
        if entry is None:
            break
        position, seen, total = position + step, seen + 1, total + entry.size
        _look(entry, entries, tricks, limits)
    if not entries:
        raise _refused(
            "apk_no_directory", "压缩包目录损坏", "the directory of the archive is damaged"
        )
    if total > limits.unpacked:
        raise _refused("apk_unpacks_too_large", "解压后过大", "unpacks to too much")
    if _overlap(entries.values()):
        tricks.add("overlapping_entries")
    return Archive(data, entries, frozenset(tricks), limits)


def _end(data: memoryview) -> tuple[int, int, int]:
    """Where the directory stands, how many entries it says, its length."""
    tail = bytes(data[max(0, len(data) - _END.size - _COMMENT_MAX) :])
    found = tail.rfind(_END_MARK)
    while found >= 0:
        if found + _END.size <= len(tail):
            _, _, _, _, count, size, at, _ = _END.unpack_from(tail, found)
            end = len(data) - len(tail) + found
            if at == _ZIP64 or count == 0xFFFF:
                raise _refused("apk_zip64", "zip64 压缩包，不能安装", "a zip64 archive")
            if at + size <= end and size >= _CENTRAL.size:
                return at, count, size
        found = tail.rfind(_END_MARK, 0, found)
    raise _refused(
        "apk_no_archive", "不是安装包（没有压缩包目录）", "not an APK: no archive directory"
    )


def _central(data: memoryview, position: int) -> tuple[Entry | None, int]:
    (mark, _, _, flags, method, _, _, _, packed, size, name, extra, comment, _, _, _, at) = (
        _CENTRAL.unpack_from(data, position)
    )
    if mark != _CENTRAL_MARK:
        return None, 0
    begin = position + _CENTRAL.size
    text = bytes(data[begin : begin + name]).decode("utf-8", "replace")
    return Entry(text, flags, method, packed, size, at), _CENTRAL.size + name + extra + comment


def _look(entry: Entry, entries: dict[str, Entry], tricks: set[str], limits: Limits) -> None:
    if entry.flags & 1:
        tricks.add("encrypted_flag")
    if entry.method not in (_STORED, _DEFLATED):
        tricks.add("unknown_method")
    if entry.name in entries:
        tricks.add("duplicate_names")
    if ".." in entry.name.replace("\\", "/").split("/") or entry.name.startswith(("/", "\\")):
        tricks.add("path_traversal")
    if entry.name.rstrip("/") == "AndroidManifest.xml" and entry.name.endswith("/"):
        tricks.add("manifest_is_folder")
    if entry.size > limits.entry_ratio * max(1, entry.packed) and entry.size > 1 << 20:
        raise _refused("apk_bomb", "压缩炸弹", "a zip bomb: it claims more than deflate can hold")
    entries.setdefault(entry.name, entry)


def _overlap(entries: Iterable[Entry]) -> bool:
    """Whether contents of entries share bytes, as in bombs made of one kernel."""
    spans = sorted((one.at, one.at + _LOCAL.size + one.packed) for one in entries)
    return any(b[0] < a[1] for a, b in itertools.pairwise(spans))


def _refused(code: str, zh: str, en: str, name: str | None = None) -> Refused:
    known = name if name in ("AndroidManifest.xml", "resources.arsc") else None
    return Refused(code, zh=zh, en=en, field=known)
