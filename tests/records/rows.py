"""Rows of every stream that the door takes, made from invented identifiers."""

from __future__ import annotations

from datetime import date
from typing import Any

from fanzha.values import reserved

AT = "2026-11-20T02:13:49.120Z"
_BANK = next(iter(reserved.BANKS))


def row(stream: str, n: int = 1, **more: Any) -> dict[str, Any]:
    """The n-th row of a stream, complete."""
    common: dict[str, Any] = {"event_id": n, "source": "test", "at": AT}
    account = reserved.bank_account(n, _BANK)
    citizen = reserved.citizen_id(n, date(1970, 3, 1), "F", "470102")
    found: dict[str, dict[str, Any]] = {
        "call": {
            "call_id": n, "phase": "end", "caller": reserved.overseas(n),
            "callee": reserved.mobile(n), "ring_s": 4.5, "talk_s": 61.0, "answered": True,
            "trunk": "intl-1", "end_cause": "callee_hangup",
            "caller_imsi": reserved.imsi(n), "caller_imei": reserved.imei(n, reserved.tac(1)),
            "caller_cell": reserved.cell(1, n),
        },
        "text": {
            "sender": reserved.port(n), "recipient": reserved.mobile(n), "body": "您好",
            "channel": "sms",
        },
        "visit": {"subscriber": reserved.mobile(n), "url": f"https://{reserved.dns_name('a')}/x"},
        "app": {"subscriber": reserved.mobile(n), "package": "a.example", "action": "install"},
        "transfer": {
            "payer": account, "payee": reserved.bank_account(n + 1, _BANK), "amount_fen": 100 * n,
            "payer_name": "陈静", "payee_name": "周航", "status": "booked",
        },
        "line": {"number": reserved.mobile(n), "action": "activate", "holder": citizen},
        "account": {"account": account, "action": "open", "holder": citizen, "class": "I"},
        "subject": {
            "person": reserved.person(n), "number": reserved.mobile(n), "account": account,
            "district": "470102", "birth_year": 1970,
        },
    }  # fmt: skip
    return {**common, **found[stream], **more}
