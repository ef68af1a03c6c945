"""The policies that use cases on warnings are given: grades, clocks, wording, tiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.model import Clock, FraudWarning
from fanzha.lifecycles.warning.policy import ClockPolicy, GradePolicy
from fanzha.usecases.warning.tiers import Tiers


@dataclass(frozen=True)
class WarningPolicies:
    """Dated data, loaded once. `wording(scam_type, grade)` gives a text that passed the rules."""

    grades: GradePolicy
    clocks: ClockPolicy
    wording: Callable[[str | None, WarningGrade], str]
    tiers: Tiers

    def clock(self, name: str, grade: WarningGrade, now: datetime) -> Clock:
        """The clock that starts now."""
        due = now + self.clocks.term(name, grade)
        return Clock(name, now, due, escalates_at=due)

    def sign_clock_again(self, warning: FraudWarning, now: datetime) -> Clock:
        """The sign clock of a warning given back: it has run since the warning was pushed.

        One that is late is late at once, and is reported as often as is still left to report.
        """
        clock = self.clock("sign", warning.grade, warning.pushed_at)
        if warning.escalated >= self.clocks.escalations_max:
            return replace(clock, escalates_at=None)
        return replace(clock, escalates_at=max(clock.due_at, now))
