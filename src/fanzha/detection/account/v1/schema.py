"""The columns that conditions about transfers may read, and what each is made from."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fanzha.detection.account.v1.windows import WINDOWS

__all__ = ["FEATURES", "HOLDER", "NEEDS", "OF_LINE", "OF_ORDER", "PAYER"]

_SIDES = ("account", "rise", "held", "refusal", "near")
"""Streams of which each side of a transfer has answers of its own."""
_ORDERS = ("paid_day", "device", "device_holder", "ip", "own_device", "own_device_day",
           "any_device", "payee_name", "account_name")  # fmt: skip
OF_ORDER = tuple(f.name for w in WINDOWS for f in w.features if w.name in _ORDERS)
"""What is told of the order itself: of the pair, the payer's device and address, the names."""
FEATURES = (
    *(f.name for w in WINDOWS for f in w.features if w.stream in _SIDES),
    *OF_ORDER,
    "idle_before_s",
    "peer_refused_payers_30d",
    "peer_near_stopped_30d",
)
"""Every live feature, and what is made of one: stands on both sides of a transfer."""
OF_LINE = ("call_code_s", "risky_since_s", "risky_talk_s", "abroad_in_24h", "abroad_missed_24h",
           "busy_in_24h", "forwarded_s")  # fmt: skip
"""What the line of whoever pays says; it comes in with the batch."""
HOLDER: Mapping[str, type[pl.DataType]] = {
    **dict.fromkeys(FEATURES, pl.Float64),
    "direction": pl.String,
    "holder_kind": pl.String,
    "counterpart_kind": pl.String,
    "counterpart_new": pl.Boolean,
    "device_new": pl.Boolean,
    "amount_fen": pl.Int64,
    "balance_fen": pl.Int64,
}
PAYER: Mapping[str, type[pl.DataType]] = {
    **dict.fromkeys((*FEATURES, *OF_LINE), pl.Float64),
    "payer": pl.String,
    "payee": pl.String,
    "payer_kind": pl.String,
    "payee_kind": pl.String,
    "amount_fen": pl.Int64,
    "left_share": pl.Float64,
    "payee_new": pl.Boolean,
    "payee_strange": pl.Boolean,
    "device_new": pl.Boolean,
    "at_night": pl.Boolean,
    "payer_score": pl.Float64,
    "payee_score": pl.Float64,
    "call_on": pl.Boolean,
    "call_strange": pl.Boolean,
}
NEEDS: Mapping[str, tuple[str, ...]] = {
    "device_accounts_7d": ("device",),
    "device_holders_7d": ("device",),
    "device_new": ("device",),
    "ip_accounts_7d": ("ip",),
    "emptied_7d": ("balance_fen",),
    "empty_days_7d": ("balance_fen",),
    "qr_in_24h": ("channel",),
    "lenders_2h": ("memo",),
    "redeemed_s": ("memo",),
    "name_accounts_30d": ("payee_name",),
    "payee_names_30d": ("payee_name",),
    "balance_fen": ("balance_fen",),
    "left_share": ("payer_balance_fen",),
}
