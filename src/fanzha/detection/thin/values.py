"""What conditions written out for a few rows call: numbers and nulls as the query engine has them.

Nulls are None; NaN equals itself and is the greatest number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = ["LARGEST", "SPACE"]

LARGEST = 2**53
"""Whole numbers up to here are floats too."""


def _ordered(name: str, compare: Callable[[float, float], bool]) -> None:
    def number(a: float | None, b: float | None) -> bool | None:
        if a is None or b is None:
            return None
        if a != a or b != b:  # NaN
            return compare(float(a != a), float(b != b))
        return compare(float(a), float(b))

    def plain(a: Any, b: Any) -> bool | None:
        return None if a is None or b is None else compare(a, b)

    SPACE[f"_{name}"], SPACE[f"_{name}i"] = number, plain


def _float(a: float | None) -> float | None:
    return None if a is None else float(a)


def _worked(a: float | None, b: float | None, how: str) -> float | None:
    if a is None or b is None:
        return None
    a, b = float(a), float(b)
    return a + b if how == "+" else a - b if how == "-" else a * b


def _whole(a: int | None, b: int | None, how: str) -> int | None:
    if a is None or b is None:
        return None
    told = a + b if how == "+" else a - b if how == "-" else a * b
    if not abs(told) < LARGEST:
        raise OverflowError
    return told


def _scaled(a: int | None, digits: int, over: int) -> float | None:
    """A whole number times a decimal constant, as exact as a column of decimals is."""
    if a is None:
        return None
    if not abs(a * digits) < LARGEST:
        raise OverflowError
    return a * digits / over


def _divided(a: float | None, b: float | None) -> float | None:
    if a is None or b is None:
        return None
    a, b = float(a), float(b)
    if b:
        return a / b
    if not a or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _greatest(*values: float | None) -> float | None:
    """Nulls aside; NaN only where there is nothing else."""
    there = [float(v) for v in values if v is not None]
    numbers = [v for v in there if v == v]
    return max(numbers) if numbers else math.nan if there else None


def _least(*values: float | None) -> float | None:
    there = [float(v) for v in values if v is not None]
    numbers = [v for v in there if v == v]
    return min(numbers) if numbers else math.nan if there else None


def _greatesti(*values: int | None) -> int | None:
    return max((v for v in values if v is not None), default=None)


def _leasti(*values: int | None) -> int | None:
    return min((v for v in values if v is not None), default=None)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


SPACE: dict[str, Any] = {
    "_float": _float, "_worked": _worked, "_whole": _whole, "_scaled": _scaled,
    "_divided": _divided, "_greatest": _greatest, "_least": _least,
    "_greatesti": _greatesti, "_leasti": _leasti,
    "_first": _first, "__builtins__": {},
}  # fmt: skip
"""All that a written function sees, beside its columns."""
_ordered("Eq", lambda a, b: a == b)
_ordered("NotEq", lambda a, b: a != b)
_ordered("Lt", lambda a, b: a < b)
_ordered("LtEq", lambda a, b: a <= b)
_ordered("Gt", lambda a, b: a > b)
_ordered("GtEq", lambda a, b: a >= b)
