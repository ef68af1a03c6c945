"""Columns made into the types the streams ask for; what cannot be made is marked, not raised."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.errors import Refused
from fanzha.records.schemas import INSTANT
from fanzha.values import instant

Mask = npt.NDArray[np.bool_]
#: The column in its type (null where it could not be made) and which rows could not.
Cast = tuple[pa.Array, Mask]

_TRUE = pa.array(["true", "t", "1", "yes", "y", "是"])
_FALSE = pa.array(["false", "f", "0", "no", "n", "否"])
_INTEGER = r"^[+-]?[0-9]{1,20}$"
_FLOAT = r"^[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?$"
#: What is sure to hold in int64 whatever the digits; longer texts are looked at one by one.
_SURE_DIGITS = 18


def to_type(array: pa.Array, want: pa.DataType) -> Cast:
    """`array` as `want`. Never raises: whatever Arrow cannot make is marked."""
    array = _plain(array)
    if array.type == want and not pa.types.is_floating(want):
        return array, np.zeros(len(array), bool)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), want), np.zeros(len(array), bool)
    try:
        return _maker(want)(array, want)
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        return _nothing(array, want)


def mask_of(array: pa.Array) -> Mask:
    """A boolean Arrow array as numpy, null as False."""
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), bool)


def nulls_of(array: pa.Array) -> Mask:
    """Where `array` is null."""
    if not array.null_count:
        return np.zeros(len(array), bool)
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), bool)


def without(array: pa.Array, drop: Mask) -> pa.Array:
    """`array` with null where `drop` holds."""
    if not drop.any():
        return array
    return pc.if_else(pa.array(drop), pa.scalar(None, array.type), array)


def _plain(array: pa.Array) -> pa.Array:
    """Dictionaries, views, large and fixed kinds in their plain form."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    try:
        if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
            value = kind.value_type
            array = array.cast(value) if pa.types.is_dictionary(kind) else pc.run_end_decode(array)
            kind = array.type
        if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            return array.cast(pa.string())
    except pa.ArrowException:
        return array
    return array


def _nothing(array: pa.Array, want: pa.DataType) -> Cast:
    return pa.nulls(len(array), want), ~nulls_of(array)


def _maker(want: pa.DataType) -> Callable[[pa.Array, pa.DataType], Cast]:
    if pa.types.is_timestamp(want):
        return _to_instant
    if pa.types.is_string(want):
        return _to_text
    if pa.types.is_boolean(want):
        return _to_bool
    if pa.types.is_floating(want):
        return _to_float
    return _to_integer


def _to_text(array: pa.Array, want: pa.DataType) -> Cast:
    """Whole numbers become their digits, bytes must be UTF-8; other kinds are no text."""
    kind = array.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _decoded(array)
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind):
        return _decoded(array.cast(pa.binary()))
    if pa.types.is_integer(kind):
        return array.cast(want), np.zeros(len(array), bool)
    if pa.types.is_floating(kind):
        whole, bad = _to_integer(array, pa.int64())
        return whole.cast(want), bad
    return _nothing(array, want)


def _decoded(array: pa.Array) -> Cast:
    try:
        return array.cast(pa.string()), np.zeros(len(array), bool)
    except pa.ArrowException:
        texts: list[str | None] = []
        for item in array.to_pylist():
            try:
                texts.append(None if item is None else item.decode("utf-8"))
            except UnicodeDecodeError:
                texts.append(None)
        made = pa.array(texts, pa.string())
        return made, nulls_of(made) & ~nulls_of(array)


def _to_integer(array: pa.Array, want: pa.DataType) -> Cast:
    kind = array.type
    if pa.types.is_integer(kind):
        return _narrowed(array, want)
    if pa.types.is_floating(kind):
        values = array.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
        # Above 2^53 a float no longer holds every whole number: an id would not be the one sent.
        fits = np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) <= 2.0**53)
        whole = pa.array(np.where(fits, values, 0).astype(np.int64))
        empty = nulls_of(array) | np.isnan(values)
        made, bad = _narrowed(without(whole, empty | ~fits), want)
        return made, (bad | ~fits) & ~empty
    if pa.types.is_decimal(kind):
        return _to_integer(array.cast(pa.string()), want)
    if not pa.types.is_string(kind):
        return _nothing(array, want)
    text = pc.utf8_trim_whitespace(array)
    empty = nulls_of(text) | mask_of(pc.equal(text, ""))
    fits = mask_of(pc.match_substring_regex(text, _INTEGER))
    sure = fits & mask_of(pc.less_equal(pc.utf8_length(text), _SURE_DIGITS))
    values = without(text, ~sure)
    made, bad = _narrowed(pc.utf8_ltrim(values, "+").cast(pa.int64()), want)
    long = np.flatnonzero(fits & ~sure)
    if len(long):
        made = _with_long(made, text, long, want)
    return made, (~fits | bad | (nulls_of(made) & fits)) & ~empty


