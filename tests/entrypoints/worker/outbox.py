"""What tests put into the outbox and find there."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from fanzha.lifecycles.actor import NATION
from fanzha.usecases.warning.issue import issue
from fanzha.usecases.warning.wording import Wording
from fanzha.values.stage import Stage
from tests.fixtures import POLICIES, Installed, case, person, policies

WORDING = Wording.load(POLICIES / "wording" / "warning_sms.yaml")
SHIPPED = replace(policies(), wording=WORDING.text)


def now() -> datetime:
    return datetime.now(UTC)


def warn(installed: Installed, count: int, **changed: Any) -> None:
    """So many people are warned; each gets one text."""
    with installed.office.work(NATION) as work:
        for n in range(count):
            issue(
                work,
                replace(SHIPPED, **changed),
                person=person(n),
                episode="1",
                place=None,
                case=case(Stage.TRUST, 0.9),
                now=now(),
            )


def rows(installed: Installed) -> list[Any]:
    with installed.database.transaction(NATION) as connection:
        return list(connection.execute(text("SELECT * FROM message ORDER BY created_at")))


def states(installed: Installed) -> Counter[str]:
    return Counter(r.state for r in rows(installed))
