"""Cells of a table in the types that are asked for: null where a value is of another shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from fanzha.entrypoints.answers import RAW as ID
from fanzha.errors import Refused

__all__ = ["as_asked", "as_json", "fitting", "text_column"]


def as_asked(
    frame: pl.DataFrame, columns: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    """The columns asked for in their types; null where absent or of another shape."""
    return frame.select(
        pl.lit(None, dtype=kind).alias(name)
        if name not in frame.columns
        else _raw(frame[name]).alias(name)
        if kind == ID
        else _cast(frame[name], kind)
        for name, kind in columns.items()
    )


def _cast(values: pl.Series, kind: pl.DataType | type[pl.DataType]) -> pl.Series:
    """Null where a value is of another shape. Raises `Refused` where the whole column is."""
    if values.dtype == kind:
        return values
    try:
        if values.dtype.is_nested() and not isinstance(kind, pl.List):
            raise TypeError
        return values.cast(kind, strict=False)
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise _unfit(values) from error


def text_column(values: pl.Series) -> None:
    """Raises `Refused` for a column of Parquet that holds no texts."""
    if values.dtype.is_numeric() or values.dtype == pl.Boolean or values.dtype.is_temporal():
        raise _unfit(values)


def _unfit(values: pl.Series) -> Refused:
    return Refused(
        "column_type",
        zh=f"这一列的类型（{values.dtype}）用不了",
        en=f"the column has a type that cannot be used: {values.dtype}",
        field=values.name,
    )


def _raw(values: pl.Series) -> pl.Series:
    """Each value as JSON. A piece of whole numbers needs no Python."""
    if values.dtype.is_integer():
        return values.cast(pl.String).cast(pl.Binary)
    if values.dtype == pl.Binary:
        texts = [None if v is None else v.decode("utf-8", "backslashreplace") for v in values]
        return _raw(pl.Series(values.name, texts, dtype=pl.String))
    return pl.Series([None if v is None else as_json(v) for v in values], dtype=pl.Binary)


def as_json(value: Any) -> bytes:
    """The value as JSON; null where it is none."""
    try:
        return json.dumps(value, ensure_ascii=True, allow_nan=False, default=str).encode()
    except (ValueError, RecursionError):
        return b"null"


def fitting(value: Any, kind: pl.DataType | type[pl.DataType]) -> Any:
    """The value where it has the type; text of a plain value where text is asked; else null."""
    if value is None:
        return None
    if kind == ID:
        return as_json(value)
    if kind == pl.String:
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode()
        if isinstance(value, list | dict):
            return json.dumps(value, ensure_ascii=True)  # as the reader of whole pieces does
        return (
            str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        )
    if isinstance(kind, pl.List) and not isinstance(value, list):
        return None
    try:
        return pl.Series([value], dtype=kind, strict=False)[0]
    except (pl.exceptions.PolarsError, TypeError, OverflowError):
        return None
