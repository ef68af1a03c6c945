"""The table of an appeal: 提交 → 受理 → 核查 → 成立 / 不成立. Source: ATNFL 32, E5."""

from __future__ import annotations

from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.machine import Lifecycle, Rule, State

FILED = "filed"
ACCEPTED = "accepted"
CHECKED = "checked"
UPHELD = "upheld"
REJECTED = "rejected"
NOT_ADMITTED = "not_admitted"
WITHDRAWN = "withdrawn"
MOOT = "moot"

OPEN = (FILED, ACCEPTED, CHECKED)

_DUTY = frozenset({Role.DUTY_OFFICER})
_SYSTEM = frozenset({Role.SYSTEM})
_ART_32 = "反电信网络诈骗法第三十二条"

APPEAL = Lifecycle(
    name="appeal",
    states=(
        State(FILED, "已提交", "Filed"),
        State(ACCEPTED, "已受理", "Accepted"),
        State(CHECKED, "已核查", "Checked"),
        State(UPHELD, "申诉成立", "Upheld", final=True),
        State(REJECTED, "申诉不成立", "Rejected", final=True),
        State(NOT_ADMITTED, "不予受理", "Not admitted", final=True),
        State(WITHDRAWN, "已撤回", "Withdrawn", final=True),
        State(MOOT, "措施已结束", "Measure has ended", final=True),
    ),
    rules=(
        Rule("accept", "受理", "Accept", (FILED,), ACCEPTED, _DUTY, clock="decide",
             article=_ART_32),
        Rule("refuse_admission", "不予受理", "Do not admit", (FILED,), NOT_ADMITTED, _DUTY,
             needs=("reasons", "second_person"), clock=""),
        Rule("check", "核查", "Check", (ACCEPTED,), CHECKED, _DUTY, needs=("note",)),
        Rule("uphold", "成立", "Uphold", (ACCEPTED, CHECKED), UPHELD, _DUTY,
             needs=("reasons", "second_person"), clock="", article=_ART_32),
        Rule("reject", "不成立", "Reject", (CHECKED,), REJECTED, _DUTY,
             needs=("reasons", "second_person"), clock="", article=_ART_32),
        # By the party itself, with the code of the notice; and when the measure ended meanwhile.
        Rule("withdraw", "撤回", "Withdraw", OPEN, WITHDRAWN, _SYSTEM, clock=""),
        Rule("close_moot", "措施已结束", "Measure ended", OPEN, MOOT, _SYSTEM, clock=""),
        Rule("escalate", "超时上报", "Escalate", OPEN, None, _SYSTEM),
    ),
)  # fmt: skip
"""Who may do what with an appeal. Made from it: API verbs, console buttons, tests, docs."""
