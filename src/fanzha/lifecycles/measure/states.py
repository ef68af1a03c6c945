"""The table of a measure: 提请 → 批准 → 生效 → 到期 / 解除; automatic ones are short.

Source: E5 of the domain reference, ATNFL 32. Its EXECUTED is not a state: which wires have a
measure follows from the version of the list that each says it has. Its appeal has a table of its
own (`appeal_states`), so that a measure stands, or does not, while it is being appealed.
"""

from __future__ import annotations

from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.machine import Lifecycle, Rule, State

PROPOSED = "proposed"
PROVISIONAL = "provisional"
STANDING = "standing"
EXPIRED = "expired"
LIFTED = "lifted"
DECLINED = "declined"

IN_FORCE = (PROVISIONAL, STANDING)
"""States in which the wires act on it."""

_PEOPLE = frozenset({Role.DUTY_OFFICER, Role.ANALYST})
_DUTY = frozenset({Role.DUTY_OFFICER})
_SYSTEM = frozenset({Role.SYSTEM})
_ART_32 = "反电信网络诈骗法第三十二条"

MEASURE = Lifecycle(
    name="measure",
    states=(
        State(PROPOSED, "待批准", "To be approved"),
        State(PROVISIONAL, "临时生效", "Provisionally in force"),
        State(STANDING, "生效", "In force"),
        State(EXPIRED, "已到期", "Expired", final=True),
        State(LIFTED, "已解除", "Lifted", final=True),
        State(DECLINED, "不予采取", "Declined", final=True),
    ),
    rules=(
        # One of several approvals; the last that is needed is `approve`.
        Rule("endorse", "会签", "Endorse", (PROPOSED,), None, _DUTY, needs=("second_person",)),
        Rule("approve", "批准", "Approve", (PROPOSED,), STANDING, _DUTY, needs=("second_person",)),
        Rule("decline", "不予采取", "Decline", (PROPOSED,), DECLINED, _DUTY, needs=("note",)),
        Rule("withdraw", "撤回提请", "Withdraw", (PROPOSED,), DECLINED, _PEOPLE, needs=("note",)),
        Rule("confirm", "确认", "Confirm", (PROVISIONAL,), STANDING, _DUTY, needs=("note",)),
        Rule("extend", "延长", "Extend", (STANDING,), None, _DUTY, needs=("until", "note")),
        Rule("lift", "解除", "Lift", IN_FORCE, LIFTED, _DUTY, needs=("note",), article=_ART_32),
        # What only the machine does: end what is over, and lift what an appeal has ended.
        Rule("expire", "到期", "Expire", IN_FORCE, EXPIRED, _SYSTEM),
        Rule("lapse", "逾期未批", "Lapse", (PROPOSED,), DECLINED, _SYSTEM),
        Rule("lift_on_appeal", "申诉成立解除", "Lifted on appeal", IN_FORCE, LIFTED, _SYSTEM,
             article=_ART_32),
    ),
)  # fmt: skip
"""Who may do what with a measure. Made from it: API verbs, console buttons, tests, docs."""
