"""The stage: people, firms, gangs and the writers of all streams, set up once for a city."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from fanzha.city import drafts
from fanzha.city.behaviour import POLICIES, Behaviour, load_behaviour
from fanzha.city.drafts import Drafts
from fanzha.city.firms import Firms, found
from fanzha.city.grammar import Grammar, load_grammar
from fanzha.city.life.calls import Calls, everyday_calls
from fanzha.city.life.money import Money, everyday_money, memo_pool
from fanzha.city.life.net import IPS, Net, everyday_net
from fanzha.city.life.passing_on import honest_passing_on
from fanzha.city.life.places import honest_places
from fanzha.city.life.registry import ADDRESSES, OUTLETS, Registry, everyday_acts
from fanzha.city.life.texts import BASES, BOUND, Texts, everyday_texts
from fanzha.city.organisations import load_organisations
from fanzha.city.people import People, name_holders, populate, settle_cells
from fanzha.city.places import build
from fanzha.city.rhythm import Ints, Span
from fanzha.city.scam.acts import Doors, write_acts
from fanzha.city.scam.cold import cold_contacts
from fanzha.city.scam.den_days import den_days
from fanzha.city.scam.gangs import Underworld, equip, recruit
from fanzha.city.scam.incidents import Incidents
from fanzha.city.scam.walk import Director
from fanzha.city.sites import Sites, open_sites
from fanzha.city.world import App, World
from fanzha.records.schemas import STREAMS
from fanzha.values import reserved

_RARE_APPS = 60
Tell = Callable[[str], None]


@dataclass(slots=True)
class Stage:
    """Everybody and everything, before anything happens."""

    world: World
    underworld: Underworld
    doors: Doors
    rare: Ints

    @property
    def writers(self) -> dict[str, Drafts]:
        doors = self.doors
        return {
            "call": doors.calls.drafts,
            "text": doors.texts.drafts,
            "visit": doors.net.visits,
            "app": doors.net.apps,
            "transfer": doors.money.drafts,
            "line": doors.registry.lines,
            "account": doors.registry.accounts,
            "subject": doors.registry.subjects,
        }

    def turn_to(self, span: Span, chapter: int) -> None:
        """From now on everyday life is drawn within this stretch."""
        self.world.chapter = chapter
        self.doors.calls.span = self.doors.money.span = self.doors.registry.span = span

    def live(self, tell: Tell) -> None:
        """Everyday life of the stretch."""
        doors = self.doors
        behaviour, people, firms = doors.behaviour, doors.people, doors.firms
        everyday_acts(doors.registry, behaviour)
        tell("calls")
        everyday_calls(doors.calls, people, firms, behaviour)
        honest_places(firms.places, doors.calls, doors.texts, people, behaviour)
        tell("texts")
        everyday_texts(doors.texts, firms, doors.sites, behaviour)
        tell("visits and apps")
        everyday_net(doors.net, doors.calls, firms, doors.sites, behaviour, self.rare)
        tell("money")
        everyday_money(doors.money, firms, doors.registry)
        honest_passing_on(doors.money, firms)

    def prey(self, tell: Tell) -> Incidents:
        """Scams of the stretch, through the same doors."""
        tell("scams")
        incidents, doors, underworld = Incidents(), self.doors, self.underworld
        calls, texts, people, behaviour = doors.calls, doors.texts, doors.people, doors.behaviour
        den_days(underworld, incidents, calls, texts, doors.firms, people, behaviour)
        cold_contacts(underworld, incidents, calls, texts, doors.sites, people, behaviour)
        chance = self.world.chance("walk")
        director = Director(underworld, incidents, people, behaviour, calls.span, chance)
        director.play()
        write_acts(director.notes, doors, underworld)
        return incidents


def set_up(
    residents: int,
    span: Span,
    seed: int,
    start: datetime,
    behaviour: Behaviour | None,
    *,
    chapter: int = 0,
    policies: Path = POLICIES,
) -> Stage:
    """Draw the people, found the firms, recruit the gangs, number everything, open the writers."""
    chosen = behaviour or load_behaviour(policies / "default.yaml")
    world = World(seed, load_organisations(policies / "organisations.yaml"), chapter)
    grammar = load_grammar([policies / "texts-everyday.yaml", policies / "texts-scam.yaml"], BOUND)
    chosen.check_names({o.key for o in world.organisations}, grammar.names)
    people = populate(world, chosen, residents, start.year)
    firms = found(world, residents)
    firms.places = build(world, people, chosen)
    underworld = recruit(world, firms, people, chosen)
    sites = open_sites(world.rng("sites"), world.organisations)
    doors = _settle(world, people, firms, underworld, sites, chosen, span, grammar)
    return Stage(world, underworld, doors, _rare_apps(world))


def _settle(
    world: World,
    people: People,
    firms: Firms,
    underworld: Underworld,
    sites: Sites,
    behaviour: Behaviour,
    span: Span,
    grammar: Grammar,
) -> Doors:
    """Number everything and open the writers."""
    local = np.concatenate(
        [
            people.line,
            people.second_line[people.second_line >= 0],
            underworld.dens.cards,
            firms.places.lines,
        ]
    )
    spare = world.settle(local, underworld.dens.devices + firms.places.sets_wanted)
    settle_cells(world, people)
    firms.places.settle(world, spare[underworld.dens.devices :])
    name_holders(world, people)
    equip(underworld, world, sites, behaviour, spare)
    count = world.accounts.groups.count
    device_of, person_of = np.full(count, -1), np.full(count, -1)
    for accounts in (people.account, people.second_account, people.wallet):
        held = accounts >= 0
        device_of[accounts[held]] = people.device[held]
        person_of[accounts[held]] = np.flatnonzero(held)
    tables = {stream: Drafts(stream) for stream in STREAMS}
    calls = Calls(world, span, tables["call"])
    texts = Texts(world, calls, tables["text"], grammar, people)
    registry = Registry(
        world, people, span, tables["line"], tables["account"], tables["subject"],
        device_of, person_of,
    )  # fmt: skip
    money = Money(world, span, tables["transfer"], people, behaviour, device_of, memo_pool())
    net = Net(people, tables["visit"], tables["app"], len(firms.stores) + 2)
    return Doors(calls, texts, net, money, registry, sites, firms, people, behaviour)


def _rare_apps(world: World) -> Ints:
    """Honest apps from outside the stores: firms' own, schools', small games, beta versions."""
    rng = world.rng("rare-apps")
    first = len(world.apps)
    tails = ("办公", "考勤", "内测版", "课堂", "物业", "小游戏", "管家", "客服")
    for _ in range(_RARE_APPS):
        letters = "".join(chr(97 + c) for c in rng.integers(26, size=7))
        head = world.organisations[int(rng.integers(len(world.organisations)))].zh[:2]
        label = head + tails[int(rng.integers(len(tails)))]
        world.apps.append(App(f"example.{letters}.app", label, rng.bytes(32).hex(), "rare"))
    return np.arange(first, len(world.apps))


def pools_of(stage: Stage) -> dict[str, pa.Array]:
    """Strings for the indexes in columns; after accounts were tied to devices."""
    doors, world = stage.doors, stage.world
    people, firms = doors.people, doors.firms
    devices = int(doors.registry.device_of.max()) + 1
    names = world.rng("devices").permutation(10**7)[:devices]
    pools = world.pools() | {
        name: drafts.pool(values) for name, values in drafts.FIXED_POOLS.items()
    }
    return pools | {
        "basis": drafts.pool(BASES),
        "ip": drafts.pool([reserved.ip(n) for n in range(max(ADDRESSES, IPS))]),
        "installer": drafts.pool([*firms.stores, "browser", "files"]),
        "device": drafts.pool([f"d{n:07x}" for n in names.tolist()]),
        "holder": drafts.pool(people.holder),
        "outlet": drafts.pool([f"网点{n:03d}" for n in range(OUTLETS)]),
        "district": drafts.pool(list(reserved.DISTRICTS)),
        "person": drafts.pool(people.token),
    }
