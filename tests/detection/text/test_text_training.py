"""Training gives the same bits twice, learns what it is shown, and its record fits the policies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.linear import Rows, calibrate, fit_logistic, fit_softmax, margins
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.v1.corpus import MESSAGES_FILE, fingerprint, own_set, written
from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.model import HERE, Model
from fanzha.detection.text.v1.ngrams import window_grams
from fanzha.detection.text.v1.normal import VARIANTS_FILE
from fanzha.detection.text.v1.sounds import SOUNDS_FILE
from fanzha.detection.text.v1.steps import STEPS_FILE
from fanzha.detection.text.v1.train import Settings, train
from fanzha.errors import Misconfigured

POLICIES = Path(__file__).parents[3] / "policies"
SMALL = Settings(head_bits=12, class_bits=10, variants=2, epochs=2, folds=2)
TAXONOMY = load_taxonomy(POLICIES / TAXONOMY_FILE)
SHIPPED = json.loads((HERE / "model.json").read_text(encoding="utf-8"))


def test_the_shipped_model_was_made_from_the_policies_as_they_stand() -> None:
    files = {MESSAGES_FILE, STEPS_FILE, VARIANTS_FILE, SOUNDS_FILE}
    for name in files:
        assert SHIPPED["sets_sha256"][name] == fingerprint(POLICIES / "text" / name), name
    others = set(SHIPPED["sets_sha256"]) - files
    assert others == {"dialogues_teleantifraud.parquet"}, "the only set whose terms allow it"
    assert (HERE / "model.npz").stat().st_size < 4_000_000


def test_every_main_class_is_written_for_twenty_times_or_more() -> None:
    samples = written(POLICIES / "text" / MESSAGES_FILE, TAXONOMY, 1, 1)
    for main in TAXONOMY.main_classes:
        assert sum(sample.main == main for sample in samples) >= 20, main
    assert sum(not sample.fraud and not sample.grey for sample in samples) >= 200


def test_trained_twice_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        model, record = train(None, settings=SMALL)
        model.save(tmp_path / name, record)
    for file in ("model.npz", "model.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_users_own_set_teaches_new_words(tmp_path: Path) -> None:
    texts = [f"紫云咒语第{k}式到账" for k in range(40)] + [
        f"青山课表第{k}节调换" for k in range(40)
    ]
    table = pl.DataFrame({"text": texts, "fraud": [1] * 40 + [0] * 40})
    table.write_csv(tmp_path / "own.csv")
    model, record = train(None, extra=[tmp_path / "own.csv"], settings=SMALL)
    assert record["sets_sha256"]["own.csv"] == fingerprint(tmp_path / "own.csv")
    reader = Reader.load(POLICIES, (0.0, 0.0), model)
    new, plain = reader.read(["紫云咒语到账", "青山课表调换"]).score
    assert new > 0.5 > plain


def test_a_set_without_its_columns_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"body": ["a"]}).write_csv(tmp_path / "own.csv")
    with pytest.raises(Misconfigured):
        own_set(tmp_path / "own.csv", 0)


def test_a_broken_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(Misconfigured):
        Model.load(tmp_path)


# -- the linear models under it ------------------------------------------------------------------


def rows(labels: list[int]) -> Rows:
    """Each row has its label's own feature, and one that all share."""
    buckets = np.array([b for label in labels for b in (label, 7)], dtype=np.int64)
    begins = np.arange(0, 2 * len(labels) + 1, 2, dtype=np.int64)
    return Rows(buckets, begins, np.ones(len(labels), dtype=np.float32))


@given(st.lists(st.sampled_from(["a ", "b1 ", "的", "word ", "。"]), max_size=700))
@settings(max_examples=25, deadline=None)
def test_every_gram_of_overlapping_windows_has_room(parts: list[str]) -> None:
    """Also in long texts of words of one letter, which have the most grams."""
    chars = np.array([ord(c) for c in "".join(parts)], dtype=np.int32)
    ends = np.array([0, chars.size, chars.size, 2 * chars.size], dtype=np.int64)
    buckets, begins, values, owner = window_grams(np.tile(chars, 2), ends, 12)
    assert begins[-1] == buckets.size
    assert ((buckets >= 0) & (buckets < 1 << 12)).all()
    assert begins.size == values.size + 1 == owner.size + 1
    twice = buckets[begins[np.searchsorted(owner, 2)] :]
    assert np.array_equal(twice, buckets[: twice.size])


@given(st.lists(st.integers(0, 1), min_size=8, max_size=40).filter(lambda x: 0 < sum(x) < len(x)))
@settings(max_examples=25, deadline=None)
def test_logistic_regression_parts_what_can_be_parted(labels: list[int]) -> None:
    wanted = np.array(labels, dtype=np.float32)
    one = np.ones(len(labels), dtype=np.float32)
    weights, bias = fit_logistic(rows(labels), wanted, one, 8, epochs=60, rate=0.5, l2=1e-6, seed=1)
    assert ((margins(rows(labels), weights, bias) > 0) == (wanted > 0)).all()


def test_softmax_regression_names_the_class() -> None:
    labels = [0, 1, 2] * 10
    one = np.ones(30, dtype=np.float32)
    weights, bias = fit_softmax(
        rows(labels), np.array(labels), one, 8, 3, epochs=40, rate=0.5, l2=1e-6, seed=1
    )
    for label in range(3):
        assert int((weights[label] + weights[7] + bias).argmax()) == label


@given(st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_calibration_never_turns_evidence_around(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = (rng.random(200) < 0.4).astype(np.float64)
    features = np.column_stack([wanted + rng.normal(0, 1, 200), -wanted + rng.normal(0, 1, 200)])
    theta = calibrate(features, wanted, np.ones(200))
    assert theta[0] > 0
    assert theta[1] == 0.0
