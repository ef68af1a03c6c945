"""Gangs and their tools: numbers, sites, apps, accounts that pass money on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fanzha.city.behaviour import Behaviour
from fanzha.city.firms import Firms
from fanzha.city.life.registry import HISTORY, OUTLETS, Registry
from fanzha.city.people import People
from fanzha.city.rhythm import DAY, HOUR, Ints
from fanzha.city.scam.dens import Dens, rent
from fanzha.city.scam.roles import ROLE
from fanzha.city.scam.script import Script
from fanzha.city.sites import Sites
from fanzha.city.world import FIXED, MOBILE, ODD, OVERSEAS, PORT, TOLL, App, World
from fanzha.values import reserved


@dataclass(slots=True)
class Gang:
    """One gang's tools. Sites and apps are listed by (scam type, kind)."""

    lines: dict[str, Ints]
    """By origin: lines it calls or writes from."""
    asserted: Ints
    """Numbers abroad that the network asserts behind a spoofed one."""
    layers: tuple[Ints, ...]
    """Accounts by layer; victims pay into the first."""
    corporate: Ints
    wallets: Ints
    helpers: Ints
    """Residents whose accounts were lent; they get the fees."""
    sites: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    apps: dict[tuple[str, str], int] = field(default_factory=dict)
    ips: Ints = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(slots=True)
class Underworld:
    """All gangs, and the dens they share."""

    gangs: list[Gang]
    dens: Dens

    def lines(self, gang: Gang, origin: str) -> Ints:
        """Lines of an origin: the gang's own, or cards of the dens."""
        if origin == "goip":
            return self.dens.callers
        if origin == "modem":
            return np.concatenate([den.cards for den in self.dens.of("modem_pool")])
        return gang.lines[origin]


def recruit(world: World, firms: Firms, people: People, behaviour: Behaviour) -> Underworld:
    """Ask for everything gangs need, before the city is numbered."""
    rng = world.rng("gangs")
    settings = behaviour.scams
    count = max(2, round(people.n / settings.residents_per_gang))
    dens = rent(world, people.n, behaviour)
    shown = [o.key for o in world.organisations if o.kind in ("bank", "carrier")]
    known = np.array([firms.service_of[key] for key in shown if key in firms.service_of])
    abroad = max(4, min(settings.overseas_numbers, 1_200 // count))
    adults = np.flatnonzero((people.age >= 18) & (people.age < 55))
    gangs = []
    for _ in range(count):
        voip = settings.voip_numbers
        lines = {
            "overseas": world.lines.add(OVERSEAS, abroad),
            "voip": np.concatenate(
                [world.lines.add(FIXED, voip), world.lines.add(TOLL, voip // 2)]
            ),
            "spoofed": world.lines.add(FIXED, max(2, voip // 2)),
            "malformed": world.lines.add(ODD, max(2, voip // 2)),
            "port": world.lines.add(PORT, voip),
            "outer": world.lines.add(MOBILE, voip),
            "base_station": known,
        }
        wallets = reserved_wallets(world, rng, 4)
        layers = tuple(
            world.accounts.spread(rng, layer.accounts) for layer in behaviour.mules.layers
        )
        gangs.append(
            Gang(
                lines=lines,
                asserted=lines["overseas"],
                layers=layers,
                corporate=world.accounts.spread(rng, 3),
                wallets=wallets,
                helpers=adults[rng.integers(len(adults), size=sum(map(len, layers)))],
            )
        )
    firms.wallets = reserved_wallets(world, rng, max(20, people.n // 500))
    return Underworld(gangs, dens)


def reserved_wallets(world: World, rng: np.random.Generator, n: int) -> Ints:
    draws = rng.integers(2**32, size=n)
    return np.array([world.accounts.exit(f"wallet:{reserved.wallet(int(d))}") for d in draws])


def equip(
    underworld: Underworld, world: World, sites: Sites, behaviour: Behaviour, spare_sets: Ints
) -> None:
    """Sites, apps and the dens' places, once the city is numbered."""
    rng = world.rng("equip")
    by_key = {o.key: o for o in world.organisations}
    for gang in underworld.gangs:
        gang.ips = rng.integers(4_000, size=3)
        for scam_type, script in behaviour.scams.scripts.items():
            for kind, targets in script.sites.items():
                looked = tuple(by_key[key] for key in targets)
                gang.sites[scam_type, kind] = [
                    sites.lookalike(rng, kind, looked)
                    for _ in range(behaviour.scams.names_per_gang)
                ]
            _apps(gang, world, scam_type, script, rng)
    underworld.dens.move_in(world, spare_sets)


def _apps(
    gang: Gang, world: World, scam_type: str, script: Script, rng: np.random.Generator
) -> None:
    for kind, labels in script.apps.items():
        gang.apps[scam_type, kind] = len(world.apps)
        label = labels[rng.integers(len(labels))]
        letters = "".join(chr(97 + c) for c in rng.integers(26, size=7))
        world.apps.append(App(f"example.{letters}.app", label, rng.bytes(32).hex(), "scam"))


def tie_accounts(
    underworld: Underworld, registry: Registry, behaviour: Behaviour, devices: int
) -> int:
    """Whose accounts the mules' are and which devices they run on; returns how many devices."""
    rng = registry.world.rng("mules")
    settings = behaviour.mules
    for gang in underworld.gangs:
        accounts = np.concatenate(gang.layers)
        lent = rng.random(len(accounts)) < settings.resident
        registry.person_of_account[accounts[lent]] = gang.helpers[lent]
        shared = rng.random(len(accounts)) < settings.shared_device
        fresh = devices + 3 + np.arange(len(accounts))
        on = np.where(shared, devices + rng.integers(3, size=len(accounts)), fresh)
        registry.device_of[accounts] = on
        registry.device_of[gang.corporate] = devices + 3 + len(accounts)
        devices += 4 + len(accounts)
    return devices


def told_of(underworld: Underworld, registry: Registry, behaviour: Behaviour) -> None:
    """Rows of the registry that concern gangs: cards activated, lent accounts opened."""
    rng = registry.world.chance("told")
    span = registry.span
    for den in underworld.dens:
        young = den.cards[rng.random(len(den.cards)) < 0.8]
        at = span.start_ms - rng.integers(HOUR, 40 * DAY, size=len(young))
        sellers = rng.integers(registry.people.n, size=len(young))
        outlet = np.where(
            rng.random(len(young)) < 0.5,
            rng.integers(OUTLETS),
            rng.integers(OUTLETS, size=len(young)),
        )
        registry.activate(young, at, sellers, outlet, role=ROLE["card_opened"])
    for gang in underworld.gangs:
        accounts = np.concatenate(gang.layers)
        held = registry.person_of_account[accounts] >= 0
        new = accounts[held & (rng.random(len(accounts)) < behaviour.mules.new)]
        at = span.start_ms - rng.integers(HOUR, HISTORY // 4, size=len(new))
        registry.act(new, at, "open", rng, role=ROLE["mule_opened"])
        later = np.repeat(accounts[held], 2)
        registry.act(later, rng.integers(span.start_ms, span.end_ms, size=len(later)), "login", rng)
