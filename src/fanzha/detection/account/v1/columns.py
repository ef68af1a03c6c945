"""A transfer batch as the arrays its windows are fed with: two rows a transfer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from fanzha.detection.account.v1.orders import OrderWords, balance_before, first_today, place_keys
from fanzha.detection.arrays import (
    Array,
    Bools,
    Columns,
    Floats,
    Keys,
    among,
    both_sides,
    floats,
    instants,
    keys_of,
    text_keys,
    twice,
    within_hours,
)

__all__ = [
    "AccountMeasures",
    "account_rows",
    "activity_rows",
    "asked_rows",
    "counted",
    "device_holder_rows",
    "device_keys",
    "device_rows",
    "held_rows",
    "holding_rows",
    "met_rows",
    "movement_rows",
    "near_rows",
    "paid_rows",
    "refusal_rows",
    "rise_rows",
    "swapped",
]


@dataclass(frozen=True, slots=True)
class AccountMeasures:
    """What counts as night: `policies/detection/account-v1-measures.yaml`."""

    night_from: int
    """Local hour, inclusive; `night_to` is exclusive."""
    night_to: int
    round_fen: int
    """Sums of whole multiples of this are round."""
    empty_fen: int
    """What is left of a balance that was emptied, at most."""
    stopped_payers: int
    """So many payers refused make an account one that is stopped."""

    def at_night(self, at: Array) -> Bools:
        return within_hours(at, self.night_from, self.night_to)


def device_keys(frame: pl.DataFrame) -> Keys:
    """Keys of the devices that gave the orders; 0 where the sender has none."""
    return text_keys(frame, "device")


def counted(frame: pl.DataFrame) -> Bools:
    """Money that has moved, as far as the sender says: not asked for, refused or returned."""
    return among(frame, "status", "booked", None)


def paid_rows(frame: pl.DataFrame, moved: Bools) -> Columns:
    """Keyed by payer and payee, in this direction."""
    return {
        "at": instants(frame),
        "payer_key": keys_of(frame, "payer_key"),
        "payee_key": keys_of(frame, "payee_key"),
        "amount_fen": floats(frame, "amount_fen"),
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


def device_holder_rows(frame: pl.DataFrame, devices: Keys) -> Columns:
    """One row an order or change, keyed by its device; a transfer names no holder and only asks."""
    return {
        "at": instants(frame),
        "device_key": devices,
        "holder_key": keys_of(frame, "holder_key"),
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
    words: OrderWords,
) -> Columns:
    """Two rows a transfer: the payer's (even) and the payee's (odd).

    `new`: never paid before in this direction; `strange`: never in touch before in either.
    """
    at = instants(frame)
    night = moved & measures.at_night(at)
    no = np.zeros(frame.height, dtype=np.bool_)
    payer, payee = keys_of(frame, "payer_key"), keys_of(frame, "payee_key")
    amount = frame["amount_fen"].to_numpy().astype(np.float64)
    cash, wallet, firm, shop = (
        among(frame, "payee_kind", kind) for kind in ("cash", "wallet", "payment", "merchant")
    )
    qr = among(frame, "channel", "qr")
    places = text_keys(frame, "place")
    left = floats(frame, "payer_balance_fen", np.nan)
    is_round = amount % measures.round_fen == 0
    loan, redeemed = words.memos(frame)
    empty = balance_before(frame) <= measures.empty_fen
    first = twice(moved) & first_today(twice(at), idle_s)
    return {
        "cash_out": both_sides(moved & cash, no),
        "wallet_out": both_sides(moved & wallet, no),
        "firm_out": both_sides(moved & firm, no),
        "merchant_out": both_sides(moved & shop, no),
        "round_in": both_sides(no, moved & is_round),
        "qr_in": both_sides(no, moved & qr),
        "emptied": both_sides(moved & (left <= measures.empty_fen), no),
        "loan_in": both_sides(no, moved & loan),
        "redeemed": both_sides(no, moved & redeemed),
        "first_today": first,
        "began_empty": first & empty,
        "amount_key": twice(amount.astype(np.uint64)),
        "payer_place_key": both_sides(
            np.zeros(frame.height, np.uint64), place_keys(frame, "payer", words.provinces)
        ),
        "place_key": twice(np.where(places != 0, places, payee)),
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
        "booked": twice(no),
    }


def rise_rows(rows: Columns, before: Floats) -> Columns:
    """Rows of `movement_rows`: whether a new payee is paid more than any new one before."""
    return {
        "at": rows["at"],
        "account_key": rows["account_key"],
        "rise": rows["new_out"] & (rows["amount_fen"] > before),
    }


def account_rows(frame: pl.DataFrame) -> Columns:
    """One row a change of an account: opening, added payees and cash booked are looked at."""
    no = np.zeros(frame.height, dtype=np.bool_)
    zero = np.zeros(frame.height)
    flags: Columns = dict.fromkeys(
        (
            "money_in", "money_out", "strange_in", "strange_out", "new_out", "at_night", "moved",
            "cash_out", "wallet_out", "firm_out", "merchant_out", "round_in", "qr_in", "emptied",
            "loan_in", "redeemed", "first_today", "began_empty",
        ),
        no,
    )  # fmt: skip
    return {
        **flags,
        "at": instants(frame),
        "account_key": keys_of(frame, "account_key"),
        "peer_key": np.zeros(frame.height, dtype=np.uint64),
        "place_key": np.zeros(frame.height, dtype=np.uint64),
        "amount_key": np.zeros(frame.height, dtype=np.uint64),
        "payer_place_key": np.zeros(frame.height, dtype=np.uint64),
        "amount_fen": zero,
        "idle_s": zero,
        "opened": (frame["action"] == "open").to_numpy(),
        "added": (frame["action"] == "add_payee").to_numpy(),
        "booked": (frame["action"] == "book_cash").to_numpy(),
    }


def refusal_rows(frame: pl.DataFrame) -> Columns:
    """Two rows a transfer: the payee's row says that an institution refused or returned it."""
    n = frame.height
    refused = among(frame, "status", "refused", "returned")
    payer, payee = keys_of(frame, "payer_key"), keys_of(frame, "payee_key")
    return {
        "at": twice(instants(frame)),
        "account_key": both_sides(payer, payee),
        "peer_key": both_sides(payee, payer),
        "refused": both_sides(np.zeros(n, dtype=np.bool_), refused),
    }


