"""What the firewall's judge refuses, records and lets pass; what an upheld appeal changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.text.v1.addresses import addresses, addresses_of_few
from fanzha.detection.text.v1.evidence import Reader
from fanzha.entrypoints.edge.texts.judging import TextJudge
from fanzha.entrypoints.edge.texts.policy import FILE, TextPolicy, load_text_policy
from fanzha.lists.form import Effect, Kind, Match
from fanzha.lists.index import Standing
from fanzha.ports.text_wire import Ground, Texts, Verdict
from fanzha.testing.lists import Entry, MemoryLists, entry
from fanzha.values import reserved
from tests.adapters.smpp.firewall.wire import rig, submit
from tests.fixtures import POLICIES

HONEST = "【清澜快递】您的快件已到驿站，请于今日20点前取件。"
SCAM = "兼职刷单日结，点赞就有佣金，一单5元，加微信ab1234进群领任务，先垫付后返利"
SENDER = "+" + reserved.mobile(3).lstrip("+")
CALLBACK = reserved.mobile(9)
PAGE = "请打开 www.shop3.example/pay 查看"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(POLICIES, (-3.7, -3.0))


@pytest.fixture(scope="module")
def policy() -> TextPolicy:
    return load_text_policy(POLICIES / FILE)


@pytest.fixture
def judge_of(
    reader: Reader, policy: TextPolicy
) -> Callable[..., tuple[TextJudge, MemoryLists, Standing]]:
    def make(*entries: Entry, now: int = 1_000) -> tuple[TextJudge, MemoryLists, Standing]:
        lists = MemoryLists(entries)
        whole = lists.whole()
        standing = Standing.build(whole.entries, whole.version)
        return TextJudge(reader, policy, lambda: standing, lambda: now), lists, standing

    return make


def ask(judge: TextJudge, *texts: str, sender: str = SENDER) -> dict[int, Verdict]:
    return judge(Texts([sender] * len(texts), pa.array(texts, pa.large_string())))


def follow(lists: MemoryLists, standing: Standing) -> None:
    """What the follower does when a change comes."""
    changes = lists.changes(standing.version, 0)
    assert changes is not None
    standing.apply(changes.entries, changes.version)


def test_words_refuse_above_one_score_and_are_recorded_above_another(
    reader: Reader, policy: TextPolicy
) -> None:
    judge = TextJudge(reader, policy, lambda: None, time.time)
    found = ask(judge, HONEST, SCAM)
    assert set(found) == {1}
    assert found[1].refuse
    assert found[1].ground is Ground.WORDS
    doubt = replace(policy, refuse_from=1.0)
    assert not ask(TextJudge(reader, doubt, lambda: None, time.time), SCAM)[0].refuse


@pytest.mark.parametrize(
    ("listed", "text", "sender", "ground"),
    [
        (entry(Kind.NUMBER, reserved.mobile(3), code=7), HONEST, SENDER, Ground.SENDER),
        (entry(Kind.NUMBER, reserved.mobile(3)[:-3], code=7, match=Match.PREFIX), HONEST,
         SENDER, Ground.SENDER),
        (entry(Kind.SENDER, "qlbank", code=7), HONEST, "QLBank", Ground.SENDER),
        (entry(Kind.NAME, "shop3.example", code=7, match=Match.BELOW), PAGE, SENDER,
         Ground.ADDRESS),
        (entry(Kind.NUMBER, CALLBACK, code=7), f"订单咨询请致电{CALLBACK[3:]}办理", SENDER,
         Ground.NUMBER),
        (entry(Kind.NUMBER, CALLBACK, code=7), f"订单咨询请致电 {CALLBACK[3:6]}-{CALLBACK[6:10]}-"
         f"{CALLBACK[10:]}，谢谢", SENDER, Ground.NUMBER),
    ],
)  # fmt: skip
def test_what_stands_is_refused_with_its_code_and_passes_after_an_upheld_appeal(
    judge_of: Callable[..., tuple[TextJudge, MemoryLists, Standing]],
    listed: Entry,
    text: str,
    sender: str,
    ground: Ground,
) -> None:
    judge, lists, standing = judge_of(listed)
    [verdict] = ask(judge, text, sender=sender).values()
    assert (verdict.refuse, verdict.ground, verdict.code) == (True, ground, 7)
    lists.take_out(listed)
    follow(lists, standing)
    assert ask(judge, text, sender=sender) == {}


def test_on_the_wire_the_same_text_passes_after_an_upheld_appeal(
    judge_of: Callable[..., tuple[TextJudge, MemoryLists, Standing]],
) -> None:
    listed = entry(Kind.NAME, "shop3.example", code=7, match=Match.BELOW)
    judge, lists, standing = judge_of(listed)

    async def work() -> None:
        async with rig(judge) as it:
            esme = await it.esme()
            esme.writer.write(submit(PAGE, 2))
            assert await esme.answers(1) == {2: 0x440}
            lists.take_out(listed)
            follow(lists, standing)
            esme.writer.write(submit(PAGE, 3))
            assert await esme.answers(1) == {3: 0}
            assert it.centre.frames[1:] == [submit(PAGE, 3)]
            assert [r.verdict.code for r in it.records] == [7]

    import asyncio

    asyncio.run(asyncio.wait_for(work(), 30))


def test_what_ends_is_no_hit_afterwards(reader: Reader, policy: TextPolicy) -> None:
    whole = MemoryLists([entry(Kind.NAME, "shop3.example", match=Match.BELOW, ends_at=2_000)])
    standing = Standing.build(whole.whole().entries, 1)
    now = [1_999]
    judge = TextJudge(reader, policy, lambda: standing, lambda: now[0])
    assert ask(judge, PAGE)
    now[0] = 2_000
    assert ask(judge, PAGE) == {}


def test_a_label_is_recorded_and_passes(
    judge_of: Callable[..., tuple[TextJudge, MemoryLists, Standing]],
) -> None:
    judge, _, _ = judge_of(entry(Kind.NAME, "shop3.example", Effect.LABEL, match=Match.BELOW))
    [verdict] = ask(judge, PAGE).values()
    assert (verdict.refuse, verdict.ground) == (False, Ground.ADDRESS)


def test_a_protected_sender_is_never_refused_for_its_words_and_shields_no_address(
    judge_of: Callable[..., tuple[TextJudge, MemoryLists, Standing]],
) -> None:
    judge, lists, standing = judge_of(
        entry(Kind.NUMBER, reserved.mobile(3), Effect.ALLOW, 0),
        entry(Kind.NAME, "bank.example", Effect.ALLOW, 0, match=Match.BELOW),
    )
    [verdict] = ask(judge, SCAM).values()
    assert not verdict.refuse
    [other] = ask(judge, SCAM + " www.bank.example", sender="10690002").values()
    assert other.refuse, "a protected name that anybody can write protects nothing"
    lists.put(entry(Kind.NAME, "shop3.example", code=9, match=Match.BELOW))
    follow(lists, standing)
    [refused] = ask(judge, PAGE).values()
    assert (refused.refuse, refused.code) == (True, 9)


def test_a_measure_goes_before_the_words_and_the_graver_before_the_lighter(
    judge_of: Callable[..., tuple[TextJudge, MemoryLists, Standing]],
) -> None:
    judge, _, _ = judge_of(
        entry(Kind.NAME, "a.example", Effect.LABEL, 5), entry(Kind.NAME, "b.example", code=6)
    )
    assert ask(judge, SCAM + " http://b.example/")[0].code == 6
    assert ask(judge, SCAM + " http://a.example/")[0].ground is Ground.WORDS
    both = ask(judge, "请看 http://a.example/ 和 http://b.example/ 两处")[0]
    assert (both.refuse, both.code) == (True, 6)


_PIECES = st.sampled_from(
    ["www.a.cn", "http://b.example/x", "c 点 com", "d[.]top", "hxxp://e.cc", "上午9点", "Acom",
     "。", "f . vip/1", "m@g.com", "h t t p : / / i.cn", "好", "退订回T", "12345678", "ſ",
     "k点ſite", "x·cn", "dotcc", "ＡＢ．com", " "]
)  # fmt: skip


@given(st.lists(st.lists(_PIECES, max_size=6), min_size=1, max_size=5))
def test_addresses_of_a_few_texts_are_those_of_many(pieces: list[list[str]]) -> None:
    texts = ["".join(one) for one in pieces]
    text = _judge()._reader.normaliser(texts)
    rows, named = addresses(pl.Series(texts, dtype=pl.String), text)
    assert addresses_of_few(text) == list(zip(rows.tolist(), named, strict=True))


@settings(max_examples=60)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=5))
def test_any_text_is_judged(texts: list[str]) -> None:
    for verdict in ask(_judge(), *texts).values():
        assert verdict.score is not None


def _judge(made: list[TextJudge] = []) -> TextJudge:  # noqa: B006 - made once
    if not made:
        whole = MemoryLists([entry(Kind.NAME, "a.example"), entry(Kind.NUMBER, CALLBACK)]).whole()
        standing = Standing.build(whole.entries, 1)
        reader = Reader.load(POLICIES, (-3.7, -3.0))
        policy = load_text_policy(POLICIES / FILE)
        made.append(TextJudge(reader, policy, lambda: standing, time.time))
    return made[0]


def test_long_hostile_texts_are_judged_in_bounded_time() -> None:
    """No timing is asserted: a text on which a pattern runs away never ends."""
    for text in ("a " * 16_000, "1.2." * 8_000, "点com" * 8_000, "h t t p : / / " * 2_000,
                 "【" * 32_000, "1" * 32_000, "www." * 8_000, "兼职。" * 10_000):  # fmt: skip
        ask(_judge(), text)
