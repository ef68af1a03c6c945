"""Which centre a warning goes to: by place, then by load among the stations of that place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fanzha.lifecycles.actor import Level, Unit
from fanzha.usecases.warning.tiers import Tiers


def route(
    tiers: Tiers, place: str | None, load: Callable[[Sequence[Unit]], Mapping[str, int]]
) -> Unit:
    """The unit that handles a warning for a person at this place.

    A place that names a station or post goes there. One that names a branch goes to its station
    with the fewest open warnings. Where the place is unknown, the highest centre keeps it.
    """
    unit = tiers.lowest(place)
    if unit.level is not Level.BRANCH:
        return unit
    stations = tiers.below(unit.scope, Level.STATION)
    if not stations:
        return unit
    open_counts = load(stations)
    return min(stations, key=lambda s: (open_counts.get(s.code, 0), s.code))
