"""Which centre a warning goes to: by place, then by load among the stations of that place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fanzha.errors import Misconfigured
from fanzha.lifecycles.actor import Level, Scope, Unit


class Tiers:
    """The tree of centres, by code."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.by_code: Mapping[str, Unit] = {u.code: u for u in units}
        roots = [u for u in units if u.level is Level.NATION]
        if len(roots) != 1:
            raise Misconfigured(
                "tiers_without_root",
                zh="机构层级必须有且只有一个最高中心",
                en="the tiers need exactly one nation at the top",
                field="units",
            )
        self.root = roots[0]

    def parent(self, unit: Unit) -> Unit:
        """The centre one tier above; the root is its own."""
        for code in reversed(unit.path[: max(0, unit.level.depth - 1)]):
            if code is not None and code in self.by_code:
                return self.by_code[code]
        return self.root

    def below(self, scope: Scope, level: Level) -> list[Unit]:
        """Units of one level inside a scope, by code."""
        return sorted(
            (u for u in self.by_code.values() if u.level is level and u.within(scope)),
            key=lambda u: u.code,
        )

    def lowest(self, code: str | None) -> Unit:
        """The unit that a place code names, or the nearest one above it that exists.

        Codes nest: 2 digits province, 4 city, 6 branch (district), 9 station, 12 post; shorter
        ones are padded with zeros to six digits in GB/T 2260 style.
        """
        if code is None:
            return self.root
        tries = (code, code[:9], code[:6], code[:4] + "00", code[:2] + "0000")
        return next((self.by_code[c] for c in tries if c in self.by_code), self.root)


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
