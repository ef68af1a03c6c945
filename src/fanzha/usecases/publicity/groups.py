"""Tables of groups at risk from which no person can be told: small figures hidden, and those that
would give them away by subtraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from fanzha.errors import Misconfigured, policy_reader
from fanzha.lifecycles.actor import Level

__all__ = ["GroupPolicy", "GroupRow", "GroupTable", "load_group_policy", "told"]

POLICY_FILE = "publicity/groups.yaml"


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """`policies/publicity/groups.yaml`."""

    k: int
    """Persons a told figure rests on at least."""
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
    """One group: persons warned in all and by main class; None is hidden, not nought."""

    group: str
    persons: int | None
    classes: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Groups by main class, with the sum of all groups."""

    rows: tuple[GroupRow, ...]
    whole: GroupRow


def told(
    counts: Mapping[tuple[str, str], int], groups: Sequence[str], classes: Sequence[str], k: int
) -> GroupTable:
    """What may be told of `counts[group, main class]`, persons; groups in the order given.

    Hidden are figures from 1 to k − 1; and in any row or column of which just one figure is hidden
    beside a told sum, or whose hidden ones together stay below k, the next smallest one, until
    there is no such row or column. A nought is told: nobody stands behind it.
    """
    table = {(g, c): counts.get((g, c), 0) for g in groups for c in classes}
    hidden = {cell for cell, n in table.items() if 0 < n < k}
    lines = [[(g, c) for c in classes] for g in groups]
    lines += [[(g, c) for g in groups] for c in classes]
    while True:
        more = [cell for line in lines for cell in _gives_away(line, table, hidden, k)]
        if not more:
            break
        hidden.update(more[:1])
    rows = tuple(_row(g, [(g, c) for c in classes], table, hidden, k) for g in groups)
    columns = {c: _sum([(g, c) for g in groups], table, hidden, k) for c in classes}
    everybody = sum(table.values())
    return GroupTable(rows, GroupRow("all", everybody if everybody >= k else None, columns))


def _gives_away(
    line: Sequence[tuple[str, str]], table: Mapping[tuple[str, str], int],
    hidden: set[tuple[str, str]], k: int,
) -> list[tuple[str, str]]:  # fmt: skip
    """One figure more to hide, where the sum of a line would tell the hidden ones."""
    mine = [cell for cell in line if cell in hidden]
    if not mine or (len(mine) > 1 and sum(table[cell] for cell in mine) >= k):
        return []
    rest = [cell for cell in line if cell not in hidden and table[cell]]
    return [min(rest, key=lambda cell: (table[cell], cell))] if rest else []


def _sum(
    line: Sequence[tuple[str, str]], table: Mapping[tuple[str, str], int],
    hidden: set[tuple[str, str]], k: int,
) -> int | None:  # fmt: skip
    """The sum of a line; None where it would tell what is hidden in it."""
    total = sum(table[cell] for cell in line)
    mine = [cell for cell in line if cell in hidden]
    gives = bool(mine) and (len(mine) < 2 or sum(table[cell] for cell in mine) < k)
    return None if 0 < total < k or gives else total


def _row(
    group: str, line: Sequence[tuple[str, str]], table: Mapping[tuple[str, str], int],
    hidden: set[tuple[str, str]], k: int,
) -> GroupRow:  # fmt: skip
    classes = {c: None if (g, c) in hidden else table[g, c] for g, c in line}
    return GroupRow(group, _sum(line, table, hidden, k), classes)
