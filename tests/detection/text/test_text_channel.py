"""The channel: what it says of whom and why, and that how rows come to it changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from bodies import ORDINARY, SCAMS, START_MS, batch, one_way
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fanzha.detection.finding import Finding, Role, Stage, SubjectKind
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.cascade.answer import Cascade
from fanzha.detection.text.v1.channel import TextChannel
from fanzha.detection.text.v1.policy import READING_FILE, ReadingPolicy
from fanzha.detection.text.v1.second import Second
from fanzha.values import phone_number, reserved

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A channel takes a while to build: a failing case is shown as it was found."""
POLICIES = Path(__file__).parents[3] / "policies"
TAXONOMY = load_taxonomy(POLICIES / TAXONOMY_FILE)
POLICY = ReadingPolicy.load(POLICIES / "text" / READING_FILE)


def first_only() -> TextChannel:
    """With a second stage that has no places: what the first says stands."""
    return TextChannel(POLICIES, second=Second(lambda: Cascade.load(POLICIES), POLICY.second, 0.0))


CHANNEL = first_only()
"""For tests of single texts to people of their own: nothing they leave behind touches others."""
MESSAGES = [(main, body) for main, bodies in SCAMS.items() for body in bodies]
TALKS = {"channel": "chat", "lawful_basis": "consent", "thread_id": 7}


def findings(channel: TextChannel, frame: pl.DataFrame) -> list[tuple[int, Finding]]:
    return list(channel.read(frame, np.zeros(frame.height)).findings)


def about_people(found: Iterable[tuple[int, Finding]]) -> list[tuple[int, Finding]]:
    return [(row, finding) for row, finding in found if finding.role is Role.AT_RISK]


def told(bodies: Sequence[str], channel: TextChannel | None = None) -> list[Finding | None]:
    """The finding about each text's recipient, each text from a number of its own."""
    frame = one_way(bodies)
    of_row = dict(about_people(findings(channel or CHANNEL, frame)))
    return [of_row.get(row) for row in range(len(bodies))]


@pytest.mark.parametrize(("main", "body"), MESSAGES)
def test_a_scam_is_told_with_its_class(main: str, body: str) -> None:
    finding = told([body])[0]
    assert finding is not None
    assert finding.scam_type is not None
    assert TAXONOMY.main_of(finding.scam_type) == main


def test_ordinary_messages_stay_quiet() -> None:
    assert [body for body, f in zip(ORDINARY, told(ORDINARY), strict=True) if f] == []


@pytest.mark.parametrize(
    "sign",
    [" ", "*", "-", "❤", "\u200b", "·", "．"],
    ids=["blank", "*", "-", "heart", "zero", "·", "．"],
)
def test_signs_strewn_into_a_scam_do_not_hide_it(sign: str) -> None:
    bodies = [body for _, body in MESSAGES if "http" not in body and "www" not in body]
    strewn = [
        "".join(c + sign if "一" <= c <= "鿿" and k % 3 == 0 else c for k, c in enumerate(body))
        for body in bodies
    ]
    assert all(told(strewn))


def test_other_ways_to_write_it_do_not_hide_it() -> None:
    written = [
        "導師明天公布漲停黑馬股，免費加群領取代碼，跟著老師操作穩賺不賠，薇信dd6677",
        "手机点赞关注就能赚拥金，一单6元当场结，加薇❤信ｋｋ８８９９进羣领任务",
        "【建設銀行】您的手機銀行今日失效，請速登錄ｈｔｔｐ：／／ｃｃｂ－ｅ。ｔｏｐ／升級，否則賬戶凍結",
    ]
    assert all(told(written))


