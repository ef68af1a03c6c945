"""Numbers that institutions have filed for calling the public (domain D1: white lists)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from fanzha.detection.words import invalid
from fanzha.errors import policy_reader

__all__ = ["FiledNumbers", "load_filed_numbers"]


@dataclass(frozen=True)
class FiledNumbers:
    """Whole numbers, and prefixes with the length that a filed number then has."""

    numbers: frozenset[str]
    prefixes: tuple[tuple[str, int], ...]

    def holds(self, numbers: pl.Expr) -> pl.Expr:
        """Which of these normal forms are filed."""
        found = numbers.is_in(sorted(self.numbers))
        for prefix, digits in self.prefixes:
            found |= numbers.str.starts_with(prefix) & (numbers.str.len_bytes() == digits)
        return found.fill_null(value=False)


@policy_reader
def load_filed_numbers(path: Path) -> FiledNumbers:
    """Read and check the list; unknown keys are refused."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict) or set(data) != {"version", "in_force_on", "numbers", "prefixes"}:
        raise invalid(path.name, "needs version, in_force_on, numbers, prefixes and nothing else")
    return FiledNumbers(
        numbers=frozenset(_texts(data["numbers"], path.name)),
        prefixes=tuple(_prefix(item, path.name) for item in data["prefixes"]),
    )


def _texts(items: Iterable[object], where: str) -> list[str]:
    texts = [item for item in items if isinstance(item, str) and item.isdigit()]
    if len(texts) != len(list(items)):
        raise invalid(where, "numbers must be quoted digits")
    return texts


def _prefix(item: object, where: str) -> tuple[str, int]:
    if not isinstance(item, dict) or set(item) != {"prefix", "digits"}:
        raise invalid(where, "a prefix needs prefix and digits")
    return str(item["prefix"]), int(item["digits"])
