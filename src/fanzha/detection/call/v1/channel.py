"""Scores each phase of a call as it comes: the caller's conduct, then the danger to the callee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import Array, Floats, instants, keys_of, known
from fanzha.detection.call.filed import load_filed_numbers
from fanzha.detection.call.v1.columns import CallMeasures, Phases, line_rows, quiet_rows
from fanzha.detection.call.v1.windows import WINDOWS
from fanzha.detection.finding import Finding, Related, Role, SubjectKind
from fanzha.detection.found import about, clause
from fanzha.detection.measures import load_measures
from fanzha.detection.reading import Reading
from fanzha.detection.signal_file import load_signals
from fanzha.detection.signals import Scored, Watcher
from fanzha.detection.standing import Standing
from fanzha.detection.state import part, prefixed
from fanzha.features.live import FeatureSet, MakeFeatures

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
_COUNTS = (
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
CALLER_SCHEMA: Mapping[str, type[pl.DataType]] = {**_RECEIVED, **_FEATURES}
CALLEE_SCHEMA: Mapping[str, type[pl.DataType]] = {
    **CALLER_SCHEMA,
    "caller_score": pl.Float64,
    "texted_score": pl.Float64,
}
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

    def __init__(self, policies: Path, features: MakeFeatures = FeatureSet) -> None:
        self._caller = load_signals(policies / "call-v1-caller.yaml", CALLER_SCHEMA, needs=_NEEDS)
        self._callee = load_signals(
            policies / "call-v1-callee.yaml", CALLEE_SCHEMA, needs=_NEEDS, spoken=("caller_why",)
        )
        self._measures = load_measures(policies / "call-v1-measures.yaml", CallMeasures)
        self._filed = load_filed_numbers(policies / "filed-numbers.yaml")
        self._features = features(WINDOWS)
        self._standing = Standing()

    def read(self, batch: pl.DataFrame, texted: Floats) -> Reading:
        """Score a batch of calls. `texted` says how suspected each caller is for texts it sent."""
        late = self._late()
        frame = self._with_features(batch)
        callers = self._caller.score(frame)
        scores = [pl.Series("caller_score", callers.score), pl.Series("texted_score", texted)]
        frame = callers.frame.hstack(scores)
        callees = self._callee.score(frame)
        found = [*self._callers_found(callers)]
        found += [(row, self._about_callee(callers, callees, row)) for row in callees.over.tolist()]
        findings = tuple(sorted(found, key=_in_order))
        return Reading("call", callees.frame, findings, self._late() - late)

    def read_lines(self, batch: pl.DataFrame) -> None:
        """Take in the life of lines: when a number was activated."""
        self._features.update("number", line_rows(batch))

    def on_line(
        self, keys: npt.NDArray[np.uint64], at: npt.NDArray[np.int64]
    ) -> dict[str, pl.Series]:
        """For numbers at instants: are they talking, and is it a stranger who called them?"""
        told = self._features.update("number", quiet_rows(keys, at))
        on = _talking(told, self._measures.stale_s) & (keys != 0)
        return {
            "call_on": pl.Series("call_on", on),
            "call_strange": pl.Series("call_strange", on & (told["strange_last"] > 0)),
        }

    def use_rules(self, watches: Mapping[str, Watcher]) -> None:
        """Let these rules weigh beside the signal files, until others do."""
        self._caller = self._caller.watched(watches.get("call_caller"))
        self._callee = self._callee.watched(watches.get("call_callee"))

    @property
    def refused(self) -> int:
        """Rows whose key had no room in a window."""
        return sum(c.refused for c in self._features.counters().values())

    def _late(self) -> int:
        return self._features.counters()["caller"].late

    def _with_features(self, batch: pl.DataFrame) -> pl.DataFrame:
        calls = Phases.of(batch, self._measures)
        pair = self._features.update("pair", calls.pairs())
        starts, ends = pair["pair_starts"], pair["pair_ends"]
        counted = calls.start | (calls.end & (starts < ends))
        # Strangers are those whose every contact lies within the last day: who rang twice this
        # morning is no acquaintance yet.
        strange = (starts <= pair["pair_starts_24h"]) & (ends <= pair["pair_ends_24h"])
        mine = self._features.update("caller", calls.callers(counted, strange))
        lines = self._features.update("number", calls.numbers(counted, strange))
        device = self._features.update("device", calls.devices(batch))
        return batch.hstack(
            [
                *_conduct(mine),
                known("received_24h", lines["received_24h"][0::2]),
                known("activated_s", lines["activated_since_s"][0::2]),
                known("imsis_7d", device["imsis_7d"]),
                known("cells_24h", mine["cells_24h"], calls.cell != 0),
                pl.Series("strange", strange),
                *self._identity(batch),
            ]
        )

    def _identity(self, frame: pl.DataFrame) -> list[pl.Series]:
        """Where the call came in, and whether the number shown can be true."""
        kind = pl.col("caller_kind")
        abroad = kind == "overseas"
        if "trunk" in frame.columns:
            # A mobile of ours that comes in by an international gateway is roaming.
            foreign = pl.col("trunk").str.starts_with("intl-").fill_null(value=False)
            abroad |= foreign & ~kind.is_in(["mobile", "iot"]).fill_null(value=False)
        told = [
            abroad.fill_null(value=False).alias("from_abroad"),
            self._filed.holds(pl.col("caller")).alias("caller_filed"),
        ]
        if "asserted_caller_key" in frame.columns:
            asserted = pl.col("asserted_caller_key")
            told.append(
                pl.when((asserted != 0) & (pl.col("caller_key") != 0))
                .then(asserted != pl.col("caller_key"))
                .otherwise(None)
                .alias("asserted_differs")
            )
        return frame.select(told).get_columns()

    def _callers_found(self, scored: Scored) -> Iterator[tuple[int, Finding]]:
        """A finding where the band of a number's score rises. A withheld number is nobody's."""
        keys, at = keys_of(scored.frame, "caller_key"), instants(scored.frame)
        bands = self._caller.bands_of(scored.score)
        for row in scored.over.tolist():
            key = int(keys[row])
            if key and self._standing.rises(key, int(bands[row]), int(at[row])):
                yield row, about(
                    scored, row, stream="call", role=Role.SUSPECT, kind=SubjectKind.NUMBER,
                    subject=scored.frame["caller"][row],
                )  # fmt: skip

    def _about_callee(self, callers: Scored, callees: Scored, row: int) -> Finding:
        caller, callee = callees.frame["caller"][row], callees.frame["callee"][row]
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

    def snapshot(self) -> dict[str, Array]:
        windows = prefixed("windows", self._features.snapshot())
        return {"standing": self._standing.snapshot(), **windows}

    def restore(self, state: Mapping[str, Array]) -> None:
        self._standing.restore(state["standing"])
        self._features.restore(part("windows", state))


def _in_order(item: tuple[int, Finding]) -> tuple[int, bool]:
    """Rows ascending; on one row the caller's finding first, so that the callee's builds on it."""
    row, finding = item
    return row, finding.role is Role.AT_RISK


def _conduct(mine: Mapping[str, Floats]) -> list[pl.Series]:
    """The caller's windows, with the moments of talk length made into mean and spread."""
    talks = np.maximum(mine["talks_24h"], 1.0)
    mean = mine["talk_sum_24h"] / talks
    spread = np.sqrt(np.maximum(mine["talk_sq_24h"] / talks - mean**2, 0.0))
    return [
        *(known(name, mine[name]) for name in _COUNTS),
        known("talk_mean_s", mean),
        known("talk_cv", spread / np.maximum(mean, 1e-9)),
    ]


def _talking(told: Mapping[str, Floats], stale_s: int) -> npt.NDArray[np.bool_]:
    """Picked up more lately than hung up, and not too long ago."""
    picked, hung = told["picked_up_since_s"], told["hung_down_since_s"]
    return np.isfinite(picked) & (picked < stale_s) & ~(hung <= picked)
