"""What an order says beside its sum: device, network address, names, banks' places, its memo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from fanzha.detection.arrays import (
    Array,
    Bools,
    Columns,
    Floats,
    Keys,
    both_sides,
    floats,
    instants,
    keys_of,
    text_keys,
    truths,
)
from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = [
    "OrderWords",
    "balance_before",
    "ip_rows",
    "load_order_words",
    "name_rows",
    "outlet_rows",
    "own_device_rows",
    "place_keys",
]

_CHINA_MS = 8 * 3_600_000
_DAY_MS = 86_400_000
_BANK = r"^[0-9]{3}([0-9]{4})[0-9]{5}:"
"""A bank's code of twelve digits: three of the bank, four of the branch's place, four of the
branch, one to check. A head office's code gives the head office's place."""


@dataclass(frozen=True, slots=True)
class OrderWords:
    """By what words a memo speaks of a loan paid out, or of a deposit redeemed; and which places of
    banks lie in one province: the policy `account-v1-orders.yaml`."""

    loan: tuple[str, ...]
    redeemed: tuple[str, ...]
    provinces: Mapping[str, str]
    """Province by the first two digits of a bank's place."""

    def memos(self, frame: pl.DataFrame) -> tuple[Bools, Bools]:
        """Which rows' memos speak of a loan, of a deposit redeemed; without memos none do."""
        no = np.zeros(frame.height, dtype=np.bool_)
        if "memo" not in frame.columns or frame["memo"].null_count() == frame.height:
            return no, no
        memo = pl.col("memo")
        loan, redeemed = (
            memo.str.contains_any(list(words)) for words in (self.loan, self.redeemed)
        )
        found = truths(frame, loan, redeemed)
        return found[0], found[1]


@policy_reader
def load_order_words(path: Path) -> OrderWords:
    """Read and check the policy; Misconfigured where it is not whole."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    wanted = {"version", "in_force_on", "loan", "redeemed", "provinces"}
    if not isinstance(data, dict) or set(data) != wanted:
        raise invalid(path.name, f"needs {sorted(wanted)}, nothing else")
    if not isinstance(data["in_force_on"], date):
        raise invalid("in_force_on", "is not a date")
    for name in ("loan", "redeemed"):
        if not data[name] or not all(isinstance(w, str) and w for w in data[name]):
            raise invalid(name, "needs words")
    provinces: dict[str, str] = {}
    for code, places in data["provinces"].items():
        for place in places:
            if not isinstance(place, str) or len(place) != 2 or place in provinces:
                raise invalid("provinces", "a place is two digits, and of one province")
            provinces[place] = str(code)
    return OrderWords(tuple(data["loan"]), tuple(data["redeemed"]), provinces)


def place_keys(frame: pl.DataFrame, column: str, provinces: Mapping[str, str]) -> Keys:
    """The province of each account's bank, as a small whole number; 0 where its code names no
    known place, as a payment firm's does not."""
    place = frame[column].str.extract(_BANK).str.slice(0, 2)
    known = {p: int(code) for p, code in provinces.items()}
    told = place.replace_strict(known, default=None, return_dtype=pl.UInt64)
    return told.fill_null(0).to_numpy()


def balance_before(frame: pl.DataFrame) -> Floats:
    """Two rows a transfer: what the account held before it; not a number where nobody says."""
    amount = floats(frame, "amount_fen")
    payer = floats(frame, "payer_balance_fen", np.nan) + amount
    payee = floats(frame, "payee_balance_fen", np.nan) - amount
    return both_sides(payer, payee)


def first_today(at: Array, idle_s: Array) -> Bools:
    """Whether the account has not moved before on this local day; so where nothing is known."""
    local = at + _CHINA_MS
    # Longer than anything remembered: nothing known is another day.
    since = np.nan_to_num(1000.0 * idle_s, nan=500.0 * _DAY_MS).astype(np.int64)
    earlier: Bools = (local - since) // _DAY_MS < local // _DAY_MS
    return earlier


def ip_rows(frame: pl.DataFrame, account: str = "payer_key") -> Columns:
    """One row an order or change, keyed by the network address it came from."""
    return {
        "at": instants(frame),
        "ip_key": text_keys(frame, "ip"),
        "account_key": keys_of(frame, account),
    }


def own_device_rows(frame: pl.DataFrame, devices: Keys, account: str = "payer_key") -> Columns:
    """One row an order or change, keyed by the account and its device."""
    return {
        "at": instants(frame),
        "account_key": keys_of(frame, account),
        "device_key": devices,
        "on_device": devices != 0,
    }


def outlet_rows(frame: pl.DataFrame) -> Columns:
    """One row a change of an account, keyed by the outlet."""
    return {
        "at": instants(frame),
        "outlet_key": text_keys(frame, "outlet"),
        "opened": (frame["action"] == "open").to_numpy(),
    }


def name_rows(frame: pl.DataFrame, moved: Bools) -> Columns:
    """One row a transfer, keyed by the payee's name as the payer wrote it, or by the payee."""
    return {
        "at": instants(frame),
        "name_key": keys_of(frame, "payee_name_key"),
        "payee_key": keys_of(frame, "payee_key"),
        "payer_key": keys_of(frame, "payer_key"),
        "moved": moved,
    }
