"""Gangs and their tools: numbers, the GoIP den, sites, apps, accounts that pass money on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fanzha.city.behaviour import Behaviour, Script
from fanzha.city.firms import Firms
from fanzha.city.life.registry import HISTORY, OUTLETS, Registry
from fanzha.city.people import People
from fanzha.city.rhythm import DAY, HOUR, SECOND, Ints, Span, lognormal
from fanzha.city.scam.roles import ROLE
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
    layer1: Ints
    layer2: Ints
    corporate: Ints
    wallets: Ints
    helpers: Ints
    """Residents whose accounts were lent; they get the fees."""
    sites: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    apps: dict[tuple[str, str], int] = field(default_factory=dict)
    ips: Ints = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(slots=True)
class Den:
    """Gateways in one flat: `cards` are lines, `devices` sets, `cells` where they are served."""

    cards: Ints
    devices: int
    sets: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    cells: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    card: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Sessions: which card ran in which set from when on, sorted by card and time."""
    device: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    begun: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    calls: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def plan(self, rng: np.random.Generator, span: Span, behaviour: Behaviour) -> None:
        """Draw the spells: a card works for an hour or so, rests, comes back in another set."""
        settings = behaviour.den
        mornings = span.mornings()
        median, spread = settings.spells
        count = np.round(
            lognormal(rng, len(self.cards) * len(mornings), median, spread, 0, 4)
        ).astype(np.int64)
        owner = np.repeat(np.tile(np.arange(len(self.cards)), len(mornings)), count)
        day = np.repeat(np.repeat(mornings, len(self.cards)), count)
        begun = day + (HOUR * (9 + 9.5 * rng.random(len(owner)))).astype(np.int64)
        order = np.lexsort((begun, owner))
        self.card, self.begun = owner[order], begun[order]
        self.device = rng.integers(len(self.sets), size=len(order))
        low, high = settings.calls_a_spell
        self.calls = rng.integers(low, high + 1, size=len(order))

    def set_at(self, card: Ints, at: Ints, rng: np.random.Generator) -> Ints:
        """The set each card (its place in `cards`) is in at an instant."""
        key = self.card * (1 << 44) + self.begun
        place = np.searchsorted(key, card * (1 << 44) + at, side="right") - 1
        known = (place >= 0) & (self.card[np.maximum(place, 0)] == card) if len(key) else card < 0
        fallback = rng.integers(len(self.sets), size=len(card))
        device = (
            np.where(known, self.device[np.maximum(place, 0)], fallback) if len(key) else fallback
        )
        return self.sets[device]


@dataclass(slots=True)
class Underworld:
    """All gangs, and the den they share."""

    gangs: list[Gang]
    den: Den


def recruit(world: World, firms: Firms, people: People, behaviour: Behaviour) -> Underworld:
    """Ask for everything gangs need, before the city is numbered."""
    rng = world.rng("gangs")
    settings = behaviour.scams
    count = max(2, round(people.n / settings.residents_per_gang))
    cards = max(behaviour.den.least_cards, people.n // behaviour.den.residents_per_card)
    den = Den(world.lines.add(MOBILE, cards), max(2, cards // behaviour.den.cards_per_device))
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
        }
        wallets = reserved_wallets(world, rng, 4)
        first, second = behaviour.mules.per_gang
        gangs.append(
            Gang(
                lines=lines,
                asserted=lines["overseas"],
                layer1=world.accounts.spread(rng, first),
                layer2=world.accounts.spread(rng, second),
                corporate=world.accounts.spread(rng, 3),
                wallets=wallets,
                helpers=adults[rng.integers(len(adults), size=first + second)],
            )
        )
    firms.wallets = reserved_wallets(world, rng, max(20, people.n // 500))
    return Underworld(gangs, den)


def reserved_wallets(world: World, rng: np.random.Generator, n: int) -> Ints:
    draws = rng.integers(2**32, size=n)
    return np.array([world.accounts.exit(f"wallet:{reserved.wallet(int(d))}") for d in draws])


def equip(
    underworld: Underworld, world: World, sites: Sites, behaviour: Behaviour, spare_sets: Ints
) -> None:
    """Sites, apps and the den's places, once the city is numbered."""
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
    den = underworld.den
    den.sets = spare_sets[: den.devices]
    den.cells = rng.choice(len(world.cells), size=behaviour.den.cells, replace=False)


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
        accounts = np.concatenate([gang.layer1, gang.layer2])
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
    cards = underworld.den.cards
    young = rng.random(len(cards)) < 0.8
    at = span.start_ms - rng.integers(HOUR, 40 * DAY, size=len(cards))
    sellers = rng.integers(registry.people.n, size=len(cards))
    outlet = np.where(
        rng.random(len(cards)) < 0.5, rng.integers(OUTLETS), rng.integers(OUTLETS, size=len(cards))
    )
    registry.activate(
        cards[young], at[young], sellers[young], outlet[young], role=ROLE["card_opened"]
    )
    for gang in underworld.gangs:
        accounts = np.concatenate([gang.layer1, gang.layer2])
        held = registry.person_of_account[accounts] >= 0
        new = accounts[held & (rng.random(len(accounts)) < behaviour.mules.new)]
        at = span.start_ms - rng.integers(HOUR, HISTORY // 4, size=len(new))
        registry.act(new, at, "open", rng, role=ROLE["mule_opened"])
        later = np.repeat(accounts[held], 2)
        registry.act(later, rng.integers(span.start_ms, span.end_ms, size=len(later)), "login", rng)


def gap_ms(rng: np.random.Generator, n: int, behaviour: Behaviour) -> Ints:
    """Time from one call of a den's card to the next."""
    median, spread = behaviour.den.gap_s
    return (lognormal(rng, n, median, spread, 8, 1_200) * SECOND).astype(np.int64)
