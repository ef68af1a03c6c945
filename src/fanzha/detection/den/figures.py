"""What a cohort of cards looks like as a whole: the figures that conditions about dens read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.den.measures import DenMeasures

__all__ = ["DEN_SCHEMA", "NEEDS", "figures"]

_COUNTS = ("members", "callers", "takers", "devices", "cards_a_device", "device_run", "gateways",
           "relays", "at_once", "batch", "calls", "callees", "calls_inside", "codes_day",
           "senders", "path_moves", "bridged")  # fmt: skip
_NUMBERS = ("lifeless_share", "still_share", "home_share", "path_share", "relay_share",
           "closed_share", "dispersion", "out_share", "young_share", "bridged_share",
           "by_chance", "gap_s")  # fmt: skip
DEN_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "cohort": pl.Int64,
    **dict.fromkeys(_COUNTS, pl.Int64),
    **dict.fromkeys(_NUMBERS, pl.Float64),
}
NEEDS: Mapping[str, tuple[str, ...]] = {
    "cards_a_device": ("caller_imei",), "device_run": ("caller_imei",),
    "gateways": ("caller_imei",), "still_share": ("caller_cell",),
    "home_share": ("caller_cell",), "path_share": ("caller_cell",), "bridged": ("caller_cell",),
    "batch": ("outlet",), "codes_day": ("body",),
}  # fmt: skip


def figures(
    cards: pl.DataFrame, once: pl.DataFrame, seen: pl.DataFrame, measures: DenMeasures
) -> pl.DataFrame:
    """One row a cohort of at least `members_min` cards, `DEN_SCHEMA`; `cards` has `cohort`.

    What the records cannot tell (no devices, no cells, no openings) is null.
    """
    big = cards.filter(pl.len().over("cohort") >= measures.members_min)
    young = (pl.col("first_call") - pl.col("opened")) <= measures.young_days * 86_400_000
    whole = big.group_by("cohort").agg(
        pl.len().cast(pl.Int64).alias("members"),
        pl.col("calling").sum().cast(pl.Int64).alias("callers"),
        pl.col("taking_codes").sum().cast(pl.Int64).alias("takers"),
        pl.col("lifeless").mean().alias("lifeless_share"),
        pl.col("at_home").filter(pl.col("cells").is_not_null()).mean().alias("still_share"),
        _commonest("home").alias("home_share"),
        _commonest("path", pl.col("moves") >= 3).alias("path_share"),
        pl.col("moves").median().cast(pl.Int64).alias("path_moves"),
        pl.col("calls").sum().alias("calls"),
        pl.col("dispersion").filter("calling").mean(),
        pl.col("out_share").filter("calling").mean(),
        pl.col("gap_s").filter("calling").median(),
        young.mean().alias("young_share"),
        pl.col("codes_a_day").sum().cast(pl.Int64).alias("codes_day"),
        pl.col("code_senders").max().alias("senders"),
        *_openings(measures),
    )
    whole = whole.join(_devices(big, seen, measures), on="cohort", how="left")
    whole = whole.join(_talks(big, once, measures), on="cohort", how="left")
    return _typed(whole).sort("cohort")


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of `DEN_SCHEMA`; null where there are none."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in DEN_SCHEMA.items()
    )


def _commonest(name: str, which: pl.Expr | None = None) -> pl.Expr:
    """Share of the cohort's cards that have its commonest value; null where none has any."""
    values = pl.col(name) if which is None else pl.col(name).filter(which)
    most = values.drop_nulls().value_counts().struct.field("count").max()
    return most / pl.len()


def _openings(measures: DenMeasures) -> list[pl.Expr]:
    """The most cards opened at one outlet within one hour of the clock."""
    hour = pl.col("opened") // (measures.batch_minutes * 60_000)
    spot = pl.struct("outlet", hour.alias("h")).filter(
        pl.col("outlet").is_not_null() & pl.col("opened").is_not_null()
    )
    return [spot.value_counts().struct.field("count").max().cast(pl.Int64).alias("batch")]


