"""Campaigns and bursts of fake base stations in a set of texts, with reasons: pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import Scored, SignalSet
from fanzha.detection.text.campaign.clusters import Clusters
from fanzha.detection.text.v1.addresses import addresses
from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.kernel import ADDRESS, LONG_NUMBER
from fanzha.detection.text.v1.normal import NormalText
from fanzha.detection.text.v1.phrases import quote
from fanzha.errors import Refused
from fanzha.values import url

__all__ = [
    "CAMPAIGN_SCHEMA",
    "LEAST",
    "SHORTEST",
    "campaigns",
    "cluster_texts",
    "hooked",
    "judge",
    "keys_of_names",
    "masked",
    "new_clusters",
    "weighed",
]

CAMPAIGN_SCHEMA = {
    "texts": pl.Int64, "suspected": pl.Int64, "doubtful": pl.Int64, "senders": pl.Int64,
    "recipients": pl.Int64,    "last_hour": pl.Int64, "hour_before": pl.Int64, "growth": pl.Int64,
}  # fmt: skip
LEAST = 0.5
"""Share of MinHashes in common from which texts are one: as the shingles' Jaccard, ±0.07."""
SUSPECT, DOUBT = 0.5, 0.1
"""Scores at even odds from which a text counts as suspected, as one nobody can vouch for."""
SHORTEST = 8
"""Characters of the normal form that a text needs to have a cluster."""
_LIMIT = 65_536
_DAY_MS = 24 * 3_600_000
_SITES = 8
_BATCH = 20_000


def new_clusters(limit: int = _LIMIT, keep_ms: int = _DAY_MS) -> Clusters:
    """An empty memory of clusters that are at most so long silent."""
    return Clusters(limit=limit, least=LEAST, shortest=SHORTEST, keep_ms=keep_ms)


def campaigns(
    reader: Reader,
    policies: Path,
    texts: Sequence[str],
    at: npt.NDArray[np.int64],
    senders: Sequence[str | None],
    recipients: Sequence[str | None],
    suspect: float = SUSPECT,
    doubt: float = DOUBT,
) -> pl.DataFrame:
    """Clusters of nearly the same texts, largest first.

    `at` in ms UTC. Columns: those of `Clusters.table` with the centre masked, and `sites` (names in
    its texts), `score`, `reasons` (structs of code, zh, en, part), `rows` (of the texts). A text
    whose score is at least `suspect` counts as suspected, at least `doubt` and with an
    address or a long number as doubtful.
    """
    order = np.argsort(at, kind="stable")
    chosen = [texts[k] for k in order.tolist()]
    clusters = new_clusters()
    owner, _, sites = cluster_texts(
        reader, clusters, chosen, at[order],
        [senders[k] for k in order.tolist()], [recipients[k] for k in order.tolist()],
        suspect, doubt,
    )  # fmt: skip
    table = clusters.table()
    rows: dict[int, list[int]] = {}
    for place, number in zip(order.tolist(), owner.tolist(), strict=True):
        rows.setdefault(number, []).append(place)
    numbers = table["cluster"].to_list()
    found = [
        [name for name, _ in sites.get(k, Counter()).most_common(_SITES)] for k in numbers
    ]  # fmt: skip
    return weighed(table, policies).with_columns(
        pl.Series("centre", [masked(reader, one) for one in table["centre"]], dtype=pl.String),
        pl.Series("sites", found, dtype=pl.List(pl.String)),
        pl.Series("rows", [rows[k] for k in numbers], dtype=pl.List(pl.Int64)),
    ).sort("score", "texts", descending=True, maintain_order=True)  # fmt: skip


def cluster_texts(
    reader: Reader,
    clusters: Clusters,
    texts: Sequence[str],
    at: npt.NDArray[np.int64],
    senders: Sequence[str | None],
    recipients: Sequence[str | None],
    suspect: float,
    doubt: float,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], dict[int, Counter[str]]]:
    """(cluster of each text, its level, sites of each cluster), read batch by batch in the order
    given. The level is 2 from a score of `suspect` on, 1 from `doubt` on where the text has an
    address or a long number, else 0."""
    owners, levels = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.uint8)]
    sites: dict[int, Counter[str]] = {}
    for begin in range(0, len(texts), _BATCH):
        part = slice(begin, begin + _BATCH)
        body = pl.Series(texts[part], dtype=pl.String)
        text: NormalText = reader.normaliser(body.to_arrow())
        score = reader.read(text).score
        doubtful = (score >= suspect) | ((score >= doubt) & hooked(text))
        level = (score >= suspect).astype(np.uint8) + doubtful.astype(np.uint8)
        owner = clusters.add(
            text, np.asarray(at[part], dtype=np.int64), keys_of_names(senders[part]),
            keys_of_names(recipients[part]), level,
        )  # fmt: skip
        owners.append(owner)
        levels.append(level)
        for row, address in zip(*addresses(body, text), strict=True):
            name = _site(address)
            if name and owner[row] >= 0:
                sites.setdefault(int(owner[row]), Counter())[name] += 1
    return np.concatenate(owners), np.concatenate(levels), sites


def hooked(text: NormalText) -> npt.NDArray[np.bool_]:
    """Whether a text has an address or a long number: something its reader is to go to. A greeting
    or a warning of the weather that is passed on has none."""
    marks = np.isin(text.chars, (ADDRESS, LONG_NUMBER))
    before = np.concatenate([[0], np.cumsum(marks)])
    found: npt.NDArray[np.bool_] = before[text.ends[1:]] > before[text.ends[:-1]]
    return found


def judge(table: pl.DataFrame, scored: Scored) -> pl.DataFrame:
    """The table with `score` and `reasons`, none below the threshold."""
    over = set(scored.over.tolist())
    said = [
        [{"code": r.code, "zh": r.zh, "en": r.en, "part": r.part} for r in scored.reasons(k)]
        if k in over else []
        for k in range(table.height)
    ]  # fmt: skip
    kind = pl.Struct({"code": pl.String, "zh": pl.String, "en": pl.String, "part": pl.Float64})
    return table.with_columns(
        pl.Series("score", scored.score, dtype=pl.Float64),
        pl.Series("reasons", said, dtype=pl.List(kind)),
    )


def weighed(table: pl.DataFrame, policies: Path) -> pl.DataFrame:
    """A table of clusters with `score` and `reasons`."""
    return judge(table, _signals(policies).score(table))


@cache
def _signals(policies: Path) -> SignalSet:
    return load_signals(policies / "text" / "campaigns-v1.yaml", CAMPAIGN_SCHEMA)


def keys_of_names(names: Sequence[str | None]) -> npt.NDArray[np.uint64]:
    """Names as keys; 0 for none."""
    series = pl.Series(names, dtype=pl.String)
    keys: npt.NDArray[np.uint64] = series.hash(seed=7).to_numpy().copy()
    keys[series.is_null().to_numpy()] = 0
    return keys


def masked(reader: Reader, centre: str) -> str:
    """A text's beginning with numbers, handles and paths of addresses masked."""
    text = reader.normaliser([centre])
    said = quote(text, 0, 0, int(text.ends[1]))
    return f"【{said}" if centre.lstrip().startswith("【") and said else said


def _site(address: str) -> str | None:
    try:
        read = url.parse(address)
    except Refused:
        return None
    return None if read.is_address else read.registrable or read.host