def test_a_finding_names_both_sides_the_site_and_the_stage() -> None:
    sender, recipient = reserved.mobile(5), reserved.mobile(6)
    body = "【建设银行】您的手机银行今日失效，请速登录http://wap.ccb-e.top/升级，否则账户冻结"
    frame = batch([{"sender": sender, "recipient": recipient, "body": body, "event_id": 42}])
    row, finding = about_people(findings(TextChannel(POLICIES), frame))[0]
    assert row == 0
    assert finding.detector == "text/v1"
    assert (finding.event_ids, finding.source, finding.at) == ((42,), "test", START_MS)
    assert (finding.subject_kind, finding.role) == (SubjectKind.NUMBER, Role.AT_RISK)
    assert finding.subject == phone_number.parse(recipient).normal
    assert finding.scam_type == "SH04"
    assert finding.stage is Stage.OPERATION
    assert [(r.kind, r.value, r.role) for r in finding.related] == [
        (SubjectKind.NUMBER, phone_number.parse(sender).normal, Role.SUSPECT),
        (SubjectKind.DNS_NAME, "ccb-e.top", Role.SUSPECT),
    ]
    assert finding.missing == ()


@given(st.sampled_from(MESSAGES))
@settings(max_examples=30, deadline=None, phases=UNSHRUNK)
def test_reasons_are_in_both_languages_and_add_up(message: tuple[str, str]) -> None:
    finding = told([message[1]])[0]
    assert finding is not None
    assert sum(r.part for r in finding.reasons) == pytest.approx(finding.score)
    assert all(r.zh and r.en for r in finding.reasons)
    assert [r.code for r in finding.reasons if r.part <= 0] == [finding.reasons[-1].code]
    assert finding.reasons[-1].code.startswith("stage_")
    assert [r.part for r in finding.reasons] == sorted(
        (r.part for r in finding.reasons), reverse=True
    )


@given(st.sampled_from(MESSAGES), st.integers(0, 5))
@settings(max_examples=30, deadline=None, phases=UNSHRUNK)
def test_a_reason_goes_when_its_phrase_is_taken_out(message: tuple[str, str], which: int) -> None:
    """Take out the words a reason quotes, as often as it finds others: then it is not given."""
    body = message[1]
    finding = told([body])[0]
    assert finding is not None
    steps = [r.code for r in finding.reasons[:-1] if r.code != "wording"]
    if not steps:
        return
    code = steps[which % len(steps)]
    for _ in range(8):
        quoted = {r.code: r.zh.rpartition("：“")[2].removesuffix("”") for r in finding.reasons}
        if code not in quoted:
            return
        parts = re.findall("[一-鿿]+|[A-Za-z]{2,}", quoted[code])
        assert parts
        assert all(part in body for part in parts), quoted[code]
        for part in parts:
            body = body.replace(part, "")
        finding = told([body])[0]
        if finding is None:
            return
    pytest.fail(f"{code} holds on whatever is taken out")


def test_the_same_words_in_a_notice_against_fraud_are_no_finding() -> None:
    scam = "请把存款转到安全账户核查，不许告诉家人，配合警方资金清查"
    notice = "警方提醒：凡是要求把存款转到安全账户核查、不许告诉家人的都是诈骗，切勿转账"
    assert told([scam])[0] is not None
    assert told([notice])[0] is None


def test_identifiers_in_quotes_are_masked() -> None:
    body = (
        "请把钱打到这个账户6228480402564890018，户名王某，工行，刷单佣金加微信ab12345678，"
        "联系13800138000，详见http://bad.example.top/u/wang?id=330102199001011234"
    )
    finding = told([body])[0]
    assert finding is not None
    said = "".join(r.zh + r.en for r in finding.reasons)
    for secret in ("6228480402564890018", "12345678", "13800138000", "330102199001011234", "wang?"):
        assert secret not in said


def test_grey_trade_alone_is_no_finding() -> None:
    adverts = [
        "代开各行业增值税发票，税点优惠，先验后付，联系13800138000",
        "澳门娱乐城真人视讯百家乐，首存送彩金，注册即送体验金",
        "上门服务，学生兼职妹全套包夜，酒店预约",
    ]
    frame = one_way(adverts)
    reading = TextChannel(POLICIES).read(frame, np.zeros(frame.height))
    assert reading.findings == ()
    assert min(reading.frame["grey_score"]) > 0.5


