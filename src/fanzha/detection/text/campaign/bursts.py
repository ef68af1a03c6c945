"""Bursts of fake base stations: one text within minutes in few cells, from numbers that change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import SignalSet
from fanzha.detection.text.campaign.told import (
    DOUBT,
    SUSPECT,
    cluster_texts,
    judge,
    masked,
    new_clusters,
)
from fanzha.detection.text.v1.evidence import Reader
from fanzha.errors import Refused
from fanzha.values import phone_number
from fanzha.values.phone_number import NumberKind

__all__ = ["BURST_SCHEMA", "bursts"]

_COUNTS = ("texts", "suspected", "doubtful", "senders", "recipients", "moved", "cells", "top_cells",
           "pairs", "acquainted", "minutes")  # fmt: skip
BURST_SCHEMA: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(_COUNTS, pl.Int64), "in_top_cells": pl.Float64, "service_share": pl.Float64,
}  # fmt: skip
_WINDOW, _STEP = "10m", "5m"
_TOP = 3
"""Cells that one transmitter is heard in."""
_LOOKED_AT = 40
"""Recipients of a window whose acquaintance is looked up, at most."""
_FEWEST = 3
"""Recipients from which a window is looked at; what counts as many is the policy's."""


def bursts(
    reader: Reader,
    policies: Path,
    texts: Sequence[str],
    at: npt.NDArray[np.int64],
    senders: Sequence[str | None],
    recipients: Sequence[str | None],
    cells: Sequence[str | None] | None = None,
    moved: npt.NDArray[np.bool_] | None = None,
    contacts: Set[frozenset[str]] | None = None,
    suspect: float = SUSPECT,
    doubt: float = DOUBT,
) -> pl.DataFrame:
    """Bursts among texts, gravest first.

    `at` in ms UTC; `cells`: where each recipient stood; `moved`: whether the recipient's location
    area changed suddenly then; `contacts`: pairs of numbers that have called or written to each
    other. Each may be None: `missing` names it. Columns: `cluster`, `centre` (masked), `first_at`,
    `last_at` (ms), the counts of the policy's conditions, `where` (cells, busiest first), `score`,
    `reasons`, `missing`.
    """
    order = np.argsort(at, kind="stable")
    chosen = order.tolist()
    frame = pl.DataFrame(
        {
            "at": at[order],
            "sender": [senders[k] for k in chosen],
            "recipient": [recipients[k] for k in chosen],
            "cell": [cells[k] if cells is not None else None for k in chosen],
            "moved": moved[order] if moved is not None else np.zeros(order.size, dtype=bool),
        },
        schema_overrides=dict.fromkeys(("sender", "recipient", "cell"), pl.String),
    )
    clusters = new_clusters()
    bodies = [texts[k] for k in chosen]
    owner, level, _ = cluster_texts(
        reader, clusters, bodies, frame["at"].to_numpy(),
        frame["sender"].to_list(), frame["recipient"].to_list(), suspect, doubt,
    )  # fmt: skip
    frame = frame.with_columns(
        pl.Series("cluster", owner), pl.Series("suspected", level == 2),
        pl.Series("doubtful", level > 0),
        pl.Series("row", np.arange(order.size)),
        pl.col("sender").replace_strict(_services(frame["sender"]), default=False).alias("service"),
    ).filter(pl.col("cluster") >= 0)  # fmt: skip
    windows = pl.DataFrame(
        [_window(row, contacts) for row in _windows(frame).iter_rows(named=True)],
        schema=_ROW, orient="row",
    )  # fmt: skip
    found = _merged(judge(windows, _signals(policies).score(windows)), _signals(policies).threshold)
    given = {"cell": cells, "area change": moved, "contacts": contacts}
    missing = [name for name, value in given.items() if value is None]
    return found.with_columns(
        pl.Series("centre", [masked(reader, bodies[k]) for k in found["row"]], dtype=pl.String),
        pl.Series("missing", [missing] * found.height, dtype=pl.List(pl.String)),
    ).drop("row").sort("score", "recipients", descending=True, maintain_order=True)  # fmt: skip


_ROW: dict[str, Any] = {
    "cluster": pl.Int64, "row": pl.Int64, "first_at": pl.Int64, "last_at": pl.Int64,
    **BURST_SCHEMA, "where": pl.List(pl.String),
}  # fmt: skip


def _windows(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a cluster and ten minutes, every five minutes, where recipients are several."""
    counted = frame.with_columns(time=pl.from_epoch("at", time_unit="ms")).group_by_dynamic(
        "time", every=_STEP, period=_WINDOW, group_by="cluster"
    )
    return (
        counted.agg(
            pl.col("row").first(),
            pl.col("at").min().alias("first_at"),
            pl.col("at").max().alias("last_at"),
            pl.len().cast(pl.Int64).alias("texts"),
            pl.col("suspected", "doubtful").sum().cast(pl.Int64),
            pl.col("sender").drop_nulls().n_unique().cast(pl.Int64).alias("senders"),
            pl.col("recipient").drop_nulls().unique(maintain_order=True).alias("people"),
            pl.col("moved").sum().cast(pl.Int64),
            pl.col("service").mean().alias("service_share"),
            pl.struct("recipient", "cell").unique(maintain_order=True).alias("stood"),
        )
        .filter(pl.col("people").list.len() >= _FEWEST)
        .sort("cluster", "time")
    )


def _window(row: dict[str, Any], contacts: Set[frozenset[str]] | None) -> dict[str, Any]:
    """Counts of one window: the cells its recipients stand in, and who knows whom."""
    cells = Counter(one["cell"] for one in row.pop("stood") if one["cell"] is not None)
    busiest = sorted(cells, key=lambda cell: (-cells[cell], cell))[:_TOP]
    people = row.pop("people")
    pairs = list(combinations(people[:_LOOKED_AT], 2)) if contacts is not None else []
    row.pop("time")
    return row | {
        "recipients": len(people),
        "minutes": max(1, -(-(row["last_at"] - row["first_at"]) // 60_000)),
        "cells": len(cells),
        "top_cells": len(busiest),
        "in_top_cells": sum(cells[c] for c in busiest) / max(cells.total(), 1),
        "where": busiest,
        "pairs": len(pairs),
        "acquainted": sum(frozenset(pair) in (contacts or ()) for pair in pairs),
    }


def _merged(windows: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Windows that overlap are one burst: the gravest speaks, with the first and last instant."""
    kept: list[dict[str, Any]] = []
    for row in windows.filter(pl.col("score") >= threshold).iter_rows(named=True):
        before = kept[-1] if kept else None
        if (
            before is None
            or before["cluster"] != row["cluster"]
            or (row["first_at"] > before["last_at"])
        ):
            kept.append(row)
            continue
        best = row if row["score"] > before["score"] else before
        span = {"first_at": before["first_at"], "last_at": max(row["last_at"], before["last_at"])}
        kept[-1] = best | span
    return pl.DataFrame(kept, schema=windows.schema, orient="row")


def _services(senders: pl.Series) -> dict[str, bool]:
    """Which senders show the number of a service."""
    return {one: _is_service(one) for one in senders.drop_nulls().unique().to_list()}


def _is_service(sender: str) -> bool:
    try:
        return phone_number.parse_cli(sender).kind is NumberKind.SERVICE
    except Refused:
        return False


@cache
def _signals(policies: Path) -> SignalSet:
    return load_signals(policies / "text" / "bursts-v1.yaml", BURST_SCHEMA)
