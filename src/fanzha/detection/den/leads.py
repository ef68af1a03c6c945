"""Joins lead checks that point to one place, with each other and with the dens found there (E9)."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fanzha.detection.den.find import Den
from fanzha.detection.den.measures import DenMeasures

__all__ = ["ADDRESS_MOST", "JoinedLeads", "Lead", "join_leads"]

ADDRESS_MOST = 512
"""Characters of an address, as of every text of the streams."""
_HOUR_MS = 3_600_000
_ROOM = re.compile(r"(?:[a-z]?\d+(?:-\d+)*(?:号?房间?|室|层|楼|号床|单元)|room\d+|fl\d+)$")
_SAME: dict[str, tuple[str, str]] = {
    "device": ("同一设备", "the same device"),
    "number": ("同一号码或关联号码", "the same number, or one tied to it"),
    "address": ("同一地址", "the same address"),
    "cell": ("同一基站", "the same cell"),
    "den": ("号码属于同一窝点", "numbers of one den"),
    "den_device": ("设备属于同一窝点", "a device of one den"),
    "den_area": ("基站在窝点的可信区域内", "a cell within a den's area"),
}


@dataclass(frozen=True, slots=True)
class Lead:
    """A reported number with what the carrier answered; all but `lead` and `number` may be absent.

    Identifiers in normal form; `at` in ms UTC, 0 where not told; `address` as the carrier wrote it,
    of which `ADDRESS_MOST` characters are read.
    """

    lead: str
    number: str
    at: int = 0
    address: str | None = None
    cell: str | None = None
    imei: str | None = None
    linked: tuple[str, ...] = ()
    """Other cards of the holder, or of the device."""


@dataclass(frozen=True, slots=True)
class JoinedLeads:
    """Leads to one place. `dens` are places in the list of dens that were given."""

    leads: tuple[str, ...]
    dens: tuple[int, ...]
    addresses: tuple[str, ...]
    cells: tuple[str, ...]
    """Cells named by the leads, the dens' likeliest first."""
    why: tuple[tuple[str, str, str], ...]
    """(code, Chinese, English) of what joined them."""


def join_leads(
    leads: Sequence[Lead], dens: Sequence[Den] = (), *, measures: DenMeasures
) -> list[JoinedLeads]:
    """Groups of two leads or more, or of a lead and a den; most leads first.

    One address, one device or one number joins whenever; one cell only where the leads came within
    `lead_hours` of each other, for many people live under one; a lead without a time joins by no
    cell. What points nowhere joins nothing.
    """
    groups = _Groups(len(leads) + len(dens))
    owners: dict[tuple[str, str], int] = {}
    for place, lead in enumerate(leads):
        for code, value in _marks(lead):
            first = owners.setdefault((code, value), place)
            groups.tie(first, place, code)
    _by_cell(leads, groups, measures.lead_hours * _HOUR_MS)
    for n, den in enumerate(dens):
        for place, lead in enumerate(leads):
            if known := _of_den(lead, den, measures.lead_hours * _HOUR_MS):
                groups.tie(place, len(leads) + n, known)
    joined = [_joined(leads, dens, members, groups) for members in groups.groups()]
    kept = [one for one in joined if len(one.leads) > 1 or (one.leads and one.dens)]
    return sorted(kept, key=lambda one: (-len(one.leads), one.leads))


def _marks(lead: Lead) -> Iterator[tuple[str, str]]:
    if lead.imei:
        yield "device", lead.imei
    for number in (lead.number, *lead.linked):
        yield "number", number
    if lead.address and (street := _street(lead.address)):
        yield "address", street


def _street(address: str) -> str:
    """An address without blanks, marks and the room: two rooms of one hotel are one place."""
    folded = unicodedata.normalize("NFKC", address[:ADDRESS_MOST]).casefold()
    bare = re.sub(r"[\s,.;:()\[\]，。；：（）、#]+", "", folded)
    while (shorter := _ROOM.sub("", bare)) != bare and len(shorter) >= 4:
        bare = shorter
    return bare if len(bare) >= 4 else ""


def _by_cell(leads: Sequence[Lead], groups: _Groups, within_ms: int) -> None:
    """Leads in one cell, each within the time of the one before."""
    seen: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, lead in enumerate(leads):
        if lead.cell and lead.at:
            seen[lead.cell].append((lead.at, place))
    for spots in seen.values():
        spots.sort()
        for (before, one), (after, other) in pairwise(spots):
            if after - before <= within_ms:
                groups.tie(one, other, "cell")


def _of_den(lead: Lead, den: Den, within_ms: int) -> str | None:
    if lead.number in den.members or set(lead.linked) & set(den.members):
        return "den"
    if lead.imei and lead.imei in den.devices:
        return "den_device"
    near = den.first_seen - within_ms <= lead.at <= den.last_seen + within_ms
    return "den_area" if near and lead.cell in den.place.area else None


def _joined(
    leads: Sequence[Lead], dens: Sequence[Den], members: list[int], groups: _Groups
) -> JoinedLeads:
    mine = [leads[m] for m in members if m < len(leads)]
    found = [m - len(leads) for m in members if m >= len(leads)]
    cells = [c for n in found for c in dens[n].place.area]
    cells += sorted({lead.cell for lead in mine if lead.cell})
    return JoinedLeads(
        leads=tuple(sorted(lead.lead for lead in mine)),
        dens=tuple(found),
        addresses=tuple(sorted({lead.address for lead in mine if lead.address})),
        cells=tuple(dict.fromkeys(cells)),
        why=tuple((code, *_SAME[code]) for code in groups.why(members)),
    )


class _Groups:
    """Which places hang together, and by what."""

    def __init__(self, size: int) -> None:
        self._root = list(range(size))
        self._ties: list[tuple[int, str]] = []

    def tie(self, one: int, other: int, code: str) -> None:
        if one != other:
            self._ties.append((one, code))
            self._root[max(self._top(one), self._top(other))] = min(
                self._top(one), self._top(other)
            )

    def _top(self, place: int) -> int:
        while self._root[place] != place:
            self._root[place] = self._root[self._root[place]]
            place = self._root[place]
        return place

    def groups(self) -> list[list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for place in range(len(self._root)):
            found[self._top(place)].append(place)
        return list(found.values())

    def why(self, members: Sequence[int]) -> list[str]:
        inside = set(members)
        return sorted({code for one, code in self._ties if one in inside})
