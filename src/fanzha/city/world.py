"""What exists in the city: lines, accounts, sites, apps, cells. Everybody is drawn from one pool.

Groups of lines and accounts are asked for first and numbered together afterwards in random order,
so that neither a number nor a position says whether a scammer or a neighbour stands behind it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from fanzha.city.organisations import Organisation
from fanzha.city.rhythm import Floats, Ints
from fanzha.values import reserved

MOBILE, FIXED, SERVICE, TOLL, PORT, OVERSEAS, ODD, IOT = range(8)
"""Kinds of line; `ODD` presents a number that no plan knows, `IOT` a line of things."""
TRUNKS = ("intl-1", "intl-2", "intl-3", "pstn-1", "pstn-2", "pstn-3", "pstn-4", "smsc-1", "smsc-2")
INTL, PSTN, SMSC = (0, 3), (3, 7), (7, 9)
_SPACE = {MOBILE: 10**8, FIXED: 10**6, PORT: 10**8, TOLL: 10**6, SERVICE: 100, OVERSEAS: 3_200}
_TACS = 60


def seeded(seed: int, name: str, chapter: int = 0) -> np.random.Generator:
    """A stream of chance of its own for each part, so that one part's change leaves the others."""
    named = [seed, zlib.crc32(name.encode())]
    return np.random.default_rng([*named, chapter] if chapter else named)


class Groups:
    """Grows by groups of one kind; afterwards holds one value a member."""

    def __init__(self) -> None:
        self._kinds: list[Ints] = []
        self.count = 0

    def add(self, kind: int, count: int) -> Ints:
        """Indexes of `count` new members."""
        first = self.count
        self._kinds.append(np.full(count, kind, np.int64))
        self.count += count
        return np.arange(first, self.count)

    def kinds(self) -> Ints:
        return np.concatenate([*self._kinds, np.empty(0, np.int64)])


