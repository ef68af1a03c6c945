"""Of groups much may be told, of a person nothing: not by a small figure, nor by subtraction."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.errors import Misconfigured
from fanzha.usecases.publicity.groups import GroupTable, load_group_policy, told
from tests.fixtures import POLICIES

GROUPS = ("14–17", "18–25", "26–40", "61+")
CLASSES = ("DK", "GJF", "SD")
_COUNTS = st.dictionaries(
    st.tuples(st.sampled_from(GROUPS), st.sampled_from(CLASSES)),
    st.one_of(st.integers(0, 12), st.integers(0, 500)),
)


def lines(table: GroupTable) -> list[tuple[int | None, list[int | None]]]:
    """(sum told, figures told) of every row and column."""
    rows = [(r.persons, list(r.classes.values())) for r in table.rows]
    columns = [(table.whole.classes[c], [r.classes[c] for r in table.rows]) for c in CLASSES]
    return rows + columns


@settings(max_examples=400, deadline=None)
@given(_COUNTS, st.integers(3, 20))
def test_no_small_figure_and_no_subtraction(counts: dict[tuple[str, str], int], k: int) -> None:
    table = told(counts, GROUPS, CLASSES, k)
    for total, cells in lines(table):
        assert all(n == 0 or n >= k for n in cells if n is not None)
        assert total is None or total == 0 or total >= k
        hidden = [n for n in cells if n is None]
        if total is not None and hidden:
            assert len(hidden) >= 2
            assert total - sum(n or 0 for n in cells) >= k
    for row in table.rows:
        for name, n in row.classes.items():
            assert n is None or n == counts.get((row.group, name), 0)


def test_large_figures_are_all_told() -> None:
    counts = {(g, c): 100 + n for n, (g, c) in enumerate((g, c) for g in GROUPS for c in CLASSES)}
    table = told(counts, GROUPS, CLASSES, 10)
    assert all(None not in cells and total == sum(n or 0 for n in cells)
               for total, cells in lines(table))  # fmt: skip
    assert table.whole.persons == sum(counts.values())


def test_one_small_figure_takes_its_neighbours_along() -> None:
    counts = {(g, c): 50 for g in GROUPS for c in CLASSES} | {("61+", "SD"): 2}
    table = told(counts, GROUPS, CLASSES, 10)
    last = table.rows[-1].classes
    assert last["SD"] is None
    assert list(last.values()).count(None) >= 2
    assert [row.classes["SD"] for row in table.rows].count(None) >= 2


def test_bands_follow_the_policy() -> None:
    policy = load_group_policy(POLICIES / "publicity" / "groups.yaml")
    assert policy.bands == ("14–17", "18–25", "26–40", "41–60", "61+")


def test_a_policy_that_would_tell_single_persons_is_refused(tmp_path: Path) -> None:
    good = (POLICIES / "publicity" / "groups.yaml").read_text("utf-8")
    for wrong in (
        good.replace("k: 10", "k: 1"),
        good + "\nmore: 1\n",
        good.replace("[14, ", "[99, "),
    ):
        path = tmp_path / "groups.yaml"
        path.write_text(wrong, "utf-8")
        with pytest.raises(Misconfigured):
            load_group_policy(path)
