"""The columns that conditions about calls may read, and what each is made from."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

__all__ = ["CALLEE_SCHEMA", "CALLER_SCHEMA", "CHECKING_SCHEMA", "COUNTS", "NEEDS", "WEEK"]

_RECEIVED: Mapping[str, type[pl.DataType]] = {
    "phase": pl.String,
    "caller": pl.String,
    "callee": pl.String,
    "caller_kind": pl.String,
    "callee_kind": pl.String,
    "asserted_caller": pl.String,
    "caller_imsi": pl.String,
    "caller_imei": pl.String,
    "caller_cell": pl.String,
    "trunk": pl.String,
    "talk_s": pl.Float64,
    "ring_s": pl.Float64,
    "end_cause": pl.String,
}
COUNTS = (
    "calls_24h",
    "calls_1h",
    "callees_24h",
    "strangers_24h",
    "night_calls_24h",
    "talks_24h",
    "short_talks_24h",
    "hung_up_24h",
    "one_rings_24h",
)
"""What the caller's windows of a day and an hour give as it is."""
WEEK = ("calls_7d", "strangers_7d", "office_7d", "days_7d", "bursts_7d", "busy_7d_s")
_MADE = (
    *COUNTS,
    *WEEK,
    "received_24h",
    "cells_24h",
    "imsis_7d",
    "talk_mean_s",
    "talk_cv",
    "cap_cv",
    "activated_s",
    "fed_24h",
    "ringed_24h",
    "trunk_calls_24h",
    "trunk_strangers_24h",
    "trunk_talks_24h",
    "trunk_short_24h",
    "trunk_clis_24h",
    "run_calls_24h",
    "run_rotated_24h",
    "run_clis_24h",
)
_SAID = (
    "strange",
    "from_abroad",
    "by_resale",
    "asserted_differs",
    "caller_filed",
    "caller_official",
    "caller_bank",
    "unassigned",
    "stripped",
    "foreign_card",
    "roams_abroad",
)
CALLER_SCHEMA: Mapping[str, type[pl.DataType]] = {
    **_RECEIVED,
    **dict.fromkeys(_MADE, pl.Float64),
    **dict.fromkeys(_SAID, pl.Boolean),
}
CALLEE_SCHEMA: Mapping[str, type[pl.DataType]] = {
    **CALLER_SCHEMA,
    "caller_score": pl.Float64,
    "texted_score": pl.Float64,
}
CHECKING_SCHEMA: Mapping[str, type[pl.DataType]] = {
    "phase": pl.String,
    "callee": pl.String,
    "callee_kind": pl.String,
    "talk_s": pl.Float64,
    "counted": pl.Boolean,
    "callee_official": pl.Boolean,
    "callee_bank": pl.Boolean,
    "risky_since_s": pl.Float64,
    "risky_talk_s": pl.Float64,
    "calls_back_24h": pl.Float64,
}
"""Of somebody who was called, and now calls others to ask, or calls back."""
NEEDS: Mapping[str, tuple[str, ...]] = {
    "imsis_7d": ("caller_imsi", "caller_imei"),
    "cells_24h": ("caller_cell",),
    "from_abroad": ("trunk",),
    "by_resale": ("trunk",),
    "trunk_clis_24h": ("trunk",),
    "run_clis_24h": ("trunk",),
    "asserted_differs": ("asserted_caller",),
    "one_rings_24h": ("ring_s", "end_cause"),
    "hung_up_24h": ("end_cause",),
    "foreign_card": ("caller_imsi", "caller_cell"),
    "roams_abroad": ("caller_imsi", "caller_cell"),
    "fed_24h": ("caller_cell",),
}