def _narrowed(array: pa.Array, want: pa.DataType) -> Cast:
    """Integers in a narrower or unsigned type; those that do not fit are marked."""
    try:
        return array.cast(want), np.zeros(len(array), bool)
    except pa.ArrowException:
        limits = np.iinfo(want.to_pandas_dtype())
        low = max(limits.min, np.iinfo(array.type.to_pandas_dtype()).min)
        high = min(limits.max, np.iinfo(array.type.to_pandas_dtype()).max)
        fits = pc.and_(
            pc.greater_equal(array, pa.scalar(low, array.type)),
            pc.less_equal(array, pa.scalar(high, array.type)),
        )
        bad = ~mask_of(fits) & ~nulls_of(array)
        return without(array, bad).cast(want), bad


def _with_long(
    made: pa.Array, text: pa.Array, rows: npt.NDArray[np.intp], want: pa.DataType
) -> pa.Array:
    limits = np.iinfo(want.to_pandas_dtype())
    values = [int(text[int(row)].as_py()) for row in rows]
    kept = [value if limits.min <= value <= limits.max else None for value in values]
    at = np.zeros(len(made), bool)
    at[rows] = True
    return pc.replace_with_mask(made, pa.array(at), pa.array(kept, want))


def _to_float(array: pa.Array, want: pa.DataType) -> Cast:
    """NaN means missing, as in files written by data-frame libraries; infinite is marked."""
    kind = array.type
    bad = np.zeros(len(array), bool)
    if pa.types.is_string(kind):
        text = pc.utf8_trim_whitespace(array)
        empty = mask_of(pc.equal(text, ""))
        bad = ~mask_of(pc.match_substring_regex(text, _FLOAT)) & ~empty & ~nulls_of(text)
        text = pc.utf8_ltrim(without(text, bad | empty), "+")
        array = text.cast(pa.float64())
    elif pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return _nothing(array, want)
    wide = array.cast(pa.float64(), safe=False)
    values = wide.fill_null(0.0).to_numpy(zero_copy_only=False)
    limit = float(np.finfo(want.to_pandas_dtype()).max)
    bad |= np.isinf(values) | (np.abs(values) > limit)
    return without(wide, bad | np.isnan(values)).cast(want, safe=False), bad


def _to_bool(array: pa.Array, want: pa.DataType) -> Cast:
    if pa.types.is_integer(array.type):
        array = array.cast(pa.string())
    if not pa.types.is_string(array.type):
        return _nothing(array, want)
    text = pc.utf8_lower(pc.utf8_trim_whitespace(array))
    yes = mask_of(pc.is_in(text, _TRUE))
    known = yes | mask_of(pc.is_in(text, _FALSE))
    empty = nulls_of(array) | mask_of(pc.equal(text, ""))
    return without(pa.array(yes), ~known), ~known & ~empty


def _to_instant(array: pa.Array, want: pa.DataType) -> Cast:
    """Timestamps of any unit (without a zone: UTC), dates, epoch milliseconds, ISO 8601."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        return _rescaled(array)
    if pa.types.is_date(kind):
        return array.cast(pa.timestamp("ms")).cast(want), np.zeros(len(array), bool)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        whole, bad = _to_integer(array, pa.int64())
        return whole.cast(want), bad
    if not pa.types.is_string(kind):
        return _nothing(array, want)
    for written in (pa.timestamp("us", tz="UTC"), pa.timestamp("us")):
        try:
            return _rescaled(array.cast(written))
        except pa.ArrowException:
            continue
    return _read_one_by_one(array)


def _rescaled(array: pa.Array) -> Cast:
    unit = array.type.unit
    ticks = array.cast(pa.int64())
    bad = np.zeros(len(array), bool)
    if unit == "s":
        room = pa.scalar(1 << 53, pa.int64())
        bad = mask_of(pc.greater(pc.abs(ticks), room))
        ticks = pc.multiply(without(ticks, bad), 1000)
    elif unit != "ms":
        # Towards the past, before 1970 too, as every other reading here.
        values = ticks.fill_null(0).to_numpy(zero_copy_only=False)
        floored = np.floor_divide(values, 1000 if unit == "us" else 1_000_000)
        ticks = pa.array(floored, mask=nulls_of(ticks))
    return ticks.cast(INSTANT), bad


def _read_one_by_one(array: pa.Array) -> Cast:
    made: list[int | None] = []
    for text in array.to_pylist():
        try:
            made.append(instant.parse(text, zone_needed=False).ms if text else None)
        except Refused:
            made.append(None)
    ticks = pa.array(made, pa.int64())
    empty = nulls_of(array) | mask_of(pc.equal(array, ""))
    return ticks.cast(INSTANT), nulls_of(ticks) & ~empty
