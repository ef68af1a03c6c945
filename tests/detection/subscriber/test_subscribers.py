"""Subscribers: nobody's own label feeds his features, the graph is used where it helps."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.ranking import area
from fanzha.detection.subscriber import measured as measured_module
from fanzha.detection.subscriber import model as model_module
from fanzha.detection.subscriber.features import graph_names, of_graph
from fanzha.detection.subscriber.model import Model, fit, folds
from fanzha.detection.subscriber.table import adjacency, keys_of, of_frame
from fanzha.errors import Misconfigured, Refused
from tests.detection.subscriber.made import made


@pytest.fixture(autouse=True)
def _fewer_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same families with an eighth of the trees, each counting eight times."""
    fewer = {
        name: ({**given, "learning_rate": given["learning_rate"] * 8}, rounds // 8)
        for name, (given, rounds) in model_module._FAMILIES.items()
    }
    monkeypatch.setattr(model_module, "_FAMILIES", fewer)


def graph_of(frame: pl.DataFrame, edges: pl.DataFrame):  # type: ignore[no-untyped-def]
    ends = [keys_of(edges[name]) for name in ("node_a", "node_b")]
    weight = edges["weight"].to_numpy().astype(np.float64)
    return adjacency(of_frame(frame).key, *ends, weight)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.integers(0, 1000))
def test_a_subscribers_own_label_changes_none_of_its_features(row: int, seed: int) -> None:
    frame, edges = made(100, graph_tells=True, seed=seed % 7)
    table, graph = of_frame(frame), graph_of(frame, edges)
    other = table.label.copy()
    other[row] = 1.0 - other[row]
    one = of_graph(graph, table.figures, table.label, seed=seed)
    two = of_graph(graph, table.figures, other, seed=seed)
    assert one.shape[1] == len(graph_names(table.names))
    np.testing.assert_array_equal(one[row], two[row])


def split(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    held = np.arange(frame.height) % 5 == 0
    label = of_frame(frame).label
    return np.where(held, np.nan, label), np.flatnonzero(held)


def test_a_graph_that_tells_is_used_and_helps() -> None:
    frame, edges = made(graph_tells=True)
    table, graph = of_frame(frame), graph_of(frame, edges)
    known, held = split(frame)
    with_graph = fit(table.figures, table.names, known, graph, seeds=1)
    without = fit(table.figures, table.names, known, None, seeds=1)
    assert with_graph.use_graph
    truth = table.label[held] == 1.0
    ours = area(with_graph.score(table.figures, graph, known, held, seed=1), truth)
    assert ours > area(without.score(table.figures, None, known, held, seed=1), truth) + 0.1


def test_a_graph_that_says_nothing_is_left_out() -> None:
    frame, _ = made(graph_tells=False)
    _, edges = made(graph_tells=False, seed=5)
    table = of_frame(frame)
    known, _ = split(frame)
    shuffled = edges.with_columns(pl.col("node_b").shuffle(seed=1))
    model = fit(table.figures, table.names, known, graph_of(frame, shuffled), seeds=1)
    assert not model.use_graph


def test_fits_repeat_and_a_head_that_lies_is_refused() -> None:
    frame, _ = made(300, graph_tells=False)
    table = of_frame(frame)
    one = fit(table.figures, table.names, table.label, None, seeds=1)
    other = fit(table.figures, table.names, table.label, None, seeds=1)
    assert one.texts == other.texts
    assert one.head() == other.head()
    again = Model.of({**one.texts, "head": one.head()})
    rows = np.arange(20)
    np.testing.assert_array_equal(
        again.score(table.figures, None, table.label, rows, seed=1),
        one.score(table.figures, None, table.label, rows, seed=1),
    )
    for head in ("", "{}", '{"names": 3}'):
        with pytest.raises(Misconfigured):
            Model.of({"head": head})


def test_hostile_figures_become_missing() -> None:
    frame = pl.DataFrame(
        {"node": ["a", "b", None], "x": [float("inf"), -1e300, 3.0], "y": [1, 2, 3],
         "name": ["p", "q", "r"]}
    )  # fmt: skip
    table = of_frame(frame)
    assert table.names == ("x", "y")
    assert np.isnan(table.figures[:2, 0]).all()
    assert table.key[2] == 0


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"x": [1.0]}, "columns_absent"),
        ({"node": [1, 1], "x": [1.0, 2.0]}, "node_twice"),
        ({"node": [1], "label": [1]}, "columns_absent"),
    ],
)
def test_tables_that_cannot_be_judged(columns: dict[str, list[float]], code: str) -> None:
    with pytest.raises(Refused, match=code):
        of_frame(pl.DataFrame(columns))


def test_edges_to_strangers_to_oneself_and_of_no_weight_are_left_out() -> None:
    key = np.array([11, 5, 9], dtype=np.uint64)
    a = np.array([11, 5, 9, 77, 5, 0], dtype=np.uint64)
    b = np.array([5, 9, 9, 5, 11, 5], dtype=np.uint64)
    weight = np.array([1.0, np.nan, 1.0, 1.0, 3.0, 1.0])
    graph = adjacency(key, a, b, weight).toarray()
    assert graph.tolist() == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]


def test_folds_spread_both_kinds_and_leave_the_unlabelled_out() -> None:
    label = np.array([0.0] * 10 + [1.0] * 5 + [np.nan])
    fold = folds(label, 5, 1)
    assert fold[-1] == -1
    for one in range(5):
        assert label[fold == one].sum() == 1
        assert (fold == one).sum() == 3


def test_intervals_hold_the_mean_and_narrow_with_parts_but_not_without_end() -> None:
    one = [0.95, 0.96, 0.955, 0.965, 0.97]
    few, many = measured_module._told(one), measured_module._told(one * 20)
    assert measured_module._told([0.9])["ci95"] is None
    widths = []
    for told in (few, many):
        low, high = told["ci95"]
        assert low < told["mean"] < high
        widths.append(high - low)
    # Of a hundred parts of the same rows more is known than of five, yet not as of fresh rows.
    assert widths[0] > widths[1] > 2 * 1.96 * 0.5 * many["sd"] * 0.99
    assert measured_module._told([1.0, 0.6])["ci95"][1] <= 1.0
