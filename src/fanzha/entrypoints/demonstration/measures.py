"""Measures that stand when a demo begins: against a number, a sender, two names; all invented."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

from fanzha.bootstrap import Parts, utc_now
from fanzha.entrypoints.demo import DEMO_ANALYST, DEMO_PASSWORD
from fanzha.lifecycles.actor import Actor
from fanzha.lifecycles.measure.model import Effect, Ground, GroundKind
from fanzha.lifecycles.measure.target import MeasureKind, parse
from fanzha.lists import code as codes
from fanzha.usecases.measure.act import Act, act
from fanzha.usecases.measure.propose import Wanted, propose
from fanzha.values import reserved

__all__ = ["NUMBER", "REFUSED_NAME", "SENDER", "WARNED_NAME", "stand"]

NUMBER = reserved.mobile(99_000_001)
SENDER = "YZ-BANK"
REFUSED_NAME = "anquan-zhanghu.example"
WARNED_NAME = "yunzhou-bank-vip.example"
_OFFICER = "heshan"


@dataclass(frozen=True, slots=True)
class _Stands:
    kind: MeasureKind
    target: str
    effect: Effect
    zh: str
    en: str


_ALL = (
    _Stands(MeasureKind.NUMBER, NUMBER, Effect.REFUSE, "冒充公安人员拨打诈骗电话",
            "calls people posing as the police"),
    _Stands(MeasureKind.SENDER, SENDER, Effect.REFUSE, "冒充银行群发积分兑换短信",
            "texts people posing as a bank"),
    _Stands(MeasureKind.NAME, REFUSED_NAME, Effect.REFUSE, "虚假“安全账户”网站",
            "a false “safe account” site"),
    _Stands(MeasureKind.NAME, WARNED_NAME, Effect.WARN, "仿冒银行登录页面",
            "imitates a bank's sign-in page"),
)  # fmt: skip


def stand(parts: Parts) -> None:
    """Proposed by the demo's analyst, approved by its duty officer; once."""
    analyst, officer = (_who(parts, name) for name in (DEMO_ANALYST, _OFFICER))
    for item in _ALL:
        kind = parts.register.policy.kinds[item.kind]
        wanted = Wanted(
            id=uuid.uuid5(uuid.NAMESPACE_DNS, f"demo.{item.kind}.{item.target}"),
            target=parse(item.kind, item.target),
            effect=item.effect,
            ground=Ground(
                GroundKind.ORDER, "清公反诈〔2026〕演示1号", kind.articles[0], item.zh, item.en
            ),
            area=analyst.unit.code,
        )
        now = utc_now()
        with parts.register_office.work() as work:
            code = 1 + secrets.randbelow(codes.MOST)
            made = propose(work, parts.register, analyst, wanted, code, now)
            if made.state == "proposed":
                asked = Act("approve", made.state, made.revision)
                act(work, parts.register, officer, made, asked, now)


def _who(parts: Parts, name: str) -> Actor:
    token, who = parts.operators.sign_in(name, DEMO_PASSWORD, utc_now(), demo_allowed=True)
    parts.operators.sign_out(token)
    return who.actor
