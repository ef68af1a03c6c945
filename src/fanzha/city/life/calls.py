"""Everyday calls: family, trades with hundreds of strangers, call centres, schools, abroad."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fanzha.city.behaviour import Behaviour
from fanzha.city.drafts import END_CAUSES, PHASES, Column, Drafts
from fanzha.city.firms import Firms
from fanzha.city.people import FRIENDS, People
from fanzha.city.rhythm import Floats, Ints, Span, is_weekend, local_hour, lognormal
from fanzha.city.world import INTL, MOBILE, ODD, OVERSEAS, PSTN, World

_CAUSE = {name: place for place, name in enumerate(END_CAUSES)}


@dataclass(slots=True)
class Calls:
    """Writes the phases of calls; everybody's calls, a scammer's too, pass through `place`."""

    world: World
    span: Span
    drafts: Drafts
    all_phases: bool = True
    count: int = 0

    def place(
        self,
        caller: Ints,
        callee: Ints,
        at: Ints,
        ring_s: Floats,
        talk_s: Floats,
        rng: np.random.Generator,
        *,
        asserted: Ints | int = -1,
        imei: Ints | None = None,
        cell: Ints | None = None,
        callee_cell: Ints | None = None,
        abroad: bool = False,
        hung_up: float = 0.5,
        incident: Ints | int = -1,
        role: Ints | int = -1,
    ) -> None:
        """Calls that begin at `at`; a talk of 0 s was not answered.

        `abroad` brings them in by an international gateway whatever number they show. `imei`,
        `cell` and `callee_cell` replace what the line usually has (−1 keeps it).
        """
        n = len(at)
        ids = np.arange(self.count, self.count + n)
        self.count += n
        answered = talk_s > 0
        self_side = rng.random(n) >= hung_up
        cause = np.where(self_side, _CAUSE["caller_hangup"], _CAUSE["callee_hangup"])
        missed = rng.choice(3, size=n, p=[0.68, 0.24, 0.08]) + _CAUSE["no_answer"]
        shared: dict[str, Column] = {
            "call_id": ids,
            "caller": caller,
            "callee": callee,
            "asserted_caller": asserted,
            "caller_imsi": self.world.imsi_of[caller],
            "caller_imei": over(imei, self.world.imei_of[caller]),
            "caller_cell": over(cell, self.served(caller, at, rng)),
            "callee_cell": over(callee_cell, self.served(callee, at, rng)),
            "trunk": self._trunk(caller, rng, abroad=abroad),
        }
        ring_ms = (ring_s * 1000).astype(np.int64)
        ends = at + ring_ms + (talk_s * 1000).astype(np.int64)
        self._rows("end", ends, shared, None, incident, role, {
            "ring_s": ring_s.astype(np.float32),
            "talk_s": talk_s.astype(np.float32),
            "answered": answered.astype(np.int64),
            "end_cause": np.where(answered, cause, missed),
        })  # fmt: skip
        if self.all_phases:
            self._rows("start", at, shared, None, incident, role, {})
            self._rows("answer", at + ring_ms, shared, answered, incident, role, {})

    def _rows(
        self,
        phase: str,
        at: Ints,
        shared: dict[str, Column],
        only: np.ndarray[tuple[int], np.dtype[np.bool_]] | None,
        incident: Ints | int,
        role: Ints | int,
        more: dict[str, Column],
    ) -> None:
        columns = {**shared, **more}
        if only is not None:
            columns = {k: v if np.isscalar(v) else np.asarray(v)[only] for k, v in columns.items()}
            incident = incident if isinstance(incident, int) else incident[only]
            role = role if isinstance(role, int) else role[only]
            at = at[only]
        columns["phase"] = PHASES.index(phase)
        self.drafts.add(at, incident=incident, role=role, **columns)

    def served(self, line: Ints, at: Ints, rng: np.random.Generator) -> Ints:
        """The cell: at work in working hours, now and then elsewhere, else at home."""
        hour = local_hour(at)
        working = (hour >= 9) & (hour < 18) & ~is_weekend(at) & (rng.random(len(at)) < 0.85)
        cell = np.where(working, self.world.work_cell[line], self.world.home_cell[line])
        elsewhere = rng.integers(len(self.world.cells), size=len(at))
        out = (cell >= 0) & (rng.random(len(at)) < 0.12)
        return np.where(out, elsewhere, cell)

    def _trunk(self, caller: Ints, rng: np.random.Generator, *, abroad: bool) -> Ints:
        """Calls within the city's own network come in by no trunk."""
        gates = rng.integers(*INTL, size=len(caller))
        if abroad:
            return gates
        kind = self.world.lines.kind[caller]
        inside = (kind == MOBILE) & (self.world.imsi_of[caller] >= 0)
        by_kind = np.where(
            (kind == OVERSEAS) | (kind == ODD), gates, rng.integers(*PSTN, size=len(caller))
        )
        return np.where(inside, -1, by_kind)


