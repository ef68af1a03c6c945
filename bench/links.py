"""Addresses judged a second on one core: taken apart, look-alikes found, ranked by the model."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import tldextract

from bench.running.figure import Figure
from bench.running.machine import on_one_core
from fanzha.detection.link.ranking.model import Ranker
from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.detection.link.v1.tables import load_tables

POLICIES = Path(__file__).resolve().parent.parent / "policies" / "detection"
ROWS = 400_000
PEER_ROWS = 20_000
_CHUNK = 1 << 15
SYLLABLES = (
    "shang", "hai", "tong", "mei", "lan", "qing", "yun", "xin", "book", "home", "news", "shop",
    "game", "tech", "car", "city", "my", "go", "best", "blue", "ri", "bao", "wen", "ku", "photo",
)  # fmt: skip
SUFFIXES = (".com", ".cn", ".com.cn", ".net", ".top", ".org", ".github.io", ".co.uk", ".example")
FRONTS = ("", "", "www.", "m.", "img.", "api.", "a.b.")
PATHS = ("", "", "/", "/index.html", "/a/2026/{n}", "/item?id={n}&from=list", "/v/{n}.html")
TRICKS = ("{b}-login", "{b}{n}", "kefu-{b}", "www.{b}.com.cn.x{n}", "{b}s")


def run(*, quick: bool = False) -> Figure:
    """Text column in, scores out."""
    core = on_one_core()
    channel, tables = LinkChannel(POLICIES), load_tables(POLICIES)
    ranker = Ranker.load(tables, POLICIES)
    names = [n for one in tables.organisations for n in one.names]
    column = _addresses(ROWS // 20 if quick else ROWS, names)
    few = column.slice(0, PEER_ROWS // 20 if quick else PEER_ROWS)
    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    for warm in (few, few):
        channel.score(warm)
        _ranked(ranker, warm)
    base = duckdb.connect(config={"threads": 1})
    base.register("names", pa.table({"name": [n for n in names if len(n) > 4]}))
    ours, signals, patterns, split, distances = [], [], [], [], []
    for _ in range(3 if quick else 5):
        ours.append(_rate(column, lambda: _ranked(ranker, column)))
        signals.append(_rate(column, lambda: channel.score(column)))
        patterns.append(_rate(column, lambda: _by_patterns(column, names)))
        split.append(_rate(few, lambda: [extract.extract_str(u) for u in few.to_pylist()]))
        distances.append(_rate(few, lambda: _by_distance(base, few)))
    return Figure(
        name="links",
        ours=statistics.median(ours),
        unit="addresses/s",
        peers={
            "DuckDB: label by a pattern, nearest name by edit distance": statistics.median(
                distances
            ),
            "tldextract: registered part only": statistics.median(split),
        },
        also={
            "slowest_round": min(ours),
            "fastest_round": max(ours),
            "live_channel_signals": statistics.median(signals),
            "polars_names_searched_only": statistics.median(patterns),
        },
        settings={
            "core": f"one ({core})",
            "threads": f"Polars {pl.thread_pool_size()}",
            "addresses": f"{len(column):,} made ones, most with a path, 5 % imitations",
            "mean_bytes": round(column.nbytes / len(column), 1),
            "organisations": len(tables.organisations),
            "model": ranker.version,
            "clock": "processor time of this process",
            "peers": f"on {len(few):,} of them; no owners, no spelling score, no reasons",
        },
    )


def _addresses(rows: int, names: list[str]) -> pa.Array:
    """The same for the same number."""
    rng = np.random.default_rng(5)

    def pick(of: tuple[str, ...] | list[str]) -> str:
        return of[int(rng.integers(len(of)))]

    out = []
    for n in range(rows):
        label = "".join(pick(SYLLABLES) for _ in range(int(rng.integers(2, 5))))
        if rng.random() < 0.05:
            label = pick(TRICKS).format(b=pick(names), n=n)
        scheme = pick(("", "http://", "https://"))
        path = pick(PATHS).format(n=n)
        out.append(f"{scheme}{pick(FRONTS)}{label}{n % 7 or ''}{pick(SUFFIXES)}{path}")
    return pa.array(out, pa.large_string())


def _ranked(ranker: Ranker, column: pa.Array) -> None:
    """What `fanzha classify link` does for a score, from the column of texts."""
    for start in range(0, len(column), _CHUNK):
        ranker.score(ranker.tables.names.take_apart(column.slice(start, _CHUNK)))


def _by_patterns(column: pa.Array, names: list[str]) -> pl.Series:
    """What a few lines of Polars do: two last labels, and whether any name is in the host."""
    urls = pl.Series(pl.from_arrow(column))
    host = urls.str.extract(r"^(?:[a-z]+://)?([^/?#:]+)")
    host.str.extract(r"([^.]+\.[^.]+)$")
    return host.str.contains_any(names)


def _by_distance(base: duckdb.DuckDBPyConnection, column: pa.Array) -> object:
    """Pairs of a registered label and a name one step apart, as a query would find them."""
    base.register("urls", pa.table({"url": column}))
    return base.execute(
        r"""
        WITH labels AS (
            SELECT regexp_extract(url, '([^./:@]+)\.[^./]+(?:[/?#:]|$)', 1) AS label FROM urls
        )
        SELECT label, name FROM labels JOIN names
        ON abs(length(label) - length(name)) <= 1 AND damerau_levenshtein(label, name) = 1
        """
    ).fetchall()


def _rate(column: pa.Array, work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return len(column) / (time.process_time() - begun)
