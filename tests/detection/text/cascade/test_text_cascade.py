"""The cascade learns what it is shown, answers alike however texts are cut, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import POLICIES, said, small_model

from fanzha.detection.model_file import ModelFile, read_model, write_model
from fanzha.detection.text.cascade.answer import Answers, Cascade
from fanzha.detection.text.cascade.model import KIND, TextModel
from fanzha.detection.text.cascade.policy import CASCADE_FILE, Allowance, CascadePolicy
from fanzha.detection.text.cascade.ship import POLICY_FILES
from fanzha.detection.text.v1.corpus import fingerprint
from fanzha.errors import Misconfigured

SAID = [said(name, 97) for name in ("FR", "AD", "Other")]


@pytest.fixture(scope="module")
def cascade() -> Iterator[Cascade]:
    with pytest.MonkeyPatch.context() as patch:
        yield Cascade.load(POLICIES, small_model(patch))


def read(cascade: Cascade, texts: list[str], allowance: Allowance | None = None) -> Answers:
    talk = np.zeros(len(texts), dtype=bool)
    return cascade.read(texts, talk, allowance or Allowance(1.0, 0))


def test_it_knows_what_it_was_shown(cascade: Cascade) -> None:
    answers = read(cascade, SAID)
    assert answers.score[0] > 0.5 > answers.score[1:].max()
    assert answers.classes == ["FR", "AD", "Other"]


def test_a_model_answers_alike_after_its_file(cascade: Cascade, tmp_path: Path) -> None:
    write_model(tmp_path / "m.fzm", cascade.model.to_file())
    again = replace(cascade, model=TextModel.load(tmp_path / "m.fzm"))
    a, b = read(cascade, SAID), read(again, SAID)
    assert np.array_equal(a.score, b.score)
    assert a.classes == b.classes
    assert again.model.version == cascade.model.to_file().version


def test_a_text_is_answered_alike_whatever_stands_beside_it(cascade: Cascade) -> None:
    texts = [*SAID, "", "完全陌生的一句话", "Hello there", *SAID]
    together = read(cascade, texts)
    single = [read(cascade, [text]) for text in texts]
    assert np.allclose(together.score, [one.score[0] for one in single], atol=1e-6)
    assert together.asked.tolist() == [bool(one.asked[0]) for one in single]


def test_the_supposed_share_of_fraud_moves_scores_and_not_their_order(cascade: Cascade) -> None:
    texts = [*SAID, "完全陌生的一句话", "Hello there"]
    rare = replace(cascade, model=replace(cascade.model, prior=(0.01, 0.01)))
    common = replace(cascade, model=replace(cascade.model, prior=(0.6, 0.6)))
    few, many = read(rare, texts).score, read(common, texts).score
    assert (few < many).all()
    strangers = cascade.model.moved(np.zeros(1, dtype=bool))
    assert [float(one[0]) for one in strangers] == [0.0, 0.0]


def test_the_shipped_model_was_made_from_the_policies_as_they_stand() -> None:
    made = TextModel.load().about
    for name in POLICY_FILES:
        assert made["sets_sha256"][name] == fingerprint(POLICIES / "text" / name), name
    others = set(made["sets_sha256"]) - set(POLICY_FILES)
    assert others == {"dialogues_teleantifraud.parquet"}, "the only set whose terms allow it"
    prior = CascadePolicy.load(POLICIES / "text" / CASCADE_FILE).prior
    assert TextModel.load().prior == prior


@given(
    st.lists(
        st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.5, 1.0, 9.0])), max_size=60),
        max_size=6,
    ),
    st.sampled_from([0.0, 0.005, 0.1, 1.0]),
    st.integers(0, 5),
)  # fmt: skip
def test_no_more_texts_go_to_the_encoder_than_allowed_and_those_are_the_least_sure(
    batches: list[list[tuple[bool, float]]], share: float, first: int
) -> None:
    allowance = Allowance(share, first)
    for batch in batches:
        wanted = np.array([one for one, _ in batch], dtype=bool)
        sureness = np.array([one for _, one in batch], dtype=np.float64)
        granted = allowance.grant(wanted, sureness)
        assert not (granted & ~wanted).any()
        assert allowance.asked <= max(allowance.seen * share, first)
        left = wanted & ~granted
        if granted.any() and left.any():
            assert sureness[granted].max() <= sureness[left].min()
    assert allowance.seen == sum(map(len, batches))


def test_reasons_quote_the_text_and_add_up_to_its_score(cascade: Cascade) -> None:
    answers = read(cascade, ["紫云资金已被冻结，请先交解冻费5000元再提现，加微信 ab12345678"])
    reasons = answers.reasons(0)
    assert reasons
    assert np.isclose(sum(one.part for one in reasons), answers.score[0])
    assert all(one.zh and one.en for one in reasons)
    assert "ab12345678" not in "".join(one.zh + one.en for one in reasons)


def test_a_strange_text_is_not_sure_and_an_empty_one_is_nothing(cascade: Cascade) -> None:
    answers = read(cascade, ["", "  。。"])
    assert answers.score.tolist() == [0.0, 0.0]
    assert not answers.sure.any()


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_any_text_has_a_probability_and_reasons(cascade: Cascade, texts: list[str]) -> None:
    answers = read(cascade, texts)
    assert ((answers.score >= 0) & (answers.score <= 1)).all()
    for row in range(len(texts)):
        answers.reasons(row)


@pytest.mark.parametrize(
    "text", ["钱" * 300_000, "\x00\x01\ufffe" * 50, "a" * 100_000, "😀" * 999, "\ud800"]
)
def test_hostile_texts_are_answered(cascade: Cascade, text: str) -> None:
    answers = read(cascade, [text])
    assert 0 <= answers.score[0] <= 1
    answers.reasons(0)


def test_the_report_is_honest_about_what_it_kept_back(cascade: Cascade) -> None:
    told = cascade.model.about["report"]
    assert told["kept_back"]["texts"] <= 90
    assert set(told["source_left_out"]) >= {"fanzha:messages", "own"}
    assert "classes_kept_back" in told


@pytest.mark.parametrize("name", ["first", "second_dense", "gate", "first_in", "base"])
def test_a_model_that_lacks_a_part_is_refused(cascade: Cascade, name: str) -> None:
    file = cascade.model.to_file()
    arrays = {key: value for key, value in file.arrays.items() if key != name}
    with pytest.raises(Misconfigured):
        TextModel.from_file(ModelFile(KIND, {}, arrays, file.texts))
    broken = {**file.arrays, name: np.full_like(file.arrays[name], np.nan)}
    with pytest.raises(Misconfigured):
        TextModel.from_file(ModelFile(KIND, {}, broken, file.texts))


def test_a_model_of_another_kind_or_damaged_is_refused(cascade: Cascade, tmp_path: Path) -> None:
    path = tmp_path / "m.fzm"
    write_model(path, cascade.model.to_file())
    with pytest.raises(Misconfigured):
        read_model(path, "link")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Misconfigured):
        read_model(path, KIND)


def test_trained_twice_it_is_the_same_model(cascade: Cascade) -> None:
    with pytest.MonkeyPatch.context() as patch:
        again = small_model(patch)
    assert again.to_file().version == cascade.model.to_file().version
