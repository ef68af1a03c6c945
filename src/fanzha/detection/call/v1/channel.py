"""Scores each phase of a call as it comes: the caller's conduct, then the danger to the callee."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import keys_of
from fanzha.detection.call.filed import load_filed_numbers
from fanzha.detection.call.v1.columns import (
    device_rows,
    line_rows,
    number_rows,
    pair_rows,
    quiet_rows,
)
from fanzha.detection.call.v1.windows import WINDOWS
from fanzha.detection.finding import Finding, Related, Role, SubjectKind
from fanzha.detection.found import about, clause, known
from fanzha.detection.reading import Reading
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import Scored
from fanzha.detection.standing import Standing
from fanzha.features.live import FeatureSet

_STALE_S = 4 * 3_600.0

__all__ = ["CALLEE_SCHEMA", "CALLER_SCHEMA", "CallChannel"]

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
_FEATURES: Mapping[str, type[pl.DataType]] = {
    **dict.fromkeys(
        (
            "calls_24h",
            "calls_1h",
            "received_24h",
            "callees_24h",
            "strangers_24h",
            "night_calls_24h",
            "talks_24h",
            "short_talks_24h",
            "hung_up_24h",
            "one_rings_24h",
            "cells_24h",
            "imsis_7d",
            "talk_mean_s",
            "talk_cv",
            "activated_s",
        ),
        pl.Float64,
    ),
    **dict.fromkeys(("strange", "from_abroad", "asserted_differs", "caller_filed"), pl.Boolean),
}
CALLER_SCHEMA = {**_RECEIVED, **_FEATURES}
CALLEE_SCHEMA = {**CALLER_SCHEMA, "caller_score": pl.Float64, "texted_score": pl.Float64}
_NEEDS = {
    "imsis_7d": ("caller_imsi", "caller_imei"),
    "cells_24h": ("caller_cell",),
    "from_abroad": ("trunk",),
    "asserted_differs": ("asserted_caller",),
    "one_rings_24h": ("ring_s", "end_cause"),
    "hung_up_24h": ("end_cause",),
}


class CallChannel:
    """Windows over numbers, pairs of numbers and devices, and the two signal files.

    A finding about a caller comes when the band of its score rises, not with each call.
    """

    streams = ("call", "line")

    def __init__(self, policies: Path) -> None:
        self._caller = load_signals(policies / "call-v1-caller.yaml", CALLER_SCHEMA, needs=_NEEDS)
        self._callee = load_signals(
            policies / "call-v1-callee.yaml", CALLEE_SCHEMA, needs=_NEEDS, spoken=("caller_why",)
        )
        self._filed = load_filed_numbers(policies / "filed-numbers.yaml")
        self._features = FeatureSet(WINDOWS)
        self._standing = Standing()

    def read(self, batch: pl.DataFrame, texted: npt.NDArray[np.float64]) -> Reading:
        """Score a batch of calls. `texted` says how suspected each caller is for texts it sent."""
        frame = self._with_features(batch)
        callers = self._caller.score(frame)
        frame = callers.frame.with_columns(
            pl.Series("caller_score", callers.score), pl.Series("texted_score", texted)
        )
        callees = self._callee.score(frame)
        found = [(row, self._about_caller(callers, row)) for row in callers.over.tolist()]
        found += [(row, self._about_callee(callers, callees, row)) for row in callees.over.tolist()]
        findings = tuple((row, f) for row, f in sorted(found, key=_in_order) if f is not None)
        return Reading("call", callees.frame, findings)

    def read_lines(self, batch: pl.DataFrame) -> None:
        """Take in the life of lines: when a number was activated."""
        self._features.update("number", line_rows(batch))

    def on_line(
        self, keys: npt.NDArray[np.uint64], at: npt.NDArray[np.int64]
    ) -> dict[str, pl.Series]:
        """For numbers at instants: are they talking, and with one never heard from before?"""
        told = self._features.update("number", quiet_rows(keys, at))
        on = _talking(told) & (keys != 0)
        return {
            "call_on": pl.Series("call_on", on),
            "call_strange": pl.Series("call_strange", on & (told["strange_last"] > 0)),
        }

    def _with_features(self, batch: pl.DataFrame) -> pl.DataFrame:
        pair = self._features.update("pair", pair_rows(batch))
        starts, ends = pair["pair_starts"], pair["pair_ends"]
        is_start = (batch["phase"] == "start").to_numpy()
        is_end = (batch["phase"] == "end").to_numpy()
        counted = is_start | (is_end & (starts < ends))
        frame = batch.with_columns(pl.Series("strange", np.maximum(starts, ends) <= 1))
        told = self._features.update("number", number_rows(frame, counted))
        mine = {name: values[0::2] for name, values in told.items()}
        device = self._features.update("device", device_rows(frame))
        return frame.with_columns(
            *self._conduct(mine),
            *self._identity(frame),
            known("imsis_7d", device["imsis_7d"], keys_of(frame, "caller_imei_key") != 0),
            known("cells_24h", mine["cells_24h"], keys_of(frame, "caller_cell_key") != 0),
        )

    def _conduct(self, mine: Mapping[str, npt.NDArray[np.float64]]) -> list[pl.Series]:
        """The caller's windows, with the moments of talk length made into mean and spread."""
        talks = np.maximum(mine["talks_24h"], 1.0)
        mean = mine["talk_sum_24h"] / talks
        spread = np.sqrt(np.maximum(mine["talk_sq_24h"] / talks - mean**2, 0.0))
        activated = mine["activated_since_s"]
        counts = [
            pl.Series(name, values.astype(np.float64))
            for name, values in mine.items()
            if name.endswith(("_24h", "_1h")) and not name.startswith("talk_")
        ]
        return [
            *counts,
            pl.Series("talk_mean_s", mean),
            pl.Series("talk_cv", spread / np.maximum(mean, 1e-9)),
            known("activated_s", activated, np.isfinite(activated)),
        ]

    def _identity(self, frame: pl.DataFrame) -> list[pl.Series | pl.Expr]:
        """Where the call came in, and whether the number shown can be true."""
        present = frame.columns
        kind = pl.col("caller_kind").cast(pl.String)
        trunk = pl.col("trunk") if "trunk" in present else pl.lit(None, dtype=pl.String)
        shown_differs = (
            (pl.col("asserted_caller_key") != 0)
            & (pl.col("asserted_caller_key") != pl.col("caller_key"))
            if "asserted_caller_key" in present
            else pl.lit(None, dtype=pl.Boolean)
        )
        abroad = trunk.str.starts_with("intl-").fill_null(False) | (kind == "overseas")
        return [
            kind.alias("caller_kind"),
            abroad.fill_null(False).alias("from_abroad"),
            shown_differs.alias("asserted_differs"),
            self._filed.holds(frame["caller"]).alias("caller_filed"),
        ]

    def _about_caller(self, scored: Scored, row: int) -> Finding | None:
        key, at, caller = scored.frame.select(
            "caller_key", pl.col("at").to_physical(), "caller"
        ).row(row)
        if not self._standing.rises(key, self._caller.band(scored.score[row]), at):
            return None
        return about(
            scored, row, stream="call", role=Role.SUSPECT, kind=SubjectKind.NUMBER, subject=caller
        )

    def _about_callee(self, callers: Scored, callees: Scored, row: int) -> Finding:
        caller, callee = callees.frame.select("caller", "callee").row(row)
        return about(
            callees,
            row,
            stream="call",
            role=Role.AT_RISK,
            kind=SubjectKind.NUMBER,
            subject=callee,
            related=(Related(SubjectKind.NUMBER, caller, Role.SUSPECT),),
            words={"caller_why": clause(callers.reasons(row))},
            scam_type=callers.scam_type(row),
        )

    def snapshot(self) -> dict[str, Any]:
        return {
            "standing": self._standing.snapshot(),
            **{f"windows.{k}": v for k, v in self._features.snapshot().items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._standing.restore(state["standing"])
        prefix = "windows."
        mine = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        self._features.restore(mine)


def _in_order(item: tuple[int, Finding | None]) -> tuple[int, bool]:
    """Rows ascending; on one row the caller's finding first, so that the callee's builds on it."""
    row, finding = item
    return row, finding is not None and finding.role is Role.AT_RISK


def _talking(told: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.bool_]:
    """Picked up more lately than hung up, and not four hours ago."""
    picked, hung = told["picked_up_since_s"], told["hung_down_since_s"]
    return np.isfinite(picked) & (picked < _STALE_S) & ~(hung <= picked)
