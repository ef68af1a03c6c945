"""The residents: who they are, with whom they live, what they do, their lines and accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from fanzha.city import names
from fanzha.city.behaviour import Behaviour, Trades
from fanzha.city.rhythm import Floats, Ints
from fanzha.city.world import MOBILE, OVERSEAS, World
from fanzha.values import reserved

Bools = npt.NDArray[np.bool_]
TRADES = (
    "none",
    "courier",
    "driver",
    "agent",
    "recruiter",
    "shop",
    "landlord",
    "organiser",
    "repairer",
)
"""Trades in the order of `People.trade`; `organiser` collects money for group purchases."""
FRIENDS = 9
_DISTRICT_SHARE = (0.12, 0.17, 0.15, 0.12, 0.1, 0.09, 0.08, 0.05, 0.05, 0.04, 0.03)


@dataclass(slots=True)
class People:
    """One entry a resident; indexes of lines and accounts are −1 where there is none."""

    n: int
    year: int
    age: Ints
    female: Bools
    household: Ints
    district: Ints
    community: Ints
    trade: Ints
    salary: Floats
    savings: Floats
    line: Ints
    second_line: Ints
    account: Ints
    second_account: Ints
    wallet: Ints
    kin: Ints
    friends: Ints
    """Lines called most, dearest first: (n, FRIENDS)."""
    abroad: Ints
    """Line of a relative or partner overseas."""
    device: Ints
    ip: Ints
    sees: dict[str, Bools] = field(default_factory=dict)
    """By stream: whether it knows anything of the resident."""
    meetings: Bools = field(default_factory=lambda: np.empty(0, np.bool_))
    holder: list[str] = field(default_factory=list)

    def of_trade(self, *trades: str) -> Ints:
        return np.flatnonzero(np.isin(self.trade, [TRADES.index(t) for t in trades]))

    @property
    def token(self) -> list[str]:
        return [reserved.person(n) for n in range(self.n)]


def populate(world: World, behaviour: Behaviour, n: int, year: int) -> People:
    """Draw the residents and ask for their lines and accounts."""
    rng = world.rng("people")
    household, position = _households(rng, n)
    age = _ages(rng, household, position)
    district = rng.choice(len(_DISTRICT_SHARE), size=n, p=_DISTRICT_SHARE)[household]
    trade = _trades(rng, age, behaviour.trades)
    adult = age >= 18
    salary = np.where(adult & (age < 62), 5_600 * np.exp(0.45 * rng.standard_normal(n)), 0.0)
    salary = np.where(age >= 62, 3_300 * np.exp(0.3 * rng.standard_normal(n)), salary)
    years = 6.0 + np.clip(age - 20, 0, 35)
    savings = np.asarray(6e3 + years * 900 * np.exp(1.1 * rng.standard_normal(n)), np.float64)
    line = world.lines.add(MOBILE, n)
    outer = world.lines.add(MOBILE, max(40, n * 6 // 10))
    kin = _kin(rng, household, adult)
    abroad = _some(rng, n, behaviour.trades.abroad)
    overseas = world.lines.add(OVERSEAS, min(1_900, max(6, int(abroad.sum() * 0.9))))
    second = _some(rng, n, 0.08) & adult
    has_second = _some(rng, n, 0.55) & adult
    people = People(
        n=n,
        year=year,
        age=age,
        female=rng.random(n) < 0.5,
        household=household,
        district=district,
        community=district * 40 + (household * 7919) % 40,
        trade=trade,
        salary=salary,
        savings=savings,
        line=line,
        second_line=_where(second, world.lines.add(MOBILE, int(second.sum()))),
        account=world.accounts.spread(rng, n),
        second_account=_where(has_second, world.accounts.spread(rng, int(has_second.sum()))),
        wallet=world.accounts.add(world.accounts.firm, n),
        kin=kin,
        friends=_friends(rng, line, outer, kin, district),
        abroad=np.where(abroad, overseas[rng.integers(len(overseas), size=n)], -1),
        device=np.where(_some(rng, n, 0.93), np.arange(n), kin),
        ip=rng.integers(0, 120_000, size=n),
        meetings=_some(rng, n, behaviour.trades.meetings) & (age < 60),
    )
    cover = behaviour.coverage
    people.sees = {
        stream: _some(rng, n, getattr(cover, stream))
        for stream in ("visit", "app", "subject", "text", "chat")
    }
    people.holder = _holders(rng, people)
    return people


def _some(rng: np.random.Generator, n: int, share: float) -> Bools:
    return rng.random(n) < share


def _where(mask: Bools, indexes: Ints) -> Ints:
    out = np.full(len(mask), -1)
    out[mask] = indexes
    return out


def _households(rng: np.random.Generator, n: int) -> tuple[Ints, Ints]:
    sizes = rng.choice([1, 2, 3, 4, 5], size=n, p=[0.2, 0.28, 0.3, 0.14, 0.08])
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), n)) + 1]
    household = np.repeat(np.arange(len(sizes)), sizes)[:n]
    first = np.concatenate([[0], np.flatnonzero(np.diff(household)) + 1])
    position = np.arange(n) - np.repeat(first, np.diff(np.concatenate([first, [n]])))
    return household, position


def _ages(rng: np.random.Generator, household: Ints, position: Ints) -> Ints:
    """Head, partner, child (a grandparent where the child is too young for a phone), elders."""
    homes = int(household[-1]) + 1
    head = rng.triangular(19, 36, 78, size=homes).astype(np.int64)[household]
    spread = rng.integers(-4, 5, size=len(household))
    age = head + spread
    child = head - 27 + spread
    elder = np.minimum(head + 27 + spread, 88)
    age = np.where(position == 2, np.where(child >= 9, child, elder), age)
    age = np.where(position >= 3, np.where(head < 56, elder, np.maximum(child, 9)), age)
    return np.clip(np.where(position == 0, head, age), 9, 92)


def _trades(rng: np.random.Generator, age: Ints, shares: Trades) -> Ints:
    trade = np.zeros(len(age), np.int64)
    working = np.flatnonzero((age >= 20) & (age < 60))
    cuts = np.cumsum([getattr(shares, name) for name in TRADES[1:]])
    drawn = np.searchsorted(cuts, rng.random(len(working)), side="right") + 1
    trade[working] = np.where(drawn < len(TRADES), drawn, 0)
    return trade


def _kin(rng: np.random.Generator, household: Ints, adult: Bools) -> Ints:
    """Somebody of the household; for those who live alone an adult elsewhere in the city."""
    n = len(household)
    after = np.roll(np.arange(n), -1)
    before = np.roll(np.arange(n), 1)
    adults = np.flatnonzero(adult)
    other = adults[rng.integers(len(adults), size=n)]
    other = np.where(other == np.arange(n), after, other)
    kin = np.where(household[before] == household, before, other)
    return np.where(household[after] == household, after, kin)


def _friends(rng: np.random.Generator, line: Ints, outer: Ints, kin: Ints, district: Ints) -> Ints:
    """Kin, then neighbours, colleagues anywhere, people of other places."""
    n = len(line)
    order = np.argsort(district, kind="stable")
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    near = order[np.clip(place[:, None] + rng.integers(-400, 400, size=(n, 4)), 0, n - 1)]
    far = rng.integers(n, size=(n, 2))
    people = np.concatenate([kin[:, None], near, far], axis=1)
    people = np.where(people == np.arange(n)[:, None], kin[:, None], people)
    away = outer[rng.integers(len(outer), size=(n, 2))]
    return np.concatenate([line[people], away], axis=1)


def _holders(rng: np.random.Generator, people: People) -> list[str]:
    """Citizen ids; those of one birthday, sex and district are told apart by their order."""
    codes = list(reserved.DISTRICTS)
    months, days = rng.integers(1, 13, size=people.n), rng.integers(1, 29, size=people.n)
    taken: dict[tuple[int, int, int, bool, int], int] = {}
    out = []
    for age, female, place, month, day in zip(
        people.age.tolist(), people.female.tolist(), people.district.tolist(), months, days,
        strict=True,
    ):  # fmt: skip
        key = (age, int(month), int(day), female, place)
        order = taken[key] = taken.get(key, -1) + 1
        birth = date(people.year - age, int(month), int(day))
        out.append(reserved.citizen_id(order % 500, birth, "F" if female else "M", codes[place]))
    return out


def name_holders(world: World, people: People) -> None:
    """Names of all holders; accounts of one resident bear one name."""
    rng = world.rng("names")
    world.holder_names = names.persons(rng, world.accounts.groups.count)
    for accounts in (people.second_account, people.wallet):
        for person in np.flatnonzero(accounts >= 0).tolist():
            own = world.holder_names[int(people.account[person])]
            world.holder_names[int(accounts[person])] = own


def settle_cells(world: World, people: People) -> None:
    """Cells of home and work for lines of residents; other lines are served elsewhere."""
    rng = world.rng("cells")
    areas = 30_000 + np.arange(len(_DISTRICT_SHARE) * 40)
    sites = distinct_sites(rng, len(areas) * 3)
    world.cells = [reserved.cell(int(areas[i // 3]), int(s)) for i, s in enumerate(sites)]
    count = world.lines.groups.count
    world.home_cell, world.work_cell = np.full(count, -1), np.full(count, -1)
    home = people.community * 3 + rng.integers(3, size=people.n)
    elsewhere = rng.integers(len(world.cells), size=people.n)
    working = (people.age > 17) & (people.age < 62)
    for lines in (people.line, people.second_line):
        held = lines >= 0
        world.home_cell[lines[held]] = home[held]
        world.work_cell[lines[held]] = np.where(working, elsewhere, home)[held]


def distinct_sites(rng: np.random.Generator, n: int) -> Ints:
    return rng.permutation(9 * n)[:n] + 1_000
