"""Two phones and a cable (手机口): one is held on a call while the other calls strangers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.den.calls import SIM_KINDS
from fanzha.detection.den.measures import DenMeasures

__all__ = ["bridges"]

_SCHEMA = {"bridge": pl.String, "caller": pl.String, "cell": pl.String, "bridged": pl.Int64,
           "bridged_share": pl.Float64, "by_chance": pl.Float64}  # fmt: skip
_PHONES_MAX = 60
"""Phones of one cell that are looked at against each other, the busiest first."""


def bridges(once: pl.DataFrame, cards: pl.DataFrame, measures: DenMeasures) -> pl.DataFrame:
    """Pairs of phones at home in one cell of which one calls within the calls of the other.

    Out: `bridge` (held on long calls with few or foreign peers), `caller` (calls many numbers),
    `cell`, `bridged` (calls of the caller inside calls of the bridge), their share, and the share
    that chance would give. Without cells, or where instants are dates only, no pair can be made:
    then there are none.
    """
    homes = cards.filter(pl.col("at_home")).select("number", "home")
    callers = _callers(cards, measures)
    held = _held(once, homes, measures)
    both = callers.select("home").unique().join(held.select("home").unique(), on="home")
    found = []
    for home in sorted(both["home"].to_list()):
        lines = held.filter(pl.col("home") == home)
        busy = (
            lines.group_by("number").agg(pl.len()).sort("len", "number", descending=[True, False])
        )
        spans = {
            n: lines.filter(pl.col("number") == n).select("began", "ended").to_numpy()
            for n in busy["number"].head(_PHONES_MAX).to_list()
        }
        mine = callers.filter(pl.col("home") == home).sort(
            "calls", "number", descending=[True, False]
        )
        for caller in mine["number"].head(_PHONES_MAX).to_list():
            calls = once.filter("timed", pl.col("caller") == caller)
            starts = calls.select("began", "ended").to_numpy()
            for bridge, span in spans.items():
                if bridge != caller and (told := _inside(starts, span, measures)):
                    found.append((bridge, caller, home, *told))
    return pl.DataFrame(found, schema=_SCHEMA, orient="row")


def _callers(cards: pl.DataFrame, measures: DenMeasures) -> pl.DataFrame:
    wide = 100 * pl.col("dispersion") >= measures.mass_dispersion_pct
    few_in = 100 * pl.col("out_share") >= measures.out_pct
    return cards.filter(
        pl.col("at_home") & (pl.col("calls") >= measures.bridge_calls) & wide & few_in
    )


def _held(once: pl.DataFrame, homes: pl.DataFrame, measures: DenMeasures) -> pl.DataFrame:
    """Long calls of phones at home that talk to few people, or to numbers abroad only."""
    long = once.filter(pl.col("timed") & (pl.col("talk_s") >= measures.bridge_s))
    sides = []
    for me, peer in (("caller", "callee"), ("callee", "caller")):
        kind = pl.col(f"{me}_kind").is_in(list(SIM_KINDS))
        abroad = (pl.col(f"{peer}_kind").is_in(["overseas", "malformed"])).fill_null(value=False)
        sides.append(
            long.filter(kind).select(
                pl.col(me).alias("number"), pl.col(peer).alias("peer"), abroad.alias("abroad"),
                "began", "ended",
            )
        )  # fmt: skip
    held = pl.concat(sides).join(homes, on="number")
    few = pl.col("peer").filter(~pl.col("abroad")).n_unique().over("number")
    return held.filter(few <= measures.bridge_peers).sort("number", "began")


def _inside(
    calls: npt.NDArray[np.int64], spans: npt.NDArray[np.int64], measures: DenMeasures
) -> tuple[int, float, float] | None:
    """How many calls lie within the spans, their share, and the share expected by chance."""
    if len(calls) < measures.bridge_calls:
        return None
    spans = _merged(spans)
    at = np.searchsorted(spans[:, 0], calls[:, 0] + 5_000, side="right") - 1
    inside = (at >= 0) & (calls[:, 1] <= spans[np.maximum(at, 0), 1] + 5_000)
    first, last = int(calls[:, 0].min()), int(calls[:, 1].max())
    covered = np.clip(spans, first, last)
    chance = float((covered[:, 1] - covered[:, 0]).sum()) / max(last - first, 1)
    count, share = int(inside.sum()), float(inside.mean())
    plain = count >= measures.bridge_calls and 100 * share >= measures.bridge_pct
    return (
        (count, share, chance)
        if plain and 100 * (share - chance) >= measures.bridge_lift_pct
        else None
    )


def _merged(spans: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Spans sorted by their start, those that overlap made one."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    ends = np.maximum.accumulate(spans[:, 1])
    fresh = np.concatenate([[True], spans[1:, 0] > ends[:-1]])
    last = np.concatenate([np.flatnonzero(fresh)[1:] - 1, [len(spans) - 1]])
    return np.column_stack([spans[fresh, 0], ends[last]])
