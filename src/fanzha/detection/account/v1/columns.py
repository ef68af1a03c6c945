"""A transfer batch as the arrays its windows are fed with: two rows a transfer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from fanzha.detection.arrays import (
    Array,
    Bools,
    Columns,
    Keys,
    both_sides,
    instants,
    keys_of,
    truths,
    twice,
    within_hours,
)
from fanzha.values.keys import key64

__all__ = [
    "AccountMeasures",
    "account_rows",
    "activity_rows",
    "counted",
    "device_keys",
    "device_rows",
    "met_rows",
    "movement_rows",
    "paid_rows",
]


@dataclass(frozen=True, slots=True)
class AccountMeasures:
    """What counts as night: `policies/detection/account-v1-measures.yaml`."""

    night_from: int
    """Local hour, inclusive; `night_to` is exclusive."""
    night_to: int


def device_keys(frame: pl.DataFrame) -> Keys:
    """Keys of the devices that gave the orders; 0 where the sender has none."""
    keys = np.zeros(frame.height, dtype=np.uint64)
    if "device" not in frame.columns or frame["device"].null_count() == frame.height:
        return keys
    named = frame["device"].to_arrow().dictionary_encode()
    known = np.array([key64("device", name) for name in named.dictionary.to_pylist()], np.uint64)
    there = named.indices.is_valid().to_numpy(zero_copy_only=False)
    keys[there] = known[named.indices.drop_null().to_numpy()]
    return keys


def counted(frame: pl.DataFrame) -> Bools:
    """Money that has moved, as far as the sender says: not asked for, refused or returned."""
    if "status" not in frame.columns:
        return np.ones(frame.height, dtype=np.bool_)
    (moved,) = truths(frame, pl.col("status").fill_null("booked") == "booked")
    return moved


def paid_rows(frame: pl.DataFrame, moved: Bools) -> Columns:
    """Keyed by payer and payee, in this direction."""
    return {
        "at": instants(frame),
        "payer_key": keys_of(frame, "payer_key"),
        "payee_key": keys_of(frame, "payee_key"),
        "moved": moved,
    }


def met_rows(frame: pl.DataFrame, moved: Bools) -> Columns:
    """Keyed by the two accounts in either direction."""
    payer, payee = keys_of(frame, "payer_key"), keys_of(frame, "payee_key")
    return {
        "at": instants(frame),
        "low_key": np.minimum(payer, payee),
        "high_key": np.maximum(payer, payee),
        "moved": moved,
    }


def device_rows(frame: pl.DataFrame, devices: Keys, account: str = "payer_key") -> Columns:
    """One row an order, keyed by the device it was given on."""
    return {
        "at": instants(frame),
        "device_key": devices,
        "account_key": keys_of(frame, account),
    }


def activity_rows(frame: pl.DataFrame, moved: Bools) -> Columns:
    """Two rows a transfer, payer's and payee's."""
    return {
        "at": twice(instants(frame)),
        "account_key": both_sides(keys_of(frame, "payer_key"), keys_of(frame, "payee_key")),
        "moved": twice(moved),
    }


def movement_rows(
    frame: pl.DataFrame,
    moved: Bools,
    new: Bools,
    strange: Bools,
    idle_s: Array,
    measures: AccountMeasures,
) -> Columns:
    """Two rows a transfer: the payer's (even) and the payee's (odd).

    `new`: never paid before in this direction; `strange`: never in touch before in either.
    """
    at = instants(frame)
    night = moved & within_hours(at, measures.night_from, measures.night_to)
    no = np.zeros(frame.height, dtype=np.bool_)
    payer, payee = keys_of(frame, "payer_key"), keys_of(frame, "payee_key")
    amount = frame["amount_fen"].to_numpy().astype(np.float64)
    return {
        "at": twice(at),
        "account_key": both_sides(payer, payee),
        "peer_key": both_sides(payee, payer),
        "amount_fen": twice(amount),
        "idle_s": np.where(np.isfinite(idle_s), idle_s, 0.0),
        "money_in": both_sides(no, moved),
        "money_out": both_sides(moved, no),
        "strange_in": both_sides(no, moved & strange),
        "strange_out": both_sides(moved & strange, no),
        "new_out": both_sides(moved & new, no),
        "at_night": twice(night),
        "moved": twice(moved),
        "opened": twice(no),
        "added": twice(no),
    }


def account_rows(frame: pl.DataFrame) -> Columns:
    """One row a change of an account: opening and added payees are looked at."""
    no = np.zeros(frame.height, dtype=np.bool_)
    zero = np.zeros(frame.height)
    flags: Columns = dict.fromkeys(
        ("money_in", "money_out", "strange_in", "strange_out", "new_out", "at_night", "moved"), no
    )
    return {
        **flags,
        "at": instants(frame),
        "account_key": keys_of(frame, "account_key"),
        "peer_key": np.zeros(frame.height, dtype=np.uint64),
        "amount_fen": zero,
        "idle_s": zero,
        "opened": (frame["action"] == "open").to_numpy(),
        "added": (frame["action"] == "add_payee").to_numpy(),
    }
