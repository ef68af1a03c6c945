"""What dens do all day: calls that come to nothing, codes that come in, the hand that directs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fanzha.city.behaviour import Behaviour
from fanzha.city.firms import Firms
from fanzha.city.life.calls import Calls, ring, talk
from fanzha.city.life.texts import Texts, filled
from fanzha.city.people import FRIENDS, People
from fanzha.city.rhythm import HOUR, MINUTE, SECOND, Ints, lognormal
from fanzha.city.scam.cold import empty_values, types_of
from fanzha.city.scam.dens import Den
from fanzha.city.scam.gangs import Underworld
from fanzha.city.scam.incidents import Incidents
from fanzha.city.scam.roles import ROLE

_CODE_SENDERS = ("bank", "pay", "shop", "video", "chat", "ride", "food", "game")


def den_days(
    underworld: Underworld,
    incidents: Incidents,
    calls: Calls,
    texts: Texts,
    firms: Firms,
    people: People,
    behaviour: Behaviour,
) -> None:
    """Every den's calls and texts of the stretch."""
    for number, den in enumerate(underworld.dens):
        rng = calls.world.chance(f"den.{number}")
        den.plan(rng, calls.span)
        if den.settings.codes_a_day[1]:
            _codes(den, texts, firms, rng)
        if len(den.callers):
            _calls(den, incidents, calls, people, behaviour, rng)
        if den.style == "phone_bridge":
            _control(den, underworld, calls, behaviour, rng)


def _calls(
    den: Den,
    incidents: Incidents,
    calls: Calls,
    people: People,
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> None:
    quiet = calls.span.start_ms + behaviour.scams.quiet_hours * HOUR
    spell = np.repeat(np.arange(len(den.card)), den.calls)
    median, spread = den.settings.gap_s
    gaps = (lognormal(rng, len(spell), median, spread, 8, 1_200) * SECOND).astype(np.int64)
    total = np.cumsum(gaps)
    first = np.repeat((np.cumsum(den.calls) - den.calls), den.calls)
    at = den.begun[spell] + total - total[first] if len(spell) else total
    keep = (at >= quiet) & (at < calls.span.end_ms)
    spell, at = spell[keep], at[keep]
    n = len(at)
    if n == 0:
        return
    caller = den.cards[den.card[spell]]
    sets = den.sets[den.device[spell]]
    away = rng.random(n) < 0.1
    victim = rng.integers(people.n, size=n)
    callee = np.where(away, people.friends[victim, FRIENDS - 1], people.line[victim])
    own = rng.random(n) < den.settings.own_calls
    callee = np.where(own, den.cards[rng.integers(len(den.cards), size=n)], callee)
    own &= callee != caller
    callee = np.where(callee == caller, people.line[victim], callee)
    kinds = types_of(rng, behaviour, "goip", len(den.card))[spell]
    seconds = np.where(
        own,
        lognormal(rng, n, 70, 0.3, 20, 200),
        talk(rng, n, den.settings.answered, 11.0, 0.9),
    )
    incident = np.full(n, -1)
    real = np.flatnonzero(~own & ~away)
    incident[real] = incidents.cold(kinds[real], victim[real], at[real])
    cells = den.cell_at(at, rng)
    calls.place(
        caller, callee, at, ring(rng, n), seconds, rng,
        imei=sets, cell=cells, callee_cell=np.where(own, cells, -1), hung_up=0.7,
        incident=incident, role=np.where(incident >= 0, ROLE["cold_call"], ROLE["den_call"]),
    )  # fmt: skip


def _codes(den: Den, texts: Texts, firms: Firms, rng: np.random.Generator) -> None:
    """Codes of many services to cards that nobody carries."""
    span = texts.calls.span
    low, high = den.settings.codes_a_day
    count = rng.poisson(rng.integers(low, high + 1, size=len(den.cards)) * span.days)
    card = np.repeat(den.cards, count)
    n = len(card)
    if n == 0:
        return
    at = rng.integers(span.start_ms, span.end_ms, size=n)
    senders = [o for o in texts.world.organisations if o.kind in _CODE_SENDERS]
    pick = rng.integers(len(senders), size=n)
    ports = np.array([firms.port_of[o.key] for o in senders])
    given = empty_values(n) | {"org": pa.array([o.zh for o in senders]).take(pa.array(pick))}
    given["link"] = given["hotline"]
    body = filled(texts, "code", at, rng, given)
    sender: Ints = ports[pick, rng.integers(ports.shape[1], size=n)]
    texts.write(sender, card, at, body, rng, role=ROLE["pool_code"])


def _control(
    den: Den,
    underworld: Underworld,
    calls: Calls,
    behaviour: Behaviour,
    rng: np.random.Generator,
) -> None:
    """A long call to the inner phone while the outer one calls out, both in one place."""
    quiet = calls.span.start_ms + behaviour.scams.quiet_hours * HOUR
    for begun, count in zip(den.begun.tolist(), den.calls.tolist(), strict=True):
        at = begun - int(rng.integers(20, 240)) * SECOND
        if not quiet <= at < calls.span.end_ms:
            continue
        gang = underworld.gangs[int(rng.integers(len(underworld.gangs)))]
        lines = gang.lines["overseas" if rng.random() < 0.6 else "voip"]
        seconds = np.array([count * den.settings.gap_s[0] * 1.15 + 5 * MINUTE / SECOND])
        when = np.array([at])
        calls.place(
            lines[rng.integers(len(lines), size=1)], den.cards[:1], when, ring(rng, 1), seconds,
            rng, callee_cell=den.cell_at(when, rng), abroad=True, hung_up=0.9,
            role=ROLE["control_call"],
        )  # fmt: skip
