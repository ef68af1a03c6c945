"""What ties cards together: devices, paths, places, openings, codes, calls to and fro."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from fanzha.detection.den.calls import codes
from fanzha.detection.den.measures import DenMeasures

__all__ = ["cohorts"]

_SUCCESSORS = 3
"""Calls looked at after each call's end."""
Pairs = npt.NDArray[np.int64]
"""(n, 2): rows of the frame of cards that belong together."""


def cohorts(
    cards: pl.DataFrame,
    once: pl.DataFrame,
    seen: pl.DataFrame,
    texts: pl.DataFrame | None,
    measures: DenMeasures,
) -> pl.Series:
    """The number of each card's cohort, row by row of `cards`; what stands alone is one of its own.

    Work and memory grow with the records, not with pairs: a group ties each of its cards to the
    first, and groups above `hub_max` cards tie nobody.
    """
    rows = cards.select("number").with_row_index("row")
    found = [
        _device(rows, seen, measures),
        _next_devices(rows, cards, seen, measures),
        _groups(cards, "path", pl.col("moves") >= 4, measures),
        _groups(cards, "path3", pl.col("moves") == 3, measures),
        _groups(cards, "home", pl.col("at_home") & pl.col("lifeless"), measures),
        _opened(cards, measures),
        _call_each_other(cards, once),
        _take_turns(cards, once, measures),
        _coded_together(rows, texts, measures),
    ]
    pairs = np.vstack([p for p in found if p.size] or [np.zeros((0, 2), np.int64)])
    size = cards.height
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = sparse.coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return pl.Series("cohort", label, dtype=pl.Int64)


def _star(grouped: pl.DataFrame, key: str, measures: DenMeasures) -> Pairs:
    """`row` and a key: each row of a group with the group's first."""
    held = grouped.sort(key, "row").with_columns(
        pl.col("row").first().over(key).alias("_first"), pl.len().over(key).alias("_size")
    )
    held = held.filter((pl.col("_size") > 1) & (pl.col("_size") <= measures.hub_max))
    return held.select("_first", "row").to_numpy().astype(np.int64)


def _groups(cards: pl.DataFrame, key: str, which: pl.Expr, measures: DenMeasures) -> Pairs:
    rows = cards.with_row_index("row").filter(which & pl.col(key).is_not_null())
    return _star(rows.select("row", key), key, measures)


def _device(rows: pl.DataFrame, seen: pl.DataFrame, measures: DenMeasures) -> Pairs:
    """Cards that were in one device."""
    used = seen.filter(pl.col("imei").is_not_null()).select("number", "imei").unique()
    return _star(used.join(rows, on="number").select("row", "imei"), "imei", measures)


def _next_devices(
    rows: pl.DataFrame, cards: pl.DataFrame, seen: pl.DataFrame, measures: DenMeasures
) -> Pairs:
    """Cards in devices of one type whose serials follow each other, in one place if it is known."""
    used = seen.filter(pl.col("imei").str.len_bytes() >= 14).select("number", "imei").unique()
    used = used.join(rows, on="number").join(cards.select("number", "home"), on="number")
    serial = pl.col("imei").str.slice(8, 6).cast(pl.Int64, strict=False)
    used = used.with_columns(pl.col("imei").str.slice(0, 8).alias("tac"), serial.alias("serial"))
    used = used.sort("tac", "home", "serial", "row", nulls_last=True)
    before = {c: pl.col(c).shift(1) for c in ("tac", "home", "serial", "row")}
    near = (
        (pl.col("tac") == before["tac"])
        & pl.col("home").eq_missing(before["home"])
        & (pl.col("serial") - before["serial"]).is_between(0, measures.imei_step)
    )
    found = used.with_columns(before["row"].alias("_before"), near.alias("_near")).filter("_near")
    return found.select("_before", "row").to_numpy().astype(np.int64)


