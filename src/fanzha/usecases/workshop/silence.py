"""How much of a centre a rule is muted for, and how long it is silent for nearly everybody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Level, Unit
from fanzha.usecases.warning.tiers import Tiers

__all__ = ["area_of", "longest_silence"]

_DIGITS = {Level.NATION: 0, Level.PROVINCE: 2, Level.CITY: 4, Level.BRANCH: 6}
"""How many digits of a unit's code say where it is. People are known by district, six digits: what
is smaller than a branch mutes nobody."""

Span = tuple[datetime, datetime, str | None]
"""From, until, and the area's digits; None for all."""


def _digits(unit: Unit) -> str:
    return unit.code[: _DIGITS[unit.level]]


def area_of(given: str, tiers: Tiers) -> str | None:
    """The digits that districts of an area begin with; None where it is the whole centre.

    `given` is a unit's code, or its digits without the zeros. Refused where no unit down to the
    branches is called so.
    """
    for unit in tiers.by_code.values():
        if unit.level in _DIGITS and given in (unit.code, _digits(unit)):
            return _digits(unit) or None
    raise Refused(
        "area_unknown",
        zh="没有这个地区；请用本中心所辖省、市或区县的代码",
        en="there is no such area; name a province, a city or a district of this centre",
        field="area",
    )


def longest_silence(
    spans: Iterable[Span], tiers: Tiers, *, share: float, within: timedelta
) -> timedelta:
    """The most time, in any stretch as long as `within`, during which more than `share` of the
    centre's districts were muted at once. Mutes that overlap count once."""
    districts = _districts(tiers)
    edges: list[tuple[datetime, int, list[int]]] = []
    for begin, end, area in spans:
        held = [n for n, d in enumerate(districts) if area is None or d.startswith(area)]
        if end > begin:
            edges += [(begin, 1, held), (end, -1, held)]
    silent: list[tuple[datetime, datetime]] = []
    muted, since = [0] * len(districts), None
    for at, step, held in sorted(edges, key=lambda edge: edge[0]):
        if since is not None and at > since:
            silent.append((since, at))
        for n in held:
            muted[n] += step
        wide = sum(count > 0 for count in muted) > share * len(districts)
        since = at if wide else None
    return max((_inside(silent, end - within, end) for _, end in silent), default=timedelta(0))


def _districts(tiers: Tiers) -> list[str]:
    """Where people are: the branches, and provinces and cities of which the tiers name none."""
    above = {code for u in tiers.by_code.values() for code in u.path if code and code != u.code}
    held = (Level.PROVINCE, Level.CITY)
    return [
        _digits(u)
        for u in tiers.by_code.values()
        if u.level is Level.BRANCH or (u.level in held and u.code not in above)
    ]


def _inside(
    silent: Iterable[tuple[datetime, datetime]], begin: datetime, end: datetime
) -> timedelta:
    parts = (min(b, end) - max(a, begin) for a, b in silent)
    return sum((part for part in parts if part > timedelta(0)), timedelta(0))
