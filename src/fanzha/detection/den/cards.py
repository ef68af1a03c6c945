"""The conduct of each card, and which may be of a den: callers without a life, code takers."""

from __future__ import annotations

import polars as pl

from fanzha.detection.den.calls import SIM_KINDS, codes
from fanzha.detection.den.measures import DenMeasures

__all__ = ["of_cards"]

_DAY_MS = 86_400_000


def of_cards(
    once: pl.DataFrame,
    seen: pl.DataFrame,
    texts: pl.DataFrame | None,
    lines: pl.DataFrame | None,
    measures: DenMeasures,
) -> pl.DataFrame:
    """One row a number that is a card: its conduct, its home cell, its path, and what it may be.

    `calling` and `taking_codes` mark the cards that dens are made of; `lifeless` ones have hardly a
    call in from outside, no text out and hardly any but codes in; those `at_home` do not move: what
    stands still is heard in a cell and now and then in its neighbours. `path` is a card's last six
    cells, one after another without repetition.
    """
    out, into = _out(once), _into(once, measures)
    cards = out.join(into, on="number", how="full", coalesce=True)
    cards = cards.join(_written(texts), on="number", how="full", coalesce=True)
    cards = cards.join(_places(seen), on="number", how="left").join(
        _opened(lines), on="number", how="left"
    )
    counts = ("calls", "callees", "in_outside", "in_all", "texts_out", "texts_in", "codes_in",
              "code_senders", "code_days")  # fmt: skip
    cards = cards.with_columns(
        *(pl.col(name).cast(pl.Int64).fill_null(0) for name in counts),
        pl.coalesce("kind", "kind_in", "kind_text", pl.lit("")).alias("kind"),
    ).filter(pl.col("kind").is_in(list(SIM_KINDS)))
    dispersion = pl.col("callees") / pl.col("calls").clip(1)
    out_share = pl.col("calls") / (pl.col("calls") + pl.col("in_outside")).clip(1)
    a_day = pl.col("codes_in") / pl.col("code_days").clip(1)
    return cards.with_columns(
        dispersion.alias("dispersion"),
        out_share.alias("out_share"),
        a_day.alias("codes_a_day"),
        (
            (pl.col("calls") >= measures.mass_calls)
            & (100 * dispersion >= measures.mass_dispersion_pct)
            & (100 * out_share >= measures.out_pct)
        ).alias("calling"),
        (
            (a_day >= measures.codes_a_day)
            & (pl.col("code_senders") >= measures.code_senders)
            & (pl.col("calls") + pl.col("texts_out") <= measures.code_life_max)
        ).alias("taking_codes"),
        (
            (100 * pl.col("in_outside") <= (100 - measures.out_pct) * pl.col("calls"))
            & (pl.col("texts_out") == 0)
            & (pl.col("texts_in") <= measures.texts_life_max)
        ).alias("lifeless"),
        (
            (100 * pl.col("home_share") >= measures.home_pct)
            & (100 * pl.col("near_share") >= measures.near_pct)
        )
        .fill_null(value=False)
        .alias("at_home"),
    ).sort("number")


def _out(once: pl.DataFrame) -> pl.DataFrame:
    return once.group_by(pl.col("caller").alias("number")).agg(
        pl.col("caller_kind").first().alias("kind"),
        pl.len().alias("calls"),
        pl.col("callee").n_unique().alias("callees"),
        pl.col("talk_s").filter(pl.col("talk_s") > 0).mean().alias("talk_mean_s"),
        pl.col("began").min().alias("first_call"),
        (
            ((pl.col("began") - pl.col("ended").shift(1)) / 1000)
            .filter(pl.col("timed") & pl.col("timed").shift(1))
            .median()
            .alias("gap_s")
        ),
    )


