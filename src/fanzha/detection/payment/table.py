"""Rows of payments as arrays in order of time, and what was wrong or missing in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.payment.features import Payments
from fanzha.errors import Misconfigured
from fanzha.values.keys import key64

__all__ = ["KINDS", "Table", "of_arrays", "of_frame", "together"]

F64 = npt.NDArray[np.float64]
U64 = npt.NDArray[np.uint64]

KINDS: Mapping[str, type[pl.DataType]] = {
    "id": pl.String, "time": pl.String, "customer": pl.String, "terminal": pl.String,
    "amount": pl.Float64, "label": pl.Float64,
}  # fmt: skip
_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d")
_TIME_LARGEST = 1e11
_AMOUNT_LARGEST = 1e13


@dataclass(frozen=True, eq=False)
class Table:
    """One entry a row, as the rows came. `customer` and `terminal` are 64-bit keys, 0 where the row
    names none; `at` is NaN in rows that cannot be scored, whose `error` says why."""

    at: F64
    customer: U64
    terminal: U64
    amount: F64
    outcome: F64
    error: list[str | None] = field(default_factory=list)
    missing: list[list[str]] = field(default_factory=list)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """For a model file: keys and figures of the rows that can be scored, no identifier."""
        good = ~np.isnan(self.at)
        outcome = np.where(np.isnan(self.outcome), -1, self.outcome).astype(np.int8)
        return {
            "at": self.at[good],
            "customer": self.customer[good],
            "terminal": self.terminal[good],
            "amount": self.amount[good].astype(np.float32),
            "outcome": outcome[good],
        }


def of_arrays(arrays: Mapping[str, npt.NDArray[np.generic]]) -> Table:
    """The payments a model file holds. Raises `Misconfigured` where they do not fit together."""
    try:
        outcome = arrays["outcome"].astype(np.float64)
        found = Table(
            arrays["at"].astype(np.float64),
            arrays["customer"].astype(np.uint64),
            arrays["terminal"].astype(np.uint64),
            arrays["amount"].astype(np.float64),
            np.where(outcome < 0, np.nan, outcome),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise _unfit() from error
    sizes = {found.at.size, found.customer.size, found.terminal.size, found.amount.size}
    if len(sizes) > 1 or found.outcome.size != found.at.size or np.isnan(found.at).any():
        raise _unfit()
    return found


def of_frame(frame: pl.DataFrame) -> Table:
    """Rows with the columns of `KINDS`. Times are timestamps (UTC) or seconds."""
    at = _seconds(frame["time"])
    amount = frame["amount"].cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    label = frame["label"].cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    error: list[str | None] = [None] * frame.height
    for wrong, words in (
        (np.isnan(at), "time: 缺少或读不懂 absent or not understood"),
        (~np.isfinite(amount), "amount: 缺少或读不懂 absent or not understood"),
        ((amount < 0) | (amount > _AMOUNT_LARGEST), "amount: 超出范围 out of range"),
    ):
        for row in np.flatnonzero(wrong):
            error[row] = error[row] or words
    bad = np.array([one is not None for one in error], dtype=bool)
    missing: list[list[str]] = [[] for _ in error]
    keys = {}
    for name in ("customer", "terminal"):
        keys[name] = _keys(frame[name].cast(pl.String), name)
        for row in np.flatnonzero(keys[name] == 0):
            missing[row].append(name)
    return Table(
        np.where(bad, np.nan, at),
        keys["customer"],
        keys["terminal"],
        np.where(bad, np.nan, amount),
        np.where((label == 0.0) | (label == 1.0), label, np.nan),
        error,
        missing,
    )


def together(history: Table | None, table: Table) -> tuple[Payments, npt.NDArray[np.int64]]:
    """Past and new rows that can be scored as one line of time, and for each of them the row of
    `table` it is (-1: of the past). Rows of one time keep their order, the past first."""
    before = 0 if history is None else history.at.size
    rows = np.r_[np.full(before, -1), np.arange(table.at.size)].astype(np.int64)
    parts = [table] if history is None else [history, table]
    at = np.concatenate([one.at for one in parts])
    good = np.flatnonzero(~np.isnan(at))
    order = good[np.argsort(at[good], kind="stable")]

    def column(name: str) -> F64:
        return np.asarray(np.concatenate([getattr(one, name) for one in parts])[order])

    def codes(name: str) -> npt.NDArray[np.int64]:
        keys = np.concatenate([getattr(one, name) for one in parts])[order]
        found = np.unique(keys, return_inverse=True)[1].astype(np.int64)
        # Rows that name nobody share nothing: each is a key of its own.
        alone = np.flatnonzero(keys == 0)
        found[alone] = found.max(initial=0) + 1 + np.arange(alone.size)
        return found

    payments = Payments(
        at[order], codes("customer"), codes("terminal"), column("amount"), column("outcome")
    )
    return payments, rows[order]


def _keys(values: pl.Series, kind: str) -> U64:
    unique = values.unique().drop_nulls()
    known = [(text, key64(f"pay_{kind}", text)) for text in unique.to_list() if text != ""]
    if not known:
        return np.zeros(len(values), dtype=np.uint64)
    names, keys = zip(*known, strict=True)
    held = pl.Series(keys, dtype=pl.UInt64)
    return np.asarray(
        values.replace_strict(pl.Series(names), held, default=0, return_dtype=pl.UInt64)
        .fill_null(0)
        .to_numpy()
    )


def _seconds(values: pl.Series) -> F64:
    text = values.cast(pl.String).str.strip_chars().str.replace(r"\s*(Z|UTC|\+00:00)$", "")
    read = [text.str.to_datetime(form, strict=False, time_unit="us") for form in _FORMATS]
    stamps = [one.dt.epoch("us").cast(pl.Float64) / 1e6 for one in read]
    frame = pl.DataFrame([text.cast(pl.Float64, strict=False).alias("n")])
    frame = frame.with_columns(one.alias(f"t{i}") for i, one in enumerate(stamps))
    found = frame.select(pl.coalesce(pl.all())).to_series().to_numpy().astype(np.float64)
    return np.where(np.abs(found) <= _TIME_LARGEST, found, np.nan)


def _unfit() -> Misconfigured:
    return Misconfigured(
        "model_invalid",
        zh="模型文件里的付款历史不完整",
        en="the payments a model file holds do not fit together",
        field="arrays",
    )
