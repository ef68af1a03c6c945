"""Reads measures: dated files of numbers that one detector version goes by."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml

from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["load_measures"]

T = TypeVar("T")


@policy_reader
def load_measures(path: Path, kind: type[T]) -> T:
    """The file as an instance of a dataclass of whole numbers, or tuples of rising ones.

    Besides its fields the file holds `version` and `in_force_on`; what it lacks or has in excess
    is `Misconfigured`, as is a number below 0.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    wanted = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(data, dict) or set(data) != wanted | {"version", "in_force_on"}:
        raise invalid(path.name, f"needs version, in_force_on, {sorted(wanted)}, nothing else")
    if not isinstance(data["in_force_on"], date):
        raise invalid("in_force_on", "is not a date")
    return kind(**{name: _value(data[name], name) for name in wanted})


def _value(item: Any, where: str) -> int | tuple[int, ...]:
    if isinstance(item, list):
        numbers = tuple(_number(one, where) for one in item)
        if list(numbers) != sorted(set(numbers)):
            raise invalid(where, "must rise")
        return numbers
    return _number(item, where)


def _number(item: Any, where: str) -> int:
    if not isinstance(item, int) or isinstance(item, bool) or item < 0:
        raise invalid(where, "must be a whole number, 0 or more")
    return item