def over(given: Ints | None, usual: Ints) -> Ints:
    """What is given, and what is usual where that is −1 or nothing."""
    return usual if given is None else np.where(given >= 0, given, usual)


def ring(rng: np.random.Generator, n: int) -> Floats:
    return lognormal(rng, n, 9.0, 0.6, 1.0, 60.0)


def talk(rng: np.random.Generator, n: int, answered: float, median: float, sigma: float) -> Floats:
    """Seconds talked; 0 where nobody picked up."""
    spoken = lognormal(rng, n, median, sigma, 1.0, 5_400.0)
    return np.where(rng.random(n) < answered, spoken, 0.0)


def everyday_calls(calls: Calls, people: People, firms: Firms, behaviour: Behaviour) -> None:
    """All benign calls of the stretch."""
    _social(calls, people, behaviour)
    _trades(calls, people, firms, behaviour)
    _institutions(calls, people, firms, behaviour)
    _abroad(calls, people, behaviour)


def _times(calls: Calls, rng: np.random.Generator, rate: float, heads: int, curve: object) -> int:
    amount = calls.span.amount(curve)  # type: ignore[arg-type]
    return int(rng.poisson(rate * heads * amount))


def _social(calls: Calls, people: People, behaviour: Behaviour) -> None:
    rng = calls.world.chance("calls.social")
    curve = behaviour.rhythm("life")
    n = _times(calls, rng, behaviour.calls.social, people.n, curve)
    liveliness = np.exp(0.6 * rng.standard_normal(people.n))
    who = rng.choice(people.n, size=n, p=liveliness / liveliness.sum())
    weights = 1.0 / np.arange(1, FRIENDS - 1)
    which = rng.choice(len(weights), size=n, p=weights / weights.sum())
    which = np.where(rng.random(n) < 0.08, rng.integers(FRIENDS, size=n), which)
    other = people.friends[who, which]
    own = np.where(
        (people.second_line[who] >= 0) & (rng.random(n) < 0.3),
        people.second_line[who],
        people.line[who],
    )
    outward = rng.random(n) < np.where(calls.world.imsi_of[other] >= 0, 1.0, 0.5)
    at = calls.span.draw(rng, n, curve)
    seconds = np.where(
        rng.random(n) < 0.12,
        talk(rng, n, 0.8, 900.0, 0.7),
        talk(rng, n, 0.8, 65.0, 0.9),
    )
    keep = own != other
    caller, callee = np.where(outward, own, other)[keep], np.where(outward, other, own)[keep]
    calls.place(caller, callee, at[keep], ring(rng, n)[keep], seconds[keep], rng)


def _trades(calls: Calls, people: People, firms: Firms, behaviour: Behaviour) -> None:
    """Couriers, drivers, agents, recruiters: many calls to people they never called before."""
    rng = calls.world.chance("calls.trades")
    settings = behaviour.calls
    for trade, rate, curve, answered, median in (
        ("courier", settings.courier, "delivery", 0.82, 16.0),
        ("driver", settings.driver, "delivery", 0.9, 24.0),
        ("agent", settings.agent, "office", 0.42, 20.0),
        ("recruiter", settings.recruiter, "office", 0.55, 75.0),
        ("shop", settings.driver * 0.4, "shops", 0.8, 50.0),
        ("landlord", settings.driver * 0.2, "evening", 0.7, 80.0),
    ):
        workers = people.of_trade(trade)
        if not len(workers):
            continue
        rhythm = behaviour.rhythm(curve)
        n = _times(calls, rng, rate, len(workers), rhythm)
        who = workers[rng.integers(len(workers), size=n)]
        near = rng.random(n) < 0.7
        other = np.where(near, _neighbours(rng, people, who), rng.integers(people.n, size=n))
        away = (rng.random(n) < 0.1) & (trade != "courier")
        callee = np.where(away, people.friends[other, FRIENDS - 1], people.line[other])
        at = calls.span.draw(rng, n, rhythm)
        seconds = talk(rng, n, answered, median, 0.7)
        keep = callee != people.line[who]
        caller = people.line[who][keep]
        roams = rng.integers(len(calls.world.cells), size=int(keep.sum()))
        moving = trade in ("courier", "driver")
        calls.place(
            caller, callee[keep], at[keep], ring(rng, n)[keep], seconds[keep], rng,
            cell=roams if moving else None, hung_up=0.35,
        )  # fmt: skip
        back = np.flatnonzero(keep & (rng.random(n) < 0.06) & (calls.world.imsi_of[callee] >= 0))
        later = at[back] + (lognormal(rng, len(back), 9, 0.9, 0.5, 300) * 60_000).astype(np.int64)
        calls.place(
            callee[back], people.line[who[back]], later, ring(rng, len(back)),
            talk(rng, len(back), 0.8, 30.0, 0.7), rng,
        )  # fmt: skip


