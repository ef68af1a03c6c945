"""The table of the warning: 生成 → 推送 → 签收 → 联系 → 结果 → 回访 → 归档.

Source: E2 of the domain reference, whose GENERATED, DEDUPED and GRADED happen within the commit
that issues a warning, so that a warning is first seen as `pushed`.
"""

from __future__ import annotations

from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.machine import BACK, Lifecycle, Rule, State

PUSHED = "pushed"
SIGNED = "signed"
CONTACTING = "contacting"
UNREACHED = "unreached"
NOT_BELIEVING = "not_believing"
VISITING = "visiting"
DISSUADED = "dissuaded"
ALREADY_PAID = "already_paid"
FALSE_ALARM = "false_alarm"
FOLLOWING_UP = "following_up"
ARCHIVED = "archived"

_DESK = frozenset({Role.DISSUADER, Role.DUTY_OFFICER})
_DUTY = frozenset({Role.DUTY_OFFICER})
_SYSTEM = frozenset({Role.SYSTEM})
_ANY = frozenset({Role.DISSUADER, Role.DUTY_OFFICER, Role.SYSTEM})

_TALKING = (SIGNED, CONTACTING, UNREACHED, NOT_BELIEVING, VISITING)
_BEFORE_OUTCOME = (PUSHED, *_TALKING)
_OPEN = (*_BEFORE_OUTCOME, DISSUADED, ALREADY_PAID, FALSE_ALARM, FOLLOWING_UP)
_ART_34 = "反电信网络诈骗法第三十四条"

WARNING = Lifecycle(
    name="warning",
    states=(
        State(PUSHED, "待签收", "To sign"),
        State(SIGNED, "已签收", "Signed"),
        State(CONTACTING, "联系中", "Contacting"),
        State(UNREACHED, "未接通", "No answer"),
        State(NOT_BELIEVING, "不相信", "Not believing"),
        State(VISITING, "上门途中", "Visit under way"),
        State(DISSUADED, "已劝止", "Dissuaded"),
        State(ALREADY_PAID, "已转账", "Already paid"),
        State(FALSE_ALARM, "误报", "False alarm"),
        State(FOLLOWING_UP, "待回访", "To follow up"),
        State(ARCHIVED, "已归档", "Archived", final=True),
    ),
    rules=(
        Rule("sign", "签收", "Sign", (PUSHED,), SIGNED, _DESK, clock="contact", article=_ART_34),
        Rule(
            "start_contact",
            "开始联系",
            "Start contact",
            (SIGNED, UNREACHED, NOT_BELIEVING),
            CONTACTING,
            _DESK,
            clock="outcome",
        ),
        Rule(
            "record_dissuaded",
            "已劝止",
            "Dissuaded",
            (CONTACTING, VISITING),
            DISSUADED,
            _DESK,
            clock="follow_up",
            article=_ART_34,
        ),
        Rule(
            "record_not_believing",
            "不相信",
            "Not believing",
            (CONTACTING,),
            NOT_BELIEVING,
            _DESK,
            clock="visit",
        ),
        Rule(
            "record_already_paid",
            "已转账",
            "Already paid",
            (SIGNED, CONTACTING, UNREACHED, NOT_BELIEVING, VISITING),
            ALREADY_PAID,
            _DESK,
            needs=("paid",),
            clock="stop_request",
            article="反电信网络诈骗法第二十条",
        ),
        Rule(
            "record_false_alarm",
            "误报",
            "False alarm",
            _BEFORE_OUTCOME,
            FALSE_ALARM,
            _DESK,
            needs=("note",),
            clock="archive",
        ),
        Rule(
            "record_no_answer",
            "未接通",
            "No answer",
            (CONTACTING,),
            UNREACHED,
            _DESK,
            clock="retry",
        ),
        Rule(
            "request_visit",
            "需上门",
            "Visit needed",
            (SIGNED, CONTACTING, UNREACHED, NOT_BELIEVING),
            VISITING,
            _DESK,
            clock="visit",
        ),
        Rule(
            "record_nobody_met",
            "没见到人",
            "Nobody met",
            (VISITING,),
            UNREACHED,
            _DESK,
            clock="retry",
        ),
        Rule(
            "follow_up",
            "回访",
            "Follow up",
            (DISSUADED, ALREADY_PAID),
            FOLLOWING_UP,
            _DESK,
            clock="archive",
        ),
        Rule(
            "archive",
            "归档",
            "Archive",
            (DISSUADED, ALREADY_PAID, FALSE_ALARM, FOLLOWING_UP),
            ARCHIVED,
            frozenset({Role.DISSUADER, Role.DUTY_OFFICER, Role.SYSTEM}),
            clock="",
        ),
        Rule("release", "放回", "Release", (SIGNED,), PUSHED, _ANY, clock="sign"),
        Rule("reassign", "转派", "Reassign", _TALKING, None, _DUTY, needs=("owner",)),
        Rule(
            "hand_up",
            "上交",
            "Hand up",
            _BEFORE_OUTCOME,
            PUSHED,
            _DESK,
            needs=("note",),
            clock="sign",
        ),
        Rule(
            "hand_down",
            "下派",
            "Hand down",
            _BEFORE_OUTCOME,
            PUSHED,
            _DUTY,
            needs=("unit",),
            clock="sign",
        ),
        Rule("raise_grade", "升级", "Raise grade", _BEFORE_OUTCOME, None, _ANY, needs=("grade",)),
        Rule(
            "undo",
            "撤回",
            "Undo",
            (DISSUADED, NOT_BELIEVING, FALSE_ALARM, UNREACHED),
            BACK,
            _DESK,
        ),
        # What only the machine does: it may raise, remind and reopen, never conclude.
        Rule("add_finding", "新线索", "New finding", (*_OPEN, ARCHIVED), None, _SYSTEM),
        Rule(
            "reopen",
            "重新打开",
            "Reopen",
            (DISSUADED, FALSE_ALARM, FOLLOWING_UP, ARCHIVED),
            PUSHED,
            _SYSTEM,
            clock="sign",
        ),
        Rule("escalate", "超时上报", "Escalate", _OPEN, None, _SYSTEM),
    ),
)
"""Who may do what with a warning. Made from it: API verbs, console buttons, tests, docs."""

STATIONS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("issued", "生成", "Issued", ()),
    ("graded", "定级", "Graded", ()),
    (PUSHED, "推送", "Pushed", (PUSHED,)),
    (SIGNED, "签收", "Signed", (SIGNED,)),
    (CONTACTING, "联系", "Contact", (CONTACTING, UNREACHED, NOT_BELIEVING, VISITING)),
    ("outcome", "结果", "Outcome", (DISSUADED, ALREADY_PAID, FALSE_ALARM)),
    (FOLLOWING_UP, "回访", "Follow-up", (FOLLOWING_UP,)),
    (ARCHIVED, "归档", "Archived", (ARCHIVED,)),
)
"""The bar on the page of a warning: code, words, and the states that stand at this station."""
