"""Visits become findings about those who made them: once, with reasons, whatever the batches."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visits import SUBSCRIBERS, channel, fresh, visits

from fanzha.detection.finding import Finding, Role, Stage, SubjectKind
from fanzha.detection.link.v1.channel import LinkChannel
from fanzha.values import reserved

BAIT = "https://alipay-tuikuan.example/h5/index.html"
GRAVER = "https://www.icbc.com.cn@alipay-tuikuan.example/pay.apk"
QUIET = "https://www.sohu.com/a/1"

SITES = st.sampled_from(
    [BAIT, GRAVER, QUIET, "www.icbc.com.cn", "taoba0.example", "icbc.com.cn.lqzm.example",
     "http://47.1.2.3:8899/x.apk", "yunzhoubank-kefu.example", "中国工商银行.example"]
)  # fmt: skip


def findings(one: LinkChannel, urls: list[str], who: list[str] | None = None) -> list[Finding]:
    return [finding for _, finding in one.read(visits(urls, who)).findings]


def test_a_finding_says_who_what_and_why() -> None:
    (finding,) = findings(fresh(), [QUIET, BAIT])
    assert finding.detector == "link/v1"
    assert finding.event_ids == (2,)
    assert (finding.subject_kind, finding.role) == (SubjectKind.NUMBER, Role.AT_RISK)
    assert finding.stage is Stage.OPERATION
    assert finding.scam_type == "SH04"
    (site,) = finding.related
    assert (site.kind, site.value) == (SubjectKind.DNS_NAME, "alipay-tuikuan.example")
    assert site.role is Role.SUSPECT
    assert sum(r.part for r in finding.reasons) == pytest.approx(finding.score)
    first = finding.reasons[0]
    assert "支付宝" in first.zh
    assert "tuikuan" in first.zh
    assert "Alipay" in first.en


def test_the_account_of_a_line_may_be_the_subject() -> None:
    account = reserved.bank_account(7, next(iter(reserved.BANKS)))
    (finding,) = findings(fresh(), [BAIT], [account])
    assert (finding.subject_kind, finding.subject) == (SubjectKind.ACCOUNT, account)


def test_a_site_is_told_once_for_a_person_and_again_when_it_grows_graver() -> None:
    one = fresh()
    who = [SUBSCRIBERS[0], SUBSCRIBERS[0], SUBSCRIBERS[1], SUBSCRIBERS[0], SUBSCRIBERS[0]]
    found = one.read(visits([BAIT, BAIT, BAIT, GRAVER, GRAVER], who)).findings
    assert [row for row, _ in found] == [0, 2, 3]


@settings(max_examples=30, deadline=None)
@given(st.lists(SITES, min_size=1, max_size=12), st.data())
def test_batches_do_not_matter(urls: list[str], data: st.DataObject) -> None:
    who = data.draw(st.lists(st.sampled_from(SUBSCRIBERS), min_size=len(urls), max_size=len(urls)))
    frame = visits(urls, who)
    whole = [f for _, f in fresh().read(frame).findings]
    cut = data.draw(st.integers(0, len(urls)))
    first, second = fresh(), fresh()
    parts = [f for _, f in first.read(frame[:cut]).findings] if cut else []
    second.restore(first.snapshot())
    parts += [f for _, f in second.read(frame[cut:]).findings] if cut < len(urls) else []
    assert parts == whole


def test_a_snapshot_is_plain_and_carries_what_was_told() -> None:
    one = fresh()
    assert len(findings(one, [BAIT])) == 1
    state = one.snapshot()
    assert state["standing"].dtype == np.int64
    other = fresh()
    other.restore(state)
    assert findings(other, [BAIT]) == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=60), SITES), max_size=8))
def test_any_text_gets_a_score(urls: list[str]) -> None:
    scores = channel().score(urls)
    assert scores.shape == (len(urls),)
    assert ((scores >= 0.0) & (scores < 1.0)).all()
    for url, score in zip(urls, scores.tolist(), strict=True):
        explained = channel().explain(url)
        assert explained.score == score
        assert sum(r.part for r in explained.reasons) == pytest.approx(score)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_get_a_score(raw: bytes) -> None:
    text = raw.decode("latin-1")
    assert 0.0 <= channel().score([f"http://{text}", text, f"xn--{text}.example"]).max() < 1.0


def test_columns_of_any_text_type_slices_and_nulls() -> None:
    urls = [QUIET, BAIT, None, "::", "icbc.com.cn.lqzm.example"]
    want = channel().score([u or "" for u in urls])
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        column = pa.array(urls, kind)
        assert np.array_equal(channel().score(column), want)
        assert np.array_equal(channel().score(column.slice(1, 3)), want[1:4])
    chunked = pa.chunked_array([pa.array(urls[:2]), pa.array(urls[2:])])
    assert np.array_equal(channel().score(chunked), want)
    assert channel().score([]).shape == (0,)


SIGNS = [
    ("http://47.1.2.3/", "http://lqzm.example/", "bare_address"),
    ("http://hi@lqzm.example/", "http://lqzm.example/", "user_in_address"),
    ("http://lqzm.example:8899/", "http://lqzm.example:8080/", "odd_port"),
    ("http://lqzm.example/a.apk?x=1", "http://lqzm.example/a.html?x=.apk", "installs_app"),
    ("http://hello.weebly.com/", "http://hello.example/", "on_platform"),
    ("http://tinyurl.com/abc", "http://lqzm.example/abc", "shortened"),
    ("http://lqzm.top/", "http://lqzm.example/", "cheap_suffix"),
    ("http://澜港.example/", "http://langang.example/", "other_script"),
    ("http://a.b.c.d.lqzm.example/", "http://a.b.c.lqzm.example/", "many_parts"),
    ("http://lqzm.example/x/alipay", "http://lqzm.example/x/alipays", "name_in_path"),
]


@pytest.mark.parametrize(("with_it", "without", "code"), SIGNS, ids=[s[2] for s in SIGNS])
def test_each_sign_is_said_and_only_where_it_holds(with_it: str, without: str, code: str) -> None:
    assert code in {r.code for r in channel().explain(with_it).reasons}
    assert code not in {r.code for r in channel().explain(without).reasons}


def test_spelling_is_said_with_how_rare_it_is() -> None:
    explained = channel().explain("metamask-walletrestore-airdrop.example")
    (reason,) = [r for r in explained.reasons if r.code == "spelt_like_scams"]
    assert "metamask-walletrestore-airdrop.example" in reason.en
    quiet = channel().explain("shanghai-library.example")
    assert "spelt_like_scams" not in {r.code for r in quiet.reasons}
