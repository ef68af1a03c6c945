"""The state of each account: class, holder, counts against the limits, the card bound to it."""

from __future__ import annotations

import polars as pl

from fanzha.detection.card.limits import Limits
from fanzha.detection.card.lines import batches, people

__all__ = ["of_accounts"]

_DEBIT = ("I", "II")


def of_accounts(
    accounts: pl.DataFrame, subjects: pl.DataFrame | None, cards: pl.DataFrame, limits: Limits
) -> pl.DataFrame:
    """One row an account. `cards` has `number`, `holder`, `score`, of ranked cards.

    A card is bound to an account by the registry (`subject` records that name both, or name one
    person for both); where the registry says nothing, by their common holder.
    """
    ordered = accounts.sort("at", maintain_order=True)
    opened = pl.col("at").filter(pl.col("action") == "open")
    found = ordered.group_by("account", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().last() for name in ("holder", "class", "outlet")),
        opened.last().alias("opened_at"),
        (pl.col("action").last() == "close").alias("closed"),
    )
    found = found.with_columns(
        pl.col("account").str.split(":").list.first().alias("bank"),
        people(found["holder"]).fill_null(value=False).alias("_person"),
    )
    for name, kept in (("class1_rank", ("I",)), ("debit_rank", _DEBIT)):
        counted = pl.col("class").is_in(kept) & pl.col("_person") & ~pl.col("closed")
        counted = counted.fill_null(value=False)
        rank = pl.col("opened_at").rank("ordinal").over("holder", "bank", counted)
        found = found.with_columns(pl.when(counted).then(rank).cast(pl.Int64).alias(name))
    found = batches(found, limits, "account").rename({"batch_cards": "batch_accounts"})
    found = found.drop("batch_cards_own", "batch_run", "bank", "_person").with_columns(
        pl.lit(limits.class1_per_bank, dtype=pl.Int64).alias("class1_limit"),
        pl.lit(limits.debit_cards_per_bank, dtype=pl.Int64).alias("debit_limit"),
    )
    shared = ordered.filter(pl.col("device").is_not_null()).with_columns(
        pl.col("holder").drop_nulls().n_unique().over("device").alias("_holders")
    )
    devices = shared.group_by("account").agg(
        pl.col("_holders").max().cast(pl.Int64).alias("device_holders")
    )
    bound = _bound(found, subjects, cards)
    return found.join(devices, on="account", how="left").join(bound, on="account", how="left")


def _bound(found: pl.DataFrame, subjects: pl.DataFrame | None, cards: pl.DataFrame) -> pl.DataFrame:
    """The riskiest card bound to each account."""
    ties = []
    if subjects is not None:
        number = subjects.filter(pl.col("number").is_not_null()).select("person", "number")
        account = subjects.filter(pl.col("account").is_not_null()).select("person", "account")
        ties.append(number.join(account, on="person").select("account", "number"))
    said = ties[0]["account"].unique().to_list() if ties else []
    holders = found.filter(~pl.col("account").is_in(said)).select("account", "holder")
    ties.append(
        holders.drop_nulls("holder")
        .join(cards.select("number", "holder").drop_nulls("holder"), on="holder")
        .select("account", "number")
    )
    return (
        pl.concat(ties)
        .join(cards.select("number", "score"), on="number")
        .sort("score", "number", descending=[True, False])
        .group_by("account", maintain_order=True)
        .agg(pl.col("number").first().alias("card"), pl.col("score").first().alias("card_score"))
    )
