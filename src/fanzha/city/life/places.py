"""A day of honest places that resemble dens: couriers, taxis, dormitories, meters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fanzha.city.behaviour import Behaviour
from fanzha.city.life.calls import Calls, ring, talk
from fanzha.city.life.texts import Texts
from fanzha.city.people import FRIENDS, People
from fanzha.city.places import STATION_SETS, TAXI_SETS, Places
from fanzha.city.rhythm import Ints, lognormal


def honest_places(
    places: Places, calls: Calls, texts: Texts, people: People, behaviour: Behaviour
) -> None:
    """A day of every place, through the same doors as everybody's."""
    settings = behaviour.lookalikes
    _desks(
        places.stations, STATION_SETS, 0, places, calls, people, behaviour,
        ("stations", settings.station_calls, 0.78, 14.0),
    )  # fmt: skip
    _desks(
        places.taxis, TAXI_SETS, len(places.stations), places, calls, people, behaviour,
        ("taxis", settings.taxi_calls, 0.9, 18.0),
    )  # fmt: skip
    _dormitories(places, calls, people, behaviour)
    _meters(places, texts, behaviour)


def _desks(
    lines: Ints,
    sets_each: int,
    first_cell: int,
    places: Places,
    calls: Calls,
    people: People,
    behaviour: Behaviour,
    habit: tuple[str, float, float, float],
) -> None:
    """Several cards in few sets in one cell, which call strangers briefly all day.

    `habit`: name, calls a day and line, share answered, median seconds.
    """
    name, rate, answered, median = habit
    rng = calls.world.chance(f"places.{name}")
    rhythm = behaviour.rhythm("delivery")
    n = int(rng.poisson(rate * lines.size * calls.span.amount(rhythm)))
    if n == 0:
        return
    place, line = rng.integers(len(lines), size=n), rng.integers(lines.shape[1], size=n)
    first_set = 0 if first_cell == 0 else len(places.stations) * STATION_SETS
    sets = places.sets[first_set + place * sets_each + rng.integers(sets_each, size=n)]
    cell = places.cells[first_cell + place]
    caller, callee = lines[place, line], people.line[rng.integers(people.n, size=n)]
    at = calls.span.draw(rng, n, rhythm)
    calls.place(
        caller, callee, at, ring(rng, n), talk(rng, n, answered, median, 0.6), rng,
        imei=sets, cell=cell, hung_up=0.4,
    )  # fmt: skip
    # People call back and ask; a den hears from nobody.
    back = np.flatnonzero(rng.random(n) < 0.22)
    later = at[back] + (lognormal(rng, len(back), 25, 0.9, 1, 400) * 60_000).astype(np.int64)
    calls.place(
        callee[back], caller[back], later, ring(rng, len(back)),
        talk(rng, len(back), 0.85, 30.0, 0.7), rng, callee_cell=cell[back],
    )  # fmt: skip


def _dormitories(places: Places, calls: Calls, people: People, behaviour: Behaviour) -> None:
    """Many young lines in one cell at night and in another by day, all together."""
    homes = places.dormitories
    rng = calls.world.chance("places.dormitories")
    rhythm = behaviour.rhythm("evening")
    n = int(rng.poisson(behaviour.lookalikes.dormitory_calls * homes.size
                        * calls.span.amount(rhythm)))  # fmt: skip
    if n == 0:
        return
    place = rng.integers(len(homes), size=n)
    who = homes[place, rng.integers(homes.shape[1], size=n)]
    mate = people.line[homes[place, rng.integers(homes.shape[1], size=n)]]
    other = np.where(rng.random(n) < 0.5, mate, people.friends[who, rng.integers(FRIENDS, size=n)])
    keep = np.flatnonzero(other != people.line[who])
    at = calls.span.draw(rng, n, rhythm)[keep]
    cell = places.cells[len(places.stations) + len(places.taxis) + place[keep]]
    calls.place(
        people.line[who[keep]], other[keep], at, ring(rng, len(keep)),
        talk(rng, len(keep), 0.8, 70.0, 0.9), rng, cell=cell,
    )  # fmt: skip


def _meters(places: Places, texts: Texts, behaviour: Behaviour) -> None:
    """Meters write figures to their platform and never call."""
    rng = texts.world.chance("places.meters")
    span = texts.calls.span
    n = int(rng.poisson(behaviour.lookalikes.meter_texts * len(places.meters) * span.days))
    if n == 0 or not len(places.meters):
        return
    meter = places.meters[rng.integers(len(places.meters), size=n)]
    at = rng.integers(span.start_ms, span.end_ms, size=n)
    figures = rng.integers(1_000, 10**6, size=n).astype(str)
    body = pa.array([f"RPT,{value},OK" for value in figures.tolist()], pa.string())
    to = places.platform[rng.integers(len(places.platform), size=n)]
    # A meter stays where it was put.
    fixed = meter * 7_919 % len(texts.world.cells)
    texts.write(meter, to, at, body, rng, cell=fixed)
