"""A register over the shipped policies, and proposals in one line."""

from __future__ import annotations

import uuid
from datetime import datetime

from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.measure.model import Effect, Ground, GroundKind, Measure
from fanzha.lifecycles.measure.policy import load_register
from fanzha.lifecycles.measure.protected import load_protected
from fanzha.lifecycles.measure.target import MeasureKind, parse
from fanzha.ports.register import RegisterOffice
from fanzha.usecases.measure.act import Act, act, find
from fanzha.usecases.measure.notice import NoticeWording
from fanzha.usecases.measure.propose import Register, Wanted, propose
from fanzha.values import reserved
from tests.fixtures import BY_CODE, NOW, POLICIES, actor

POLICY = load_register(POLICIES / "measures" / "register.yaml")
PROTECTED = load_protected(
    POLICIES / "measures" / "protected.yaml", POLICIES / "detection" / "filed-numbers.yaml"
)
WORDING = NoticeWording.load(POLICIES / "wording" / "measure_notice.yaml")
ANALYST = actor(Role.ANALYST, at="86", id="analyst")
OFFICER = actor(Role.DUTY_OFFICER, at="86", id="officer")
SECOND = actor(Role.DUTY_OFFICER, at="86", id="second")
THIRD = actor(Role.DUTY_OFFICER, at="86", id="third")
NUMBER = reserved.mobile(1)


def register() -> Register:
    return Register(POLICY, PROTECTED, BY_CODE["86"], BY_CODE, WORDING, "96110")


def ground(kind: MeasureKind = MeasureKind.NUMBER) -> Ground:
    return Ground(
        GroundKind.ORDER, "青公反诈〔2026〕12号", POLICY.kinds[kind].articles[0],
        "用于电信网络诈骗", "used for telecom fraud",
    )  # fmt: skip


def wanted(
    text: str = NUMBER, kind: MeasureKind = MeasureKind.NUMBER, effect: Effect | None = None,
    *, area: str = "86", until: datetime | None = None, ground_: Ground | None = None,
) -> Wanted:  # fmt: skip
    effect = effect or POLICY.kinds[kind].effects[-1]
    return Wanted(uuid.uuid4(), parse(kind, text), effect, ground_ or ground(kind), area, until)


def proposed(
    office: RegisterOffice, want: Wanted, code: int = 77, who: object = ANALYST,
    at: datetime = NOW,
) -> Measure:  # fmt: skip
    with office.work() as work:
        return propose(work, register(), who, want, code, at)  # type: ignore[arg-type]


def does(
    office: RegisterOffice, measure: Measure, verb: str, who: object = OFFICER, *,
    note: str = "", until: datetime | None = None, at: datetime = NOW,
) -> Measure:  # fmt: skip
    with office.work() as work:
        now = find(work, measure.id)
        asked = Act(verb, now.state, now.revision, note, until)
        return act(work, register(), who, now, asked, at)  # type: ignore[arg-type]


def standing(office: RegisterOffice, want: Wanted | None = None, code: int = 77) -> Measure:
    measure = proposed(office, want or wanted(), code)
    for who in (OFFICER, SECOND)[: measure.approvals_needed]:
        measure = does(office, measure, "approve", who)
    return measure
