"""Transfers of a file as arrays: accounts numbered, times as steps, and what could not be used."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.errors import Refused

__all__ = ["STEPS", "Fault", "Rows", "Transfers", "transfers_of"]

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
STEPS = 150
"""A data set's span is seen as about this many steps, so that days and milliseconds read alike."""
_LARGEST = 2**61
_FORMS = (
    "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d",
)  # fmt: skip
_NEEDED = ("payer", "payee", "time")
_AMOUNT_LARGEST = 1e13
_SHOWN = 3
_ENOUGH, _TAIL, _FAR = 100, 0.01, 4.0
"""Rows from which the middle of the instants is known, what lies outside it at either end, and how
many of its spans away an instant is no longer believed."""

Fault = tuple[str, str]
"""What is wrong with a row, in Chinese and English."""
NAMELESS: Fault = ("缺少 payer 或 payee", "lack payer or payee")
TIMELESS: Fault = (
    "time 缺少或读不懂（应如 2026-11-26 08:00:00，或整数）",
    "have no time that can be read (2026-11-26 08:00:00 or a whole number is)",
)
FAR: Fault = (
    "time 与其余相去太远（默认日期？）",
    "have a time far from all others (by default?)",
)
UNREADABLE: Fault = ("amount 读不懂", "have an amount that cannot be read")
NOTHING: Fault = ("amount 为负或零", "have an amount of nothing or below")
ENORMOUS: Fault = (
    "amount 达 10 万亿元以上",
    "have an amount of 10 trillion and more",
)


@dataclass(frozen=True)
class Rows:
    """Some rows of a file: how many, and the first of them, from 1."""

    count: int
    first: tuple[int, ...]

    @classmethod
    def of(cls, which: npt.NDArray[np.bool_]) -> Rows:
        """Those marked."""
        found = np.flatnonzero(which)
        return cls(found.size, tuple((found[:_SHOWN] + 1).tolist()))


@dataclass(frozen=True, eq=False)
class Transfers:
    """Counted transfers, ordered by time.

    `accounts` holds every account named, as it came, in its order; `payer` and `payee` index it.
    `time` is the instant as it came (whole), `step` its place within the span, 0 … `STEPS`.
    `amount` is yuan, NaN where hidden or unusable. `left_out` are the rows that were not counted,
    by what was wrong with them; `hidden` those counted without their amount, by what was wrong
    with it; `repeated` counts those that equal an earlier one in every column.
    """

    accounts: pl.Series
    payer: I64
    payee: I64
    time: I64
    step: F64
    amount: F64
    left_out: dict[Fault, Rows]
    hidden: dict[Fault, Rows]
    repeated: int

    def __len__(self) -> int:
        return len(self.payer)

    @property
    def amounts_known(self) -> bool:
        """Whether amounts are there and tell anything: hidden ones are null or all the same."""
        known = self.amount[np.isfinite(self.amount)]
        return bool(len(known) >= len(self.amount) / 2 and len(known) and np.ptp(known) > 0)

    def without_amounts(self) -> Transfers:
        """The same transfers with amounts hidden."""
        hidden = np.full(len(self), np.nan)
        return replace(self, amount=hidden)


def transfers_of(frame: pl.DataFrame) -> Transfers:
    """Number the accounts and steps of `payer`, `payee`, `time`, perhaps `amount`.

    Raises `Refused` where a needed column is absent or the accounts are of no usable type.
    """
    if absent := [name for name in _NEEDED if name not in frame.columns]:
        raise Refused(
            "columns_absent",
            zh=f"转账文件缺少列：{'、'.join(absent)}；现有 {_shown(frame.columns)}",
            en=f"the transfers lack {', '.join(absent)}; they have {_shown(frame.columns)}",
            field=absent[0],
        )
    payer, payee = _names(frame["payer"]), _names(frame["payee"])
    if payer.dtype != payee.dtype:
        payer, payee = payer.cast(pl.String), payee.cast(pl.String)
    time = _instants(frame["time"])
    accounts = _in_order(pl.concat([payer, payee]).drop_nulls().unique()).alias("account")
    named = (payer.is_not_null() & payee.is_not_null()).to_numpy()
    timed = time.is_not_null().to_numpy()
    believed = _together(time, named & timed)
    rows = named & timed & believed
    left_out = {
        NAMELESS: Rows.of(~named), TIMELESS: Rows.of(named & ~timed),
        FAR: Rows.of(named & timed & ~believed),
    }  # fmt: skip
    numbers = pl.DataFrame({"account": accounts}).with_row_index("number")

    def number(side: pl.Series) -> I64:
        kept = pl.DataFrame({"account": side.filter(pl.Series(rows))})
        joined = kept.join(numbers, on="account", how="left", maintain_order="left")
        return joined["number"].to_numpy().astype(np.int64)

    at = time.filter(pl.Series(rows)).to_numpy().astype(np.int64)
    amount, hidden = _amounts(frame, rows)
    source, target = number(payer), number(payee)
    order = np.lexsort((target, source, at))
    at = at[order]
    span = float(at[-1]) - float(at[0]) if len(at) else 0.0
    step = (at.astype(np.float64) - float(at[0])) / span * STEPS if span else np.zeros(len(at))
    return Transfers(
        accounts, source[order], target[order], at, step, amount[order],
        {what: found for what, found in left_out.items() if found.count},
        {what: found for what, found in hidden.items() if found.count}, _repeated(frame),
    )  # fmt: skip


