"""The table of a rule's version: 草稿 → 回放 → 影子 → 提请 → 在用 → 回退 / 停用.

Nobody publishes what they wrote or submitted themselves: `publish` needs a second person. What is
live changes nothing but warnings, so going back needs one act of one person, or of the watch.
"""

from __future__ import annotations

from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.machine import Lifecycle, Rule, State

DRAFT = "draft"
REPLAYED = "replayed"
SHADOW = "shadow"
SUBMITTED = "submitted"
LIVE = "live"
REPLACED = "replaced"
ROLLED_BACK = "rolled_back"
RETIRED = "retired"

IN_FORCE = (LIVE, SHADOW, SUBMITTED)
"""States in which a scorer evaluates the version; all but LIVE without effect."""

_ANALYST = frozenset({Role.ANALYST})
_SECOND = frozenset({Role.DUTY_OFFICER, Role.ANALYST})
_BACK = frozenset({Role.ANALYST, Role.DUTY_OFFICER, Role.SYSTEM})
_SYSTEM = frozenset({Role.SYSTEM})
_MADE = frozenset({Role.ANALYST, Role.SYSTEM})

RULE = Lifecycle(
    name="rule",
    states=(
        State(DRAFT, "草稿", "Draft"),
        State(REPLAYED, "已回放", "Replayed"),
        State(SHADOW, "影子", "In shadow"),
        State(SUBMITTED, "待复核", "Submitted"),
        State(LIVE, "在用", "Live"),
        State(REPLACED, "已被替代", "Replaced"),
        State(ROLLED_BACK, "已回退", "Rolled back", final=True),
        State(RETIRED, "已停用", "Retired", final=True),
    ),
    rules=(
        Rule("replay", "回放", "Replay", (DRAFT, REPLAYED, SHADOW), None, _ANALYST),
        Rule("record_replay", "回放完成", "Replayed", (DRAFT, REPLAYED), REPLAYED, _MADE),
        Rule("start_shadow", "进入影子", "Start shadow", (REPLAYED,), SHADOW, _ANALYST),
        Rule("submit", "提请复核", "Ask for review", (SHADOW,), SUBMITTED, _ANALYST),
        Rule("send_back", "退回", "Send back", (SUBMITTED,), SHADOW, _SECOND, needs=("note",)),
        Rule("publish", "发布", "Publish", (SUBMITTED,), LIVE, _SECOND, needs=("second_person",)),
        Rule(
            "withdraw", "放弃", "Withdraw", (DRAFT, REPLAYED, SHADOW, SUBMITTED), RETIRED, _ANALYST
        ),
        Rule("roll_back", "回退", "Roll back", (LIVE,), ROLLED_BACK, _BACK, needs=("note",)),
        Rule("retire", "停用", "Retire", (LIVE,), RETIRED, _SECOND, needs=("note",)),
        # What follows from an act on another version of the same rule.
        Rule("replace", "被替代", "Replaced", (LIVE,), REPLACED, _SYSTEM),
        Rule("restore", "恢复", "Restored", (REPLACED,), LIVE, _SYSTEM),
    ),
)
"""Who may do what with a version. Made from it: API verbs, console buttons, tests, docs."""
