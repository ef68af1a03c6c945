"""Tables of groups at risk from which no person can be told: every figure is rounded down to whole
k's, and every sum is the sum of the rounded ones, so that nothing is left to subtract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from fanzha.errors import Misconfigured, policy_reader
from fanzha.lifecycles.actor import Level

__all__ = ["OTHERS", "Counts", "GroupPolicy", "GroupRow", "GroupTable", "load_group_policy", "told"]

POLICY_FILE = "publicity/groups.yaml"
OTHERS = "others"
"""The group of whoever is of no named one: every table of a month counts the same persons."""

Counts = Mapping[tuple[str, str], int]
"""Persons by (group, main class)."""


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """`policies/publicity/groups.yaml`."""

    k: int
    """Persons a told figure rests on at least, and the step to which it is rounded down."""
    ages: tuple[int, ...]
    lowest: Level
    months_back: int

    @property
    def bands(self) -> tuple[str, ...]:
        """`14–17`, …, `61+`."""
        ends = [f"–{after - 1}" for after in self.ages[1:]]
        return tuple(f"{a}{end}" for a, end in zip(self.ages, [*ends, "+"], strict=True))


@policy_reader
def load_group_policy(path: Path) -> GroupPolicy:
    """Read and check the policy; unknown keys are refused."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    keys = {"version", "in_force_on", "k", "ages", "lowest", "months_back"}
    if set(found) != keys:
        raise _bad("keys", "unknown or missing keys")
    ages = tuple(int(age) for age in found["ages"])
    if int(found["k"]) < 3 or list(ages) != sorted(set(ages)) or not ages:
        raise _bad("k, ages", "k is 3 at least, ages rise")
    return GroupPolicy(int(found["k"]), ages, Level(found["lowest"]), int(found["months_back"]))


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "policy_invalid",
        zh=f"群体画像政策有误：{field}",
        en=f"the groups policy: {what}",
        field=field,
    )


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group: at least so many persons warned, in all and by main class; None is fewer than k,
    nought among them."""

    group: str
    persons: int | None
    classes: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Groups by main class, with the sum of all groups. Sums are sums of what is told."""

    classes: tuple[str, ...]
    """Classes of which anything is told: that a class occurs at all may rest on one person."""
    rows: tuple[GroupRow, ...]
    whole: GroupRow


def told(
    tables: Mapping[str, Counts], groups: Mapping[str, Sequence[str]], by: str, k: int
) -> GroupTable:
    """What may be told of `tables[by]`, beside all tables of one place and month; `groups[by]` are
    its rows in the order given, after which come the others.

    A figure n is told as the multiple of k at or below it, None below k. A class is left out of all
    tables where its rounded columns, set side by side, would narrow a figure further: they add up
    to the same persons. What is told then leaves every figure all k values that round to it. A
    table of one group is a bare total, which would narrow the others much: it tells nothing.
    """
    sizes = {name: len(rows) for name, rows in groups.items() if len(rows) > 1}
    low = {name: {cell: n // k * k for cell, n in tables[name].items()} for name in sizes}
    found = sorted({main for (_, main), n in low.get(by, {}).items() if n})
    mine = [c for c in found if _leaves_open(low, sizes, c, k)]
    rows = tuple(_line(g, {c: low[by].get((g, c), 0) for c in mine}) for g in [*groups[by], OTHERS])
    whole = {c: sum(row.classes[c] or 0 for row in rows) for c in mine}
    return GroupTable(tuple(mine), rows, _line("all", whole))


def _leaves_open(low: Mapping[str, Counts], sizes: Mapping[str, int], main: str, k: int) -> bool:
    """Whether one class's rounded columns of all tables, which add up to the same persons, still
    leave each of their figures every value from what is told to k − 1 above it.

    A column of m figures adds up to its told sum and 0 to m(k − 1) more. One figure may lie at
    either end of its k values when the others can make up for it: when no other table's told sum
    exceeds this one's by more than (m − 1)(k − 1). Who is of no named group is not counted in m: a
    reader may know that there is nobody.
    """
    sums = {t: sum(n for (_, c), n in low[t].items() if c == main) for t in low}
    return all(
        sums[other] - sums[t] <= (sizes[t] - 1) * (k - 1)
        for t in low for other in low if other != t
    )  # fmt: skip


def _line(group: str, figures: Mapping[str, int]) -> GroupRow:
    classes = {c: n or None for c, n in figures.items()}
    return GroupRow(group, sum(figures.values()) or None, classes)