def _neighbours(rng: np.random.Generator, people: People, who: Ints) -> Ints:
    """Residents of the same district."""
    order = np.argsort(people.district, kind="stable")
    edges = np.searchsorted(people.district[order], np.arange(12))
    low, high = edges[people.district[who]], edges[people.district[who] + 1]
    return order[low + (rng.random(len(who)) * (high - low)).astype(np.int64)]


def _institutions(calls: Calls, people: People, firms: Firms, behaviour: Behaviour) -> None:
    """Filed call centres, offices, schools and hospitals, and residents who call hotlines."""
    rng = calls.world.chance("calls.institutions")
    settings = behaviour.calls
    for lines, rate, curve, answered, median, asserted in (
        (firms.centres, settings.call_centre, "office", 0.5, 45.0, True),
        (firms.offices, settings.office, "office", 0.75, 70.0, False),
        (firms.schools, settings.school, "office", 0.85, 55.0, False),
        (firms.hospitals, settings.hospital, "office", 0.8, 60.0, False),
    ):
        rhythm = behaviour.rhythm(curve)
        n = _times(calls, rng, rate, len(lines), rhythm)
        caller = lines[rng.integers(len(lines), size=n)]
        behind = firms.extensions[rng.integers(len(firms.extensions), size=n)]
        callee = people.line[rng.integers(people.n, size=n)]
        shows = behind if asserted else np.full(n, -1)
        calls.place(
            caller, callee, calls.span.draw(rng, n, rhythm), ring(rng, n),
            talk(rng, n, answered, median, 0.9), rng,
            asserted=np.where(rng.random(n) < 0.15, shows, -1), hung_up=0.55,
        )  # fmt: skip
    rhythm = behaviour.rhythm("life")
    n = _times(calls, rng, settings.service, people.n, rhythm)
    hotlines = np.concatenate([firms.centres, firms.hospitals, firms.offices])
    caller = people.line[rng.integers(people.n, size=n)]
    callee = hotlines[rng.integers(len(hotlines), size=n)]
    at = calls.span.draw(rng, n, rhythm)
    calls.place(caller, callee, at, ring(rng, n), talk(rng, n, 0.93, 140.0, 0.9), rng)


def _abroad(calls: Calls, people: People, behaviour: Behaviour) -> None:
    """Relatives overseas, residents who call home from a journey, numbers no plan knows."""
    rng = calls.world.chance("calls.abroad")
    rhythm = behaviour.rhythm("evening")
    having = np.flatnonzero(people.abroad >= 0)
    n = _times(calls, rng, behaviour.calls.abroad, len(having), rhythm)
    if len(having) and n:
        who = having[rng.integers(len(having), size=n)]
        inward = rng.random(n) < 0.75
        far, home = people.abroad[who], people.line[who]
        at = calls.span.draw(rng, n, rhythm)
        seconds = talk(rng, n, 0.75, 620.0, 0.9)
        for mask in (inward, ~inward):
            caller, callee = (far, home) if mask is inward else (home, far)
            calls.place(
                caller[mask], callee[mask], at[mask], ring(rng, n)[mask], seconds[mask], rng
            )
    travellers = np.flatnonzero(rng.random(people.n) < behaviour.calls.roaming)
    n = int(rng.poisson(len(travellers) * 2.0 * calls.span.days))
    if n:
        who = travellers[rng.integers(len(travellers), size=n)]
        callee = people.friends[who, rng.integers(FRIENDS - 2, size=n)]
        at = calls.span.draw(rng, n, behaviour.rhythm("life"))
        away = np.full(n, -1)
        calls.place(
            people.line[who], callee, at, ring(rng, n), talk(rng, n, 0.8, 150.0, 0.9), rng,
            abroad=True, cell=away,
        )  # fmt: skip
