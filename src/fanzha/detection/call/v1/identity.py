"""Whether the number that a call shows can be true, and by which door the call came in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from fanzha.detection.call.filed import FiledNumbers
from fanzha.detection.call.numbering import Numbering

__all__ = ["Identity"]

_HOME = "460"
"""Mobile country code of the mainland."""


@dataclass(frozen=True, eq=False)
class Identity:
    """What the numbering plan, the filed numbers and the door of the network say of a batch."""

    numbering: Numbering
    filed: FiledNumbers
    _asked: dict[tuple[str, ...], list[pl.Expr]] = field(default_factory=dict, repr=False)

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One row an event. What cannot be told is null: `asserted_differs`, `foreign_card`,
        `roams_abroad`; without a trunk nothing is said to come in by one."""
        columns = tuple(frame.columns)
        if columns not in self._asked:
            self._asked[columns] = list(self._questions(frame))
        *told, malformed = frame.select(self._asked[columns]).get_columns()
        return pl.DataFrame([*told, self.numbering.stripped(malformed).alias("stripped")])

    def _questions(self, frame: pl.DataFrame) -> Iterator[pl.Expr]:
        caller, callee = pl.col("caller"), pl.col("callee")
        kind = pl.col("caller_kind")
        trunk = _column(frame, "trunk")
        # A mobile of ours that comes in by an international gateway is roaming.
        gateway = self.numbering.by_international(trunk) & ~kind.is_in(["mobile", "iot"])
        yield ((kind == "overseas") | gateway).fill_null(value=False).alias("from_abroad")
        yield self.numbering.by_resale(trunk).alias("by_resale")
        yield self._differs(frame).alias("asserted_differs")
        yield self.filed.holds(caller).alias("caller_filed")
        yield self.numbering.official(caller).alias("caller_official")
        yield self.numbering.bank(caller).alias("caller_bank")
        yield self.numbering.official(callee).alias("callee_official")
        yield self.numbering.bank(callee).alias("callee_bank")
        yield (pl.col("callee_kind") == "overseas").fill_null(value=False).alias("callee_abroad")
        yield self.numbering.unassigned(caller, kind).alias("unassigned")
        yield from _cards(frame)
        yield pl.when(kind == "malformed").then(caller).alias("malformed")

    def _differs(self, frame: pl.DataFrame) -> pl.Expr:
        if "asserted_caller_key" not in frame.columns:
            return pl.lit(None, dtype=pl.Boolean)
        asserted, shown = pl.col("asserted_caller_key"), pl.col("caller_key")
        return pl.when((asserted != 0) & (shown != 0)).then(asserted != shown).otherwise(None)


def _cards(frame: pl.DataFrame) -> list[pl.Expr]:
    """A card of abroad in a cell of ours, and a card of ours in a cell abroad."""
    imsi, cell = _column(frame, "caller_imsi"), _column(frame, "caller_cell")
    ours, here = imsi.str.starts_with(_HOME), cell.str.starts_with(_HOME + "-")
    return [(~ours & here).alias("foreign_card"), (ours & ~here).alias("roams_abroad")]


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, dtype=pl.String)
