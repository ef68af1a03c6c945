"""Contacts that come to nothing: calls from abroad, waves of texts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fanzha.city.behaviour import Behaviour
from fanzha.city.evasion import evade
from fanzha.city.life.calls import Calls, ring, talk
from fanzha.city.life.texts import Texts, filled
from fanzha.city.people import People
from fanzha.city.rhythm import HOUR, Ints, lognormal
from fanzha.city.scam.gangs import Gang, Underworld
from fanzha.city.scam.incidents import Incidents
from fanzha.city.scam.roles import ROLE
from fanzha.city.scam.script import SCAM_TYPES
from fanzha.city.sites import Sites


def cold_contacts(
    underworld: Underworld,
    incidents: Incidents,
    calls: Calls,
    texts: Texts,
    sites: Sites,
    people: People,
    behaviour: Behaviour,
) -> None:
    """Everything scammers send out into the city without an answer."""
    rate = behaviour.scams.cold_calls_per_10k_day * people.n / 10_000 * calls.span.days
    for gang in underworld.gangs:
        _gang_calls(gang, incidents, calls, people, behaviour, rate / len(underworld.gangs) / 2)
    rate = behaviour.scams.cold_texts_per_10k_day * people.n / 10_000 * calls.span.days
    for place, gang in enumerate(underworld.gangs):
        share = rate / len(underworld.gangs)
        _waves(place, gang, underworld, incidents, texts, sites, people, behaviour, share)


def types_of(rng: np.random.Generator, behaviour: Behaviour, origin: str | None, n: int) -> Ints:
    """Scam types of cold contacts; only those that use this origin."""
    scripts = behaviour.scams.scripts
    used = {t for t, script in scripts.items() if not origin or origin in script.cold_calls}
    weights = np.array([scripts[t].weight if t in used else 0.0 for t in SCAM_TYPES])
    if not weights.any():
        weights = np.array([scripts[t].weight if t in scripts else 0.0 for t in SCAM_TYPES])
    return rng.choice(len(SCAM_TYPES), size=n, p=weights / weights.sum())


def _gang_calls(
    gang: Gang,
    incidents: Incidents,
    calls: Calls,
    people: People,
    behaviour: Behaviour,
    rate: float,
) -> None:
    rng = calls.world.chance(f"cold.gang{gang.layers[0][0]}")
    rhythm = behaviour.rhythm("office")
    quiet = calls.span.start_ms + behaviour.scams.quiet_hours * HOUR
    shares = {"overseas": 0.6, "voip": 0.2, "spoofed": 0.08, "malformed": 0.12}
    for origin, share in shares.items():
        n = int(rng.poisson(rate * share))
        at = calls.span.draw(rng, n, rhythm)
        at = at[at >= quiet]
        n = len(at)
        lines = gang.lines[origin]
        busy = lines[(rng.random(n) ** 2 * len(lines)).astype(np.int64)]
        victim = rng.integers(people.n, size=n)
        incident = incidents.cold(types_of(rng, behaviour, origin, n), victim, at)
        behind = gang.asserted[rng.integers(len(gang.asserted), size=n)]
        calls.place(
            busy, people.line[victim], at, ring(rng, n), talk(rng, n, 0.35, 13.0, 1.0), rng,
            asserted=np.where(rng.random(n) < 0.5, behind, -1) if origin == "spoofed" else -1,
            abroad=origin in ("overseas", "spoofed", "malformed"), hung_up=0.75,
            incident=incident, role=ROLE["cold_call"],
        )  # fmt: skip


def _waves(
    place: int,
    gang: Gang,
    underworld: Underworld,
    incidents: Incidents,
    texts: Texts,
    sites: Sites,
    people: People,
    behaviour: Behaviour,
    rate: float,
) -> None:
    """Texts go out in waves: one wording family, one sender, an hour or two, hundreds of people."""
    rng = texts.world.chance(f"cold.texts{place}")
    span = texts.calls.span
    quiet = span.start_ms + behaviour.scams.quiet_hours * HOUR
    waves = max(1, round(rate / 45))
    begun = span.draw(rng, waves, behaviour.rhythm("life"))
    kinds = types_of(rng, behaviour, None, waves)
    for begin, kind, size in zip(begun, kinds, rng.poisson(rate / waves, size=waves), strict=True):
        scam_type = SCAM_TYPES[kind]
        at = begin + (lognormal(rng, int(size), 25, 0.9, 0.2, 300) * 60_000).astype(np.int64)
        at = np.sort(at[(at >= quiet) & (at < span.end_ms)])
        n = len(at)
        if n == 0:
            continue
        script = behaviour.scams.scripts[scam_type]
        origin = script.cold_from[rng.integers(len(script.cold_from))]
        senders = rng.choice(underworld.lines(gang, origin), size=2)
        sender = senders[rng.integers(2, size=n)]
        if origin in ("outer", "base_station") and rng.random() < 0.5:
            sender = np.full(n, senders[0])
        kind_of_site = next(iter(script.sites), None)
        hosts = gang.sites[scam_type, kind_of_site] if kind_of_site else [""]
        host = int(rng.integers(len(hosts)))
        given = {"link": sites.own_links(rng, [hosts[host]], np.zeros(n, np.int64))}
        given |= empty_values(n)
        body = filled(texts, script.cold_texts, at, rng, given)
        victim = rng.integers(people.n, size=n)
        if origin == "base_station":
            victim = _around(rng, people, n)
        incident = incidents.cold(np.full(n, kind), victim, at)
        sets, cells = underworld.dens.served(sender, at, rng)
        texts.write(
            sender, people.line[victim], at, evade(body, rng, behaviour.scams.evasion), rng,
            imei=sets, cell=cells,
            incident=incident, role=ROLE["cold_text"],
        )  # fmt: skip


def _around(rng: np.random.Generator, people: People, n: int) -> Ints:
    """Residents of one district, and as far as they suffice of one neighbourhood."""
    centre = int(rng.integers(people.n))
    near = np.flatnonzero(people.community == people.community[centre])
    if len(near) < 8:
        near = np.flatnonzero(people.district == people.district[centre])
    return near[rng.integers(len(near), size=n)]


def empty_values(n: int) -> dict[str, pa.Array]:
    """Values a scammer's text does not use, though the grammar knows them."""
    nothing = pa.array([""] * n, pa.string())
    return {"org": nothing, "hotline": nothing}
