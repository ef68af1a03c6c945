"""Of groups much may be told, of a person nothing: not by a small figure, nor by subtraction."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from fanzha.errors import Misconfigured
from fanzha.usecases.publicity.groups import (
    OTHERS,
    Counts,
    GroupTable,
    load_group_policy,
    told,
)
from tests.fixtures import POLICIES

GROUPS = {"age": ("14–17", "18–25", "61+"), "sex": ("f", "m"), "branch": ("470102", "470103")}
CLASSES = ("DK", "GJF", "SD")
CELLS = st.one_of(st.integers(0, 12), st.sampled_from((0, 9, 19, 29)), st.integers(0, 500))


@st.composite
def a_month(draw: st.DrawFn) -> dict[str, Counts]:
    """Tables of the same persons: what one table counts is split anew in the others."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    tables: dict[str, dict[tuple[str, str], int]] = {by: {} for by in GROUPS}
    for main in CLASSES:
        first = draw(st.sampled_from(list(GROUPS)))
        cells = {g: draw(CELLS) for g in (*GROUPS[first], OTHERS)}
        everybody = sum(cells.values())
        tables[first] |= {(g, main): n for g, n in cells.items()}
        for by in GROUPS.keys() - {first}:
            ends = sorted(rng.randint(0, everybody) for _ in GROUPS[by])
            bounds = [0, *ends, everybody]
            for n, g in enumerate((*GROUPS[by], OTHERS)):
                tables[by][g, main] = bounds[n + 1] - bounds[n]
    return tables  # type: ignore[return-value]


def published(tables: Mapping[str, Counts], k: int) -> dict[str, GroupTable]:
    return {by: told(tables, GROUPS, by, k) for by in GROUPS}


def attack(pages: dict[str, GroupTable], main: str, k: int, known: dict[str, int]) -> list[float]:
    """How far apart the least and the greatest value of each figure of a class lie, by a linear
    programme over all that is told of the month, the method of rounding being known. `known` are
    sizes of the others that a reader knows from elsewhere."""
    names = [(by, g) for by in GROUPS for g in (*GROUPS[by], OTHERS)]
    low = []
    for by, g in names:
        row = next(r for r in pages[by].rows if r.group == g)
        low.append(row.classes.get(main) or 0)
    bounds = [
        (known[by], known[by]) if g == OTHERS and by in known else (n, n + k - 1)
        for (by, g), n in zip(names, low, strict=True)
    ]
    same = [
        [(by == "age") * 1.0 - (by == other) * 1.0 for by, _ in names]
        for other in GROUPS if other != "age"
    ]  # fmt: skip
    widths = []
    for n, (_, g) in enumerate(names):
        if g == OTHERS and known:
            continue
        goal = np.eye(len(names))[n]
        ends = [
            linprog(sign * goal, A_eq=same, b_eq=np.zeros(len(same)), bounds=bounds)
            for sign in (1, -1)
        ]
        assert all(end.success for end in ends)
        widths.append(-ends[1].fun - ends[0].fun)
    return widths


@settings(max_examples=60, deadline=None)
@given(a_month(), st.integers(3, 12))
def test_all_tables_of_a_month_leave_every_figure_k_values(
    tables: dict[str, Counts], k: int
) -> None:
    pages = published(tables, k)
    for main in CLASSES:
        if any(main in page.classes for page in pages.values()):
            assert min(attack(pages, main, k, {})) >= k - 1 - 1e-6


@settings(max_examples=40, deadline=None)
@given(a_month(), st.integers(3, 12))
def test_nor_does_it_help_to_know_that_nobody_is_of_the_others(
    tables: dict[str, Counts], k: int
) -> None:
    for by, main in product(GROUPS, CLASSES):
        moved = tables[by][OTHERS, main]
        first = GROUPS[by][0]
        tables[by] = {
            **tables[by],
            (first, main): tables[by][first, main] + moved,
            (OTHERS, main): 0,
        }
    pages = published(tables, k)
    for main in CLASSES:
        if any(main in page.classes for page in pages.values()):
            assert min(attack(pages, main, k, dict.fromkeys(GROUPS, 0))) >= k - 1 - 1e-6


@settings(max_examples=400, deadline=None)
@given(a_month(), st.integers(3, 20))
def test_no_small_figure_and_no_sum_of_its_own(tables: dict[str, Counts], k: int) -> None:
    for by, page in published(tables, k).items():
        for row in page.rows:
            for main, n in row.classes.items():
                true = tables[by].get((row.group, main), 0)
                assert n is None if true < k else n == true // k * k
            assert (row.persons or 0) == sum(n or 0 for n in row.classes.values())
        for main, n in page.whole.classes.items():
            assert n == sum(row.classes[main] or 0 for row in page.rows)
        assert (page.whole.persons or 0) == sum(row.persons or 0 for row in page.rows)


def test_one_person_in_one_cell_is_not_singled_out() -> None:
    """Each pair differs by the one person aged 61+; what is told is the same to the letter."""
    ages = {("14–17", "A"): 40, ("18–25", "A"): 50, ("61+", "A"): 30}
    with_one = {**ages, ("61+", "B"): 1}
    rest = {"sex": {("f", "A"): 60, ("m", "A"): 60}, "branch": {("470102", "A"): 120}}
    one = told({"age": with_one, **rest}, GROUPS, "age", 10)
    none = told({"age": ages, **rest}, GROUPS, "age", 10)
    assert one == none
    assert one.classes == ("A",), "that a class occurs at all would tell of the one"


def test_a_nought_is_told_no_more_than_nine() -> None:
    for small in (0, 1, 9):
        ages = {("14–17", "A"): 40, ("18–25", "A"): small}
        page = told({"age": ages}, {"age": GROUPS["age"]}, "age", 10)
        assert [r.classes["A"] for r in page.rows] == [40, None, None, None]


def test_a_class_whose_tables_would_pin_a_figure_is_left_out_of_all() -> None:
    ages = {("14–17", "A"): 9, ("18–25", "A"): 9, ("61+", "A"): 20}
    branches = {("470102", "A"): 20, ("470103", "A"): 18}
    same = {"age": ages, "sex": {("f", "A"): 20, ("m", "A"): 18}, "branch": branches}
    assert all(page.classes == ("A",) for page in published(same, 10).values())
    # Of 19 and 19 is told 10 and 10, of 20 and 18 it is 20 and 10: each branch has 11 at least.
    narrow = {**same, "branch": {("470102", "A"): 19, ("470103", "A"): 19}}
    assert all(page.classes == () for page in published(narrow, 10).values())


def test_one_branch_alone_is_no_table() -> None:
    tables = {"age": {("18–25", "A"): 30}, "branch": {("470102", "A"): 30}}
    groups = {"age": GROUPS["age"], "branch": ("470102",)}
    assert told(tables, groups, "branch", 10).classes == ()
    assert told(tables, groups, "age", 10).classes == ("A",)


def test_large_figures_are_told_to_the_ten() -> None:
    ages = {(g, c): 105 for g in GROUPS["age"] for c in CLASSES}
    sexes = {("f", c): 205 for c in CLASSES} | {("m", c): 110 for c in CLASSES}
    branches = {("470102", c): 205 for c in CLASSES} | {("470103", c): 110 for c in CLASSES}
    page = told({"age": ages, "sex": sexes, "branch": branches}, GROUPS, "age", 10)
    assert page.classes == CLASSES
    assert {n for row in page.rows[:-1] for n in row.classes.values()} == {100}
    assert page.whole.persons == 900


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
