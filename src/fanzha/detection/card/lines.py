"""The state of each card from its life records: holder's count, batch, run of numbers, swaps."""

from __future__ import annotations

import polars as pl

from fanzha.detection.card.limits import Limits
from fanzha.errors import Refused
from fanzha.values import citizen_id, organisation_code

__all__ = ["batches", "of_lines", "people"]

_OPERATORS = {
    "898600": "mobile", "898602": "mobile", "898604": "mobile", "898607": "mobile",
    "898601": "unicom", "898606": "unicom", "898609": "unicom",
    "898603": "telecom", "898611": "telecom", "898615": "broadnet",
}  # fmt: skip
"""Issuer prefixes of an ICCID (ITU-T E.118, 86 = China)."""


def of_lines(lines: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """One row a number: who holds it, since when, how many the holder has, how it was opened.

    `lines` are admitted `line` records; the last word on each column counts. The operator is read
    from the ICCID, or is the sender's name.
    """
    ordered = lines.sort("at", maintain_order=True)
    opened = pl.col("at").filter(pl.col("action") == "activate")
    cards = ordered.group_by("number", maintain_order=True).agg(
        *(_newest(name) for name in ("product", "holder", "outlet", "iccid", "source")),
        # A second `activate` is a new life of the number: the newest counts.
        opened.last().alias("opened_at"),
        pl.col("at").max().alias("said_at"),
        (pl.col("action").last() == "close").alias("closed"),
        (pl.col("action") == "swap").sum().alias("swaps"),
    )
    prefix = pl.col("iccid").str.slice(0, 6)
    cards = cards.with_columns(
        pl.coalesce(
            prefix.replace_strict(_OPERATORS, default=None, return_dtype=pl.String),
            pl.col("source"),
            pl.lit(""),
        ).alias("operator"),
        people(cards["holder"]).alias("holder_is_person"),
    )
    counted = ~pl.col("closed") & pl.col("holder").is_not_null() & _is_phone()
    rank = pl.col("opened_at").rank("ordinal").over("holder", "operator", counted)
    cards = cards.with_columns(
        pl.when(counted).then(rank).cast(pl.Int64).alias("holder_rank"),
        pl.lit(limits.cards_per_operator, dtype=pl.Int64).alias("limit"),
    )
    return batches(cards, limits).drop("source")


def people(holders: pl.Series) -> pl.Series:
    """Which holders are persons: true for citizen ids, false for organisation codes, null for what
    is neither, such as a passport or a sender's token."""
    known = {holder: _person(holder) for holder in holders.unique().drop_nulls().to_list()}
    return pl.Series([known.get(one) for one in holders.to_list()], dtype=pl.Boolean)


def _person(holder: str) -> bool | None:
    for parse, person in ((citizen_id.parse, True), (organisation_code.parse, False)):
        try:
            parse(holder)
        except Refused:
            continue
        return person
    return None


def batches(cards: pl.DataFrame, limits: Limits, number: str = "number") -> pl.DataFrame:
    """Adds what was opened at the same outlet close in time: how many cards, for how many holders,
    how many of the holder's own, and the longest run of numbers or ICCIDs this row is in.

    A batch is a chain of openings, each at most `batch_minutes` after the one before.
    """
    known = pl.col("outlet").is_not_null() & pl.col("opened_at").is_not_null()
    gap = pl.col("opened_at").diff().over("outlet").dt.total_seconds()
    opened = (
        cards.with_row_index("_row")
        .filter(known)
        .sort("outlet", "opened_at", maintain_order=True)
        .with_columns(
            (gap.fill_null(1 << 60) > limits.batch_minutes * 60).cum_sum().alias("_batch")
        )
    )
    opened = opened.with_columns(
        pl.len().over("_batch").cast(pl.Int64).alias("batch_cards"),
        pl.col("holder")
        .drop_nulls()
        .n_unique()
        .over("_batch")
        .cast(pl.Int64)
        .alias("batch_holders"),
        pl.when(pl.col("holder").is_not_null())
        .then(pl.len().over("_batch", "holder"))
        .cast(pl.Int64)
        .alias("batch_cards_own"),
    )
    runs = [
        _run(opened, name, limits.run_step) for name in (number, "iccid") if name in cards.columns
    ]
    opened = opened.with_columns(pl.max_horizontal(runs).cast(pl.Int64).alias("batch_run"))
    added = ("batch_cards", "batch_holders", "batch_cards_own", "batch_run")
    joined = cards.with_row_index("_row").join(
        opened.select("_row", *added), on="_row", how="left", maintain_order="left"
    )
    return joined.drop("_row")


def _run(opened: pl.DataFrame, column: str, step: int) -> pl.Series:
    """How many of its batch follow each other by at most `step` in this column, around each row.
    Of an ICCID the check digit is left out."""
    digits = pl.col(column).str.replace_all(r"\D", "")
    if column == "iccid":
        digits = digits.str.slice(0, 19)
    # The last nine digits: what stands before them is the same within a batch.
    value = digits.str.tail(9).cast(pl.Int64, strict=False).alias("_value")
    ordered = opened.select("_row", "_batch", value).sort("_batch", "_value", nulls_last=True)
    jump = pl.col("_value").diff().over("_batch")
    ordered = ordered.with_columns(
        ((jump > step).fill_null(value=True) | pl.col("_value").is_null()).cum_sum().alias("_run")
    ).with_columns(pl.len().over("_batch", "_run").alias("_length"))
    joined = opened.select("_row").join(ordered, on="_row", how="left", maintain_order="left")
    return joined["_length"].alias(f"_{column}")


def _newest(name: str) -> pl.Expr:
    return pl.col(name).drop_nulls().last()


def _is_phone() -> pl.Expr:
    return pl.col("product").fill_null("phone") == "phone"
