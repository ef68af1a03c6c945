"""Each way to imitate an organisation is seen, names it, and vanishes with the imitation."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from visits import POLICIES, channel

from fanzha.detection.link.v1.channel import Explained
from fanzha.detection.link.v1.organisations import Organisation
from fanzha.detection.link.v1.tables import load_tables

TABLES = load_tables(POLICIES)
NAMED = [one for one in TABLES.organisations if one.names]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS_OF_LIKENESS = {
    "as_user": "name_as_user",
    "site_in_front": "site_in_front",
    "name_in_front": "name_in_front",
    "with_bait": "name_with_bait",
    "with_digits": "name_with_digits",
    "with_other": "name_with_other",
    "other_suffix": "name_under_other_suffix",
    "drawn_alike": "drawn_alike",
    "written_alike": "written_alike",
    "slip": "slip_away",
    "one_off": "one_letter_off",
}


def codes(explained: Explained) -> set[str]:
    return {reason.code for reason in explained.reasons}


@pytest.mark.parametrize(
    ("url", "likeness", "key"),
    [
        ("https://www.icbc.com.cn@pay.lqzm.example/a", "as_user", "icbc"),
        ("http://www.icbc.com.cn.verify.lqzm.example/", "site_in_front", "icbc"),
        ("usps.com-trackvx.example", "site_in_front", "usps"),
        ("taobao.lqzm.example", "name_in_front", "taobao"),
        ("alipay-tuikuan.example", "with_bait", "alipay"),
        ("loginpaypal.example", "with_bait", "paypal"),
        ("ccb-anquan.example", "with_bait", "ccb"),
        ("taobao8866.example", "with_digits", "taobao"),
        ("hello-alipay.example", "with_other", "alipay"),
        ("taobao.example", "other_suffix", "taobao"),
        ("taoba0.example", "drawn_alike", "taobao"),
        ("rnicrosoft.example", "drawn_alike", "microsoft"),
        ("paypa1-kefu.example", "drawn_alike", "paypal"),
        ("taovao.example", "slip", "taobao"),
        ("taobaoo.example", "slip", "taobao"),
        ("tabaoo.example", "none", None),
        ("alipya.example", "slip", "alipay"),
        ("meituxan.example", "one_off", "meituan"),
        ("ali-pay.example", "one_off", "alipay"),
        ("中国工商银行.example", "written_alike", "icbc"),
        ("аlipay.example", "written_alike", "alipay"),
        ("jingdong-fuwu.lqzm.example", "name_in_front", "jd"),
        ("yunzhoubank-kefu.example", "with_bait", "qinglan_yunzhou"),
        ("qinglanrcb.abcde.example", "name_in_front", "qinglan_qinglan_rcb"),
    ],
)
def test_each_likeness_is_seen_and_named(url: str, likeness: str, key: str | None) -> None:
    explained = channel().explain(url)
    assert explained.likeness == likeness
    assert (explained.resembles.key if explained.resembles else None) == key
    if key:
        assert WORDS_OF_LIKENESS[likeness] in codes(explained)
        reason = next(r for r in explained.reasons if r.code == WORDS_OF_LIKENESS[likeness])
        assert explained.resembles is not None
        assert explained.resembles.zh in reason.zh
        assert explained.resembles.en in reason.en


@pytest.mark.parametrize(
    "url",
    [
        "www.icbc.com.cn",
        "https://mybank.icbc.com.cn/icbc/newperbank/perbank3/frame/frame_index.jsp",
        "https://m.taobao.com/login?x=paypal",
        "weixin.qq.com",
        "12381.gov.cn",
        "https://beijing.chinatax.gov.cn/bjswj/taobao-login.apk",
        "http://dl.qq.com/app.apk",
        "qinglanrcb.example",
    ],
)
def test_own_names_and_closed_suffixes_are_excused(url: str) -> None:
    explained = channel().explain(url)
    assert explained.score == 0.0
    assert explained.reasons == ()


@pytest.mark.parametrize("one", TABLES.organisations, ids=lambda one: one.key)
def test_no_organisation_is_suspected_under_a_name_of_its_own(one: Organisation) -> None:
    urls = [url for name in one.domains for url in (name, f"https://www.{name}/login")]
    assert max(channel().score(urls)) == 0.0


@pytest.mark.parametrize(
    "url",
    [
        "www.sohu.com/a/123_456",
        "https://blog.csdn.net/qq_1234/article/details/5678",
        "zh.wikipedia.org/wiki/上海",
        "https://docs.python.org/3/library/re.html",
        "shanghaijiaoda.example",
        "http://www.people.com.cn/n1/2026/1101/c1001-1.html",
        "news.ycombinator.com",
        "192.168.1.1/login",
        "taobao.com.cdn20.com",
    ],
)
def test_ordinary_sites_are_not_told(url: str) -> None:
    assert channel().score([url])[0] < channel().threshold


@pytest.mark.parametrize("front", ["m.", "h5.", "login.", "com."])
def test_words_in_front_do_not_push_the_name_out(front: str) -> None:
    times = 230 // len(front)
    explained = channel().explain(f"{front * times}alipay-tuikuan.example")
    assert explained.likeness == "with_bait"
    assert explained.resembles is not None
    assert explained.resembles.key == "alipay"


organisations = st.sampled_from([one for one in NAMED if len(one.names[0]) >= 6])
fillers = st.text(LETTERS, min_size=7, max_size=7)


def imitation(one: Organisation, filler: str, how: int) -> str:
    name = one.names[0]
    return (
        f"{name}-login.example",
        f"login-{name}.example",
        f"{name}77.example",
        f"{name}-{filler}.example",
        f"{one.domains[0]}.{filler}.example",
        f"https://{name}@{filler}.example/",
        f"{name}.{filler}.example",
        f"{filler}.example/{name}/",
    )[how]


@settings(max_examples=200, deadline=None)
@given(organisations, fillers, fillers, st.integers(0, 7))
def test_a_reason_goes_with_what_it_speaks_of(
    one: Organisation, filler: str, other: str, how: int
) -> None:
    """The imitation names some organisation; with its spelling gone nobody is named."""
    with_name = channel().explain(imitation(one, filler, how))
    named = [r for r in with_name.reasons if r.code in WORDS_OF_LIKENESS.values()]
    in_path = [r for r in with_name.reasons if r.code == "name_in_path"]
    assume(how != 7 or with_name.likeness == "none")
    assert named or (how == 7 and in_path)
    told = (named or in_path)[0]
    if with_name.resembles is not None and named:
        assert with_name.resembles.zh in told.zh
    blank = Organisation("x", "x", "x", "x", (other,), (), (), (f"{other}.example",))
    without = channel().explain(imitation(blank, filler, how))
    assume(without.likeness == "none")
    assert not codes(without) & {*WORDS_OF_LIKENESS.values(), "name_in_path"}


@settings(max_examples=300, deadline=None)
@given(fillers)
def test_hardly_any_random_name_resembles_somebody(filler: str) -> None:
    """What is found must be true: the organisation's spelling is one step away or inside."""
    explained = channel().explain(f"{filler}.example")
    if explained.resembles is None:
        return
    spellings = explained.resembles.names + explained.resembles.short
    assert any(_within_one(filler, s) or s in filler or _alike(s, filler) for s in spellings)


def _within_one(a: str, b: str) -> bool:
    if abs(len(a) - len(b)) > 1:
        return False
    swaps = {a[:i] + a[i + 1] + a[i] + a[i + 2 :] for i in range(len(a) - 1)}
    drops_a = {a[:i] + a[i + 1 :] for i in range(len(a))} | {a}
    drops_b = {b[:i] + b[i + 1 :] for i in range(len(b))} | {b}
    return b in swaps or bool(drops_a & drops_b)


def _alike(a: str, b: str) -> bool:
    table = str.maketrans("iquv", "lguu")
    fold = [
        x.translate(table).replace("rn", "m").replace("uu", "w").replace("cl", "d") for x in (a, b)
    ]
    return fold[0] == fold[1]
