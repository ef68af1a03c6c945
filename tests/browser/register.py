"""A register of measures with something in every state, for the pages that show it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.demo import DEMO_PASSWORD
from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.measure.model import Appeal, Effect, Ground, GroundKind, Measure
from fanzha.lifecycles.measure.target import MeasureKind, parse
from fanzha.ports.register import AppealWords
from fanzha.usecases.measure.act import Act, act, find
from fanzha.usecases.measure.appeal import AppealAct, act_on_appeal, file
from fanzha.usecases.measure.propose import Wanted, propose, take
from fanzha.values import reserved
from tests import fixtures

PEOPLE = (
    ("songwei", "宋薇", Role.ANALYST, "86"),
    ("luoqiming", "罗启明", Role.DUTY_OFFICER, "86"),
    ("gaoyuan", "高原", Role.DUTY_OFFICER, "86"),
    ("shenyan", "沈言", Role.AUDITOR, "86"),
)


def _at_the_top(id: str, display: str, role: Role) -> Actor:
    return Actor(id, display, frozenset({role}), fixtures.BY_CODE["86"])


ANALYST = _at_the_top("analyst", "宋薇", Role.ANALYST)
OFFICER = _at_the_top("zhao", "赵岚", Role.DUTY_OFFICER)
SECOND = _at_the_top("qian", "钱涛", Role.DUTY_OFFICER)
BAD_NAME = "shebao-rz.example"
BAD_PAGE = "http://pay.shop.example/verify/login"


def staffed(centre: Centre) -> None:
    """Those who propose, decide and look on, at the nation's centre."""
    for name, display, role, unit in PEOPLE:
        centre.operators.add(
            name=name, display=display, password=DEMO_PASSWORD, roles=frozenset({role}),
            unit=fixtures.BY_CODE[unit], now=centre.now(), demo=True,
        )  # fmt: skip


def proposed(
    centre: Centre, kind: MeasureKind, target: str, *, effect: Effect | None = None,
    words: tuple[str, str] = ("用于电信网络诈骗", "used for telecom fraud"),
    until: datetime | None = None, code: int,
) -> Measure:  # fmt: skip
    """By the analyst, on an order."""
    register = centre.measures.register
    policy = register.policy.kinds[kind]
    ground = Ground(GroundKind.ORDER, "青公反诈〔2026〕12号", policy.articles[0], *words)
    wanted = Wanted(
        uuid.uuid4(), parse(kind, target), effect or policy.effects[-1], ground, "86", until
    )
    with centre.measures.office.work() as work:
        return propose(work, register, ANALYST, wanted, code, centre.now())


def does(
    centre: Centre, measure: Measure, verb: str, who: object = OFFICER, *, note: str = ""
) -> Measure:
    with centre.measures.office.work() as work:
        now = find(work, measure.id)
        asked = Act(verb, now.state, now.revision, note)
        return act(work, centre.measures.register, who, now, asked, centre.now())  # type: ignore[arg-type]


def standing(centre: Centre, kind: MeasureKind, target: str, **more: object) -> Measure:
    """Proposed and approved by as many as it needs."""
    measure = proposed(centre, kind, target, **more)  # type: ignore[arg-type]
    for who in (OFFICER, SECOND)[: measure.approvals_needed]:
        measure = does(centre, measure, "approve", who)
    return measure


def automatic(centre: Centre, kind: MeasureKind, target: str, *, code: int) -> Measure:
    """Taken by the machine on a finding of its own."""
    register = centre.measures.register
    policy = register.policy.kinds[kind]
    ground = Ground(
        GroundKind.FINDING, str(uuid.uuid4()), policy.articles[0],
        "只呼出陌生号码，接通后十分钟内对方转账", "calls strangers only, who pay soon after",
    )  # fmt: skip
    wanted = Wanted(uuid.uuid4(), parse(kind, target), policy.effects[-1], ground, "86")
    with centre.measures.office.work() as work:
        made = take(work, register, wanted, 0.99, 5, code, centre.now())
    assert made is not None
    return made


def appealed(
    centre: Centre, measure: Measure, text: str = "这是我的号码，只用于家里联系。",
    contact: str = "invented@example.com", ago: timedelta = timedelta(),
) -> Appeal:  # fmt: skip
    with centre.measures.office.work() as work:
        return file(
            work, centre.measures.register, uuid.uuid4(), find(work, measure.id),
            AppealWords(text, contact), centre.now() - ago,
        )  # fmt: skip


def decided(centre: Centre, appeal: Appeal, verb: str, **words: str) -> Appeal:
    with centre.measures.office.work() as work:
        now = work.appeals.get(appeal.id)
        assert now is not None
        asked = AppealAct(verb, now.state, now.revision, **words)
        return act_on_appeal(work, centre.measures.register, SECOND, now, asked, centre.now())


@dataclass(frozen=True)
class Staged:
    """What was staged, by what it is for."""

    measures: Mapping[str, Measure]
    appeals: Mapping[str, Appeal]


def stage(centre: Centre) -> Staged:
    """Something of each kind and in each state."""
    n = MeasureKind.NUMBER
    found = {
        "number": standing(centre, n, reserved.mobile(7), code=1001),
        "proposed": proposed(centre, n, reserved.mobile(8), code=1002),
        "wide": proposed(centre, n, reserved.mobile(9)[:-2] + "*", code=1003),
        "automatic": automatic(centre, n, reserved.mobile(10), code=1004),
        "sender": standing(centre, MeasureKind.SENDER, "BANKHELP", code=1005),
        "name": standing(centre, MeasureKind.NAME, BAD_NAME, effect=Effect.WARN, code=1006,
                         words=("仿冒社保机构页面，骗取银行卡信息",
                                "poses as social insurance to get card details")),
        "url": standing(centre, MeasureKind.URL, BAD_PAGE, code=1007),
        "app": standing(centre, MeasureKind.APP, "ab" * 32, code=1008),
        "account": standing(centre, MeasureKind.ACCOUNT, "demo:6217000000000931", code=1009),
        "soon": standing(centre, n, reserved.mobile(11), code=1010,
                         until=centre.now() + timedelta(hours=2)),
        "lifted": standing(centre, n, reserved.mobile(12), code=1011),
        "declined": proposed(centre, n, reserved.mobile(13), code=1012),
        "namesake": automatic(centre, MeasureKind.NAME, "kuaidi-lipei.example", code=1013),
    }  # fmt: skip
    found["lifted"] = does(centre, found["lifted"], "lift", note="机主已说明用途，核实无误")
    found["declined"] = does(centre, found["declined"], "decline", note="依据不足")
    late = appealed(centre, found["sender"], "这是本行客服的短信名称，有签名授权。",
                    ago=timedelta(hours=30))  # fmt: skip
    taken = appealed(centre, found["name"], "网站是我单位的，备案号可查。")
    appeals = {
        "filed": appealed(centre, found["number"]),
        "late": late,
        "accepted": decided(centre, taken, "accept"),
    }
    return Staged(found, appeals)
