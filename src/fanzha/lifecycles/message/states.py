"""The table of a message: queued → sending → submitted → delivered, or failed, or uncertain."""

from __future__ import annotations

from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.machine import Lifecycle, Rule, State

QUEUED = "queued"
SENDING = "sending"
SUBMITTED = "submitted"
DELIVERED = "delivered"
FAILED = "failed"
UNCERTAIN = "uncertain"
WITHDRAWN = "withdrawn"

_SYSTEM = frozenset({Role.SYSTEM})
_DUTY = frozenset({Role.DUTY_OFFICER, Role.DISSUADER})

MESSAGE = Lifecycle(
    name="message",
    states=(
        State(QUEUED, "待发送", "Queued"),
        State(SENDING, "发送中", "Sending"),
        State(SUBMITTED, "已提交", "Submitted"),
        State(DELIVERED, "已送达", "Delivered", final=True),
        State(FAILED, "未发出", "Not sent", final=True),
        State(UNCERTAIN, "未明", "Uncertain"),
        State(WITHDRAWN, "已撤回", "Withdrawn", final=True),
    ),
    rules=(
        Rule("send", "发送", "Send", (QUEUED,), SENDING, _SYSTEM),
        Rule("accept", "受理", "Accept", (SENDING, UNCERTAIN), SUBMITTED, _SYSTEM),
        Rule("deliver", "送达", "Deliver", (SUBMITTED, UNCERTAIN, SENDING), DELIVERED, _SYSTEM),
        Rule("fail", "失败", "Fail", (SENDING, SUBMITTED, UNCERTAIN), FAILED, _SYSTEM),
        # The other side may have it: a person decides whether to send again.
        Rule("lose_sight", "失去回音", "Lose sight", (SENDING,), UNCERTAIN, _SYSTEM),
        # Nothing left us: back to the queue.
        Rule("put_back", "退回队列", "Put back", (SENDING,), QUEUED, _SYSTEM),
        Rule("send_again", "重发", "Send again", (UNCERTAIN, FAILED), QUEUED, _DUTY),
        Rule("withdraw", "撤回", "Withdraw", (QUEUED,), WITHDRAWN, _DUTY | _SYSTEM),
    ),
)
