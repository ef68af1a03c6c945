"""The sets link v1 is trained and measured on, without repeats, split by registered name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fanzha.detection.link.v1.address import ADDRESS, BARE_SUFFIX, FLAGS, HOST_END, OWN, VALID
from fanzha.detection.link.v1.names import NamesTable

__all__ = ["ORDINARY", "SCAM", "Source", "bare_names", "fingerprint", "held_out", "read_column"]


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its column, and whether a shipped model may learn from it."""

    file: str
    column: str
    may_train: bool


#: Terms of each set stand in the README beside the data.
SCAM = {
    "tw165": Source("sites_tw165.parquet", "site", True),
    "phishing_database": Source("domains_phishing_database.parquet", "domain", True),
    "polkadot": Source("domains_polkadot.parquet", "domain", True),
    "openphish": Source("urls_openphish.parquet", "url", False),
}
ORDINARY = {
    "organisations": Source("domains_organisations_v2fly.parquet", "domain", True),
    "popular": Source("domains_top100k_benign.parquet", "domain", False),
}
#: Names in this group were sellers of counterfeits before the owner of the brand took them over.
_TAKEN_OVER = "beats"
_PARTS = 10
_TRAIN_PARTS = {"scam": 8, "ordinary": 5}


def read_column(folder: Path, source: Source) -> list[str]:
    """What the file holds, in its order."""
    frame = pl.read_parquet(folder / source.file)
    if "organisation" in frame.columns:
        frame = frame.filter(pl.col("organisation") != _TAKEN_OVER)
    return frame[source.column].drop_nulls().to_list()


def bare_names(table: NamesTable, addresses: Sequence[str]) -> list[str]:
    """The registered names, each once, in order of appearance; bare addresses left out."""
    taken = table.take_apart(list(addresses))
    seen: dict[str, None] = {}
    for row in range(len(taken)):
        flags = taken.parts[row, FLAGS]
        if flags & VALID and not flags & (ADDRESS | BARE_SUFFIX):
            seen.setdefault(taken.text(row, OWN, HOST_END))
    return list(seen)


def held_out(names: Iterable[str], kind: str) -> tuple[list[str], list[str]]:
    """(to train on, held out), by a hash of the name: the same name is on the same side in all
    sets. Of scam names a fifth is held out, of ordinary names half."""
    train: list[str] = []
    test: list[str] = []
    for name in names:
        (train if part_of(name) < _TRAIN_PARTS[kind] else test).append(name)
    return train, test


def part_of(name: str) -> int:
    """A repeatable number below 10 for a name."""
    digest = hashlib.blake2b(name.encode(), digest_size=8, person=b"link-split").digest()
    return int.from_bytes(digest, "little") % _PARTS


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
