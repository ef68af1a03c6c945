"""What time does to the register: terms end, proposals lapse, late appeals are reported."""

from __future__ import annotations

from datetime import datetime

from fanzha.lifecycles.actor import system
from fanzha.lifecycles.measure import appeal_states, states
from fanzha.ports.deed_book import Deed
from fanzha.ports.register import RegisterUnit
from fanzha.usecases.measure.act import end
from fanzha.usecases.measure.appeal import next_report
from fanzha.usecases.measure.propose import Register

__all__ = ["run"]


def run(work: RegisterUnit, register: Register, now: datetime, limit: int = 200) -> int:
    """One commit's worth; gives how much was done, so that the caller comes again at once."""
    over = work.measures.over(now, limit)
    for measure in over:
        if measure.state in states.IN_FORCE:
            end(work, register, measure, "expire", now)
        else:
            end(work, register, measure, "lapse", now)
    late = work.appeals.late(now, limit)
    machine = system(register.root)
    for appeal in late:
        rule = appeal_states.APPEAL.rule(appeal.state, "escalate", machine)
        again = next_report(appeal, register, now)
        change = {"updated_at": now, "escalates_at": again}
        after = work.appeals.advance(appeal, rule.leads(appeal.state), change)
        work.deeds.append(
            Deed(
                at=now,
                actor=machine,
                verb="escalate",
                object_kind="appeal",
                object_id=after.number,
                unit=after.unit,
                before=appeal.state,
                after=after.state,
                detail={"measure": after.measure_number},
            )
        )
    return len(over) + len(late)
