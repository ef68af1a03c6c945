"""Institutions and businesses as callers, senders, payers and payees."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fanzha.city.places import Places
from fanzha.city.rhythm import Ints
from fanzha.city.world import FIXED, ODD, PORT, TOLL, App, World

_STORES = ("app.store.example", "phone.market.example", "apps.qlmobile.example")
_CASUAL_APPS = (
    "记账本",
    "手电筒",
    "天气通",
    "减脂打卡",
    "小说书城",
    "单词日记",
    "公交查询",
    "健步走",
)


@dataclass(slots=True)
class Firms:
    """Indexes of lines, accounts and apps of organisations and of unnamed businesses."""

    service_of: dict[str, int] = field(default_factory=dict)
    """Organisation key → its filed service line."""
    port_of: dict[str, Ints] = field(default_factory=dict)
    """Organisation key → message ports it sends from."""
    account_of: dict[str, int] = field(default_factory=dict)
    app_of: dict[str, int] = field(default_factory=dict)
    centres: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    offices: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    schools: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    hospitals: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    extensions: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    odd: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    ports: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Ports of small businesses that advertise."""
    employers: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    merchants: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Merchants' accounts at the payment firm."""
    tills: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """`merchant:` exits: card terminals that no account is known of."""
    machines: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """`cash:` exits: cash machines and counters."""
    counters: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """`cash:` exits where somebody behind glass pays out."""
    platforms: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Merchants' accounts of top-up, live-stream and phone-card platforms."""
    wallets: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    sellers: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Accounts of people elsewhere: sellers, agents, the other side of large purchases."""
    outsiders: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    casual_apps: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    stores: tuple[str, ...] = _STORES
    places: Places = field(default_factory=Places)


def found(world: World, residents: int) -> Firms:
    """Set up every organisation and business for a city of this size."""
    rng = world.rng("firms")
    firms = Firms()
    lines, accounts = world.lines, world.accounts
    for organisation in world.organisations:
        if organisation.service is not None:
            firms.service_of[organisation.key] = lines.service(organisation.service)
        firms.port_of[organisation.key] = lines.add(PORT, 3)
        firms.account_of[organisation.key] = int(accounts.spread(rng, 1)[0])
        if organisation.app:
            firms.app_of[organisation.key] = len(world.apps)
            signer = _signer(rng)
            world.apps.append(
                App(organisation.package, organisation.app, signer, organisation.kind)
            )
    first = len(world.apps)
    for place, label in enumerate(_CASUAL_APPS):
        world.apps.append(App(f"example.casual{place}.app", label, _signer(rng), "casual"))
    firms.casual_apps = np.arange(first, len(world.apps))
    scale = residents / 10_000
    firms.centres = np.concatenate(
        [np.array(list(firms.service_of.values())), lines.add(TOLL, _at_least(10 * scale, 6))]
    )
    firms.offices = lines.add(FIXED, _at_least(60 * scale, 12))
    firms.schools = lines.add(FIXED, _at_least(6 * scale, 3))
    firms.hospitals = lines.add(FIXED, _at_least(4 * scale, 3))
    firms.extensions = lines.add(FIXED, _at_least(20 * scale, 8))
    firms.odd = lines.add(ODD, _at_least(3 * scale, 3))
    firms.ports = lines.add(PORT, _at_least(25 * scale, 12))
    _businesses(firms, world, rng, scale)
    return firms


def _businesses(firms: Firms, world: World, rng: np.random.Generator, scale: float) -> None:
    accounts = world.accounts
    firms.employers = accounts.spread(rng, _at_least(120 * scale, 15))
    firms.merchants = accounts.add(accounts.firm, _at_least(260 * scale, 30))
    shops = rng.permutation(10**6)[: _at_least(150 * scale, 20)]
    firms.tills = np.array([accounts.exit(f"merchant:S{n:06d}") for n in shops.tolist()])
    machines = rng.permutation(10**4)[: _at_least(8 * scale, 8)]
    firms.machines = np.array([accounts.exit(f"cash:ATM{n:04d}") for n in machines.tolist()])
    counters = rng.permutation(10**4)[: _at_least(3 * scale, 4)]
    firms.counters = np.array([accounts.exit(f"cash:BR{n:04d}") for n in counters.tolist()])
    firms.platforms = accounts.add(accounts.firm, _at_least(4 * scale, 6))
    firms.sellers = accounts.spread(rng, _at_least(300 * scale, 40))
    firms.outsiders = accounts.spread(rng, _at_least(900 * scale, 80))


def _at_least(wanted: float, least: int) -> int:
    return max(least, round(wanted))


def _signer(rng: np.random.Generator) -> str:
    return rng.bytes(32).hex()
