"""Graph features of whole files: one row an account, from its transfers in the order of time."""

from __future__ import annotations

import numpy as np
import polars as pl

from fanzha.features.frame import Columns
from fanzha.features.graph.declare import GraphWindow, Pattern
from fanzha.features.graph.live import GraphSet

_LANES = ("out_n", "out_fen", "fan_out", "in_n", "in_fen", "fan_in")
_PAIR = ("pair_n", "back_n")


def account_features(columns: Columns, window: GraphWindow) -> pl.DataFrame:
    """One row an account that took part in a transfer, by `account_key` (uint64).

    `columns` as for `GraphSet.update`, in any order. For each window, the most that any of the
    account's transfers was told: `out_n_<span>`, `out_fen_…`, `fan_out_…`, `in_n_…`, `in_fen_…`,
    `fan_in_…`, `pair_n_…` and `back_n_…` (as payer). Of the patterns declared: the greatest
    `through_share`, least `residence_s` and greatest `gather_scatter` as payer, the greatest
    `scatter_gather` as payee, `cycles` (transfers that closed a cycle) and `cycle_length` (the
    shortest) as payer, each null where there was none. `truncated`: some answer was cut.
    """
    order = np.argsort(columns["at"], kind="stable")
    sorted_columns = {name: np.asarray(array)[order] for name, array in columns.items()}
    graph = GraphSet(window)
    told = pl.DataFrame(
        {
            "payer_key": np.asarray(sorted_columns["payer_key"], np.uint64),
            "payee_key": np.asarray(sorted_columns["payee_key"], np.uint64),
            **graph.update(sorted_columns),
        },
        nan_to_null=True,
    )
    sides = pl.concat([_side(told, who, window) for who in ("payer", "payee")], how="diagonal")
    least = ("residence_s", "cycle_length")
    return (
        sides.filter(pl.col("account_key") != 0)
        .group_by("account_key", maintain_order=True)
        .agg(
            *(
                pl.col(name).min() if name in least else pl.col(name).max()
                for name in sides.columns
                if name not in ("account_key", "cycles")
            ),
            *([pl.col("cycles").sum()] if Pattern.CYCLE in window.patterns else []),
        )
        .sort("account_key")
    )


def _side(told: pl.DataFrame, who: str, window: GraphWindow) -> pl.DataFrame:
    """What the transfers told about their account of one side."""
    chosen = [pl.col(f"{who}_key").alias("account_key")]
    cuts = []
    for span in window.windows:
        chosen += [pl.col(f"{who}_{lane}_{span}").alias(f"{lane}_{span}") for lane in _LANES]
        cuts.append(f"{who}_{span}_truncated")
        if who == "payer":
            chosen += [pl.col(f"{name}_{span}") for name in _PAIR]
            cuts.append(f"pair_{span}_truncated")
    of_payer = {
        Pattern.THROUGH: ("through_share", "residence_s"),
        Pattern.GATHER_SCATTER: ("gather_scatter",),
    }
    for pattern, names in of_payer.items():
        if who == "payer" and pattern in window.patterns:
            chosen += [pl.col(name) for name in names]
            cuts.append(f"{pattern}_truncated")
    if who == "payer" and Pattern.CYCLE in window.patterns:
        closed = pl.col("cycle_length") > 0
        chosen.append(pl.when(closed).then(pl.col("cycle_length")).alias("cycle_length"))
        chosen.append(closed.cast(pl.Int64).alias("cycles"))
        cuts.append("cycle_truncated")
    if who == "payee" and Pattern.SCATTER_GATHER in window.patterns:
        chosen.append(pl.col("scatter_gather"))
        cuts.append("scatter_gather_truncated")
    return told.select(*chosen, pl.any_horizontal(cuts).alias("truncated"))