def test_a_suspected_address_makes_a_plain_text_a_finding_and_says_so() -> None:
    frame = one_way(["资料在这里www.example-a.cn", "资料在这里www.example-a.cn"])
    found = TextChannel(POLICIES).read(frame, np.array([0.0, 0.9])).findings
    assert [row for row, _ in found] == [1]
    assert "suspected_link" in [r.code for r in found[0][1].reasons]
    assert sum(r.part for r in found[0][1].reasons) == pytest.approx(found[0][1].score)


# -- order and state ---------------------------------------------------------------------------


def mixed(seed: int) -> pl.DataFrame:
    """Texts, chats and posts of few senders, as a feed would bring them."""
    rng = np.random.default_rng(seed)
    bodies = [body for _, body in MESSAGES] + list(ORDINARY)
    rows: list[dict[str, Any]] = []
    for n in range(60):
        row: dict[str, Any] = {
            "body": bodies[int(rng.integers(len(bodies)))],
            "sender": reserved.mobile(int(rng.integers(4))),
            "recipient": reserved.mobile(100 + int(rng.integers(30))),
            "at": START_MS + 600_000 * n,
            "channel": "sms",
            "lawful_basis": None,
            "thread_id": None,
        }
        kind = int(rng.integers(4))
        if kind == 0:
            row |= {**TALKS, "thread_id": int(rng.integers(3))}
        elif kind == 1:
            row |= {"channel": "post", "recipient": None}
        rows.append(row)
    return batch(rows)


@given(st.integers(0, 99), st.lists(st.integers(1, 59), max_size=4))
@settings(max_examples=6, deadline=None, phases=UNSHRUNK)
def test_where_batches_end_changes_nothing(seed: int, cuts: list[int]) -> None:
    frame = mixed(seed)
    whole = [finding for _, finding in findings(TextChannel(POLICIES), frame)]
    channel = TextChannel(POLICIES)
    edges = sorted({0, *cuts, frame.height})
    parts = [
        finding
        for begin, end in pairwise(edges)
        for _, finding in findings(channel, frame[begin:end])
    ]
    assert parts == whole


@given(st.integers(0, 20), st.integers(1, 59))
@settings(max_examples=4, deadline=None, phases=UNSHRUNK)
def test_a_snapshot_goes_on_where_it_was_taken(seed: int, cut: int) -> None:
    frame = mixed(seed)
    channel = TextChannel(POLICIES)
    channel.read(frame[:cut], np.zeros(cut))
    state = channel.snapshot()
    assert all(isinstance(array, np.ndarray) for array in state.values())
    again = TextChannel(POLICIES)
    again.restore(state)
    assert findings(again, frame[cut:]) == findings(channel, frame[cut:])
    keys = frame["sender_key"].unique(maintain_order=True).to_numpy()
    at = np.full(keys.size, START_MS + 40_000_000)
    assert again.texted(keys, at).tolist() == channel.texted(keys, at).tolist()
    for name, array in channel.snapshot().items():
        assert np.array_equal(array, again.snapshot()[name]), name


def test_an_empty_batch_is_read() -> None:
    frame = one_way(["您好"])[:0]
    channel = TextChannel(POLICIES)
    assert channel.urls(frame)[1] == []
    assert channel.read(frame, np.zeros(0)).findings == ()


