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
from fanzha.values.keys import key64

__all__ = ["CallMeasures", "Phases", "line_rows", "quiet_rows"]

_CHINA_MS = 8 * 3_600_000


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
    rest_s: int
    """A pause this long ends a burst of calls."""
    office_from: int
    """Local hours of Monday to Friday, inclusive; `office_to` is exclusive."""
    office_to: int


@dataclass(frozen=True, eq=False)
class Phases:
    """What each row of a call batch says of its call."""

    at: npt.NDArray[np.int64]
    caller: Keys
    callee: Keys
    cell: Keys
    callee_cell: Keys
    trunk: Keys
    run: Keys
    """A hundred numbers in a row on one trunk; 0 where no trunk is told."""
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
            callee_cell=keys_of(frame, "callee_cell_key"),
            **_doors(frame),
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
            "low_calls": self._spoken & (self.caller < self.callee),
            "high_calls": self._spoken & (self.caller > self.callee),
        }

    @property
    def _spoken(self) -> Bools:
        return self.start | self.end

    @property
    def talked(self) -> Bools:
        """Ends of calls in which there was a talk."""
        return self.end & (self.talk_s > 0)

    @property
    def short(self) -> Bools:
        """Ends of short talks."""
        return self.talked & (self.talk_s <= self.measures.short_s)

    def callers(self, counted: Bools, strange: Bools) -> Columns:
        """One row an event, keyed by the calling number: its conduct.

        `counted` marks the row by which a call is counted once: its start, or its end where the
        sender has finished calls only. `strange`: the two are no acquaintances.
        """
        talked, measures = self.talked, self.measures
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
            "short_talk": self.short,
            "hung_up": talked & self.callee_hung & (self.talk_s <= measures.hung_up_s),
            "one_ring": self.one_ring,
            "talk_s": self.talk_s,
            "talk_sq": self.talk_s * self.talk_s,
        }

    def days(self, counted: Bools) -> Columns:
        """One row an event, keyed by the calling number, on the clock people live by."""
        return {"at": self.at + _CHINA_MS, "caller_key": self.caller, "out_call": counted}

    def weeks(self, counted: Bools, strange: Bools, today: Floats, quiet_s: Floats) -> Columns:
        """As `days`, with what the day and the pause before each call say.

        The squares of the daily counts add up as the day goes: k² is the sum of 2i − 1 to k.
        """
        rest, nth = self.measures.rest_s, np.nan_to_num(today)
        hours = within_hours(self.at, self.measures.office_from, self.measures.office_to)
        weekday = ((self.at + _CHINA_MS) // 86_400_000 + 3) % 7 < 5
        pause = np.nan_to_num(quiet_s, nan=0.0)
        return {
            **self.days(counted),
            "stranger": counted & strange,
            "office_call": counted & hours & weekday,
            "first_today": counted & (nth <= 1.0),
            "resumed": counted & (pause >= rest),
            "square": np.maximum(2.0 * nth - 1.0, 0.0),
            "gap_s": np.where(pause < rest, pause, 0.0),
        }

    def trunks(self, counted: Bools, strange: Bools) -> Columns:
        """One row an event, keyed by the trunk it came in by."""
        return {
            "at": self.at,
            "trunk_key": self.trunk,
            "caller_key": self.caller,
            "out_call": counted,
            "stranger": counted & strange,
            "talked": self.talked,
            "short_talk": self.short,
        }

    def runs(self, counted: Bools) -> Columns:
        """One row an event, keyed by the run of numbers (and the person they call)."""
        return {
            "at": self.at,
            "run_key": self.run,
            "peer_key": self.callee,
            "caller_key": self.caller,
            "out_call": counted,
        }

    def numbers(self, counted: Bools, strange: Bools, mutual: Bools, risky: Bools,
                abroad: Bools) -> Columns:  # fmt: skip
        """Two rows an event: the caller's (even) and the callee's (odd).

        A call that rang out does not end the talk that its callee has on another line. `mutual`:
        both have called the other within a day; `risky`: the caller comes from abroad or shows a
        number that cannot be true; `abroad`: the callee is a number abroad.
        """
        no = np.zeros(len(self.at), dtype=np.bool_)
        near = counted & (self.cell == self.callee_cell) & (self.cell != 0)
        return {
            "at": twice(self.at),
            "number_key": both_sides(self.caller, self.callee),
            "in_call": both_sides(no, counted),
            "fed": both_sides(no, near),
            "ringed": both_sides(no, self.short & mutual),
            "calls_back": both_sides(counted & abroad & ~strange, no),
            "risky_talk": both_sides(no, self.talked & strange & risky),
            "talk_s": twice(self.talk_s),
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
        (
            "in_call", "fed", "ringed", "calls_back", "risky_talk", "picked_up", "hung_down",
            "strange_call", "activated",
        ),
        no,
    )  # fmt: skip
    return {**flags, "at": at, "number_key": keys, "talk_s": np.zeros(len(keys))}


def line_rows(frame: pl.DataFrame) -> Columns:
    """One row a change of a line; only activation is looked at."""
    rows = quiet_rows(keys_of(frame, "number_key"), instants(frame))
    return {**rows, "activated": (frame["action"] == "activate").to_numpy()}


def _doors(frame: pl.DataFrame) -> dict[str, Keys]:
    """Keys of the trunk of each row, and of the run of numbers that the caller is one of."""
    nothing = np.zeros(frame.height, dtype=np.uint64)
    if "trunk" not in frame.columns or frame["trunk"].null_count() == frame.height:
        return {"trunk": nothing, "run": nothing}
    names = frame["trunk"].to_list()
    known = {name: key64("trunk", name) for name in set(names) if name}
    trunk = np.array([known.get(name, 0) for name in names], dtype=np.uint64)
    digits = frame["caller"].str.extract(r"^\+?(\d{7,18})$").cast(pl.UInt64)
    run = (digits // 100).fill_null(0).to_numpy()
    mixed = trunk ^ (run * np.uint64(0x9E3779B97F4A7C15))
    numbered = np.where((trunk != 0) & (run != 0), np.maximum(mixed, np.uint64(1)), np.uint64(0))
    return {"trunk": trunk, "run": numbered}


def _or_null(frame: pl.DataFrame, column: str, kind: type[pl.DataType]) -> pl.Expr:
    return pl.col(column) if column in frame.columns else pl.lit(None, dtype=kind)
