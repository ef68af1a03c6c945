"""A call batch as the arrays its windows are fed with."""

from __future__ import annotations

import numpy as np
import polars as pl

from fanzha.detection.arrays import (
    Array,
    Bools,
    Columns,
    Keys,
    both_sides,
    floats,
    instants,
    keys_of,
    twice,
)

__all__ = [
    "caller_rows",
    "device_rows",
    "line_rows",
    "number_rows",
    "pair_rows",
    "quiet_rows",
]

_NIGHT_FROM, _NIGHT_TO = 22, 6
_CHINA_MS = 8 * 3_600_000
_SHORT_S = 15.0
_RING_S = 5.0
_HUNG_UP_S = 20.0


def pair_rows(frame: pl.DataFrame) -> Columns:
    """One row a call event, keyed by the two numbers in either order."""
    caller, callee = keys_of(frame, "caller_key"), keys_of(frame, "callee_key")
    phase = frame["phase"]
    return {
        "at": instants(frame),
        "low_key": np.minimum(caller, callee),
        "high_key": np.maximum(caller, callee),
        "is_start": (phase == "start").to_numpy(),
        "is_end": (phase == "end").to_numpy(),
    }


def caller_rows(frame: pl.DataFrame, counted: Bools) -> Columns:
    """One row a call event, keyed by the calling number: its conduct.

    `counted` marks the row by which a call is counted once: its start, or its end where the
    sender has finished calls only. The frame carries `strange`.
    """
    at = instants(frame)
    end = (frame["phase"] == "end").to_numpy()
    talk = floats(frame, "talk_s")
    ring = floats(frame, "ring_s", absent=np.inf)
    talked = end & (talk > 0)
    local_hour = (at + _CHINA_MS) // 3_600_000 % 24
    night = (local_hour >= _NIGHT_FROM) | (local_hour < _NIGHT_TO)
    return {
        "at": at,
        "caller_key": keys_of(frame, "caller_key"),
        "peer_key": keys_of(frame, "callee_key"),
        "cell_key": keys_of(frame, "caller_cell_key"),
        "out_call": counted,
        "stranger": counted & frame["strange"].to_numpy(),
        "night_call": counted & night,
        "talked": talked,
        "short_talk": talked & (talk <= _SHORT_S),
        "hung_up": talked & _ended_by(frame, "callee_hangup") & (talk <= _HUNG_UP_S),
        "one_ring": end & (talk <= 0) & _ended_by(frame, "caller_hangup") & (ring <= _RING_S),
        "talk_s": talk,
        "talk_sq": talk * talk,
    }


def number_rows(frame: pl.DataFrame, counted: Bools) -> Columns:
    """Two rows a call event: the caller's (even) and the callee's (odd). Carries `strange`.

    A call that rang out does not end the talk that its callee has on another line.
    """
    n = frame.height
    answer = (frame["phase"] == "answer").to_numpy()
    rang_out = (floats(frame, "talk_s", absent=np.nan) == 0.0) & ~_answered(frame)
    over = (frame["phase"] == "end").to_numpy() & ~rang_out
    no = np.zeros(n, dtype=np.bool_)
    return {
        "at": twice(instants(frame)),
        "number_key": both_sides(keys_of(frame, "caller_key"), keys_of(frame, "callee_key")),
        "in_call": both_sides(no, counted),
        "picked_up": twice(answer),
        "hung_down": twice(over),
        "strange_call": both_sides(no, frame["strange"].to_numpy()),
        "activated": twice(no),
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


def device_rows(frame: pl.DataFrame) -> Columns:
    """One row a call event, keyed by the calling handset."""
    return {
        "at": instants(frame),
        "imei_key": keys_of(frame, "caller_imei_key"),
        "imsi_key": keys_of(frame, "caller_imsi_key"),
    }


def _ended_by(frame: pl.DataFrame, cause: str) -> Bools:
    if "end_cause" not in frame.columns:
        return np.zeros(frame.height, dtype=np.bool_)
    return (frame["end_cause"] == cause).fill_null(False).to_numpy()


def _answered(frame: pl.DataFrame) -> Bools:
    if "answered" not in frame.columns:
        return np.zeros(frame.height, dtype=np.bool_)
    return frame["answered"].fill_null(False).to_numpy()
