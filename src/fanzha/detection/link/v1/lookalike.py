"""Whom a name resembles: listed spellings in it, beside it, in front of it, or a slip away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fanzha.detection.compiled import compiled
from fanzha.detection.link.v1.address import (
    ADDRESS,
    BARE_SUFFIX,
    CODE,
    FLAGS,
    HOST,
    I32,
    I64,
    OWN,
    OWN_END,
    TAIL,
    U8,
    U64,
    USER,
    USER_END,
    VALID,
)
from fanzha.detection.link.v1.automaton import Automaton, build, scan
from fanzha.detection.link.v1.names import Addresses
from fanzha.detection.link.v1.near import LONGEST, LOOKS_SAME, SLIP, Near, build_near, nearest
from fanzha.detection.link.v1.organisations import Lists, Organisation

__all__ = ["BAIT_AT", "BAIT_END", "FOUND", "IN_PATH", "KINDS", "ORGANISATION", "Lookalikes"]

KINDS = (
    "none", "other_suffix", "with_bait", "with_digits", "with_other", "one_off", "slip",
    "drawn_alike", "written_alike", "site_in_front", "name_in_front", "as_user", "site_behind",
)  # fmt: skip
"""How a name resembles; `written_alike` is by characters of other scripts, `site_behind` by a site
after `@` where the host has ended (`evil.example#@bank.example`)."""
(NONE, OTHER_SUFFIX, WITH_BAIT, WITH_DIGITS, WITH_OTHER, ONE_OFF_KIND, SLIP_KIND, DRAWN_ALIKE,
 WRITTEN_ALIKE, SITE_IN_FRONT, NAME_IN_FRONT, AS_USER, SITE_BEHIND) = range(len(KINDS))  # fmt: skip

#: Columns of what `find` returns; bait positions count from the row's first byte, −1 where none.
FOUND, ORGANISATION, BAIT_AT, BAIT_END, IN_PATH = range(5)

#: Codes of the names table.
DELIVERY, CLOSED, SHORTENER = -1, -2, -3

_NAME, _SHORT, _SITE, _BAIT = range(4)
_HITS = 1_024
"""Room for all spellings of the longest name, so that none can be pushed out by others."""
_SITES = 2
_PATH_LOOKED_AT = 256
"""Bytes of path and query that are searched for names."""
_HYPHEN, _DOT, _AT = 45, 46, 64
_FREE_LENGTH = 8
"""A name this long means the organisation even inside another word."""
_GLUE_LENGTH = 3
"""A bait word this long may be glued to a name; shorter ones stand apart."""
_PARTLY = 6
"""A name this long may have one side glued to a word that is no bait, beside one that is."""


@dataclass(frozen=True, eq=False)
class Lookalikes:
    """Tables made from the organisations and lists."""

    organisations: tuple[Organisation, ...]
    automaton: Automaton
    kinds: U8
    owners: I32
    near: Near
    near_owners: I32

    def find(self, addresses: Addresses) -> I32:
        """(rows, 5): FOUND, ORGANISATION, BAIT_AT, BAIT_END, IN_PATH (an organisation or −1)."""
        auto, near = self.automaton, self.near
        return find_all(
            addresses.data, addresses.offsets, addresses.parts,
            auto.step, auto.ends, auto.shorter, auto.symbols, auto.sizes, self.kinds, self.owners,
            near.letters, near.begins, near.keys, near.first, near.following, near.owner,
            near.neighbours, near.alike, self.near_owners,
        )  # fmt: skip


def lookalikes(organisations: Sequence[Organisation], lists: Lists) -> Lookalikes:
    """Compile the tables. Where two organisations share a spelling the first has it."""
    patterns: list[str] = []
    kinds: list[int] = []
    owners: list[int] = []
    names: list[str] = []
    name_owners: list[int] = []
    for number, one in enumerate(organisations):
        for kind, words in ((_NAME, one.names), (_SHORT, one.short), (_SITE, one.domains[:_SITES])):
            patterns += words
            kinds += [kind] * len(words)
            owners += [number] * len(words)
        names += one.names
        name_owners += [number] * len(one.names)
    patterns += lists.bait
    kinds += [_BAIT] * len(lists.bait)
    owners += [-1] * len(lists.bait)
    return Lookalikes(
        tuple(organisations), build(patterns), np.array(kinds, np.uint8),
        np.array(owners, np.int32), build_near(names), np.array(name_owners, np.int32),
    )  # fmt: skip


@compiled
def _edge(c: int) -> bool:
    """Whether a word ends at this character: a dot, a hyphen, a digit."""
    return c in (_DOT, _HYPHEN, 95) or 48 <= c <= 57


@compiled
def _rest(data: U8, own: int, own_end: int, begin: int, end: int) -> int:
    """What stands in the label beside a name: 0 nothing, 1 digits, 2 more."""
    rest = 0
    for i in range(own, own_end):
        if begin <= i < end or data[i] == _HYPHEN:
            continue
        rest = max(rest, 1 if 48 <= data[i] <= 57 else 2)
    return rest


@compiled
def _bait_beside(
    data: U8, own: int, own_end: int, begin: int, end: int, hits: I32, n: int, kinds: U8,
    tokens_only: bool,
) -> int:  # fmt: skip
    """The hit of a bait word that stands apart, or is glued to [begin, end); −1 where none."""
    best, size = -1, 0
    for k in range(n):
        if kinds[hits[k, 0]] != _BAIT:
            continue
        b, e = hits[k, 1], hits[k, 2]
        if b < end and e > begin:
            continue
        after, before = b == end, e == begin
        if (tokens_only or e - b < _GLUE_LENGTH) and (after or before):
            continue
        left = after or b == own or _edge(data[b - 1])
        right = before or e >= own_end or _edge(data[e])
        if left and right and b >= own and e <= own_end and e - b > size:
            best, size = k, e - b
    return best


@compiled
def _in_own_label(
    data: U8, own: int, own_end: int, hit: I32, kind: int, hits: I32, n: int, kinds: U8, out: I32,
    base: int,
) -> None:  # fmt: skip
    """Judges one spelling found in the label somebody registered."""
    begin, end = hit[1], hit[2]
    left = begin == own or _edge(data[begin - 1])
    right = end == own_end or _edge(data[end])
    size = end - begin
    rest = _rest(data, own, own_end, begin, end)
    found, bait = NONE, -1
    if kind == _SHORT:
        if rest == 2 and (left or right) and (size > 2 or (left and right)):
            bait = _bait_beside(data, own, own_end, begin, end, hits, n, kinds, left and right)
        if bait >= 0 and not (left and right):
            covered = size + hits[bait, 2] - hits[bait, 1]
            bait = bait if covered == own_end - own else -1
        found = WITH_BAIT if bait >= 0 else NONE
    elif rest == 0:
        found = OTHER_SUFFIX
    else:
        bait = _bait_beside(data, own, own_end, begin, end, hits, n, kinds, False)
        free_left = left or (bait >= 0 and hits[bait, 2] == begin)
        free_right = right or (bait >= 0 and hits[bait, 1] == end)
        if not (free_left and free_right) and (size < _PARTLY or not (free_left or free_right)):
            bait = -1
        if bait >= 0:
            found = WITH_BAIT
        elif left and right and rest == 1:
            found = WITH_DIGITS
        elif (left and right) or size >= _FREE_LENGTH:
            found = WITH_OTHER
    _better(out, found, hit[0])
    if out[0] == found and out[1] == hit[0] and bait >= 0:
        out[2], out[3] = hits[bait, 1] - base, hits[bait, 2] - base


@compiled
def _better(out: I32, found: int, pattern: int) -> None:
    """Keeps the likeness that says most."""
    if _rank(found) > _rank(out[0]):
        out[0], out[1], out[2], out[3] = found, pattern, -1, -1


@compiled
def _rank(found: int) -> int:
    if found == AS_USER:
        return 9
    if found in (SITE_IN_FRONT, SITE_BEHIND):
        return 8
    if found == WITH_BAIT:
        return 7
    if found == DRAWN_ALIKE:
        return 6
    if found == OTHER_SUFFIX:
        return 5
    if found == WITH_DIGITS:
        return 4
    if found in (SLIP_KIND, NAME_IN_FRONT):
        return 3
    if found == ONE_OFF_KIND:
        return 2
    return 1 if found == WITH_OTHER else 0


@compiled
def _in_front(data: U8, host: int, own: int, own_end: int, hit: I32, kind: int, out: I32) -> None:
    """Judges one spelling found before the registered label, or reaching into it."""
    begin, end = hit[1], hit[2]
    left = begin == host or _edge(data[begin - 1])
    right = end >= own_end or _edge(data[end])
    if not (left and right):
        return
    if kind == _SITE:
        _better(out, SITE_IN_FRONT, hit[0])
    elif kind == _NAME and end < own:
        _better(out, NAME_IN_FRONT, hit[0])


@compiled
def _named(data: U8, end: int, hits: I32, n: int, kinds: U8, owners: I32) -> int:
    """The organisation that a word of a path names; −1 where none does."""
    for k in range(n):
        if kinds[hits[k, 0]] != _NAME or _letter(data[hits[k, 1] - 1]):
            continue
        if hits[k, 2] == end or not _letter(data[hits[k, 2]]):
            return int(owners[hits[k, 0]])
    return -1


@compiled
def _behind(data: U8, start: int, end: int, hits: I32, n: int, kinds: U8) -> int:
    """The hit of a site that stands after `@` right behind the host's end; −1 where none does."""
    for k in range(n):
        begin, after = hits[k, 1], hits[k, 2]
        if kinds[hits[k, 0]] != _SITE or (after < end and not _ends_name(data[after])):
            continue
        while begin > start and not _ends_name(data[begin - 1]):
            begin -= 1
        if begin - start in (2, 3) and data[begin - 1] == _AT:
            return k
    return -1