def _together(time: pl.Series, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether an instant lies where the file's time is, or so near that it may.

    A date of 1970 among those of a month would press all the others into one step. Far is what
    lies further off than `_FAR` spans of the middle of the instants, and only of very few rows.
    """
    at = time.to_physical().cast(pl.Float64).fill_null(0.0).to_numpy()
    known = at[rows]
    if known.size < _ENOUGH:
        return np.ones(len(at), np.bool_)
    low = np.quantile(known, _TAIL, method="higher")
    high = np.quantile(known, 1.0 - _TAIL, method="lower")
    reach = max(high - low, 1.0) * _FAR
    return np.asarray((at >= low - reach) & (at <= high + reach))


def _shown(names: list[str]) -> str:
    """Of a file without a head the first row stands there: what is long or a number is not said."""
    return ", ".join(name for name in names[:20] if len(name) < 25 and not name[:1].isdigit())


def _repeated(frame: pl.DataFrame) -> int:
    """How many rows equal an earlier one, whatever columns the file has."""
    flat = [name for name, kind in frame.schema.items() if not kind.is_nested()]
    return frame.height - frame.select(flat).n_unique() if frame.height else 0


def _in_order(names: pl.Series) -> pl.Series:
    """Numbers by size, texts that write whole numbers likewise, then the other texts: an account
    stands in the same place whether its file holds 7 or "7"."""
    if names.dtype != pl.String:
        return names.sort()
    plain = names.str.contains(r"^(0|-?[1-9][0-9]{0,17})$")
    number = names.set(~plain, None).cast(pl.Int64, strict=False)
    frame = pl.DataFrame([names.alias("name"), number.alias("number")])
    return frame.sort("number", "name", nulls_last=True)["name"]


def _names(column: pl.Series) -> pl.Series:
    """Whole numbers and texts stay; an empty text names nobody."""
    if column.dtype.is_integer():
        return column
    if column.dtype in (pl.String, pl.Categorical, pl.Null) or isinstance(column.dtype, pl.Enum):
        texts = column.cast(pl.String)
        return texts.set(texts.str.strip_chars() == "", None)
    if column.dtype.is_float():
        # Whole numbers among empty cells come as floats: 7.0 is the account 7, NaN names nobody.
        named = column.set(~column.is_finite(), None)
        numbers = named.cast(pl.Int64, strict=False)
        same = numbers.null_count() == named.null_count() and (numbers == named).all()
        return numbers if same else named.cast(pl.String)
    raise Refused(
        "accounts_unusable",
        zh="账户列须为文本或整数",
        en="accounts must be texts or whole numbers",
        field=column.name,
    )


def _instants(column: pl.Series) -> pl.Series:
    """Timestamps, dates and whole numbers as int64; null where there is no instant in it."""
    if column.dtype == pl.String:
        whole = column.cast(pl.Int64, strict=False)
        if whole.null_count() > column.null_count():
            parsed = _stamps(column)
            whole = parsed if parsed.null_count() < whole.null_count() else whole
        column = whole
    elif column.dtype == pl.Date:
        column = column.cast(pl.Datetime("ms")).to_physical()
    elif column.dtype.is_temporal():
        column = column.to_physical()
    elif column.dtype.is_float():
        column = column.set(~column.is_finite(), None)
    elif not column.dtype.is_integer():
        return pl.Series(column.name, [None] * len(column), dtype=pl.Int64)
    whole = column.cast(pl.Int64, strict=False)
    return whole.set((whole > _LARGEST) | (whole < -_LARGEST), None)


def _stamps(column: pl.Series) -> pl.Series:
    """Timestamps written as texts, in ms UTC; without a zone they are UTC."""
    text = column.str.strip_chars().str.replace(r"\s*(Z|UTC)$", "+00:00")
    read = [text.str.to_datetime(form, strict=False, time_unit="ms") for form in _FORMS]
    frame = pl.DataFrame(
        [one.to_physical().alias(form) for one, form in zip(read, _FORMS, strict=True)]
    )
    return frame.select(pl.coalesce(pl.all())).to_series().alias(column.name)


def _amounts(frame: pl.DataFrame, rows: npt.NDArray[np.bool_]) -> tuple[F64, dict[Fault, Rows]]:
    """Yuan of `rows`; NaN where the column is absent, null, no number, or nothing a transfer can
    move; and which rows have an amount that cannot be used."""
    if "amount" not in frame.columns:
        return np.full(int(rows.sum()), np.nan), {}
    column = frame["amount"]
    there = column.is_not_null().to_numpy() & rows
    if column.dtype == pl.Boolean or column.dtype.is_nested() or column.dtype.is_temporal():
        return np.full(int(rows.sum()), np.nan), {UNREADABLE: Rows.of(there)}
    amount = column.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    hidden = {
        UNREADABLE: Rows.of(there & np.isnan(amount)),
        NOTHING: Rows.of(there & (amount <= 0)),
        ENORMOUS: Rows.of(there & (amount >= _AMOUNT_LARGEST)),
    }
    good = (amount > 0) & (amount < _AMOUNT_LARGEST)
    return np.where(good, amount, np.nan)[rows], hidden
