"""What the strings of an app's code and pages give away: hosts, addresses, wallets, kits, words."""

from __future__ import annotations

import ipaddress
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fanzha.adapters.apk.archive import Archive, Entry
from fanzha.detection.app.static.families import minima
from fanzha.errors import Refused
from fanzha.values import wallet

__all__ = ["code_facts", "dex_strings"]

_URL = re.compile(rb"(?:https?|wss?|tcp|rtmp)://([A-Za-z0-9._~%@-]{3,253})(:\d{1,5})?")
_BARE = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}(:\d{2,5})")
_WALLET = re.compile(
    rb"\b(?:T[1-9A-HJ-NP-Za-km-z]{33}|0x[0-9a-fA-F]{40}|bc1[0-9a-z]{39,59}"
    rb"|[13][1-9A-HJ-NP-Za-km-z]{25,34})\b"
)
_RUN = (".js", ".html", ".htm")
_PAGES = (*_RUN, ".json", ".properties", ".xml", ".txt", ".conf")
_MAGIC = b"dex\n"
_HOSTS, _CLASSES, _SHINGLES = 300, 12_000, 20_000


@dataclass(eq=False)
class _Found:
    """What has been found so far; sets are capped so that a hostile file cannot fill them."""

    words: dict[bytes, str]
    hosts: dict[str, None] = field(default_factory=dict)
    addresses: dict[str, None] = field(default_factory=dict)
    wallets: dict[str, None] = field(default_factory=dict)
    classes: dict[str, None] = field(default_factory=dict)
    said: dict[str, None] = field(default_factory=dict)
    shingles: dict[int, str] = field(default_factory=dict)

    def look(self, text: bytes) -> None:
        """Take what a string or a page gives away."""
        if b"://" in text:
            for match in _URL.finditer(text):
                self._host(match[1], match[2] or b"")
        elif b"." in text and (bare := _BARE.fullmatch(text)):
            self._host(text[: -len(bare[1])], bare[1])
        if len(text) >= 26 and len(self.wallets) < _HOSTS:
            for match in _WALLET.finditer(text):
                self._wallet(match[0].decode())
        for word, shown in self.words.items():
            if word in text:
                self.said[shown] = None

    def _host(self, host: bytes, port: bytes) -> None:
        name = host.decode("ascii", "replace").rpartition("@")[2].lower().strip(".")
        if len(self.hosts) + len(self.addresses) >= _HOSTS or not name:
            return
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            if "." in name and "%" not in name:
                self.hosts[name] = None
            return
        if address.is_global and not address.is_multicast:
            self.addresses[name + port.decode()] = None

    def _wallet(self, text: str) -> None:
        try:
            self.wallets[wallet.parse(text).normal] = None
        except Refused:
            return


def code_facts(archive: Archive, words: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Facts of code and pages, and which of them were left out for being too large or damaged."""
    found = _Found({word.encode(): word for word in words})
    left_out: set[str] = set()
    limits = archive.limits
    left, budget = limits.strings, 4 * limits.dex
    for files, entry in enumerate(_in_order(archive)):
        if files >= limits.dex_files or left <= 0 or budget <= 0:
            left_out.add("code_too_much")
            break
        try:
            data = archive.read(entry.name, min(limits.dex, budget))
            budget -= len(data)
            for text in dex_strings(data, left):
                left -= 1
                _string(text, found)
        except Refused as error:
            left_out.add(f"code_{error.code}")
    _pages(archive, found, left_out)
    return {
        "hosts": list(found.hosts),
        "addresses": list(found.addresses),
        "wallets": list(found.wallets),
        "classes": sorted(found.classes),
        "words": list(found.said),
        "strings": [int(n) for n in minima(found.shingles.values())],
    }, sorted(left_out)


def _in_order(archive: Archive) -> list[Entry]:
    """Files of code: first what a phone runs, in its order (`classes.dex`, `classes2.dex` … up to
    the first that is absent [Android: ART, DexFileLoader::GetMultiDexClassesDexName]); what else
    is called so may be code that the app loads, or nothing at all, and comes after."""
    run: dict[str, Entry] = {}
    while (name := f"classes{len(run) + 1 if run else ''}.dex") in archive.entries:
        run[name] = archive.entries[name]
    rest = [
        entry for name, entry in archive.entries.items()
        if name.lower().endswith(".dex") and name not in run
    ]  # fmt: skip
    return [*run.values(), *rest]


def dex_strings(data: bytes, most: int) -> Iterator[bytes]:
    """The string table of a dex file [Android: Dalvik executable format, string_id_item].

    `Refused` at the end where some were not given: `dex_malformed`, or `too_much` where there are
    more of them than `most`.
    """
    if data[:4] != _MAGIC or len(data) < 0x70:
        raise _malformed()
    said, at = struct.unpack_from("<II", data, 0x38)
    count = min(said, max(0, len(data) - at) // 4)
    damaged, given, last = count < said, 0, data.rfind(b"\0")
    for (start,) in struct.iter_unpack("<I", data[at : at + 4 * min(count, most)]):
        for _ in range(5):  # its length in UTF-16 units, which we do not need
            start += 1
            if start > len(data) or data[start - 1] < 0x80:
                break
        if start > last:
            damaged = True
            continue
        end = data.find(b"\0", start)
        given += end - start
        if given > len(data):  # they lie in one another, and reading them would never end
            raise _malformed()
        if end > start:
            yield data[start:end]
    if damaged:
        raise _malformed()
    if count > most:
        raise Refused("too_much", zh="代码过多", en="too much code")


def _malformed() -> Refused:
    return Refused("dex_malformed", zh="代码文件损坏", en="a file of code is damaged")


def _string(text: bytes, found: _Found) -> None:
    if text[:1] == b"L" and text[-1:] == b";" and b"/" in text and b" " not in text:
        if len(found.classes) < _CLASSES:
            name = text[1:-1].decode("utf-8", "replace").replace("/", ".")
            found.classes[".".join(name.split(".")[:3])] = None
        return
    found.look(text)
    if 6 <= len(text) <= 200:
        # A fixed share of all strings, the same ones in every file: those whose hash is small.
        mark = zlib.crc32(text)
        if mark & 7 == 0 and len(found.shingles) < _SHINGLES:
            found.shingles[mark] = text.decode("utf-8", "replace")


def _pages(archive: Archive, found: _Found, left_out: set[str]) -> None:
    """Pages first, then what they may read; empty files are none."""
    limits = archive.limits
    entries = [
        e for e in archive.named("assets/")
        if (e.size or e.packed) and e.name.lower().endswith(_PAGES)
    ]  # fmt: skip
    entries.sort(key=lambda e: not e.name.lower().endswith(_RUN))
    budget = limits.pages
    for looked, entry in enumerate(entries):
        if looked >= limits.assets or budget <= 0:
            left_out.add("pages_too_much")
            break
        try:
            text = archive.read(entry.name, min(limits.asset, budget))
            budget -= len(text)
            found.look(text)
        except Refused as error:
            left_out.add(f"pages_{error.code}")
