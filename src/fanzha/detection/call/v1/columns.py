"""A call batch as the arrays its windows are fed with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import (
    Bools,
    Columns,
    Floats,
    Keys,
    among,
    both_sides,
    equals,
    floats,
    instants,
    keys_of,
    text_keys,
    twice,
    within_hours,
)
from fanzha.detection.call.v1.life import number_code, number_rows

__all__ = ["CallMeasures", "Phases"]

_HOUR_MS = 3_600_000
_CHINA_MS = 8 * _HOUR_MS
_LONG_MS = 400.0 * 24 * _HOUR_MS


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
    relay_gap_s: int
    """One card begins so soon after another ended under the same cell: they take turns."""
    gateway_tacs: tuple[int, ...]
    """Type codes of gateways and modems, without leading zeros."""


@dataclass(frozen=True, eq=False)
class Phases:
    """What each row of a call batch says of its call."""

    at: npt.NDArray[np.int64]
    caller: Keys
    callee: Keys
    cell: Keys
    callee_cell: Keys
    area: Keys
    """The location area of the caller's cell."""
    imsi: Keys
    imei: Keys
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
    busy: Bools
    measures: CallMeasures

    @classmethod
    def of(cls, frame: pl.DataFrame, measures: CallMeasures) -> Phases:
        """Read a batch; what the sender left out is taken as not known."""
        end = equals(frame, "phase", "end")
        talk, ring = floats(frame, "talk_s", np.nan), floats(frame, "ring_s", np.nan)
        hung_up = end & ~(talk > 0.0) & among(frame, "end_cause", "caller_hangup")
        return cls(
            at=instants(frame),
            caller=keys_of(frame, "caller_key"),
            callee=keys_of(frame, "callee_key"),
            cell=keys_of(frame, "caller_cell_key"),
            callee_cell=keys_of(frame, "callee_cell_key"),
            area=_areas(frame),
            imsi=keys_of(frame, "caller_imsi_key"),
            imei=keys_of(frame, "caller_imei_key"),
            **_doors(frame),
            start=equals(frame, "phase", "start"),
            answer=equals(frame, "phase", "answer"),
            end=end,
            talk_s=floats(frame, "talk_s"),
            rang_out=end & (talk == 0.0) & ~among(frame, "answered", True),
            one_ring=hung_up & (ring <= measures.one_ring_s),
            callee_hung=among(frame, "end_cause", "callee_hangup"),
            busy=end & among(frame, "end_cause", "busy"),
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
            "spoken": self._spoken,
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

    @property
    def _night(self) -> Bools:
        return within_hours(self.at, self.measures.night_from, self.measures.night_to)

    def callers(self, counted: Bools, strange: Bools, silent_s: Floats) -> Columns:
        """One row an event, keyed by the calling number: its conduct.

        `counted` marks the row by which a call is counted once: its start, or its end where the
        sender has finished calls only. `strange`: the two are no acquaintances. `silent_s`: how
        long the number had not been used before, not a number where nobody knows.
        """
        talked, measures = self.talked, self.measures
        return {
            "at": self.at,
            "caller_key": self.caller,
            "peer_key": self.callee,
            "cell_key": self.cell,
            "out_call": counted,
            "stranger": counted & strange,
            "night_call": counted & self._night,
            "silent_s": silent_s,
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
        local = self.at + _CHINA_MS
        weekday = (local // 86_400_000 + 3) % 7 < 5
        pause = np.nan_to_num(quiet_s, nan=0.0)
        before = (
            local - np.nan_to_num(1000.0 * quiet_s, nan=_LONG_MS).astype(np.int64)
        ) // _HOUR_MS
        return {
            **self.days(counted),
            "peer_key": self.callee,
            "cell_key": self.cell,
            "stranger": counted & strange,
            "night_call": counted & self._night,
            "weekend_call": counted & ~weekday,
            "talked": self.talked,
            "short_talk": self.short,
            "first_this_hour": counted & (before < local // _HOUR_MS),
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

        def even(flag: Bools) -> Bools:
            return both_sides(flag, no)

        odd = partial(both_sides, no)
        left = self.rang_out | (self.talked & (self.talk_s <= self.measures.hung_up_s))
        return {
            **number_rows(both_sides(self.caller, self.callee), twice(self.at)),
            "placed": even(counted),
            "used": both_sides(counted, self.talked),
            "in_call": odd(counted),
            "strange_in": odd(counted & strange),
            "abroad_in": odd(counted & strange & risky),
            "abroad_missed": odd(self.end & strange & risky & left),
            "busy_in": odd(self.busy),
            "fed": odd(near),
            "ringed": odd(self.short & mutual),
            "calls_back": even(counted & abroad & ~strange),
            "risky_talk": odd(self.talked & strange & risky),
            "talk_s": twice(self.talk_s),
            "picked_up": twice(self.answer),
            "hung_down": twice(self.end & ~self.rang_out),
            "strange_call": odd(strange),
        }

    def devices(self) -> Columns:
        """One row an event, keyed by the calling handset, or by its card."""
        return {
            "at": self.at,
            "imei_key": self.imei,
            "imsi_key": self.imsi,
            "cell_key": self.cell,
            "area_key": self.area,
        }

    def cells(self, counted: Bools, strange: Bools) -> Columns:
        """Two rows an event: under the caller's cell (even), and under the callee's (odd)."""
        no = np.zeros(len(self.at), dtype=np.bool_)
        return {
            "at": twice(self.at),
            "cell_key": both_sides(self.cell, self.callee_cell),
            "number_key": both_sides(self.caller, self.callee),
            "number_code": twice(number_code(self.caller)),
            "card_key": twice(np.where(self.imsi != 0, self.imsi, self.caller)),
            "imei_key": twice(self.imei),
            "out_call": both_sides(counted, no),
            "in_call": both_sides(no, counted),
            "stranger": both_sides(counted & strange, no),
            "begun": both_sides(self.answer, no),
            "ended": both_sides(self.end & ~self.rang_out, no),
        }

    def paths(self, counted: Bools, path: Floats) -> Columns:
        """One row an event, keyed by the way its caller went from cell to cell; a way that is not
        known yet is none."""
        known = np.nan_to_num(path)
        return {
            "at": self.at,
            "path_key": np.where(known > 0, known, 0).astype(np.uint64),
            "caller_key": self.caller,
            "out_call": counted,
        }

    def turns(self, ended_s: Floats, last: Floats) -> Columns:
        """One row an event, keyed by the caller's cell: whether its card begins where another has
        just ended. Beginnings are seen where the sender has them."""
        soon = ended_s <= self.measures.relay_gap_s
        return {
            "at": self.at,
            "cell_key": self.cell,
            "relay": self.start & soon & (last != number_code(self.caller)),
        }


def _areas(frame: pl.DataFrame) -> Keys:
    """Keys of the location areas, which are what a cell's normal form has before its last part."""
    if "caller_cell" not in frame.columns or not keys_of(frame, "caller_cell_key").any():
        return np.zeros(frame.height, dtype=np.uint64)
    area = frame.select(pl.col("caller_cell").str.strip_chars_end("0123456789"))
    return text_keys(area, "caller_cell", "area")


def _doors(frame: pl.DataFrame) -> dict[str, Keys]:
    """Keys of the trunk of each row, and of the run of numbers that the caller is one of."""
    trunk = text_keys(frame, "trunk")
    if not trunk.any():
        return {"trunk": trunk, "run": trunk}
    digits = frame["caller"].str.extract(r"^\+?(\d{7,18})$").cast(pl.UInt64)
    run = (digits // 100).fill_null(0).to_numpy()
    mixed = trunk ^ (run * np.uint64(0x9E3779B97F4A7C15))
    numbered = np.where((trunk != 0) & (run != 0), np.maximum(mixed, np.uint64(1)), np.uint64(0))
    return {"trunk": trunk, "run": numbered}
