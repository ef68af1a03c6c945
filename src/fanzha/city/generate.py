"""Puts the city together: from a seed and a behaviour to eight tables and the truth about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from fanzha.city import drafts, truth
from fanzha.city.behaviour import Behaviour, load_behaviour
from fanzha.city.delivery import deliver
from fanzha.city.drafts import Drafts, Rows
from fanzha.city.firms import Firms, found
from fanzha.city.grammar import Grammar, load_grammar
from fanzha.city.life import balances
from fanzha.city.life.calls import Calls, everyday_calls
from fanzha.city.life.money import Money, everyday_money, memo_pool
from fanzha.city.life.net import IPS, Net, everyday_net
from fanzha.city.life.passing_on import honest_passing_on
from fanzha.city.life.places import honest_places
from fanzha.city.life.registry import ADDRESSES, HISTORY, OUTLETS, Registry, everyday_registry
from fanzha.city.life.texts import BASES, BOUND, Texts, everyday_texts
from fanzha.city.organisations import load_organisations
from fanzha.city.people import People, name_holders, populate, settle_cells
from fanzha.city.places import build
from fanzha.city.rhythm import Ints, Span
from fanzha.city.scam.acts import Doors, write_acts
from fanzha.city.scam.cold import cold_contacts
from fanzha.city.scam.den_days import den_days
from fanzha.city.scam.dens import Dens
from fanzha.city.scam.gangs import Underworld, equip, recruit, tie_accounts, told_of
from fanzha.city.scam.incidents import Incidents
from fanzha.city.scam.walk import Director
from fanzha.city.sites import Sites, open_sites
from fanzha.city.world import App, World
from fanzha.errors import Refused
from fanzha.records.schemas import STREAMS
from fanzha.values import reserved

POLICIES = Path(__file__).resolve().parents[3] / "policies" / "city"
MOST_RESIDENTS = 100_000
MOST_RESIDENT_DAYS = 600_000
"""A city is held in memory as it is made, about 8 KiB a resident and day."""
_RARE_APPS = 60
Tell = Callable[[str], None]


def _quietly(part: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class City:
    """`streams` by name as `records.schemas` wants them, `truth` by name, and opening balances."""

    streams: Mapping[str, pa.Table]
    truth: Mapping[str, pa.Table]
    opening: pa.Table
    """`account`, `fen`: what stood in each account before the first row."""
    residents: int
    days: float
    seed: int
    start: datetime
    arrival: Mapping[str, Ints] = field(default_factory=dict)
    """When each row comes in (ms UTC), by stream, where that is not simply when it happened."""


def default_behaviour(name: str = "default") -> Behaviour:
    """A behaviour file that ships with the project."""
    return load_behaviour(POLICIES / f"{name}.yaml")


def generate(
    residents: int,
    days: float,
    seed: int,
    start: datetime,
    behaviour: Behaviour | None = None,
    *,
    chapter: int = 0,
    first_id: int = 1,
    registry: bool = True,
    call_phases: str = "all",
    policies: Path = POLICIES,
    tell: Tell = _quietly,
) -> City:
    """The same arguments give the same rows, bit for bit.

    `start` carries a time zone. Another `chapter` has the same people, numbers and gangs but other
    days. Without `registry` what was told before the start is left out: who holds what, lines and
    accounts opened lately. Events, calls and threads are numbered from `first_id`. `call_phases` is
    `all`, or `end` for finished calls only. `tell` hears the name of each part before it is made.
    """
    _check(residents, days, call_phases)
    chosen = behaviour or load_behaviour(policies / "default.yaml")
    span = Span.of(start, days)
    tell("people")
    world = World(seed, load_organisations(policies / "organisations.yaml"), chapter)
    grammar = load_grammar([policies / "texts-everyday.yaml", policies / "texts-scam.yaml"], BOUND)
    chosen.check_names({o.key for o in world.organisations}, grammar.names)
    people = populate(world, chosen, residents, start.year)
    firms = found(world, residents)
    firms.places = build(world, people, chosen)
    underworld = recruit(world, firms, people, chosen)
    sites = open_sites(world.rng("sites"), world.organisations)
    doors = _settle(world, people, firms, underworld, sites, chosen, span, grammar)
    doors.calls.all_phases = call_phases == "all"
    incidents = _play(doors, underworld, world, tell)
    tell("order")
    tables, told, opening = _closed(
        doors,
        incidents,
        underworld.dens,
        world,
        span,
        f"city{seed}",
        first_id,
        HISTORY if registry else 0,
    )
    if not chosen.delivery and not chosen.seen_twice:
        return City(tables, told, opening, residents, days, seed, start)
    next_id = first_id + sum(table.num_rows for table in tables.values())
    came = deliver(tables, chosen, world, span, next_id)
    events = truth.with_copies(told["truth_event"], came.copies)
    told = told | {"truth_event": events, "truth_copy": came.copies}
    return City(came.streams, told, opening, residents, days, seed, start, came.arrival)


def _check(residents: int, days: float, call_phases: str) -> None:
    if not 100 <= residents <= MOST_RESIDENTS:
        raise Refused(
            "residents_out_of_range",
            zh=f"居民数须在 100 至 {MOST_RESIDENTS} 之间",
            en=f"residents must lie between 100 and {MOST_RESIDENTS}",
            field="residents",
        )
    if not 0 < days <= 400:
        raise Refused(
            "days_out_of_range",
            zh="天数须大于 0 且不超过 400",
            en="days must be above 0 and at most 400",
            field="days",
        )
    if residents * days > MOST_RESIDENT_DAYS:
        raise Refused(
            "city_too_large",
            zh=f"居民数乘以天数不得超过 {MOST_RESIDENT_DAYS}，请分段生成",
            en=f"residents times days may be at most {MOST_RESIDENT_DAYS}; make it in parts",
            field="days",
        )
    if call_phases not in ("all", "end"):
        raise Refused(
            "bad_call_phases",
            zh="通话阶段须为 all 或 end",
            en="call phases must be all or end",
            field="call_phases",
        )


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


def _play(doors: Doors, underworld: Underworld, world: World, tell: Tell) -> Incidents:
    """Everyday life, then the scams, all through the same doors."""
    behaviour, people, firms = doors.behaviour, doors.people, doors.firms
    tell("registry")
    tie_accounts(underworld, doors.registry, behaviour, people.n)
    everyday_registry(doors.registry, behaviour)
    told_of(underworld, doors.registry, behaviour)
    tell("calls")
    everyday_calls(doors.calls, people, firms, behaviour)
    honest_places(firms.places, doors.calls, doors.texts, people, behaviour)
    tell("texts")
    everyday_texts(doors.texts, firms, doors.sites, behaviour)
    tell("visits and apps")
    rare = _rare_apps(world)
    everyday_net(doors.net, doors.calls, firms, doors.sites, behaviour, rare)
    tell("money")
    everyday_money(doors.money, firms, doors.registry)
    honest_passing_on(doors.money, firms)
    tell("scams")
    incidents = Incidents()
    den_days(underworld, incidents, doors.calls, doors.texts, firms, people, behaviour)
    cold_contacts(underworld, incidents, doors.calls, doors.texts, doors.sites, people, behaviour)
    director = Director(
        underworld, incidents, people, behaviour, doors.calls.span, world.chance("walk")
    )
    director.play()
    write_acts(director.notes, doors, underworld)
    return incidents


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


def _closed(
    doors: Doors,
    incidents: Incidents,
    dens: Dens,
    world: World,
    span: Span,
    source: str,
    first_id: int,
    history_ms: int,
) -> tuple[dict[str, pa.Table], dict[str, pa.Table], pa.Table]:
    """Order all rows by time, give them ids, write strings for indexes, set the truth apart."""
    rng = world.chance("order")
    sources = {
        "call": doors.calls.drafts,
        "text": doors.texts.drafts,
        "visit": doors.net.visits,
        "app": doors.net.apps,
        "transfer": doors.money.drafts,
        "line": doors.registry.lines,
        "account": doors.registry.accounts,
        "subject": doors.registry.subjects,
    }
    rows = {s: sources[s].close(span, rng, history_ms) for s in STREAMS}
    _renumber(rows, rng, first_id)
    ids = _event_ids(rows, first_id)
    opening = balances.post(rows["transfer"], world, doors.people, doors.firms)
    pools = _pools(doors, world)
    tables = {s: drafts.table(s, rows[s], ids[s], source, pools) for s in STREAMS}
    book = truth.Book(doors.people, world, dens, incidents)
    book.take(rows, ids, tables)
    told = book.tables()
    balance = pa.table({"account": pools["account"], "fen": pa.array(opening)})
    return tables, told, balance


def _renumber(rows: Mapping[str, Rows], rng: np.random.Generator, first_id: int) -> None:
    """Calls are numbered as they begin, threads at random: neither tells who made them."""
    calls = rows["call"]
    ids, first = np.unique(calls.columns["call_id"], return_index=True)
    rank = np.empty(len(ids), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(first_id, first_id + len(ids))
    calls.columns["call_id"] = rank[np.searchsorted(ids, calls.columns["call_id"])]
    threads = rows["text"].columns["thread_id"]
    known = threads >= 0
    names = np.unique(threads[known])
    shuffled = rng.permutation(len(names)) + first_id
    threads[known] = shuffled[np.searchsorted(names, threads[known])]


def _event_ids(rows: Mapping[str, Rows], first_id: int) -> dict[str, Ints]:
    """One count over all streams in order of time."""
    at = np.concatenate([rows[s].at for s in STREAMS])
    stream = np.repeat(np.arange(len(STREAMS)), [len(rows[s].at) for s in STREAMS])
    order = np.lexsort((np.arange(len(at)), stream, at))
    ids = np.empty(len(at), np.int64)
    ids[order] = np.arange(first_id, first_id + len(at))
    cuts = np.cumsum([0] + [len(rows[s].at) for s in STREAMS])
    return {s: ids[cuts[k] : cuts[k + 1]] for k, s in enumerate(STREAMS)}


def _pools(doors: Doors, world: World) -> dict[str, pa.Array]:
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


def ends_at(city: City) -> datetime:
    """The instant at which the simulated stretch ends."""
    return city.start + timedelta(days=city.days)
