"""The columns that conditions about calls may read, and what each is made from."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from fanzha.detection.call.v1.windows import WINDOWS

__all__ = ["CALLEE_SCHEMA", "CALLER_SCHEMA", "CHECKING_SCHEMA", "NEEDS", "OF_CALLEE", "OF_LINE",
           "TEXTED"]  # fmt: skip

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
OF_LINE = ("call_code_s", "risky_since_s", "risky_talk_s", "abroad_in_24h", "abroad_missed_24h",
           "busy_in_24h", "forwarded_s")  # fmt: skip
"""What is told of a line whose owner pays, or acts on the phone."""
OF_CALLEE = ("received_24h", "strange_in_24h", "abroad_in_24h", "abroad_missed_24h", "busy_in_24h",
             "calls_back_24h")  # fmt: skip
"""What is told of the called number, as `callee_…`."""
TEXTED = ("codes_24h", "code_senders_24h", "texts_in_24h", "texts_out_24h", "placed_24h",
          "net_24h")  # fmt: skip
"""What is told of the recipient of a text."""
_MADE = (
    *(f.name for w in WINDOWS for f in w.features
      if w.stream not in ("outlet", "card_holder")),
    *(f"callee_{name}" for name in OF_CALLEE),
    "talk_mean_s",
    "talk_std_s",
    "talk_cv",
    "cap_cv",
)  # fmt: skip
"""Every live feature: of the caller, its pair with the callee, its device, card, cell, trunk."""
_SAID = (
    "strange",
    "mutual",
    "counted",
    "gateway_device",
    "from_abroad",
    "by_resale",
    "asserted_differs",
    "caller_filed",
    "caller_official",
    "caller_bank",
    "callee_official",
    "callee_bank",
    "callee_abroad",
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
    "gateway_device": ("caller_imei",),
    "imeis_7d": ("caller_imsi", "caller_imei"),
    "device_areas_1h": ("caller_imei", "caller_cell"),
    "cell_relays_24h": ("caller_cell",),
    "cell_cards_1h": ("caller_cell",),
}