def _into(once: pl.DataFrame, measures: DenMeasures) -> pl.DataFrame:
    """Calls in; those of mass callers are not from outside: sisters ring to feign a life. A mass
    caller calls many and is called less than half as often."""
    placed = once.group_by(pl.col("caller").alias("number")).agg(
        pl.len().alias("out"), pl.col("callee").n_unique().alias("callees")
    )
    taken = once.group_by(pl.col("callee").alias("number")).agg(pl.len().alias("in"))
    mass = (pl.col("callees") >= measures.mass_calls) & (
        2 * pl.col("in").fill_null(0) < pl.col("out")
    )
    loud = placed.join(taken, on="number", how="left").filter(mass)["number"]
    outside = ~pl.col("caller").is_in(loud.to_list())
    return once.group_by(pl.col("callee").alias("number")).agg(
        pl.col("callee_kind").first().alias("kind_in"),
        pl.len().alias("in_all"),
        outside.sum().alias("in_outside"),
    )


def _written(texts: pl.DataFrame | None) -> pl.DataFrame:
    """Texts in and out of each number, codes apart."""
    nobody = pl.DataFrame(
        schema={"number": pl.String, "kind_text": pl.String, "texts_in": pl.Int64,
                "codes_in": pl.Int64, "code_senders": pl.Int64, "code_days": pl.Int64,
                "texts_out": pl.Int64}
    )  # fmt: skip
    if texts is None or not texts.height:
        return nobody
    code = codes(texts)
    day = (pl.col("at").cast(pl.Int64) + 8 * 3_600_000) // _DAY_MS
    into = (
        texts.filter(pl.col("recipient").is_not_null())
        .group_by(pl.col("recipient").alias("number"))
        .agg(
            pl.col("recipient_kind").first().alias("kind_text"),
            (~code).sum().cast(pl.Int64).alias("texts_in"),
            code.sum().cast(pl.Int64).alias("codes_in"),
            pl.col("sender").filter(code).n_unique().cast(pl.Int64).alias("code_senders"),
            day.filter(code).n_unique().cast(pl.Int64).alias("code_days"),
        )
    )
    out = texts.group_by(pl.col("sender").alias("number")).agg(
        pl.len().cast(pl.Int64).alias("texts_out")
    )
    return into.join(out, on="number", how="full", coalesce=True)


def _places(seen: pl.DataFrame) -> pl.DataFrame:
    """Home cell and its share, number of cells, the last six cells, the newest device."""
    placed = seen.filter(pl.col("cell").is_not_null())
    homes = (
        placed.group_by("number", "cell")
        .len()
        .sort("len", "cell", descending=[True, False])
        .group_by("number", maintain_order=True)
        .agg(
            pl.col("cell").first().alias("home"),
            (pl.col("len").first() / pl.col("len").sum()).alias("home_share"),
            (pl.col("len").head(3).sum() / pl.col("len").sum()).alias("near_share"),
            pl.len().cast(pl.Int64).alias("cells"),
        )
    )
    moved = placed.filter(pl.col("cell").ne_missing(pl.col("cell").shift(1).over("number")))
    paths = moved.group_by("number", maintain_order=True).agg(
        pl.col("cell").tail(6).str.join(">").alias("path"),
        pl.col("cell").tail(3).str.join(">").alias("path3"),
        pl.len().cast(pl.Int64).alias("moves"),
    )
    everyone = seen.group_by("number", maintain_order=True).agg(
        pl.col("at").min().alias("first_seen"),
        pl.col("at").max().alias("last_seen"),
        pl.col("imei").drop_nulls().last(),
    )
    return everyone.join(homes, on="number", how="left").join(paths, on="number", how="left")


def _opened(lines: pl.DataFrame | None) -> pl.DataFrame:
    """When and where each card was activated last, and what it was sold as."""
    kinds = {"number": pl.String, "opened": pl.Int64, "outlet": pl.String, "product": pl.String}
    if lines is None or not lines.height:
        return pl.DataFrame(schema=kinds)
    frame = lines.with_columns(
        pl.lit(None, dtype=pl.String).alias(name)
        for name in ("outlet", "product")
        if name not in lines.columns
    ).sort("at", maintain_order=True)
    opened = pl.col("action") == "activate"
    return frame.group_by("number").agg(
        pl.col("at").cast(pl.Int64).filter(opened).last().alias("opened"),
        pl.col("outlet").filter(opened).drop_nulls().last(),
        pl.col("product").drop_nulls().last(),
    )
