"""Measuring: intervals are Wilson's, sets are halved without overlap, and nothing is quoted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from bodies import ORDINARY, SCAMS
from hypothesis import given
from hypothesis import strategies as st

from fanzha.detection.rate import Rate
from fanzha.detection.text.v1.evaluate import SETS, Labelled, evaluate, report
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser

POLICIES = Path(__file__).parents[3] / "policies"
NORMALISER = Normaliser.load(POLICIES / "text" / VARIANTS_FILE)
SPAM = SETS[0]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A set of the shape of the first, made of the tests' own messages."""
    scams = [body for bodies in SCAMS.values() for body in bodies]
    texts = scams + [body for body in ORDINARY if len(body) > 3]
    spam = [1] * len(scams) + [0] * (len(texts) - len(scams))
    table = pl.DataFrame({"text": [*texts, texts[0] + "！"], "spam": [*spam, 1]})
    table.write_parquet(tmp_path / SPAM.file)
    return tmp_path


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_narrows_with_more(hits: int, rest: int) -> None:
    rate, more = Rate(hits, hits + rest), Rate(4 * hits, 4 * (hits + rest))
    low, high = rate.interval
    assert 0.0 <= low <= high <= 1.0
    if rate.of:
        assert low <= rate.share + 1e-12
        assert rate.share <= high + 1e-12
        assert more.interval[1] - more.interval[0] < high - low


def test_texts_that_are_the_same_in_normal_form_count_once(data: Path) -> None:
    labelled = Labelled.load(data, SPAM, NORMALISER)
    said = [NORMALISER([text]).row(0) for text in labelled.texts]
    assert len(set(said)) == len(said)
    assert len(said) < pl.read_parquet(data / SPAM.file).height


def test_alike_texts_fall_into_the_same_half(tmp_path: Path) -> None:
    long = "您好，您的快递已到驿站，凭取件码领取，请于今日二十点前取走，谢谢合作，祝您生活愉快"
    texts = [f"{long}，编号{chr(0x4E00 + k)}" for k in range(40)]
    pl.DataFrame({"text": texts, "spam": [0] * 40}).write_parquet(tmp_path / SPAM.file)
    late = Labelled.load(tmp_path, SPAM, NORMALISER).late
    assert max(late.mean(), 1 - late.mean()) > 0.8


def test_masks_of_the_sets_are_put_back() -> None:
    bank = SETS[1].restore("请 登录 URL 领取 DIGIT 元 CELLPHONE NAME")
    assert NORMALISER([bank]).row(0) == "请登录@领取#元%王"
    assert SPAM.restore("xx元，电话xxxxxxxxxxx，Max") == "55元，电话55555555555，Max"


def test_figures_and_report_of_both_halves(data: Path) -> None:
    halves = [evaluate(data, late=late, sets=[SPAM])[0] for late in (False, True)]
    whole = Labelled.load(data, SPAM, NORMALISER)
    assert sum(one.texts for one in halves) == len(whole.texts)
    for one in halves:
        assert one.recall.share == 1.0
        assert one.precision.share == 1.0
        assert one.false_alarms.hits == 0
    written = report(halves)
    for text in whole.texts:
        assert text[:8] not in written


def test_mistakes_are_described_not_quoted(tmp_path: Path) -> None:
    scam, plain = SCAMS["GJF"][0], "晚上一起吃火锅吧我订位子"
    pl.DataFrame({"text": [scam, plain], "spam": [0, 1]}).write_parquet(tmp_path / SPAM.file)
    found = [
        m
        for late in (False, True)
        for one in evaluate(tmp_path, late=late, sets=[SPAM])
        for m in one.worst
    ]
    assert sorted(m.false_alarm for m in found) == [False, True]
    alarm = next(m for m in found if m.false_alarm)
    assert "safe_account" in alarm.steps
    assert alarm.likely
    for late in (False, True):
        written = report(evaluate(tmp_path, late=late, sets=[SPAM]))
        assert "安全账户" not in written
        assert "火锅" not in written


@pytest.mark.slow
def test_the_command_writes_its_file(data: Path, tmp_path: Path) -> None:
    for one in SETS[1:]:
        pl.DataFrame(
            {"text": ["您好", "请 登录 URL"], "label": sorted(one.fraud)[:1] * 2}
        ).write_parquet(data / one.file)
    out = tmp_path / "figures.json"
    command = [sys.executable, "-m", "fanzha.detection.text.v1.evaluate", "--data", str(data)]
    subprocess.run([*command, "--json", "--out", str(out)], check=True, timeout=120)
    assert [one["name"] for one in json.loads(out.read_text())] == [one.name for one in SETS]
