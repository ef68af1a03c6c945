"""Lives of lines and accounts, and the registry that ties them to people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fanzha.city.behaviour import Behaviour
from fanzha.city.drafts import ACCOUNT_ACTIONS, CLASSES, LINE_ACTIONS, PRODUCTS, Drafts
from fanzha.city.people import People
from fanzha.city.rhythm import DAY, HOUR, MINUTE, Ints, Span
from fanzha.city.world import World

OUTLETS = 160
ADDRESSES = 120_000
"""IP addresses that banks see."""
HISTORY = 120 * DAY
"""How far before the start lines and accounts opened lately are told of."""
_ACTION = {name: place for place, name in enumerate(ACCOUNT_ACTIONS)}
_CLASS = {name: place for place, name in enumerate(CLASSES)}


@dataclass(slots=True)
class Registry:
    """Writes `line`, `account` and `subject` rows. Pools: a resident's id and district."""

    world: World
    people: People
    span: Span
    lines: Drafts
    accounts: Drafts
    subjects: Drafts
    device_of: Ints
    person_of_account: Ints

    def act(
        self,
        account: Ints,
        at: Ints,
        action: str,
        rng: np.random.Generator,
        *,
        incident: Ints | int = -1,
        role: Ints | int = -1,
    ) -> None:
        """Something done in an account from its usual device."""
        person = self.person_of_account[account]
        second = (account == self.people.second_account[person]) & (person >= 0)
        own = np.where(second, _CLASS["II"], _CLASS["I"])
        firm = self.world.accounts.bank[account] == self.world.accounts.firm
        device = self.device_of[account]
        self.accounts.add(
            at,
            incident=incident,
            role=role,
            account=account,
            action=_ACTION[action],
            holder=person,
            **{"class": np.where(firm, _CLASS["payment"], own)},
            device=device,
            ip=np.where(device >= 0, address(device, rng), -1),
            outlet=np.where(action == "open", rng.integers(OUTLETS, size=len(at)), -1),
            district=np.where(person >= 0, self.people.district[person], -1),
        )

    def activate(
        self,
        line: Ints,
        at: Ints,
        holder: Ints,
        outlet: Ints,
        *,
        incident: Ints | int = -1,
        role: Ints | int = -1,
    ) -> None:
        """A card begins to live."""
        self.lines.add(
            at,
            incident=incident,
            role=role,
            number=line,
            imsi=self.world.imsi_of[line],
            action=LINE_ACTIONS.index("activate"),
            holder=holder,
            product=PRODUCTS.index("phone"),
            outlet=outlet,
            district=np.where(holder >= 0, self.people.district[holder], -1),
        )


def everyday_registry(registry: Registry, behaviour: Behaviour) -> None:
    """Who holds what, cards and accounts opened of late, and what people do in their accounts."""
    told_before(registry)
    everyday_acts(registry, behaviour)


def told_before(registry: Registry) -> None:
    """Who holds what, and cards and accounts opened of late."""
    _subjects(registry)
    rng = registry.world.chance("registry")
    people, span = registry.people, registry.span
    fresh = np.flatnonzero(rng.random(people.n) < 0.03)
    at = span.start_ms - rng.integers(HOUR, HISTORY, size=len(fresh))
    at = np.where(rng.random(len(fresh)) < 0.03, _inside(span, rng, len(fresh)), at)
    outlet = rng.integers(OUTLETS, size=len(fresh))
    registry.activate(people.line[fresh], at, fresh, outlet)
    second = np.flatnonzero((people.second_line >= 0) & (rng.random(people.n) < 0.2))
    at = span.start_ms - rng.integers(HOUR, HISTORY, size=len(second))
    outlet = rng.integers(OUTLETS, size=len(second))
    registry.activate(people.second_line[second], at, second, outlet)
    fresh = np.flatnonzero(rng.random(people.n) < 0.025)
    at = span.start_ms - rng.integers(HOUR, HISTORY, size=len(fresh))
    registry.act(people.account[fresh], at, "open", rng)
    held = np.flatnonzero((people.second_account >= 0) & (rng.random(people.n) < 0.04))
    at = span.start_ms - rng.integers(HOUR, HISTORY, size=len(held))
    registry.act(people.second_account[held], at, "open", rng)


def everyday_acts(registry: Registry, behaviour: Behaviour) -> None:
    """What people do in their accounts."""
    rng = registry.world.chance("registry.acts")
    people, span = registry.people, registry.span
    for action, rate, curve in (
        ("login", 0.45, "life"),
        ("add_payee", 0.02, "life"),
        ("bind_device", 0.004, "evening"),
        ("limit_change", 0.003, "office"),
    ):
        n = int(rng.poisson(rate * people.n * span.amount(behaviour.rhythm(curve))))
        who = rng.integers(people.n, size=n)
        at = span.draw(rng, n, behaviour.rhythm(curve))
        registry.act(people.account[who], at, action, rng)


def address(device: Ints, rng: np.random.Generator) -> Ints:
    """Mostly the device's usual address, now and then another network's."""
    usual = rng.random(len(device)) < 0.8
    return np.where(usual, device * 7_919 % ADDRESSES, rng.integers(ADDRESSES, size=len(device)))


def _inside(span: Span, rng: np.random.Generator, n: int) -> Ints:
    return rng.integers(span.start_ms, span.end_ms, size=n)


def _subjects(registry: Registry) -> None:
    """Rows of the residents the registry knows: a number with the main account, then the rest."""
    people, rng = registry.people, registry.world.rng("subjects")
    known = np.flatnonzero(people.sees["subject"])
    kin = np.where(rng.random(len(known)) < 0.5, people.line[people.kin[known]], -1)
    shared = {
        "person": known,
        "district": people.district[known],
        "birth_year": people.year - people.age[known],
    }
    told = registry.span.start_ms - rng.integers(5 * MINUTE, 6 * HOUR, size=len(known))
    registry.subjects.add(
        told, number=people.line[known], account=people.account[known], kin_number=kin, **shared
    )
    for column, values in (
        ("number", people.second_line),
        ("account", people.second_account),
        ("account", people.wallet),
    ):
        has = np.flatnonzero(values[known] >= 0)
        registry.subjects.add(
            told[has] + rng.integers(1, 200_000, size=len(has)),
            **{column: values[known][has]},
            **{name: value[has] for name, value in shared.items()},
        )
