"""Clusters of nearly the same texts in a file, written beside the verdicts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from fanzha.detection.text.campaign.told import (
    DOUBT,
    SUSPECT,
    hooked,
    keys_of_names,
    masked,
    new_clusters,
    weighed,
)
from fanzha.detection.text.cascade.answer import Answers, Cascade
from fanzha.entrypoints.cli.rows import ID

__all__ = ["COLUMNS", "Gathering", "instant"]

COLUMNS: dict[str, Any] = {"time": pl.String, "sender": pl.String, "recipient": pl.String}
"""What is read besides, where a row has it."""
_EVER = 1 << 61
_FEWEST = 2
_SECONDS_BELOW = 100_000_000_000
"""A whole number below this is an instant in seconds, else in milliseconds."""
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_INSTANTS = (-62_135_596_800_000, 253_402_300_799_999)
"""Years 1 to 9999."""


@dataclass
class _Kept:
    """What is kept of a cluster besides its own counts."""

    example: bytes | None
    types: Counter[str] = field(default_factory=Counter)
    first: int | None = None
    last: int | None = None


class Gathering:
    """Takes in a file batch by batch. Bounded: where 65,536 clusters are known, one of the smallest
    makes room for a new one, so that of a larger file the small ones may be missing."""

    def __init__(self, cascade: Cascade) -> None:
        self._cascade = cascade
        self._clusters = new_clusters(keep_ms=_EVER)
        self._kept: dict[int, _Kept] = {}
        self._named = {"sender": False, "recipient": False}

    def add(self, answers: Answers, types: list[str | None], rows: pl.DataFrame) -> pl.Series:
        """`cluster` of each row; null where a text is too short to tell, or there is none."""
        text = answers.reading.text
        suspected = answers.score >= SUSPECT
        doubtful = suspected | ((answers.score >= DOUBT) & hooked(text))
        at = [instant(one) for one in rows["time"]]
        for name in self._named:
            self._named[name] |= rows[name].null_count() < rows.height
        owner = self._clusters.add(
            text, np.array([one or 0 for one in at], dtype=np.int64),
            keys_of_names(rows["sender"].to_list()), keys_of_names(rows["recipient"].to_list()),
            suspected.astype(np.uint8) + doubtful.astype(np.uint8),
        )  # fmt: skip
        for number, id_, kind, when in zip(owner.tolist(), rows["id"], types, at, strict=True):
            if number >= 0:
                self._note(number, id_, kind, when)
        alive = self._clusters.numbers()
        self._kept = {number: kept for number, kept in self._kept.items() if number in alive}
        said = [number if number >= 0 else None for number in owner.tolist()]
        return pl.Series("cluster", said, dtype=pl.Int64)

    def _note(self, number: int, id_: bytes | None, kind: str | None, when: int | None) -> None:
        kept = self._kept.get(number)
        if kept is None:
            kept = self._kept[number] = _Kept(id_)
        if kind is not None:
            kept.types[kind] += 1
        if when is not None:
            kept.first = when if kept.first is None else min(kept.first, when)
            kept.last = when if kept.last is None else max(kept.last, when)

    def told(self) -> pl.DataFrame:
        """One row a cluster of two texts and more, gravest and largest first."""
        table = self._clusters.table().filter(pl.col("texts") >= _FEWEST)
        table = weighed(table, self._cascade.policies)
        kept = [self._kept.get(number, _Kept(None)) for number in table["cluster"]]
        known = all(self._named.values())
        centres = [masked(self._cascade.typer, one) for one in table["centre"]]
        return table.select(
            pl.Series("example_id", [one.example for one in kept], dtype=ID),
            "cluster", "texts", "suspected",
            pl.Series("scam_type", [_most(one.types) for one in kept], dtype=pl.String),
            *(
                pl.col(f"{name}s") if given else pl.lit(None, pl.Int64).alias(f"{name}s")
                for name, given in self._named.items()
            ),
            pl.Series("first", [_written(one.first) for one in kept], dtype=pl.String),
            pl.Series("last", [_written(one.last) for one in kept], dtype=pl.String),
            pl.Series("example", centres, dtype=pl.String),
            pl.col("score") if known else pl.lit(None, pl.Float64).alias("score"),
            pl.col("reasons") if known else pl.lit(None, table["reasons"].dtype).alias("reasons"),
        ).sort("score", "suspected", "texts", descending=True, nulls_last=True,
               maintain_order=True)  # fmt: skip


def instant(said: str | None) -> int | None:
    """Milliseconds UTC of ISO 8601 (without a zone: UTC) or of a whole number of seconds or
    milliseconds; None where it is neither."""
    if said is None:
        return None
    if _WHOLE.fullmatch(said):
        found = int(said)
        found = found * 1000 if abs(found) < _SECONDS_BELOW else found
    else:
        try:
            when = datetime.fromisoformat(said.strip())
            found = int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
        except (ValueError, OverflowError):
            return None
    return found if _INSTANTS[0] <= found <= _INSTANTS[1] else None


def _written(at: int | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at // 1000, UTC).replace(tzinfo=None).isoformat() + "Z"


def _most(types: Counter[str]) -> str | None:
    """The type named most often, the first in the alphabet of equals."""
    return min(types, key=lambda code: (-types[code], code), default=None)
