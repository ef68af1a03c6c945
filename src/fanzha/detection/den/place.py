"""Where a den is: the probability of each cell, and the smallest set of cells that holds 90 %."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from fanzha.detection.den.measures import DenMeasures

__all__ = ["Place", "locate"]

_HOUR_MS = 3_600_000
_PRIOR = 0.5
"""Sightings that every cell seen is granted beforehand (Jeffreys), so that few prove little."""


@dataclass(frozen=True, slots=True)
class Place:
    """`cells`: (cell, probability that it is heard there next), the likeliest first. Where none of
    them stands out there is nowhere to search: no area."""

    cells: tuple[tuple[str, float], ...] = ()
    area: tuple[str, ...] = ()
    """The fewest cells that hold the wanted probability: where to search."""
    area_holds: float = 0.0
    """Probability that the area holds; 0 where the den cannot be located."""
    latest: str | None = None
    """Where it was heard last."""

    @property
    def known(self) -> bool:
        return bool(self.area)


def locate(seen: pl.DataFrame, members: list[str], measures: DenMeasures) -> Place:
    """From the sightings of its members. A card counts once an hour and cell, so that a busy one
    does not outvote the rest; older sightings weigh less, by half every `half_life_hours`."""
    mine = seen.filter(pl.col("number").is_in(members) & pl.col("cell").is_not_null())
    if not mine.height:
        return Place()
    newest = int(mine["at"].max())  # type: ignore[arg-type]
    hourly = mine.with_columns((pl.col("at") // _HOUR_MS).alias("hour")).unique(
        ["number", "cell", "hour"]
    )
    weights: dict[str, list[float]] = {}
    for cell, hour, cards in hourly.group_by("cell", "hour").len().iter_rows():
        age_h = newest // _HOUR_MS - hour
        weights.setdefault(cell, []).append(cards * 0.5 ** (age_h / measures.half_life_hours))
    # fsum: the same whatever the order of the rows.
    seen_in = {cell: math.fsum(parts) + _PRIOR for cell, parts in weights.items()}
    total = math.fsum(seen_in.values())
    cells = tuple(
        sorted(((c, w / total) for c, w in seen_in.items()), key=lambda item: (-item[1], item[0]))
    )
    latest = mine.sort("at", "cell")["cell"][-1]
    if 100 * cells[0][1] < measures.stands_out_pct:
        return Place(cells, latest=latest)
    area, holds = [], 0.0
    for cell, chance in cells:
        area.append(cell)
        holds += chance
        if 100 * holds >= measures.area_pct - 1e-9:
            break
    return Place(cells, tuple(area), min(holds, 1.0), latest)
