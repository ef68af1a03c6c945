"""A call batch as the arrays its windows are fed with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import (
    Array,
    Bools,
    Columns,
    Floats,
    Keys,
    both_sides,
    equals,
    floats,
    instants,
    keys_of,
    truths,
    twice,
    within_hours,
)

__all__ = ["CallMeasures", "Phases", "line_rows", "quiet_rows"]


@dataclass(frozen=True, slots=True)
class CallMeasures:
    """What counts as short, as one ring, as night: `policies/detection/call-v1-measures.yaml`."""

    short_s: int
    one_ring_s: int
    hung_up_s: int
    night_from: int
    """Local hour, inclusive; `night_to` is exclusive. Night may pass midnight."""
    night_to: int
    stale_s: int
    """A talk whose end never came is over after this."""


@dataclass(frozen=True, eq=False)
class Phases:
    """What each row of a call batch says of its call."""

    at: npt.NDArray[np.int64]
    caller: Keys
    callee: Keys
    cell: Keys
    start: Bools
    answer: Bools
    end: Bools
    talk_s: Floats
    rang_out: Bools
    """Known to have ended without a talk."""
    one_ring: Bools
    callee_hung: Bools
    measures: CallMeasures

    @classmethod
    def of(cls, frame: pl.DataFrame, measures: CallMeasures) -> Phases:
        """Read a batch; what the sender left out is taken as not known."""
        phase, talk = pl.col("phase"), pl.col("talk_s")
        cause = _or_null(frame, "end_cause", pl.String)
        answered = _or_null(frame, "answered", pl.Boolean)
        silent = talk.fill_null(0.0) <= 0.0 if "talk_s" in frame.columns else pl.lit(value=True)
        no_talk = talk == 0.0 if "talk_s" in frame.columns else pl.lit(value=False)
        ring = _or_null(frame, "ring_s", pl.Float32)
        end = equals(frame, "phase", "end")
        rang_out, one_ring, callee_hung = truths(
            frame,
            (phase == "end") & no_talk & ~answered.fill_null(value=False),
            (phase == "end") & silent & (cause == "caller_hangup") & (ring <= measures.one_ring_s),
            cause == "callee_hangup",
        )
        return cls(
            at=instants(frame),
            caller=keys_of(frame, "caller_key"),
            callee=keys_of(frame, "callee_key"),
            cell=keys_of(frame, "caller_cell_key"),
            start=equals(frame, "phase", "start"),
            answer=equals(frame, "phase", "answer"),
            end=end,
            talk_s=floats(frame, "talk_s"),
            rang_out=rang_out,
            one_ring=one_ring,
            callee_hung=callee_hung,
            measures=measures,
        )

    def pairs(self) -> Columns:
        """One row an event, keyed by the two numbers in either order."""
        return {
            "at": self.at,
            "low_key": np.minimum(self.caller, self.callee),
            "high_key": np.maximum(self.caller, self.callee),
            "is_start": self.start,
            "is_end": self.end,
        }

    def callers(self, counted: Bools, strange: Bools) -> Columns:
        """One row an event, keyed by the calling number: its conduct.

        `counted` marks the row by which a call is counted once: its start, or its end where the
        sender has finished calls only. `strange`: the two are no acquaintances.
        """
        talked = self.end & (self.talk_s > 0)
        measures = self.measures
        night = within_hours(self.at, measures.night_from, measures.night_to)
        return {
            "at": self.at,
            "caller_key": self.caller,
            "peer_key": self.callee,
            "cell_key": self.cell,
            "out_call": counted,
            "stranger": counted & strange,
            "night_call": counted & night,
            "talked": talked,
            "short_talk": talked & (self.talk_s <= measures.short_s),
            "hung_up": talked & self.callee_hung & (self.talk_s <= measures.hung_up_s),
            "one_ring": self.one_ring,
            "talk_s": self.talk_s,
            "talk_sq": self.talk_s * self.talk_s,
        }

    def numbers(self, counted: Bools, strange: Bools) -> Columns:
        """Two rows an event: the caller's (even) and the callee's (odd).

        A call that rang out does not end the talk that its callee has on another line.
        """
        no = np.zeros(len(self.at), dtype=np.bool_)
        return {
            "at": twice(self.at),
            "number_key": both_sides(self.caller, self.callee),
            "in_call": both_sides(no, counted),
            "picked_up": twice(self.answer),
            "hung_down": twice(self.end & ~self.rang_out),
            "strange_call": both_sides(no, strange),
            "activated": twice(no),
        }

    def devices(self, frame: pl.DataFrame) -> Columns:
        """One row an event, keyed by the calling handset."""
        return {
            "at": self.at,
            "imei_key": keys_of(frame, "caller_imei_key"),
            "imsi_key": keys_of(frame, "caller_imsi_key"),
        }


def quiet_rows(keys: Keys, at: Array) -> Columns:
    """Rows that count nothing: they only read how a number stands at an instant."""
    no = np.zeros(len(keys), dtype=np.bool_)
    flags: Columns = dict.fromkeys(
        ("in_call", "picked_up", "hung_down", "strange_call", "activated"), no
    )
    return {**flags, "at": at, "number_key": keys}


def line_rows(frame: pl.DataFrame) -> Columns:
    """One row a change of a line; only activation is looked at."""
    rows = quiet_rows(keys_of(frame, "number_key"), instants(frame))
    return {**rows, "activated": (frame["action"] == "activate").to_numpy()}


def _or_null(frame: pl.DataFrame, column: str, kind: type[pl.DataType]) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, dtype=kind)
