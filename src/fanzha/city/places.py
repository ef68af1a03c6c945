"""Honest places that resemble dens: courier stations, taxi firms, dormitories, meters."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fanzha.city.behaviour import Behaviour
from fanzha.city.people import People
from fanzha.city.rhythm import Ints
from fanzha.city.world import IOT, MOBILE, World

_STATION_LINES, STATION_SETS = 5, 3
_TAXI_LINES, TAXI_SETS = 8, 4
_DORMITORY = 60


def _none() -> Ints:
    return np.empty(0, np.int64)


@dataclass(slots=True)
class Places:
    """Lines of honest places by kind, one row a place; meters stand alone."""

    stations: Ints = field(default_factory=_none)
    taxis: Ints = field(default_factory=_none)
    dormitories: Ints = field(default_factory=_none)
    """Residents of each dormitory."""
    meters: Ints = field(default_factory=_none)
    platform: Ints = field(default_factory=_none)
    """Lines meters report to."""
    sets: Ints = field(default_factory=_none)
    cells: Ints = field(default_factory=_none)
    """One cell a station, then one a taxi firm, then one a dormitory."""

    @property
    def lines(self) -> Ints:
        """Lines with cards in the city's own network that are no resident's."""
        return np.concatenate([self.stations.ravel(), self.taxis.ravel(), self.meters])

    @property
    def sets_wanted(self) -> int:
        return len(self.stations) * STATION_SETS + len(self.taxis) * TAXI_SETS

    def settle(self, world: World, sets: Ints) -> None:
        """Give places their sets and cells, once the city is numbered."""
        rng = world.rng("places")
        self.sets = sets
        count = len(self.stations) + len(self.taxis) + len(self.dormitories)
        self.cells = rng.integers(len(world.cells), size=count)


def build(world: World, people: People, behaviour: Behaviour) -> Places:
    """Ask for the places of a city of this size."""
    rng = world.rng("places.lines")
    settings, scale = behaviour.lookalikes, people.n / 10_000
    young = np.flatnonzero((people.age >= 17) & (people.age < 25))
    dormitories = _count(settings.dormitories, scale) if len(young) >= _DORMITORY else 0
    stations, taxis = (_count(r, scale) for r in (settings.courier_stations, settings.taxi_firms))
    meters = round(settings.meters * scale)
    return Places(
        stations=world.lines.add(MOBILE, stations * _STATION_LINES).reshape(-1, _STATION_LINES),
        taxis=world.lines.add(MOBILE, taxis * _TAXI_LINES).reshape(-1, _TAXI_LINES),
        dormitories=young[rng.integers(len(young), size=(dormitories, _DORMITORY))]
        if dormitories
        else np.empty((0, _DORMITORY), np.int64),
        meters=world.lines.add(IOT, meters),
        platform=world.lines.add(IOT, 2),
    )


def _count(rate: float, scale: float) -> int:
    return max(1, round(rate * scale)) if rate > 0 else 0
