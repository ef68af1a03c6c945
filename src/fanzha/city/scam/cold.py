"""Contacts that come to nothing: the den's calls, calls from abroad, waves of texts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fanzha.city.behaviour import SCAM_TYPES, Behaviour
from fanzha.city.evasion import evade
from fanzha.city.life.calls import Calls, ring, talk
from fanzha.city.life.texts import Texts, filled
from fanzha.city.people import FRIENDS, People
from fanzha.city.rhythm import HOUR, Ints, lognormal
from fanzha.city.scam.gangs import Gang, Underworld, gap_ms
from fanzha.city.scam.incidents import Incidents
from fanzha.city.scam.roles import ROLE
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
    _den_calls(underworld, incidents, calls, people, behaviour)
    rate = behaviour.scams.cold_calls_per_10k_day * people.n / 10_000 * calls.span.days
    for gang in underworld.gangs:
        _gang_calls(gang, incidents, calls, people, behaviour, rate / len(underworld.gangs) / 2)
    rate = behaviour.scams.cold_texts_per_10k_day * people.n / 10_000 * calls.span.days
    for place, gang in enumerate(underworld.gangs):
        share = rate / len(underworld.gangs)
        _waves(place, gang, incidents, texts, sites, people, behaviour, share)


def _types(rng: np.random.Generator, behaviour: Behaviour, origin: str | None, n: int) -> Ints:
    """Scam types of cold contacts; only those that use this origin."""
    scripts = behaviour.scams.scripts
    weights = np.array(
        [
            scripts[t].weight
            if t in scripts and (not origin or origin in scripts[t].cold_calls)
            else 0
            for t in SCAM_TYPES
        ]
    )
    if not weights.any():
        weights = np.array([scripts[t].weight if t in scripts else 0.0 for t in SCAM_TYPES])
    return rng.choice(len(SCAM_TYPES), size=n, p=weights / weights.sum())


def _den_calls(
    underworld: Underworld,
    incidents: Incidents,
    calls: Calls,
    people: People,
    behaviour: Behaviour,
) -> None:
    rng = calls.world.chance("cold.den")
    den = underworld.den
    quiet = calls.span.start_ms + behaviour.scams.quiet_hours * HOUR
    spell = np.repeat(np.arange(len(den.card)), den.calls)
    gaps = gap_ms(rng, len(spell), behaviour)
    total = np.cumsum(gaps)
    first = np.repeat((np.cumsum(den.calls) - den.calls), den.calls)
    at = den.begun[spell] + total - total[first] if len(spell) else total
    keep = (at >= quiet) & (at < calls.span.end_ms)
    spell, at = spell[keep], at[keep]
    n = len(at)
    card, sets = den.card[spell], den.sets[den.device[spell]]
    away = rng.random(n) < 0.1
    victim = rng.integers(people.n, size=n)
    callee = np.where(away, people.friends[victim, FRIENDS - 1], people.line[victim])
    own = rng.random(n) < behaviour.den.own_calls
    callee = np.where(own, den.cards[rng.integers(len(den.cards), size=n)], callee)
    caller = den.cards[card]
    own &= callee != caller
    callee = np.where(callee == caller, people.line[victim], callee)
    kinds = _types(rng, behaviour, "goip", len(den.card))[spell] if n else np.empty(0, np.int64)
    seconds = np.where(
        own,
        lognormal(rng, n, 70, 0.3, 20, 200),
        talk(rng, n, behaviour.den.answered, 11.0, 0.9),
    )
    incident = np.full(n, -1)
    real = np.flatnonzero(~own & ~away)
    incident[real] = incidents.cold(kinds[real], victim[real], at[real])
    calls.place(
        caller, callee, at, ring(rng, n), seconds, rng,
        imei=sets, cell=den.cells[rng.integers(len(den.cells), size=n)], hung_up=0.7,
        incident=incident, role=np.where(incident >= 0, ROLE["cold_call"], ROLE["den_call"]),
    )  # fmt: skip


def _gang_calls(
    gang: Gang,
    incidents: Incidents,
    calls: Calls,
    people: People,
    behaviour: Behaviour,
    rate: float,
) -> None:
    rng = calls.world.chance(f"cold.gang{gang.layer1[0]}")
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
        incident = incidents.cold(_types(rng, behaviour, origin, n), victim, at)
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
    kinds = _types(rng, behaviour, None, waves)
    for begin, kind, size in zip(begun, kinds, rng.poisson(rate / waves, size=waves), strict=True):
        scam_type = SCAM_TYPES[kind]
        at = begin + (lognormal(rng, int(size), 25, 0.9, 0.2, 300) * 60_000).astype(np.int64)
        at = np.sort(at[(at >= quiet) & (at < span.end_ms)])
        n = len(at)
        if n == 0:
            continue
        script = behaviour.scams.scripts[scam_type]
        origin = ("port", "outer", "overseas")[rng.integers(3)]
        senders = rng.choice(gang.lines[origin], size=2)
        sender = senders[rng.integers(2, size=n)]
        if origin == "outer" and rng.random() < 0.5:
            sender = np.full(n, senders[0])
        hosts = gang.sites[scam_type, next(iter(script.sites))]
        host = int(rng.integers(len(hosts)))
        given = {"link": sites.own_links(rng, [hosts[host]], np.zeros(n, np.int64))}
        given |= empty_values(n)
        body = filled(texts, script.cold_texts, at, rng, given)
        victim = rng.integers(people.n, size=n)
        incident = incidents.cold(np.full(n, kind), victim, at)
        texts.write(
            sender, people.line[victim], at, evade(body, rng, behaviour.scams.evasion), rng,
            incident=incident, role=ROLE["cold_text"],
        )  # fmt: skip


def empty_values(n: int) -> dict[str, pa.Array]:
    """Values a scammer's text does not use, though the grammar knows them."""
    nothing = pa.array([""] * n, pa.string())
    return {"org": nothing, "hotline": nothing}
