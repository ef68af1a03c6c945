"""Signed heads of the deed chains, written outside the database, and the check against them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fanzha.adapters.postgres import deeds
from fanzha.adapters.postgres.database import Database
from fanzha.lifecycles.actor import NATION


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What the check of one chain says, in words of both languages."""

    chain: str
    length: int
    whole: bool
    zh: str
    en: str


def sign_heads(database: Database, file: Path, sign: Callable[[bytes], str], now: datetime) -> int:
    """Append the signed end of every chain; durable when this returns. Gives how many."""
    with database.transaction(NATION) as connection:
        heads = deeds.heads(connection)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="ascii") as out:
        for head in heads:
            signed = _signed(head.chain, head.seq, head.hash.hex(), now.isoformat())
            line = {**json.loads(signed), "signature": sign(signed)}
            out.write(json.dumps(line, sort_keys=True) + "\n")
        out.flush()
        os.fsync(out.fileno())
    return len(heads)


def verify(
    database: Database, file: Path, check: Callable[[bytes, str], bool]
) -> list[ChainReport]:
    """Recompute every chain and hold it against the signed heads kept outside.

    The chain alone shows a changed, missing or added line. The signed heads also show a chain that
    was cut short or rewritten as a whole.
    """
    marks: dict[str, dict[int, str]] = {}
    forged: set[str] = set()
    for line in _lines(file):
        signed = _signed(line["chain"], line["seq"], line["hash"], line["at"])
        if not check(signed, line["signature"]):
            forged.add(line["chain"])
        marks.setdefault(line["chain"], {})[line["seq"]] = line["hash"]
    with database.transaction(NATION) as connection:
        chains = sorted({h.chain for h in deeds.heads(connection)} | set(marks))
        return [
            _report(
                deeds.verify(connection, c, frozenset(marks.get(c, ()))),
                marks.get(c, {}),
                forged=c in forged,
            )
            for c in chains
        ]


def _report(verdict: deeds.Verdict, marks: dict[int, str], *, forged: bool) -> ChainReport:
    chain, length = verdict.chain, verdict.length
    if forged:
        return ChainReport(chain, length, False, "链首签名无效", "a signed head is forged")
    if verdict.broken_at is not None:
        at = verdict.broken_at
        return ChainReport(chain, length, False, f"第 {at} 条起不相符", f"broken at line {at}")
    for seq, hash_ in sorted(marks.items()):
        found = verdict.hashes.get(seq)
        if seq and (found is None or found.hex() != hash_):
            return ChainReport(
                chain,
                length,
                False,
                f"第 {seq} 条与签名链首不符",
                f"differs from the head at {seq}",
            )
    return ChainReport(chain, length, True, "完整", "whole")


def _signed(chain: str, seq: int, hash_: str, at: str) -> bytes:
    return json.dumps(
        {"chain": chain, "seq": seq, "hash": hash_, "at": at}, sort_keys=True
    ).encode()


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if file.exists():
        for text in file.read_text(encoding="ascii").splitlines():
            yield json.loads(text)
