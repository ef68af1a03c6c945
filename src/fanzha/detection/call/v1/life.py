"""What other streams tell of a number: lines opened, texts and codes, use of the network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.arrays import (
    Array,
    Bools,
    Columns,
    Floats,
    Keys,
    among,
    both_sides,
    equals,
    instants,
    keys_of,
    text_keys,
    truths,
    twice,
)
from fanzha.records.codes import carries_code

__all__ = [
    "act_rows",
    "apart",
    "codes_among",
    "holder_rows",
    "line_rows",
    "number_code",
    "number_rows",
    "outlet_rows",
    "text_rows",
    "visit_rows",
]

_NEVER = 1 << 62
_FLAGS = (
    "placed", "used", "in_call", "strange_in", "abroad_in", "abroad_missed", "busy_in", "fed",
    "ringed", "calls_back", "risky_talk", "picked_up", "hung_down", "strange_call", "activated",
    "opened_at_outlet", "opened_by_holder", "text_out", "text_in", "code_in", "call_code",
    "net_use", "forwarded",
)  # fmt: skip


def number_rows(keys: Keys, at: Array) -> Columns:
    """Rows that count nothing: they only read how a number stands at an instant."""
    no, zero = np.zeros(len(keys), dtype=np.bool_), np.zeros(len(keys))
    return {
        **dict.fromkeys(_FLAGS, no),
        "at": at,
        "number_key": keys,
        "peer_key": np.zeros(len(keys), np.uint64),
        "talk_s": zero,
        "outlet_n": zero,
        "holder_n": zero,
    }


def number_code(keys: Keys) -> Floats:
    """A number as a value that a window can keep: 53 bits of its key."""
    return (keys >> np.uint64(11)).astype(np.float64)


def line_rows(frame: pl.DataFrame, outlet_n: Floats, holder_n: Floats) -> Columns:
    """One row a change of a line: its activation, and what was opened beside it. `outlet_n`,
    `holder_n`: cards of the outlet within a day, of the holder within half a year."""
    activated = equals(frame, "action", "activate")
    return {
        **number_rows(keys_of(frame, "number_key"), instants(frame)),
        "activated": activated,
        "outlet_n": np.nan_to_num(outlet_n),
        "opened_at_outlet": activated & np.isfinite(outlet_n),
        "holder_n": np.nan_to_num(holder_n),
        "opened_by_holder": activated & np.isfinite(holder_n),
    }


def outlet_rows(frame: pl.DataFrame) -> Columns:
    """One row a change of a line, keyed by the outlet."""
    return {
        "at": instants(frame),
        "outlet_key": text_keys(frame, "outlet"),
        "activated": equals(frame, "action", "activate"),
    }


def holder_rows(frame: pl.DataFrame) -> Columns:
    """One row a change of a line, keyed by its holder."""
    return {
        "at": instants(frame),
        "holder_key": keys_of(frame, "holder_key"),
        "number_key": keys_of(frame, "number_key"),
        "activated": equals(frame, "action", "activate"),
    }


def codes_among(frame: pl.DataFrame) -> Bools:
    """Which texts carry a one-time code."""
    (code,) = truths(frame, carries_code(pl.col("body")))
    return code


def text_rows(frame: pl.DataFrame, code: Bools, call_code: Bools) -> Columns:
    """Two rows a text: the sender's (even) and the recipient's (odd). Chats and posts are no use
    of the card. `call_code`: the recipient was on the line with a stranger as the code came."""
    sms = among(frame, "channel", "sms", "rcs", None)
    no = np.zeros(frame.height, dtype=np.bool_)
    sender, recipient = keys_of(frame, "sender_key"), keys_of(frame, "recipient_key")
    return {
        **number_rows(both_sides(sender, recipient), twice(instants(frame))),
        "peer_key": both_sides(recipient, sender),
        "used": both_sides(sms, no),
        "text_out": both_sides(sms, no),
        "text_in": both_sides(no, sms & ~code),
        "code_in": both_sides(no, sms & code),
        "call_code": both_sides(no, call_code),
    }


def visit_rows(frame: pl.DataFrame) -> Columns:
    """One row an address asked for, keyed by the line."""
    yes = np.ones(frame.height, dtype=np.bool_)
    return {**number_rows(_lines(frame), instants(frame)), "net_use": yes}


def act_rows(frame: pl.DataFrame, asked: Keys) -> Columns:
    """Two rows an act on a phone: what it counts for its line (even), and how the line of its owner
    stands after it (odd): `asked` are their keys."""
    yes, no = np.ones(frame.height, dtype=np.bool_), np.zeros(frame.height, dtype=np.bool_)
    forwarded = equals(frame, "action", "call_forward_on")
    return {
        **number_rows(both_sides(_lines(frame), asked), twice(instants(frame))),
        "net_use": both_sides(yes, no),
        "forwarded": both_sides(forwarded, no),
    }


def apart(frame: pl.DataFrame, code: Bools, late_ms: int) -> list[tuple[int, int]]:
    """Stretches of texts, in order, within which all codes may be asked about before anything is
    counted, and the answers are those of rows taken one by one.

    That is so while no code's recipient was named earlier in the stretch, and no row before a code
    is so much older or newer than it that one would be late because of the other.
    """
    rows = np.flatnonzero(code)
    if not len(rows):
        return [(0, frame.height)]
    at, named = instants(frame), _named_before(frame)
    cuts, start, looked = [0], 0, 0
    oldest, newest = _NEVER, -_NEVER
    for row in rows.tolist():
        if row > looked:
            oldest = min(oldest, int(at[looked:row].min()))
            newest = max(newest, int(at[looked:row].max()))
            looked = row
        now = int(at[row])
        if named[row] >= start or now - oldest > late_ms or newest - now > late_ms:
            cuts.append(row)
            start, oldest, newest = row, _NEVER, -_NEVER
    return list(zip(dict.fromkeys(cuts), [*dict.fromkeys(cuts[1:]), frame.height], strict=True))


def _named_before(frame: pl.DataFrame) -> npt.NDArray[np.int64]:
    """The last row before each that names its recipient, on whichever side; -1 where none does."""
    keys = both_sides(keys_of(frame, "sender_key"), keys_of(frame, "recipient_key"))
    order = np.argsort(keys, kind="stable")
    row, same = order >> 1, np.zeros(len(keys), np.bool_)
    same[1:] = keys[order[1:]] == keys[order[:-1]]
    before = np.full(len(keys), -1, np.int64)
    before[order[1:]] = np.where(same[1:], row[:-1], -1)
    # The row's own sender may be its recipient: that is no earlier row.
    own = before[1::2] == np.arange(frame.height)
    before[1::2] = np.where(own, before[0::2], before[1::2])
    return before[1::2]


def _lines(frame: pl.DataFrame) -> Keys:
    """Keys of the lines that are known by their number."""
    by_number = (frame["subscriber_kind"] != "account").fill_null(value=False).to_numpy()
    return np.where(by_number, keys_of(frame, "subscriber_key"), np.uint64(0))
