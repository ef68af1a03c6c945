"""Words as written: one pass gives what the matrix gives; the two answers mix as they should."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import NORMALISER
from scipy import sparse

from fanzha.detection.text.cascade.classes import ordinary_class
from fanzha.detection.text.cascade.gate import alike_by_grams, gate_of, mix
from fanzha.detection.text.cascade.grams.fit import Beside, idf
from fanzha.detection.text.cascade.grams.vectors import normed, some_of
from fanzha.detection.text.cascade.grams.written import written_counts, written_scores
from fanzha.detection.text.cascade.scale import CELLS

CHARS = st.text(alphabet="加薇 微信，。12\n\tabcD!转账❤\u3000", max_size=40)
ODDS = st.floats(-30, 30)


@given(st.lists(st.one_of(CHARS, st.text(max_size=40)), min_size=1, max_size=8), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_one_pass_scores_as_the_matrix_does(texts: list[str], heads: int) -> None:
    read = NORMALISER(texts)
    counts = written_counts(read)
    weight = idf(counts, np.ones(len(texts), dtype=bool), least=1)
    weight[::3] = 0
    heavy = np.random.default_rng(len(texts)).normal(size=(weight.size, heads)).astype(np.float32)
    scores, known = written_scores(read, weight, heavy)
    assert np.allclose(scores, normed(counts, weight) @ heavy, atol=2e-4)
    assert ((known >= 0) & (known <= 1)).all()


@given(st.lists(CHARS, min_size=1, max_size=6), st.data())
@settings(max_examples=40, deadline=None)
def test_some_rows_are_read_as_in_the_batch(texts: list[str], data: st.DataObject) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=6)), dtype=np.int64)
    read = NORMALISER(texts)
    few = some_of(read, rows)
    assert [few.row(k) for k in range(rows.size)] == [read.row(k) for k in rows.tolist()]
    assert (written_counts(few) != written_counts(read)[rows]).nnz == 0


def test_signs_spaces_and_case_are_words_as_written_and_nothing_in_normal_form() -> None:
    for one, other in (("请 转账", "请转账"), ("请转账!", "请转账?"), ("NAME", "name")):
        read = NORMALISER([one, other])
        assert read.row(0) == read.row(1)
        counts = written_counts(read)
        assert (counts[0] != counts[1]).nnz > 0


@given(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_side_by_side_is_one_matrix(rows: int, left: int, right: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    thin = sparse.random(rows, left, 0.5, format="csr", random_state=seed)
    wide = rng.normal(size=(rows, right)).astype(np.float32)
    both, plain = Beside(thin, wide), np.hstack([thin.toarray(), wide])
    weights = rng.normal(size=left + right)
    assert both.shape == plain.shape
    assert np.allclose(both @ weights, plain @ weights, atol=1e-4)
    assert np.allclose(both[np.arange(rows)[::2]] @ weights, plain[::2] @ weights, atol=1e-4)


@given(ODDS, ODDS, st.floats(1e-9, 1 - 1e-9))
def test_a_mixture_lies_between_its_answers(inside: float, outside: float, alike: float) -> None:
    a, b, share = (np.array([value]) for value in (inside, outside, alike))
    odds = float(mix(a, b, share, -np.inf)[0])
    assert min(inside, outside) - 1e-6 <= odds <= max(inside, outside) + 1e-6
    lifted = float(mix(a, b, share, -3.0)[0])
    assert lifted >= odds
    if alike >= 0.5:
        assert lifted >= -3.0


@given(st.lists(ODDS, min_size=2, max_size=9), ODDS)
def test_a_floor_keeps_the_order_of_texts_that_are_alike(odds: list[float], outside: float) -> None:
    inside, alike = np.sort(np.array(odds)), np.full(len(odds), 0.9)
    lifted = mix(inside, np.full(inside.size, outside), alike, -3.0)
    assert (np.diff(lifted) >= 0).all()


def test_the_gate_tells_own_from_strange_by_what_is_known() -> None:
    rng = np.random.default_rng(3)
    rows = 400
    fraud, cell = np.arange(rows) % 2 == 0, np.ones(rows, dtype=np.int64)
    near = rng.normal(0.6, 0.08, rows).astype(np.float32)
    far = rng.normal(0.3, 0.08, rows).astype(np.float32)
    gate = gate_of(near, far, fraud, cell, np.ones(rows), sources=2)
    assert len(gate) == 2 * CELLS
    assert 0.4 < gate[1] < 0.5
    assert np.median(alike_by_grams(near, cell, gate)) > 0.9
    assert np.median(alike_by_grams(far, cell, gate)) < 0.1
    assert (alike_by_grams(near, cell * 0, gate) < 1e-6).all(), "a cell without texts is strange"
    kind = gate_of(near, far, fraud, cell, np.ones(rows), sources=1)
    assert kind[1] < gate[1], "a model of one source is rather for it"


def test_messages_written_for_fanzha_fill_only_a_class_that_takes_anything() -> None:
    assert ordinary_class(("AD", "FR", "Other")) == 2
    assert ordinary_class(("正常", "刷单", "贷款")) == 0
    assert ordinary_class(("ham", "other", "smishing")) == -1, "two such classes: neither"
    assert ordinary_class(("AD", "FR")) == -1