@given(st.lists(st.text(max_size=120), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None, phases=UNSHRUNK)
def test_no_body_makes_it_fail(bodies: list[str]) -> None:
    clean = [body.encode("utf-8", "replace").decode() or "x" for body in bodies]
    frame = one_way(clean).with_columns(pl.Series("body", clean))
    reading = CHANNEL.read(frame, np.ones(frame.height) * 0.99)
    assert len(about_people(reading.findings)) == frame.height


# -- threads and senders -----------------------------------------------------------------------


def test_turns_are_read_together_and_told_as_they_grow_graver() -> None:
    turns = [
        "你好，我是理赔专员",
        "您的快递弄丢了",
        "三倍理赔给您",
        "先加微信",
        "打开支付宝备用金",
        "多出来的钱转回给我们公司账户",
    ]
    chat = batch(
        [
            {**TALKS, "body": t, "sender": reserved.mobile(1), "recipient": reserved.mobile(2)}
            for t in turns
        ]
    )
    one_by_one = told(turns, TextChannel(POLICIES))
    found = about_people(findings(TextChannel(POLICIES), chat))
    assert found
    assert len(found) < len(turns)
    bands = [finding.score for _, finding in found]
    assert bands == sorted(bands)
    assert bands[-1] > max((f.score for f in one_by_one if f), default=0.0)


def test_what_the_other_side_says_is_not_taken_for_the_scammers_words() -> None:
    rows = []
    for n, body in enumerate(["您的快递弄丢了", "真的吗，", "三倍理赔给您", "好的谢谢"]):
        one, other = reserved.mobile(1 + n % 2), reserved.mobile(2 - n % 2)
        rows.append({**TALKS, "body": body, "sender": one, "recipient": other})
    victims = {f.subject for _, f in about_people(findings(TextChannel(POLICIES), batch(rows)))}
    assert phone_number.parse(reserved.mobile(1)).normal not in victims


def test_a_thread_is_forgotten_after_a_day() -> None:
    turns = ["您的快递弄丢了，三倍理赔给您", "打开支付宝备用金，多出来的钱转回来"]
    sides = {"sender": reserved.mobile(1), "recipient": reserved.mobile(2)}

    def last(gap_ms: int) -> float:
        rows = [
            {**TALKS, **sides, "body": t, "at": START_MS + gap_ms * n} for n, t in enumerate(turns)
        ]
        frame = TextChannel(POLICIES).read(batch(rows), np.zeros(2)).frame
        return float(frame["text_score"][1])

    assert last(25 * 3_600_000) < last(60_000)


def test_a_chat_without_its_thread_says_that_it_is_missing() -> None:
    row = {**TALKS, "thread_id": None, "body": MESSAGES[0][1]}
    assert about_people(findings(TextChannel(POLICIES), batch([row])))[0][1].missing == (
        "thread_id",
    )


def test_a_public_post_speaks_against_its_author_once() -> None:
    post = {
        "channel": "post",
        "recipient": None,
        "sender": reserved.mobile(9),
        "body": MESSAGES[0][1],
    }
    found = findings(TextChannel(POLICIES), batch([post, post]))
    about = [(row, f.role, f.subject) for row, f in found]
    assert about == [(0, Role.SUSPECT, phone_number.parse(reserved.mobile(9)).normal)]


def test_who_sends_many_is_suspected_the_more_the_graver() -> None:
    body, sender = MESSAGES[0][1], reserved.mobile(3)
    rows = [
        {"body": body, "sender": sender, "recipient": reserved.mobile(50 + n)} for n in range(60)
    ]
    senders = [f for _, f in findings(TextChannel(POLICIES), batch(rows)) if f.role is Role.SUSPECT]
    assert 2 <= len(senders) <= 4
    assert [f.score for f in senders] == sorted(f.score for f in senders)
    assert all(f.reasons[0].code.endswith("suspected_texts") for f in senders)


def test_who_sends_much_else_is_not() -> None:
    sender = reserved.port(1)
    bodies = [ORDINARY[1]] * 40 + [MESSAGES[0][1]] * 4
    rows = [
        {"body": b, "sender": sender, "recipient": reserved.mobile(n)} for n, b in enumerate(bodies)
    ]
    found = findings(TextChannel(POLICIES), batch(rows))
    assert [f.role for _, f in found] == [Role.AT_RISK] * 4


def test_texted_gives_the_gravest_text_of_the_last_day() -> None:
    channel = TextChannel(POLICIES)
    grave, mild = reserved.mobile(1), reserved.mobile(2)
    frame = batch([{"sender": grave, "body": MESSAGES[1][1]}, {"sender": mild, "body": "吃饭了吗"}])
    score = channel.read(frame, np.zeros(2)).frame["text_score"][0]
    keys = np.repeat(frame["sender_key"].to_numpy(), 2)
    hour = 3_600_000
    at = np.array([START_MS + hour, START_MS + 25 * hour] * 2)
    assert channel.texted(keys, at).tolist() == [score, 0.0, 0.0, 0.0]
    assert channel.texted(np.zeros(1, dtype=np.uint64), at[:1]).tolist() == [0.0]
