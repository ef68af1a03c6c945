"""Invented warnings for the console's tests: each type and grade once, as use cases issue them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fanzha.adapters.postgres.office import NATION, PostgresOffice
from fanzha.lifecycles.warning.model import Case, Evidence, FraudWarning, Part, Person
from fanzha.usecases.warning.issue import issue
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.values import reserved
from fanzha.values.mask import mask_value
from fanzha.values.stage import Stage

_BANK = next(iter(reserved.BANKS))


@dataclass(frozen=True)
class Staged:
    """One person in danger."""

    name: str
    sex: str
    birth_year: int
    place: str
    scam_type: str | None
    stage: Stage
    live: bool
    score: float
    amount_fen: int | None
    fact: tuple[str, str]
    sources: tuple[str, ...]
    parts: tuple[tuple[str, str, str, str], ...]
    """(code, zh, en, detector); the score is shared out among them."""
    events: tuple[tuple[str, float, float | None, str, str], ...]
    """(lane, minutes ago, minutes it lasted or None, zh, en)."""


OVERSEAS = mask_value("number", reserved.overseas(317))
PAYEE = mask_value("account", reserved.bank_account(931, _BANK))

AUTHORITY = Staged(
    "王秀兰",
    "f",
    1959,
    "470103001",
    "GJF01",
    Stage.TRANSFER,
    True,
    0.96,
    18_600_000,
    (
        "正在通话 34 分钟，屏幕共享已开，银行应用在前台",
        "On a call for 34 min, screen shared, bank app in front",
    ),
    ("call", "app", "transfer"),
    (
        (
            "overseas_long",
            "正在与境外号码长通话 34 分钟",
            "On a call from abroad for 34 min",
            "call/v1",
        ),
        (
            "screen_share",
            "屏幕共享与银行应用同时在前台",
            "Screen share and bank app both in front",
            "app/v1",
        ),
        ("fake_page", "打开仿冒机关页面 6 分钟", "A page posing as an authority, 6 min", "link/v1"),
        (
            "new_payee",
            "录入新增收款人，金额为近一年最大的 9.3 倍",
            "New payee, 9.3 times the largest sum of a year",
            "account/v1",
        ),
    ),
    (
        (
            "call",
            38,
            None,
            "短信「社保卡异常」，仿冒号段",
            "Text “social card irregular”, look-alike number",
        ),
        ("call", 34, -1, f"{OVERSEAS} 来电", f"Call from {OVERSEAS}"),
        ("network", 22, 6, "仿冒检察院页面", "Page posing as the prosecution"),
        ("network", 15, None, "安装「云视通会议」", "Installed Yunshitong Meeting"),
        ("network", 13, -1, "屏幕共享", "Screen shared"),
        (
            "money",
            16,
            None,
            "定期存款提前支取 186,000.00 元",
            "Fixed deposit withdrawn, CNY 186,000.00",
        ),
        ("money", 2, None, f"录入转账，收款人 {PAYEE}", f"Transfer entered, payee {PAYEE}"),
    ),
)
OTHERS: tuple[Staged, ...] = (
    Staged(
        "赵雨", "f", 1985, "470103001", "SD01", Stage.TRANSFER, False, 0.91, 9_800_000,
        ("向新增收款人试转 1 元后输入 98,000 元", "Sent 1 yuan to a new payee, then entered 98,000"),
        ("transfer", "visit"),
        (("probe", "小额试转后大额转出", "A probe, then a large transfer", "account/v1"), ("task_site", "打开过做任务网站 4 次", "Opened a task site 4 times", "link/v1")),
        (("network", 190, 12, "做任务网站", "Task site"), ("money", 9, None, "试转 1.00 元", "Sent CNY 1.00"), ("money", 4, None, "转出 98,000.00 元", "Sent CNY 98,000.00")),
    ),
    Staged(
        "李建国", "m", 1968, "470103001", "ZX01", Stage.OPERATION, False, 0.82, None,
        ("接听境外号码 3 次，末次 22 分钟；已安装「云视通会议」", "3 calls from abroad, the last 22 min; installed Yunshitong Meeting"),
        ("call", "app"),
        (("overseas", "境外来电 3 次", "3 calls from abroad", "call/v1"), ("meeting_app", "通话中安装会议应用", "A meeting app installed during a call", "app/v1")),
        (("call", 170, 8, "境外来电", "Call from abroad"), ("call", 60, 22, "境外来电 22 分钟", "Call from abroad, 22 min"), ("network", 44, None, "安装「云视通会议」", "Installed Yunshitong Meeting")),
    ),
    Staged(
        "周婷", "f", 1990, "470103001", "KF01", Stage.OPERATION, False, 0.74, None,
        ("「客服」通话 41 分钟，期间下载屏幕共享应用", "41 min with a fake service desk, downloaded a screen-share app"),
        ("call", "app"),
        (("long_call", "与陌生号码通话 41 分钟", "41 min with an unknown number", "call/v1"), ("share_app", "下载屏幕共享应用", "Downloaded a screen-share app", "app/v1")),
        (("call", 52, 41, "「客服」来电", "Call from a “service desk”"), ("network", 20, None, "下载屏幕共享应用", "Downloaded a screen-share app")),
    ),
    Staged(
        "孙浩", "m", 1997, "470103001", "DK01", Stage.OPERATION, False, 0.7, None,
        ("4 小时内打开诈骗网址 11 次，提交过银行卡号", "Opened scam sites 11 times in 4 h, gave a card number"),
        ("visit",),
        (("scam_site", "4 小时内打开诈骗网址 11 次", "Scam sites 11 times in 4 h", "link/v1"),),
        (("network", 240, None, "打开贷款网址", "Opened a loan site"), ("network", 30, None, "提交银行卡号", "Gave a card number")),
    ),
    Staged(
        "郑芳", "f", 1974, "470103001", "TZ01", Stage.TRUST, False, 0.66, None,
        ("加入「荐股」群，点开未备案行情站", "Joined a stock-tips group, opened an unfiled site"),
        ("text", "visit"),
        (("group", "短信含荐股群号", "A text with a stock-tips group", "text/v1"), ("unfiled", "打开未备案行情站", "Opened an unfiled quotation site", "link/v1")),
        (("call", 300, None, "荐股短信", "Stock-tips text"), ("network", 120, 18, "未备案行情站", "Unfiled quotation site")),
    ),
    Staged(
        "卫明", "m", 1993, "470103001", "KF02", Stage.TRUST, False, 0.6, None,
        ("回拨「退款」短信号码，通话 6 分钟", "Called back a refund text, 6 min"), ("text", "call"),
        (("callback", "回拨短信所留号码", "Called the number in a text", "call/v1"), ("refund", "短信称退款", "A text about a refund", "text/v1")),
        (("call", 80, None, "「退款」短信", "Refund text"), ("call", 71, 6, "回拨", "Called back")),
    ),
    Staged(
        "杨帆", "m", 1999, "470103001", None, Stage.CONTACT, False, 0.42, None,
        ("拒接境外来电 1 次，收到冒充快递短信", "Refused one call from abroad, got a fake courier text"), ("call", "text"),
        (("overseas", "境外来电 1 次", "One call from abroad", "call/v1"),),
        (("call", 26, None, "境外来电，未接", "Call from abroad, not taken"),),
    ),
)  # fmt: skip
EVERYBODY = (AUTHORITY, *OTHERS)


def case_of(staged: Staged, now: datetime, ref: str) -> Case:
    """The case as detection would hand it over."""
    share = round(staged.score / len(staged.parts), 4)
    shares = [share] * (len(staged.parts) - 1)
    shares.append(round(staged.score - sum(shares), 4))
    events = []
    for i, (lane, ago, lasted, zh, en) in enumerate(staged.events):
        at = now - timedelta(minutes=ago)
        live = lasted is not None and lasted < 0
        object_kind, mask, value = None, None, None
        if OVERSEAS in zh:
            object_kind, mask, value = "number", OVERSEAS, reserved.overseas(317)
        elif PAYEE in zh:
            object_kind, mask, value = "account", PAYEE, reserved.bank_account(931, _BANK)
        events.append(
            Evidence(
                ref=f"{ref}|{i}", lane=lane, at=at, zh=zh, en=en, live=live,
                until=at + timedelta(minutes=lasted) if lasted and not live else None,
                emphasis=lane == "money", object_kind=object_kind, object_mask=mask, value=value,
            )
        )  # fmt: skip
    return Case(
        score=staged.score,
        stage=staged.stage,
        live=staged.live,
        scam_type=staged.scam_type,
        amount_fen=staged.amount_fen,
        fact_zh=staged.fact[0],
        fact_en=staged.fact[1],
        sources=staged.sources,
        reasons=tuple(
            Part(code, zh, en, part, detector)
            for (code, zh, en, detector), part in zip(staged.parts, shares, strict=True)
        ),
        missing=(),
        event_at=now,
        evidence=tuple(events),
    )


def stage(
    office: PostgresOffice,
    policies: WarningPolicies,
    people: Sequence[Staged],
    now: datetime,
    *,
    first: int = 1,
    episode: str = "e1",
) -> list[FraudWarning]:
    """Issue one warning a person; the n-th has the n-th invented number."""
    issued = []
    for n, staged in enumerate(people, start=first):
        person = Person(
            token=reserved.person(n), number=reserved.mobile(n), name=staged.name,
            account=reserved.bank_account(n, _BANK), sex=staged.sex, birth_year=staged.birth_year,
        )  # fmt: skip
        with office.work(NATION) as work:
            issued.append(
                issue(
                    work, policies, person=person, episode=episode, place=staged.place,
                    case=case_of(staged, now, f"stage|{n}|{episode}"), now=now,
                )
            )  # fmt: skip
    return issued
