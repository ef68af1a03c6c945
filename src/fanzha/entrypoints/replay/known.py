"""What is known of the subjects of a rehearsal: a file, a city's truth, or the centre's labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from fanzha.adapters.postgres.rules_feed import kind_of
from fanzha.adapters.postgres.rules_figures import RuleFigures
from fanzha.detection.rules.tally import Hit
from fanzha.errors import Refused
from fanzha.ports.sealer import Sealer
from fanzha.usecases.workshop.compare import Known

_SUSPECTS = frozenset({"call_caller", "transfer_holder", "text_sender"})
"""Channels whose rules are about the other side, not about somebody at risk."""
_TOKENS_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class Truth:
    """Subjects that are known, how one is found, and what those not listed are."""

    known: Mapping[Hashable, Known]
    key_of: Callable[[str], Hashable]
    others: Known | None = None


NOTHING = Truth({}, lambda subject: subject)


def from_path(path: Path, channel: str) -> Truth:
    """A city's truth folder, which is whole; or NDJSON of `subject`, `fraud`, `at` (first loss,
    ISO 8601), in which whoever is not listed is not known."""
    if path.is_dir():
        return _of_city(path, channel)
    known: dict[Hashable, Known] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                at = datetime.fromisoformat(row["at"]) if row.get("at") else None
                lost = int(at.timestamp() * 1000) if at else None
                known[str(row["subject"])] = Known(_said(row.get("fraud", True)), lost_at=lost)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(
            "truth_unreadable",
            zh="真相文件读不懂：每行一个 JSON，含 subject、fraud（true/false）、at",
            en="the truth cannot be read: one JSON a line with subject, fraud (true/false), at",
            field=path.name,
        ) from error
    return Truth(known, lambda subject: subject)


def _said(fraud: object) -> bool:
    """ValueError for what is neither true nor false: the word "false" would pass for true."""
    if fraud not in (True, False):
        raise ValueError
    return bool(fraud)


def _of_city(folder: Path, channel: str) -> Truth:
    """Refused where the folder holds no city's truth."""
    try:
        return _of_tables(folder, channel)
    except (OSError, ValueError, KeyError, AttributeError) as error:  # Arrow's are ValueErrors
        raise Refused(
            "truth_unreadable",
            zh="目录里没有城市的真相（truth_entity、truth_alias、truth_incident）",
            en="the folder holds no city's truth (truth_entity, truth_alias, truth_incident)",
            field=folder.name,
        ) from error


def _of_tables(folder: Path, channel: str) -> Truth:
    if channel in _SUSPECTS:
        entities = pq.read_table(folder / "truth_entity.parquet").to_pylist()
        return Truth(
            {e["value"]: Known(True) for e in entities}, lambda subject: subject, Known(False)
        )
    alias = {
        row["value"]: row["person"]
        for row in pq.read_table(folder / "truth_alias.parquet").to_pylist()
    }
    victims: dict[Hashable, Known] = {}
    for row in pq.read_table(folder / "truth_incident.parquet").to_pylist():
        paid = row["first_pay_at"]
        lost = None if paid is None else int(paid.replace(tzinfo=UTC).timestamp() * 1000)
        before = victims.get(row["victim"])
        if before is not None and before.lost_at is not None:
            lost = before.lost_at if lost is None else min(lost, before.lost_at)
        victims[row["victim"]] = Known(True, lost_at=lost)
    return Truth(victims, lambda subject: alias.get(subject, subject), Known(False))


def from_labels(
    figures: RuleFigures, sealer: Sealer, channel: str, hits: Sequence[Hit], begin: int, end: int
) -> Truth:
    """What the centre found out: labels by token. Recall is over the defrauded it knows of."""
    tokens = {h.subject: sealer.token(kind_of(h.subject), h.subject) for h in hits}
    known: dict[Hashable, Known] = {}
    asked = sorted(set(tokens.values()))
    for start in range(0, len(asked), _TOKENS_AT_ONCE):
        found = figures.fraud_tokens(asked[start : start + _TOKENS_AT_ONCE])
        known.update({token: Known(fraud, weight) for token, (fraud, weight) in found.items()})
    if channel not in _SUSPECTS:
        stretch = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (begin, end))
        for token, weight in figures.victims(*stretch).items():
            known.setdefault(token, Known(True, weight))
    return Truth(known, lambda subject: tokens.get(subject, subject))
