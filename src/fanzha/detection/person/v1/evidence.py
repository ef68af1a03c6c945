"""What of each stream reaches an episode, and who takes it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import polars as pl

from fanzha.detection.arrays import instants
from fanzha.detection.person.v1.calls import take_call
from fanzha.detection.person.v1.episode import Episode
from fanzha.detection.person.v1.happening import Happening
from fanzha.detection.person.v1.money import ACCOUNT_ACTS, take_account, take_transfer
from fanzha.detection.person.v1.network import APP_ACTS, take_app, take_text, take_visit

__all__ = ["ACTS", "COLUMNS", "PARTIES", "rows_of", "take"]

_COMMON = ("event_id", "source", "at")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "call": (
        *_COMMON,
        "call_id",
        "phase",
        "caller",
        "callee",
        "caller_key",
        "callee_key",
        "talk_s",
        "answered",
        "caller_score",
        "texted_score",
        "strange",
        "from_abroad",
    ),
    "text": (*_COMMON, "sender", "sender_key", "recipient_key", "channel"),
    "visit": (*_COMMON, "subscriber_key", "url"),
    "app": (*_COMMON, "subscriber_key", "package", "label", "action", "app_kind", "call_strange"),
    "transfer": (
        *_COMMON,
        "payer",
        "payee",
        "payer_key",
        "payee_key",
        "payer_kind",
        "payee_kind",
        "amount_fen",
        "status",
        "payee_new",
        "payee_score",
        "left_share",
        "call_strange",
        "strange_in_24h",
        "in_fen_24h",
        "since_in_s",
    ),
    "account": (*_COMMON, "account", "account_key", "action"),
}
"""What fusion reads of each stream's frame; a column that is not there reads as null."""

PARTIES: Mapping[str, tuple[str, ...]] = {
    "call": ("caller_key", "callee_key"),
    "text": ("recipient_key",),
    "visit": ("subscriber_key",),
    "app": ("subscriber_key",),
    "transfer": ("payer_key", "payee_key"),
    "account": ("account_key",),
}
"""Whose person an event may concern."""

_TOLD = pl.any_horizontal(
    (pl.col("action") == action) & (pl.col("app_kind") == kind if kind else pl.lit(value=True))
    for action, kind in APP_ACTS
)
ACTS: Mapping[str, pl.Expr] = {
    "app": _TOLD,
    "transfer": pl.col("payee_new")
    & ~pl.col("status").is_in(["refused", "returned"]).fill_null(value=False),
    "account": pl.col("action").is_in(list(ACCOUNT_ACTS)),
}
"""Rows that would add to an episode without a finding of their own, had there been one."""


def rows_of(stream: str, frame: pl.DataFrame, index: Sequence[int]) -> list[dict[str, Any]]:
    """What fusion reads of these rows, `at` in ms."""
    present = [c for c in COLUMNS[stream] if c in frame.columns]
    absent = dict.fromkeys(c for c in COLUMNS[stream] if c not in frame.columns)
    ticks = instants(frame)[index].tolist()
    rows = frame[present][index].to_dicts()
    return [{**row, **absent, "at": at} for row, at in zip(rows, ticks, strict=True)]


def take(episode: Episode, happening: Happening) -> bool:
    """Add what this event says. False when it says nothing about the danger, or nothing new: what
    another source tells again under another id counts once."""
    if happening.finding is not None:
        episode.found(happening.finding, happening.at)
    mark = _mark(happening)
    if mark in episode.told_of:
        return False
    told = _TAKERS[happening.stream](episode, happening)
    if told:
        episode.remember("told_of", mark)
    return told


_SAME: Mapping[str, tuple[str, ...]] = {
    "call": ("call_id", "phase"),
    "text": ("at", "sender_key", "channel"),
    "visit": ("at", "url"),
    "app": ("at", "package", "action"),
    "transfer": ("at", "payer_key", "payee_key", "amount_fen", "status"),
    "account": ("at", "account_key", "action"),
}
"""What two records of one event have in common, whoever sent them."""


def _mark(it: Happening) -> str:
    """Short, the same for every record of one event as it concerns one key of a person."""
    parts = [it.stream, it.key, *(it.row[name] for name in _SAME[it.stream])]
    return blake2b(repr(parts).encode(errors="replace"), digest_size=8).hexdigest()


_TAKERS: Mapping[str, Callable[[Episode, Happening], bool]] = {
    "call": take_call,
    "text": take_text,
    "visit": take_visit,
    "app": take_app,
    "transfer": take_transfer,
    "account": take_account,
}
