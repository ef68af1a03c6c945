"""Records as dens are looked for in: one row a call, one row a sighting, codes among the texts."""

from __future__ import annotations

import polars as pl

from fanzha.detection.den.measures import DenMeasures
from fanzha.records.codes import carries_code
from fanzha.values.cell import AREA_LIMIT, CELL_LIMIT

__all__ = ["SIM_KINDS", "codes", "sightings", "whole_calls"]

_HOUR_MS = 3_600_000
_CELL = r"^[0-9]{3}-[0-9]{2,3}-([0-9]{1,8})-([0-9]{1,11})$"
_IMEI = r"^[0-9]{14,16}$"
_NO_IMEI = r"^(?:0+|1+|2+|3+|4+|5+|6+|7+|8+|9+|[0-9]{8}000000[0-9]*|12345678[0-9]*)$"
SIM_KINDS = ("mobile", "iot", "overseas")
"""Kinds of numbers that stand for a card in a device."""
_OPTIONAL = {
    "caller_imei": pl.String, "caller_imsi": pl.String, "caller_cell": pl.String,
    "callee_cell": pl.String, "talk_s": pl.Float64, "ring_s": pl.Float64,
}  # fmt: skip


def whole_calls(calls: pl.DataFrame, measures: DenMeasures) -> pl.DataFrame:
    """One row a call, whichever of its phases came: caller, callee, kinds, cells, device,
    `began` and `ended` (ms, UTC), `talk_s`, `timed`.

    Of a call of which only the end came, the beginning is reckoned from its ringing and talk.
    `timed` is false where the instant is a date or an hour only, or one at which its caller ended
    a call to somebody else too: nobody can say then which call came before which.
    """
    frame = calls.with_columns(
        (pl.col(name).cast(kind) if name in calls.columns else pl.lit(None, dtype=kind)).alias(name)
        for name, kind in _OPTIONAL.items()
    ).with_columns(pl.col("at").cast(pl.Int64).alias("_at"))
    lasted = (1000.0 * (pl.col("talk_s").fill_null(0.0) + pl.col("ring_s").fill_null(0.0))).clip(
        0.0, 86_400_000.0
    )
    reckoned = pl.when(pl.col("phase") == "end").then(pl.col("_at") - lasted.cast(pl.Int64))
    frame = frame.with_columns(reckoned.otherwise(pl.col("_at")).alias("_began"))
    kept = ("caller", "callee", "caller_kind", "callee_kind", "caller_imei", "caller_imsi",
            "caller_cell", "callee_cell")  # fmt: skip
    return (
        frame.group_by("source", "call_id")
        .agg(
            *(pl.col(name).drop_nulls().first() for name in kept),
            pl.col("_began").min().alias("began"),
            pl.col("_at").max().alias("ended"),
            pl.col("talk_s").max().fill_null(0.0),
        )
        .with_columns(
            *(_place(name, measures) for name in ("caller_cell", "callee_cell")),
            _device("caller_imei"),
            (
                (pl.col("ended") % _HOUR_MS != 0)
                & (pl.col("callee").n_unique().over("caller", "ended") == 1)
            ).alias("timed"),
        )
        .sort("began", "source", "call_id")
    )


def _place(name: str, measures: DenMeasures) -> pl.Expr:
    """A cell as the door writes it; null where it is none, or stands for none."""
    parts = pl.col(name).str.extract_groups(_CELL).struct
    area, cell = (parts.field(n).cast(pl.Int64) for n in ("1", "2"))
    there = area.is_between(0, AREA_LIMIT - 1) & cell.is_between(0, CELL_LIMIT - 1)
    void = area.is_in(list(measures.void_areas)) | cell.is_in(list(measures.void_cells))
    told = there & ~void
    return pl.when(told).then(pl.col(name)).alias(name)


def _device(name: str) -> pl.Expr:
    """An IMEI; null where it stands for none: one digit throughout, or no serial."""
    told = pl.col(name).str.contains(_IMEI) & ~pl.col(name).str.contains(_NO_IMEI)
    return pl.when(told).then(pl.col(name)).alias(name)


def sightings(
    once: pl.DataFrame, texts: pl.DataFrame | None, measures: DenMeasures
) -> pl.DataFrame:
    """Where each number was seen, and when: `number`, `cell`, `at` (ms), `imei`, `imsi`."""
    out = once.select(
        pl.col("caller").alias("number"), pl.col("caller_cell").alias("cell"),
        pl.col("began").alias("at"), pl.col("caller_imei").alias("imei"),
        pl.col("caller_imsi").alias("imsi"),
    )  # fmt: skip
    into = once.select(
        pl.col("callee").alias("number"),
        pl.col("callee_cell").alias("cell"),
        pl.col("began").alias("at"),
    )
    parts = [out, into]
    if texts is not None:
        names = {"sender_cell": "cell", "sender_imei": "imei", "sender_imsi": "imsi"}
        parts.append(
            texts.select(
                pl.col("sender").alias("number"), pl.col("at").cast(pl.Int64),
                *(
                    (_device(old) if new == "imei" else
                     _place(old, measures) if new == "cell" else pl.col(old)).alias(new)
                    for old, new in names.items() if old in texts.columns
                ),
            )
        )  # fmt: skip
    seen = pl.concat(parts, how="diagonal").filter(pl.col("number").is_not_null())
    return seen.sort("number", "at", "cell", "imei", "imsi")


def codes(texts: pl.DataFrame) -> pl.Expr:
    """Which texts carry a one-time code."""
    return carries_code(pl.col("body"))
