"""Scores each phase of a call as it comes: the caller's conduct, then the danger to the callee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import Array, Bools, Floats, instants, keys_of, known, truths
from fanzha.detection.call.filed import load_filed_numbers
from fanzha.detection.call.numbering import load_numbering
from fanzha.detection.call.v1.columns import CallMeasures, Phases, line_rows, quiet_rows
from fanzha.detection.call.v1.identity import Identity
from fanzha.detection.call.v1.schema import (
    CALLEE_SCHEMA,
    CALLER_SCHEMA,
    CHECKING_SCHEMA,
    COUNTS,
    NEEDS,
    WEEK,
)
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

__all__ = ["CallChannel"]

_LINE = ("received_24h", "fed_24h", "ringed_24h", "risky_talk_s", "risky_since_s", "calls_back_24h")
_RISKY = (
    pl.col("from_abroad") | pl.col("asserted_differs") | pl.col("unassigned") | pl.col("stripped")
)


class CallChannel:
    """Windows over numbers, pairs of numbers and devices, and the two signal files.

    A finding about a caller comes when the band of its score rises, not with each call.
    """

    def __init__(self, policies: Path, features: MakeFeatures = FeatureSet) -> None:
        self._caller = load_signals(policies / "call-v1-caller.yaml", CALLER_SCHEMA, needs=NEEDS)
        self._callee = load_signals(
            policies / "call-v1-callee.yaml", CALLEE_SCHEMA, needs=NEEDS, spoken=("caller_why",)
        )
        self._measures = load_measures(policies / "call-v1-measures.yaml", CallMeasures)
        self._checking = load_signals(policies / "call-v1-checking.yaml", CHECKING_SCHEMA)
        self._identity = Identity(
            load_numbering(policies / "call-v1-numbering.yaml"),
            load_filed_numbers(policies / "filed-numbers.yaml"),
        )
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
        checking = self._checking.score(frame)
        found = [*self._callers_found(callers)]
        found += [(row, _about_asker(checking, row)) for row in checking.over.tolist()]
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
        mutual = (pair["pair_low_24h"] > 0) & (pair["pair_high_24h"] > 0)
        identity = self._identity.of(batch)
        mine = self._features.update("caller", calls.callers(counted, strange))
        rows = calls.numbers(
            counted, strange, mutual, *truths(identity, _RISKY, pl.col("callee_abroad"))
        )
        lines = self._features.update("number", rows)
        device = self._features.update("device", calls.devices(batch))
        return batch.hstack(
            [
                *_conduct(mine),
                *self._week(calls, counted, strange, mine["quiet_since_s"]),
                *self._doors(calls, counted, strange),
                *(known(name, lines[name][0::2]) for name in _LINE),
                known("activated_s", lines["activated_since_s"][0::2]),
                known("imsis_7d", device["imsis_7d"]),
                known("cells_24h", mine["cells_24h"], calls.cell != 0),
                pl.Series("strange", strange),
                pl.Series("counted", counted),
                *identity.get_columns(),
            ]
        )

    def _week(self, calls: Phases, counted: Bools, strange: Bools, quiet_s: Floats
              ) -> list[pl.Series]:  # fmt: skip
        """How the number spreads its calls over a week; `cap_cv`: how alike its days are."""
        today = self._features.update("caller_day", calls.days(counted))["calls_today"]
        rows = calls.weeks(counted, strange, today, quiet_s)
        week = self._features.update("caller_week", rows)
        days = np.maximum(week["days_7d"], 1.0)
        mean = week["calls_7d"] / days
        spread = np.sqrt(np.maximum(week["squares_7d"] / days - mean**2, 0.0))
        return [
            *(known(name, week[name]) for name in WEEK),
            known("cap_cv", spread / np.maximum(mean, 1e-9)),
        ]

    def _doors(self, calls: Phases, counted: Bools, strange: Bools) -> list[pl.Series]:
        """What comes in by the same trunk, and from the numbers next to the caller's."""
        trunk = self._features.update("trunk", calls.trunks(counted, strange))
        rows = calls.runs(counted)
        changes = self._features.update("run_callee", rows)["line_changes_24h"]
        run = self._features.update("run", {**rows, "rotated": counted & (changes >= 1)})
        return [known(name, values) for name, values in (*trunk.items(), *run.items())]

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


def _about_asker(scored: Scored, row: int) -> Finding:
    """About somebody who was called from abroad and now asks others, or calls back."""
    return about(
        scored, row, stream="call", role=Role.AT_RISK, kind=SubjectKind.NUMBER,
        subject=scored.frame["caller"][row],
    )  # fmt: skip


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
        *(known(name, mine[name]) for name in COUNTS),
        known("talk_mean_s", mean),
        known("talk_cv", spread / np.maximum(mean, 1e-9)),
    ]


def _talking(told: Mapping[str, Floats], stale_s: int) -> npt.NDArray[np.bool_]:
    """Picked up more lately than hung up, and not too long ago."""
    picked, hung = told["picked_up_since_s"], told["hung_down_since_s"]
    return np.isfinite(picked) & (picked < stale_s) & ~(hung <= picked)