@compiled
def _ends_name(c: int) -> bool:
    return not (_letter(c) or _edge(c))


@compiled
def _letter(c: int) -> bool:
    return 97 <= c <= 122


@compiled
def _near_own_label(
    data: U8, own: int, own_end: int, out: I32, base: int,
    letters: U8, begins: I32, keys: U64, first: I32, following: I32, owner: I32, neighbours: U8,
    alike: U8, scratch: U64, drawn: U8,
) -> None:  # fmt: skip
    """Looks for slips in every word of the label; `out[1]` becomes −2 − name."""
    begin, whole = own, False
    i = own
    while i <= own_end:
        if i < own_end and data[i] != _HYPHEN:
            i += 1
            continue
        how, name = nearest(
            data, begin, i, letters, begins, keys, first, following, owner, neighbours, alike,
            scratch, drawn,
        )  # fmt: skip
        if how:
            found = DRAWN_ALIKE if how == LOOKS_SAME else SLIP_KIND if how == SLIP else ONE_OFF_KIND
            _better(out, found, -2 - name)
        if i == own_end and begin > own and not whole:
            # Once more with the hyphens in it: a hyphen may be the one character too many.
            begin, whole = own, True
            continue
        begin = i + 1
        i += 1


@compiled
def find_all(
    data: U8, offsets: I64, parts: I32,
    step: I32, ends: I32, shorter: I32, symbols: U8, sizes: I32, kinds: U8, owners: I32,
    letters: U8, begins: I32, keys: U64, first: I32, following: I32, owner: I32, neighbours: U8,
    alike: U8, near_owners: I32,
) -> I32:  # fmt: skip
    rows = parts.shape[0]
    out = np.full((rows, 5), -1, dtype=np.int32)
    hits = np.empty((_HITS, 3), dtype=np.int32)
    scratch = np.empty(LONGEST + 2, dtype=np.uint64)
    drawn = np.empty(LONGEST + 2, dtype=np.uint8)
    for row in range(rows):
        out[row, FOUND] = NONE
        part = parts[row]
        if not part[FLAGS] & VALID:
            continue
        base = offsets[row]
        if part[CODE] <= 0 and part[CODE] != CLOSED:
            start = base + part[TAIL]
            end = min(offsets[row + 1], start + _PATH_LOOKED_AT)
            n = scan(data, start, end, step, ends, shorter, symbols, sizes, hits)
            out[row, IN_PATH] = _named(data, end, hits, n, kinds, owners)
            k = _behind(data, start, end, hits, n, kinds)
            if k >= 0:
                _better(out[row], SITE_BEHIND, hits[k, 0])
        if part[USER_END] > part[USER] and part[CODE] <= 0:
            n = scan(data, base + part[USER], base + part[USER_END],
                     step, ends, shorter, symbols, sizes, hits)  # fmt: skip
            for k in range(n):
                kind = kinds[hits[k, 0]]
                if kind in (_SITE, _NAME):
                    _better(out[row], AS_USER, hits[k, 0])
        if part[FLAGS] & (ADDRESS | BARE_SUFFIX) or part[CODE] > 0 or part[CODE] == CLOSED:
            if out[row, 1] >= 0:
                out[row, 1] = owners[out[row, 1]]
            continue
        host, own, own_end = base + part[HOST], base + part[OWN], base + part[OWN_END]
        n = scan(data, host, own_end, step, ends, shorter, symbols, sizes, hits)
        for k in range(n):
            kind = kinds[hits[k, 0]]
            if kind == _BAIT:
                continue
            if hits[k, 1] >= own:
                if kind != _SITE:
                    _in_own_label(data, own, own_end, hits[k], kind, hits, n, kinds, out[row], base)
            elif part[CODE] != DELIVERY:
                _in_front(data, host, own, own_end, hits[k], kind, out[row])
        if out[row, 0] == NONE or out[row, 0] == WITH_OTHER:
            _near_own_label(
                data, own, own_end, out[row], base, letters, begins, keys, first, following,
                owner, neighbours, alike, scratch, drawn,
            )  # fmt: skip
        if out[row, 1] >= 0:
            out[row, 1] = owners[out[row, 1]]
        elif out[row, 1] < -1:
            out[row, 1] = near_owners[-2 - out[row, 1]]
    return out
