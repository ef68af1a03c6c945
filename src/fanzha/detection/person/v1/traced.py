"""Who paid an account before it was found out: what speaks against a payment often comes late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanzha.detection.finding import Finding
from fanzha.detection.person.v1.episode import Episode
from fanzha.detection.person.v1.happening import why
from fanzha.detection.person.v1.limits import FusionLimits
from fanzha.detection.person.v1.recent import Recent

__all__ = ["payments_to", "trace"]


def payments_to(
    recent: Recent, account: int, since: int, upto: int, limits: FusionLimits
) -> list[dict[str, Any]]:
    """Rows of people's own money paid to an account for the first time, in order of the log, as
    known when `upto` acts had been noted. Small change is left out, what shops and machines pay,
    and what only passes through."""
    return [
        act.row
        for _, act in recent.of([account], since, upto)
        if act.stream == "transfer"
        and act.row["payee_key"] == account
        and act.row["payer_key"] not in (0, None, account)
        and act.row["amount_fen"] >= limits.traced_least_fen
        and act.row["payer_kind"] not in ("merchant", "cash")
        and act.row["payee_kind"] not in ("merchant", "cash")
        and not _passes_on(act.row, limits)
    ]


def trace(episode: Episode, row: Mapping[str, Any], finding: Finding) -> None:
    """What the finding about the payee means for whoever had paid it."""
    episode.raise_to("payee_score", finding.score)
    episode.raise_to("payee_fen", row["amount_fen"])
    episode.raise_to("traced_fen", row["amount_fen"])
    episode.say("payee_why", why(finding), finding.score)


def _passes_on(row: Mapping[str, Any], limits: FusionLimits) -> bool:
    """Strangers' money that leaves again at once."""
    since = row["since_in_s"]
    return (
        (row["strange_in_24h"] or 0.0) >= 1
        and since is not None
        and since <= limits.passes_on_s
        and 100 * (row["in_fen_24h"] or 0.0) >= limits.passes_on_percent * row["amount_fen"]
    )
