"""A call batch as the arrays its windows are fed with."""

from __future__ import annotations

from collections.abc import Mapping

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
)

__all__ = ["device_rows", "line_rows", "number_rows", "pair_rows", "quiet_rows"]

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


def number_rows(frame: pl.DataFrame, counted: Bools) -> Columns:
    """Two rows a call event: the caller's (even) and the callee's (odd).

    `counted` marks the row by which a call is counted once: its start, or its end where the
    sender has finished calls only. The frame carries `strange`.
    """
    n = frame.height
    end = (frame["phase"] == "end").to_numpy()
    answer = (frame["phase"] == "answer").to_numpy()
    talk = floats(frame, "talk_s")
    ring = floats(frame, "ring_s", absent=np.inf)
    cause = frame["end_cause"] if "end_cause" in frame.columns else pl.Series([None] * n)
    callee_hung = (cause == "callee_hangup").fill_null(False).to_numpy()
    caller_hung = (cause == "caller_hangup").fill_null(False).to_numpy()
    talked = end & (talk > 0)
    local_hour = (instants(frame) + _CHINA_MS) // 3_600_000 % 24
    night = (local_hour >= _NIGHT_FROM) | (local_hour < _NIGHT_TO)
    strange = frame["strange"].to_numpy()
    no = np.zeros(n, dtype=np.bool_)
    zero = np.zeros(n)
    caller, callee = keys_of(frame, "caller_key"), keys_of(frame, "callee_key")
    none = np.zeros(n, dtype=np.uint64)
    sides: Mapping[str, tuple[Array, Array]] = {
        "at": (instants(frame), instants(frame)),
        "number_key": (caller, callee),
        "peer_key": (callee, none),
        "cell_key": (keys_of(frame, "caller_cell_key"), none),
        "out_call": (counted, no),
        "in_call": (no, counted),
        "stranger": (counted & strange, no),
        "night_call": (counted & night, no),
        "talked": (talked, no),
        "short_talk": (talked & (talk <= _SHORT_S), no),
        "hung_up": (talked & callee_hung & (talk <= _HUNG_UP_S), no),
        "one_ring": (end & (talk <= 0) & caller_hung & (ring <= _RING_S), no),
        "talk_s": (np.where(talked, talk, 0.0), zero),
        "talk_sq": (np.where(talked, talk * talk, 0.0), zero),
        "picked_up": (answer, answer),
        "hung_down": (end, end),
        "strange_call": (no, strange),
        "activated": (no, no),
    }
    return {name: both_sides(*pair) for name, pair in sides.items()}


def quiet_rows(keys: Keys, at: Array) -> Columns:
    """Rows that count nothing: they only read how a number stands at an instant."""
    no = np.zeros(len(keys), dtype=np.bool_)
    zero = np.zeros(len(keys))
    none = np.zeros(len(keys), dtype=np.uint64)
    rows: Columns = dict.fromkeys(
        ("out_call", "in_call", "stranger", "night_call", "talked", "short_talk", "hung_up",
         "one_ring", "picked_up", "hung_down", "strange_call", "activated"), no,
    )  # fmt: skip
    return {
        **rows,
        "at": at,
        "number_key": keys,
        "peer_key": none,
        "cell_key": none,
        "talk_s": zero,
        "talk_sq": zero,
    }


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