def near_rows(frame: pl.DataFrame, moved: Bools, stopped: Bools) -> Columns:
    """Two rows a transfer: whether the counterpart (of `stopped`, sides interleaved) is stopped."""
    payer, payee = keys_of(frame, "payer_key"), keys_of(frame, "payee_key")
    return {
        "at": twice(instants(frame)),
        "account_key": both_sides(payer, payee),
        "near_stopped": swapped(stopped) & twice(moved),
    }


def swapped(sides: Array) -> Array:
    """Interleaved sides, each given to its counterpart."""
    return sides.reshape(-1, 2)[:, ::-1].reshape(-1)


def holding_rows(frame: pl.DataFrame) -> Columns:
    """One row a change of an account, keyed by its holder."""
    return {
        "at": instants(frame),
        "holder_key": keys_of(frame, "holder_key"),
        "account_key": keys_of(frame, "account_key"),
        "opened": (frame["action"] == "open").to_numpy(),
        "closed": (frame["action"] == "close").to_numpy(),
    }


def asked_rows(frame: pl.DataFrame) -> Columns:
    """Two rows a transfer that only ask whose the accounts are, and of what sort."""
    no, zero = np.zeros(2 * frame.height, dtype=np.bool_), np.zeros(2 * frame.height)
    return {
        "at": twice(instants(frame)),
        "account_key": both_sides(keys_of(frame, "payer_key"), keys_of(frame, "payee_key")),
        **dict.fromkeys(("holder_accounts", "holder_closed", "outlet_n"), zero),
        **dict.fromkeys(("held", "opened_at_outlet", "corporate_opened"), no),
    }


def held_rows(frame: pl.DataFrame, holder: Mapping[str, Floats], outlet_n: Floats) -> Columns:
    """One row a change of an account: what its holder has and has closed, what else was opened at
    its outlet within the day, and of what sort it is."""
    opened = frame["action"] == "open"
    corporate = among(frame, "class", "corporate") & among(frame, "action", "open")
    accounts = holder["holder_accounts_180d"]
    return {
        "at": instants(frame),
        "account_key": keys_of(frame, "account_key"),
        "holder_accounts": np.nan_to_num(accounts),
        "holder_closed": np.nan_to_num(holder["holder_closed_180d"]),
        "held": np.isfinite(accounts),
        "outlet_n": np.nan_to_num(outlet_n),
        "opened_at_outlet": opened.to_numpy() & np.isfinite(outlet_n),
        "corporate_opened": corporate,
    }
