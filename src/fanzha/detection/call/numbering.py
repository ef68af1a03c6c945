"""What numbering plan and trunks say of a calling number: ranges, official numbers, doors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import yaml

from fanzha.detection.words import invalid
from fanzha.errors import policy_reader
from fanzha.values.phone_number import NumberKind, read

__all__ = ["Numbering", "load_numbering"]

_KEYS = {"version", "in_force_on", "mobile_prefixes", "official", "bank_prefixes",
         "international_trunks", "resale_trunks"}  # fmt: skip
_AREA = r"^(?:\+86\d{2,3})?"


@dataclass(frozen=True, eq=False)
class Numbering:
    """Expressions over normal forms of numbers and over trunk names; null reads as no."""

    mobile_prefixes: tuple[str, ...]
    """First three digits of mobile numbers that are given out."""
    official_form: str
    bank_form: str
    international: tuple[str, ...]
    resale: tuple[str, ...]

    def unassigned(self, number: pl.Expr, kind: pl.Expr) -> pl.Expr:
        """Has the form of a mobile number, but nobody was given its range."""
        given = number.str.slice(3, 3).is_in(list(self.mobile_prefixes))
        return ((kind == "mobile") & ~given).fill_null(value=False)

    def official(self, number: pl.Expr) -> pl.Expr:
        """Emergency, police, government and directory numbers, with or without an area code."""
        return number.str.contains(self.official_form).fill_null(value=False)

    def bank(self, number: pl.Expr) -> pl.Expr:
        """Banks' five-digit service numbers."""
        return number.str.contains(self.bank_form).fill_null(value=False)

    def by_international(self, trunk: pl.Expr) -> pl.Expr:
        """Came in by an international gateway."""
        return _begins(trunk, self.international)

    def by_resale(self, trunk: pl.Expr) -> pl.Expr:
        """Came in by the trunk of a reseller or of an internet telephony firm."""
        return _begins(trunk, self.resale)

    def stripped(self, numbers: pl.Series) -> pl.Series:
        """Malformed numbers that are whole foreign numbers once the 00 before them is back."""
        distinct = numbers.unique().to_list()
        told = {text: _stripped(text) for text in distinct if text is not None}
        return pl.Series([told.get(text, False) for text in numbers.to_list()], dtype=pl.Boolean)


def _begins(trunk: pl.Expr, prefixes: Sequence[str]) -> pl.Expr:
    found = pl.any_horizontal(pl.lit(value=False), *(trunk.str.starts_with(p) for p in prefixes))
    return found.fill_null(value=False)


def _stripped(normal: str) -> bool:
    digits = normal.removeprefix("?")
    if not (7 <= len(digits) <= 15 and digits.isascii() and digits.isdigit()) or digits[0] == "0":
        return False
    return read("+" + digits)[1] is NumberKind.OVERSEAS


@policy_reader
def load_numbering(path: Path) -> Numbering:
    """Read and check the file; unknown keys are refused."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise invalid(path.name, f"cannot be read: {type(error).__name__}") from error
    if not isinstance(data, dict) or set(data) != _KEYS:
        raise invalid(path.name, f"needs {sorted(_KEYS)} and nothing else")
    if not isinstance(data["in_force_on"], date):
        raise invalid("in_force_on", "is not a date")
    official = "|".join(_texts(data["official"], r"\d{3,6}", "official"))
    banks = "|".join(_texts(data["bank_prefixes"], r"\d{2,4}", "bank_prefixes"))
    doors = r"[a-z][a-z0-9]*-"
    return Numbering(
        mobile_prefixes=_texts(data["mobile_prefixes"], r"1\d\d", "mobile_prefixes"),
        official_form=f"{_AREA}(?:{official})$",
        bank_form=rf"{_AREA}(?:{banks})\d{{2}}$",
        international=_texts(data["international_trunks"], doors, "international_trunks"),
        resale=_texts(data["resale_trunks"], doors, "resale_trunks"),
    )


def _texts(items: object, form: str, where: str) -> tuple[str, ...]:
    if not isinstance(items, list) or not items:
        raise invalid(where, "needs a list")
    if not all(isinstance(item, str) and re.fullmatch(form, item) for item in items):
        raise invalid(where, f"needs quoted texts of the form {form}")
    return tuple(items)