def _devices(big: pl.DataFrame, seen: pl.DataFrame, measures: DenMeasures) -> pl.DataFrame:
    used = (
        seen.filter(pl.col("imei").is_not_null())
        .select("number", "imei")
        .unique()
        .join(big.select("number", "cohort"), on="number")
        .with_columns(
            pl.col("imei").str.slice(0, 8).alias("tac"),
            pl.col("imei").str.slice(8, 6).cast(pl.Int64, strict=False).alias("serial"),
        )
    )
    tacs = [f"{tac:08d}" for tac in measures.gateway_tacs]
    one = used.unique(["cohort", "imei"]).sort("cohort", "tac", "serial", nulls_last=True)
    jump = (pl.col("serial").diff() > measures.imei_step) | (
        pl.struct("cohort", "tac") != pl.struct("cohort", "tac").shift(1)
    )
    runs = one.with_columns(jump.fill_null(value=True).cum_sum().alias("run"))
    runs = runs.group_by("cohort", "run").len().group_by("cohort").agg(
        pl.col("len").max().alias("device_run")
    )  # fmt: skip
    shared = used.group_by("cohort", "imei").agg(pl.col("number").n_unique().alias("n"))
    told = shared.group_by("cohort").agg(
        pl.len().alias("devices"), pl.col("n").max().alias("cards_a_device")
    )
    gates = one.group_by("cohort").agg(pl.col("tac").is_in(tacs).sum().alias("gateways"))
    return told.join(runs, on="cohort").join(gates, on="cohort")


def _talks(big: pl.DataFrame, once: pl.DataFrame, measures: DenMeasures) -> pl.DataFrame:
    """How the calls of a cohort follow each other, and how many stay within it."""
    whose = big.select("number", "cohort")
    out = once.join(whose.rename({"number": "caller"}), on="caller")
    into = once.join(whose.rename({"number": "callee"}), on="callee").join(
        whose.rename({"number": "caller", "cohort": "from"}), on="caller", how="left"
    )
    inside = (pl.col("from") == pl.col("cohort")).fill_null(value=False)
    closed = into.group_by("cohort").agg(
        inside.sum().cast(pl.Int64).alias("calls_inside"), inside.mean().alias("closed_share")
    )
    rows = []
    for (cohort,), calls in out.sort("cohort", "began").group_by("cohort", maintain_order=True):
        timed = calls.filter("timed")
        spans = timed.select("began", "ended").to_numpy()
        who = timed["caller"].rank("dense").to_numpy()
        relays, share = _relays(spans, who, measures.relay_gap_s * 1000)
        rows.append((cohort, relays, share, _at_once(spans), calls["callee"].n_unique()))
    kinds = {"cohort": pl.Int64, "relays": pl.Int64, "relay_share": pl.Float64,
             "at_once": pl.Int64, "callees": pl.Int64}  # fmt: skip
    told = pl.DataFrame(rows, schema=kinds, orient="row")
    return told.join(closed, on="cohort", how="full", coalesce=True)


def _relays(
    spans: npt.NDArray[np.int64], who: npt.NDArray[np.uint32], gap_ms: int
) -> tuple[int, float]:
    """Calls that another card begins within the gap after the last one ended, and their share
    among all changes from card to card (R3)."""
    if len(spans) < 2:
        return 0, 0.0
    changed = who[1:] != who[:-1]
    pause = spans[1:, 0] - spans[:-1, 1]
    relayed = changed & (pause >= 0) & (pause < gap_ms)
    return int(relayed.sum()), float(relayed.sum() / max(int(changed.sum()), 1))


def _at_once(spans: npt.NDArray[np.int64]) -> int:
    """The most calls that went on at one time."""
    ends = np.sort(spans[:, 1])
    if not len(spans):
        return 0
    over = np.searchsorted(ends, spans[:, 0], side="right")
    return int((np.arange(1, len(spans) + 1) - over).max())