def distinct(rng: np.random.Generator, n: int, space: int) -> Ints:
    """`n` different numbers below `space`, in random order."""
    if n > space:
        raise ValueError(f"only {space} of a kind are reserved, {n} asked for")
    if n * 4 > space:
        return rng.permutation(space)[:n]
    found = np.unique(rng.integers(space, size=n + n // 8 + 16))
    while len(found) < n:
        found = np.unique(np.concatenate([found, rng.integers(space, size=n)]))
    return rng.permutation(found)[:n]


@dataclass(slots=True)
class Lines:
    """Numbers of all kinds. Index columns are −1 where there is none."""

    groups: Groups = field(default_factory=Groups)
    kind: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    normal: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    services: dict[int, int] = field(default_factory=dict)
    """Line index → the service number it must have."""

    def add(self, kind: int, count: int) -> Ints:
        return self.groups.add(kind, count)

    def service(self, number: int) -> int:
        """The line of the n-th reserved service number."""
        line = int(self.add(SERVICE, 1)[0])
        self.services[line] = number
        return line

    def settle(self, rng: np.random.Generator) -> None:
        """Give every line its number."""
        self.kind = self.groups.kinds()
        self.normal = [""] * len(self.kind)
        for kind in (MOBILE, FIXED, TOLL, PORT, OVERSEAS, ODD, IOT):
            members = np.flatnonzero(self.kind == kind)
            draws = distinct(rng, len(members), _SPACE.get(kind, 10**9))
            places = rng.integers(len(reserved.DISTRICTS), size=len(members))
            codes = list(reserved.DISTRICTS)
            for line, n, place in zip(members.tolist(), draws.tolist(), places, strict=True):
                self.normal[line] = _number(kind, n, codes[place])
        for line, number in self.services.items():
            self.normal[line] = reserved.service(number)
        double = rng.random(len(self.kind)) < 0.3
        self.shown = [
            _as_presented(normal, bool(zeros))
            for normal, zeros in zip(self.normal, double, strict=True)
        ]


def _number(kind: int, n: int, district: str) -> str:
    if kind == MOBILE:
        return reserved.mobile(n)
    if kind == FIXED:
        return reserved.fixed(n, district)
    if kind == TOLL:
        return reserved.toll_free(n)
    if kind == PORT:
        return reserved.port(n)
    if kind == OVERSEAS:
        return reserved.overseas(n)
    if kind == IOT:
        return reserved.iot(n)
    return f"?0000{n:09d}"


def _as_presented(normal: str, zeros: bool) -> str:
    """The number as a switch writes it: domestic without country code, abroad with + or 00."""
    if normal.startswith("+86"):
        rest = normal[3:]
        return rest if rest.startswith("1") else "0" + rest
    if normal.startswith("+"):
        return "00" + normal[1:] if zeros else normal
    return normal.removeprefix("?")


@dataclass(slots=True)
class Accounts:
    """Accounts at invented institutions, and exits. `bank` is an index into `institutions`."""

    institutions: tuple[str, ...] = (*reserved.BANKS, *reserved.PAYMENT_FIRMS)
    groups: Groups = field(default_factory=Groups)
    bank: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    normal: list[str] = field(default_factory=list)
    exits: dict[int, str] = field(default_factory=dict)

    @property
    def firm(self) -> int:
        """Index of the payment firm."""
        return len(reserved.BANKS)

    def add(self, bank: int, count: int) -> Ints:
        return self.groups.add(bank, count)

    def spread(self, rng: np.random.Generator, count: int) -> Ints:
        """`count` new accounts over the banks by their size."""
        sizes = np.array([0.34, 0.22, 0.18, 0.16, 0.10])
        banks = rng.choice(len(sizes), size=count, p=sizes)
        first = self.groups.count
        out = np.empty(count, np.int64)
        for bank in range(len(sizes)):
            members = np.flatnonzero(banks == bank)
            out[members] = self.add(bank, len(members))
        assert self.groups.count == first + count
        return out

    def exit(self, name: str) -> int:
        """A door out of the banking system: `cash:…`, `merchant:…` or `wallet:…`."""
        account = int(self.add(-1, 1)[0])
        self.exits[account] = name
        return account

    def settle(self, rng: np.random.Generator) -> None:
        """Give every account its number."""
        self.bank = self.groups.kinds()
        draws = distinct(rng, len(self.bank), 10**12).tolist()
        self.normal = [
            self.exits[account] if bank < 0 else self._number(bank, draws[account])
            for account, bank in enumerate(self.bank.tolist())
        ]

    def _number(self, bank: int, n: int) -> str:
        code = self.institutions[bank]
        return reserved.bank_account(n, code) if bank < self.firm else f"{code}:{2 * 10**15 + n}"


@dataclass(frozen=True, slots=True)
class App:
    """An application as phones report it."""

    package: str
    label: str
    signer: str
    kind: str


@dataclass(slots=True)
class World:
    """The stage on which everybody acts."""

    seed: int
    organisations: tuple[Organisation, ...]
    chapter: int = 0
    """Later chapters: other days of the same people, numbers and gangs."""
    lines: Lines = field(default_factory=Lines)
    accounts: Accounts = field(default_factory=Accounts)
    apps: list[App] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    imsis: list[str] = field(default_factory=list)
    imeis: list[str] = field(default_factory=list)
    imsi_of: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    imei_of: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    home_cell: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    work_cell: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    holder_names: list[str] = field(default_factory=list)
    """Name of each account's holder; "" where the bank sends none."""

    def rng(self, name: str) -> np.random.Generator:
        """Chance for what is: the same in every chapter."""
        return seeded(self.seed, name)

    def chance(self, name: str) -> np.random.Generator:
        """Chance for what happens."""
        return seeded(self.seed, name, self.chapter)

    def organisation(self, key: str) -> Organisation:
        return next(o for o in self.organisations if o.key == key)

    def settle(self, local: Ints, extra_imeis: int) -> Ints:
        """Number everything. `local` mobiles have cards and sets in the city's own network.

        Returns indexes of `extra_imeis` further sets that belong to no line of their own.
        """
        rng = self.rng("numbers")
        self.lines.settle(rng)
        self.accounts.settle(rng)
        total = len(local) + extra_imeis
        self.imsis = [reserved.imsi(int(n)) for n in distinct(rng, len(local), 10**10)]
        tacs = [reserved.tac(int(n)) for n in distinct(rng, _TACS, 10**6)]
        models = rng.choice(_TACS, size=total, p=_popularity(_TACS))
        serials = np.empty(total, np.int64)
        for model in range(_TACS):
            made = np.flatnonzero(models == model)
            serials[made] = distinct(rng, len(made), 10**6)
        order = rng.permutation(total)
        self.imeis = [""] * total
        for place, model, serial in zip(order.tolist(), models, serials, strict=True):
            self.imeis[place] = reserved.imei(int(serial), tacs[model])
        count = self.lines.groups.count
        self.imsi_of, self.imei_of = np.full(count, -1), np.full(count, -1)
        self.imsi_of[local] = np.arange(len(local))
        self.imei_of[local] = np.arange(len(local))
        return np.arange(len(local), total)

    def pools(self) -> dict[str, pa.Array]:
        """Strings by pool, for the columns that hold indexes."""
        return {
            "line": pa.array(self.lines.shown, pa.string()),
            "account": pa.array(self.accounts.normal, pa.string()),
            "imsi": pa.array(self.imsis, pa.string()),
            "imei": pa.array(self.imeis, pa.string()),
            "cell": pa.array(self.cells, pa.string()),
            "trunk": pa.array(TRUNKS, pa.string()),
            "package": pa.array([app.package for app in self.apps], pa.string()),
            "label": pa.array([app.label for app in self.apps], pa.string()),
            "signer": pa.array([app.signer for app in self.apps], pa.string()),
            "holder_name": pa.array([name or None for name in self.holder_names], pa.string()),
        }


def _popularity(n: int) -> Floats:
    weights: Floats = 1.0 / np.arange(1, n + 1)
    shares: Floats = weights / weights.sum()
    return shares