def _opened(cards: pl.DataFrame, measures: DenMeasures) -> Pairs:
    """Cards activated at one outlet, each within the hour of the one before."""
    known = pl.col("outlet").is_not_null() & pl.col("opened").is_not_null()
    opened = cards.with_row_index("row").filter(known).sort("outlet", "opened", "row")
    found = opened.with_columns(
        pl.col("row").shift(1).alias("_before"),
        (
            (pl.col("outlet") == pl.col("outlet").shift(1))
            & (pl.col("opened").diff() <= measures.batch_minutes * 60_000)
        ).alias("_near"),
    ).filter("_near")
    return found.select("_before", "row").to_numpy().astype(np.int64)


def _call_each_other(cards: pl.DataFrame, once: pl.DataFrame) -> Pairs:
    """Cards without a life of which one has called the other more than once: strangers dialled at
    random do not happen to be such cards."""
    rows = cards.with_row_index("row").filter("lifeless").select("row", "number")
    own = once.join(rows.rename({"number": "caller", "row": "a"}), on="caller").join(
        rows.rename({"number": "callee", "row": "b"}), on="callee"
    )
    called = own.filter(pl.col("a") != pl.col("b")).group_by("a", "b").len()
    found = called.filter(pl.col("len") > 1).select("a", "b").sort("a", "b")
    return found.to_numpy().astype(np.int64)


def _take_turns(cards: pl.DataFrame, once: pl.DataFrame, measures: DenMeasures) -> Pairs:
    """Cards without a life of which one begins, time after time, when the other has just ended."""
    rows = cards.with_row_index("row").filter("lifeless").select("row", "number")
    timed = once.filter("timed")
    calls = timed.join(rows, left_on="caller", right_on="number").sort("began", "row")
    if calls.height < 2:
        return np.zeros((0, 2), np.int64)
    who = calls["row"].to_numpy().astype(np.int64)
    began, ended = calls["began"].to_numpy(), calls["ended"].to_numpy()
    after = np.searchsorted(began, ended)
    turns = []
    for ahead in range(_SUCCESSORS):
        place = np.minimum(after + ahead, len(who) - 1)
        pause = began[place] - ended
        took = (pause >= 0) & (pause < measures.relay_gap_s * 1000) & (who[place] != who)
        turns.append(np.column_stack([who[took], who[place][took]]))
    pairs, times = np.unique(np.vstack(turns), axis=0, return_counts=True)
    own = np.bincount(who, minlength=cards.height)
    often = (times >= measures.turns) & (100 * times >= measures.turns_pct * own[pairs[:, 0]])
    found: Pairs = pairs[often]
    return found


def _coded_together(rows: pl.DataFrame, texts: pl.DataFrame | None, measures: DenMeasures) -> Pairs:
    """Cards that take codes of the same senders in the same minutes, again and again."""
    if texts is None or not texts.height:
        return np.zeros((0, 2), np.int64)
    bucket = pl.col("at").cast(pl.Int64) // (measures.code_pair_seconds * 1000)
    got = (
        texts.filter(codes(texts))
        .select(pl.col("recipient").alias("number"), "sender", bucket.alias("bucket"))
        .join(rows, on="number")
        .unique(["row", "sender", "bucket"])
        .with_columns(pl.len().over("sender", "bucket").alias("_size"))
        .filter((pl.col("_size") > 1) & (pl.col("_size") <= measures.hub_max))
    )
    if not got.height:
        return np.zeros((0, 2), np.int64)
    group = got.select(pl.struct("sender", "bucket").rank("dense")).to_series().to_numpy() - 1
    card = got["row"].to_numpy()
    held = sparse.csr_matrix(
        (np.ones(len(card), np.int32), (card, group)), shape=(rows.height, int(group.max()) + 1)
    )
    return np.vstack([*_often(held, measures.code_pairs), np.zeros((0, 2), np.int64)])


def _often(held: sparse.csr_matrix, least: int) -> Iterator[Pairs]:
    """Pairs of rows that share so many columns, a stretch of rows at a time."""
    step = 2_000
    for first in range(0, held.shape[0], step):
        shared = (held[first : first + step] @ held.T).tocoo()
        keep = (shared.data >= least) & (shared.row + first < shared.col)
        yield np.column_stack([shared.row[keep] + first, shared.col[keep]]).astype(np.int64)
