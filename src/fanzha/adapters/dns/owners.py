"""Entries of a list as owners in a zone: their order, and which names a zone cannot hold.

An entry's bytes are its labels from the right, each followed by a zero byte, and one zero more for
a name alone: `com\\0example\\0` is the name and all below it, `com\\0example\\0\\0` the name alone.
Sorted so, everything that an entry covers follows it, and begins with its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from fanzha.lists.form import Effect, Kind, Match

__all__ = ["REASONS", "Read", "entry", "name_of", "read"]

_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = rf"\A(?:{_LABEL}\.)*{_LABEL}\z"
_WILD = 2
"""Bytes that `*.` takes on the wire."""
_OF_POLICY = r"(?:\A|\.)rpz-[^.]*\z"
"""Last labels that make an owner mean something else: `rpz-ip`, `rpz-client-ip`, …"""

REASONS = {
    "form": ("不是域名的规范写法", "not a name in normal form"),
    "long": ("接在策略区名之后太长", "too long to stand before the name of its zone"),
    "policy": ("以 rpz- 开头的顶级标签另有含义", "ends in a label that means something else here"),
    "top": ("整个顶级域", "a whole top-level name"),
    "match": ("域名没有这种匹配方式", "no name is matched in this way"),
}
"""Why a name is not written: words in both languages."""


@dataclass(frozen=True, slots=True)
class Read:
    """Columns `entry` (binary), `effect`, `ends_at`, `gone`; how many were refused, by reason."""

    rows: pl.DataFrame
    refused: dict[str, int]


def entry(name: str, match: int) -> bytes:
    """The bytes of one entry."""
    labels = name.encode("ascii").split(b".")[::-1]
    return b"\0".join(labels) + (b"\0" if match == Match.BELOW else b"\0\0")


def name_of(entry: bytes) -> tuple[str, Match]:
    """What `entry` was made of."""
    name = ".".join(entry.rstrip(b"\0").decode("ascii").split("\0")[::-1])
    return name, Match.BELOW if entry[-2] else Match.EXACT


def read(table: pa.Table, room: int) -> Read:
    """Entries or changes of names that a zone can hold; `room` is how many bytes an owner has
    before the zone's name. Entries of effect LABEL are kept: they end others."""
    frame = pl.DataFrame(pl.from_arrow(table)).filter(pl.col("kind") == int(Kind.NAME))
    if "gone" not in frame.columns:
        frame = frame.with_columns(gone=pl.lit(False))
    below = pl.col("match") == int(Match.BELOW)
    name = pl.col("name")
    # On the wire a name takes a byte more than as text, and the zone's name follows.
    why = (
        pl.when(name.is_null() | ~name.str.contains(_NAME)).then(pl.lit("form"))
        .when(~pl.col("match").is_in([int(Match.EXACT), int(Match.BELOW)])).then(pl.lit("match"))
        .when(name.str.len_bytes() + 1 + below.cast(pl.UInt32) * _WILD > room).then(pl.lit("long"))
        .when(name.str.contains(_OF_POLICY)).then(pl.lit("policy"))
        .when(~name.str.contains(".", literal=True) & (pl.col("effect") != int(Effect.ALLOW)))
        .then(pl.lit("top"))
    )  # fmt: skip
    frame = frame.with_columns(name=_text(frame["key"])).with_columns(why=why)
    good = frame.filter(pl.col("why").is_null())
    backwards = pl.col("name").str.split(".").list.reverse().list.join("\0")
    ending = pl.when(below).then(pl.lit("\0")).otherwise(pl.lit("\0\0"))
    rows = good.select(
        "effect", "ends_at", "gone", entry=pl.concat_str(backwards, ending).cast(pl.Binary)
    )
    wrong = frame.filter(pl.col("why").is_not_null() & ~pl.col("gone"))["why"].value_counts()
    return Read(rows, dict(wrong.iter_rows()))


def _text(keys: pl.Series) -> pl.Series:
    """Null where the bytes are no text; names are, so one by one is for the odd list only."""
    try:
        return keys.cast(pl.String)
    except pl.exceptions.ComputeError:
        ascii_only = [key.decode("ascii") if key.isascii() else None for key in keys]
        return pl.Series(ascii_only, dtype=pl.String)
