"""How each card is used: whom it calls and writes to, in which devices, after what rest."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from fanzha.detection.card.limits import Limits

__all__ = ["of_calls", "of_findings", "of_texts"]

_DAY_MS = 86_400_000


def of_calls(
    calls: pl.DataFrame, lines: pl.DataFrame, risky_cells: Collection[str], limits: Limits
) -> pl.DataFrame:
    """One row a calling number: calls out, callees, devices, cells, and the rest before waking.

    `calls` are admitted `call` records, a row a phase; a call counts once. `lines` gives when each
    card was opened: it may rest from then on.
    """
    # Two senders may number their calls alike.
    once = calls.sort("at", maintain_order=True).unique(
        ["source", "call_id"], keep="first", maintain_order=True
    )
    handset = (
        calls.filter(pl.col("caller_imei").is_not_null())
        .group_by("caller_imei")
        .agg(pl.col("caller").n_unique().alias("_cards"))
    )
    held = (
        calls.join(handset, on="caller_imei", how="left")
        .group_by("caller")
        .agg(
            pl.col("_cards").max().fill_null(0).cast(pl.Int64).alias("handset_cards"),
            pl.col("caller_imei").drop_nulls().n_unique().cast(pl.Int64).alias("imeis"),
            _share(pl.col("caller_cell").is_in(sorted(risky_cells))).alias("risky_cell_share"),
        )
    )
    used = once.group_by("caller").agg(
        pl.len().cast(pl.Int64).alias("calls_out"),
        pl.col("callee").n_unique().cast(pl.Int64).alias("callees"),
        pl.col("at").min().alias("first_call_at"),
        pl.col("at").max().alias("last_call_at"),
    )
    return (
        used.join(held, on="caller", how="left")
        .join(_woken(once, lines, limits), on="caller", how="left")
        .rename({"caller": "number"})
    )


def _woken(once: pl.DataFrame, lines: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The longest rest of each caller, and what it did within a day of waking.

    A rest begins with the opening of the card or with its last call in or out.
    """
    received = once.select(
        pl.col("callee").alias("number"), "at", pl.lit(value=False).alias("_out")
    )
    placed = once.select(
        pl.col("caller").alias("number"), "at", pl.lit(value=True).alias("_out"), "callee"
    )
    opened = lines.filter(pl.col("opened_at").is_not_null()).select(
        "number", pl.col("opened_at").alias("at"), pl.lit(value=False).alias("_out")
    )
    seen = pl.concat([placed, received, opened], how="diagonal").sort("number", "at")
    rest = (pl.col("at").diff().over("number").dt.total_milliseconds() / _DAY_MS).fill_null(0.0)
    seen = seen.with_columns(rest.alias("_rest")).filter(
        pl.col("number").is_in(placed["number"].unique().to_list())
    )
    woke = (
        seen.filter((pl.col("_rest") > limits.silent_days) & pl.col("_out"))
        .group_by("number")
        .agg(pl.col("at").last().alias("_woke"), pl.col("_rest").last().alias("silent_days"))
    )
    within = pl.col("at").is_between(pl.col("_woke"), pl.col("_woke") + pl.duration(days=1))
    return (
        seen.filter("_out")
        .join(woke, on="number", how="inner")
        .filter(within)
        .group_by(pl.col("number").alias("caller"))
        .agg(
            pl.col("silent_days").first(),
            pl.len().cast(pl.Int64).alias("woken_calls"),
            pl.col("callee").n_unique().cast(pl.Int64).alias("woken_callees"),
        )
    )


def of_texts(texts: pl.DataFrame) -> pl.DataFrame:
    """One row a sending number: texts and recipients."""
    return texts.group_by(pl.col("sender").alias("number")).agg(
        pl.len().cast(pl.Int64).alias("texts_out"),
        pl.col("recipient").drop_nulls().n_unique().cast(pl.Int64).alias("recipients"),
    )


def of_findings(found: pl.DataFrame) -> pl.DataFrame:
    """One row a subject: the highest score other detectors gave it, which, and texts suspected."""
    return found.group_by(pl.col("subject").alias("number")).agg(
        pl.col("score").max().clip(0.0, 1.0).alias("found_score"),
        pl.col("detector").unique().sort().str.join(", ").alias("found_by"),
        pl.col("detector").str.starts_with("text/").sum().cast(pl.Int64).alias("texts_suspected"),
    )


def _share(holds: pl.Expr) -> pl.Expr:
    return holds.mean().fill_null(0.0)
