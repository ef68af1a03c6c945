"""Finds dens in records: cohorts of cards, their kind, place, confidence and reasons, ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.arrays import each_once
from fanzha.detection.den.bridges import bridges
from fanzha.detection.den.calls import sightings, whole_calls
from fanzha.detection.den.cards import of_cards
from fanzha.detection.den.figures import DEN_SCHEMA, NEEDS, figures
from fanzha.detection.den.measures import DenMeasures
from fanzha.detection.den.place import Place, locate
from fanzha.detection.den.ties import cohorts
from fanzha.detection.finding import Reason
from fanzha.detection.measures import load_measures
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import Scored, SignalSet

__all__ = ["Den", "DenKind", "Dens"]

_WIDE = ("caller_cell", "caller_imei", "caller_imsi", "callee_cell")


class DenKind(StrEnum):
    """The best guess at what stands there."""

    GOIP = "goip"
    SIM_BOX = "sim_box"
    MODEM_POOL = "modem_pool"
    PHONE_BRIDGE = "phone_bridge"

    @property
    def zh(self) -> str:
        return _NAMES[self][0]

    @property
    def en(self) -> str:
        return _NAMES[self][1]


_NAMES = {
    DenKind.GOIP: ("GOIP 设备", "GoIP gateway"),
    DenKind.SIM_BOX: ("SIM 卡池", "SIM box"),
    DenKind.MODEM_POOL: ("猫池", "modem pool"),
    DenKind.PHONE_BRIDGE: ("手机口", "two phones and a cable"),
}


@dataclass(frozen=True, slots=True)
class Den:
    """A suspected den: a lead for people to check, no proof.

    `score` is the confidence that it is one; `urgency` ranks it for a raid: the score, halved with
    every half-life since it was last heard of, halved where it cannot be located. Instants ms UTC.
    """

    kind: DenKind
    members: tuple[str, ...]
    devices: tuple[str, ...]
    place: Place
    score: float
    urgency: float
    first_seen: int
    last_seen: int
    reached: int
    """How many numbers it called."""
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...]
    """Columns that would have told more: without `caller_cell` it cannot be located."""


@dataclass(frozen=True, eq=False)
class Dens:
    """The policies: how cards are tied together, and the signals of cohorts."""

    measures: DenMeasures
    signals: SignalSet

    @classmethod
    def load(cls, folder: Path) -> Dens:
        """Read `den-v1*.yaml` of a policies folder; raises `Misconfigured`."""
        return cls(
            load_measures(folder / "den-v1-measures.yaml", DenMeasures),
            load_signals(folder / "den-v1.yaml", DEN_SCHEMA, needs=NEEDS),
        )

    def find(
        self,
        calls: pl.DataFrame,
        lines: pl.DataFrame | None = None,
        texts: pl.DataFrame | None = None,
        *,
        filed: pl.Expr | None = None,
    ) -> list[Den]:
        """All dens in admitted records (`fanzha.detection.arrays.frame_of`), the most urgent first.

        `filed` says of the column `number` which numbers an institution has filed: they are no
        members. The answer does not depend on the order of the rows.
        """
        calls = each_once(calls)
        texts = None if texts is None or not texts.height else each_once(texts)
        once = whole_calls(calls, self.measures)
        seen = sightings(once, texts, self.measures)
        cards = of_cards(once, seen, texts, lines, self.measures)
        if filed is not None:
            cards = cards.filter(~filed)
        pairs = bridges(once, cards, self.measures)
        suspected = cards.filter(pl.col("calling") | pl.col("taking_codes"))
        tied = suspected.with_columns(cohorts(suspected, once, seen, texts, self.measures))
        frames = [figures(tied, once, seen, self.measures)]
        held = {
            int(key[0]): sorted(part["number"].to_list()) for key, part in tied.group_by("cohort")
        }
        for number, group in enumerate(_bridge_groups(pairs), start=1):
            held[-number] = sorted({*group["bridge"], *group["caller"]})
            frames.append(self._bridged(cards, once, seen, group, held[-number], -number))
        crowd = _crowded(cards, seen, self.measures, below=-len(frames))
        frames.append(figures(crowd, once, seen, self.measures))
        held |= {
            int(key[0]): sorted(part["number"].to_list()) for key, part in crowd.group_by("cohort")
        }
        table = pl.concat(frames)
        frame = table.with_columns(_told(calls, lines, texts))
        scored = self.signals.score(frame)
        likely = sorted(
            (
                (float(scored.score[i]), held[scored.row(i)["cohort"]], i)
                for i in scored.over.tolist()
            ),
            key=lambda one: (-one[0], one[1]),
        )
        found = [
            self._den(scored, row, members, once, seen)
            for row, members in _apart([(row, members) for _, members, row in likely])
        ]
        return _ranked(found, self.measures)

    def _bridged(
        self, cards: pl.DataFrame, once: pl.DataFrame, seen: pl.DataFrame, group: pl.DataFrame,
        members: list[str], cohort: int,
    ) -> pl.DataFrame:  # fmt: skip
        """The figures of phones that are bridged to each other; two are enough."""
        mine = cards.filter(pl.col("number").is_in(members)).with_columns(
            pl.lit(cohort, dtype=pl.Int64).alias("cohort")
        )
        least = replace(self.measures, members_min=2)
        best = group.sort("bridged", descending=True).row(0, named=True)
        return figures(mine, once, seen, least).with_columns(
            pl.lit(best[name]).cast(DEN_SCHEMA[name]).alias(name)
            for name in ("bridged", "bridged_share", "by_chance")
        )

    def _den(
        self, scored: Scored, row: int, members: list[str], once: pl.DataFrame, seen: pl.DataFrame
    ) -> Den:
        values = scored.row(row)
        mine = seen.filter(pl.col("number").is_in(members))
        reached = once.filter(pl.col("caller").is_in(members))["callee"].n_unique()
        return Den(
            kind=_kind(values),
            members=tuple(members),
            devices=tuple(sorted(mine["imei"].drop_nulls().unique().to_list())),
            place=locate(seen, members, self.measures),
            score=float(scored.score[row]),
            urgency=0.0,
            first_seen=int(mine["at"].min()),  # type: ignore[arg-type]
            last_seen=int(mine["at"].max()),  # type: ignore[arg-type]
            reached=reached,
            reasons=scored.reasons(row),
            missing=scored.missing(row),
        )


def _told(
    calls: pl.DataFrame, lines: pl.DataFrame | None, texts: pl.DataFrame | None
) -> list[pl.Expr]:
    """Columns that say which received ones are there, for `missing`."""
    there = [name for name in _WIDE if name in calls.columns and calls[name].count()]
    if lines is not None and "outlet" in lines.columns and lines["outlet"].count():
        there.append("outlet")
    if texts is not None and texts.height:
        there.append("body")
    return [pl.lit(value=True).alias(name) for name in there]


def _crowded(
    cards: pl.DataFrame, seen: pl.DataFrame, measures: DenMeasures, below: int
) -> pl.DataFrame:
    """Cards in a device that has held very many, with a cohort below a number for each device: so
    many tie nobody (`hub_max`) and may each call too little to be suspected, but are told."""
    used = seen.filter(pl.col("imei").is_not_null()).select("number", "imei").unique()
    used = used.join(cards.select("number"), on="number", how="semi")
    size = pl.len().over("imei")
    used = used.with_columns(size.alias("_size")).filter(size >= measures.device_cards)
    used = used.sort("_size", "imei", descending=[True, False]).unique(
        "number", keep="first", maintain_order=True
    )
    number = (below - pl.col("imei").rank("dense").cast(pl.Int64)).alias("cohort")
    return cards.join(used.select("number", number), on="number")


def _bridge_groups(pairs: pl.DataFrame) -> list[pl.DataFrame]:
    """Pairs of one bridge, then of one cell: phones that are bridged in one place are one den."""
    return [part for _, part in sorted(pairs.group_by("cell"), key=lambda item: str(item[0]))]


def _kind(values: Mapping[str, Any]) -> DenKind:
    """By what shows most plainly; a person at the door sees more."""

    def of(name: str) -> float:
        return float(values[name] or 0)

    if of("bridged"):
        return DenKind.PHONE_BRIDGE
    if of("takers") * 2 >= of("members"):
        return DenKind.MODEM_POOL
    if of("gateways") or (of("device_run") >= 4 and of("path_share") < 0.7):
        return DenKind.GOIP
    if of("cards_a_device") >= 2 and 2 * of("devices") <= of("members") and of("path_share") < 0.7:
        return DenKind.GOIP
    return DenKind.SIM_BOX


def _apart(found: Sequence[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Rows and their members, the likeliest first: of those that share a member the first stays
    and takes the others' members, so that a small den that is sure hides no large one."""
    kept: list[tuple[int, set[str]]] = []
    for row, members in found:
        shared = [one for one in kept if not one[1].isdisjoint(members)]
        if shared:
            shared[0][1].update(members, *(one for _, one in shared[1:]))
            kept = [one for one in kept if one not in shared[1:]]
        else:
            kept.append((row, set(members)))
    return [(row, sorted(members)) for row, members in kept]


def _ranked(found: list[Den], measures: DenMeasures) -> list[Den]:
    if not found:
        return []
    newest = max(den.last_seen for den in found)
    ranked = []
    for den in found:
        age_h = (newest - den.last_seen) / 3_600_000
        urgency = den.score * float(np.exp2(-age_h / measures.half_life_hours))
        urgency *= 1.0 if den.place.known else 0.5
        ranked.append(replace(den, urgency=urgency))
    return sorted(ranked, key=lambda d: (-d.urgency, -d.reached, d.members))
