"""Which warnings time has caught up with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from fanzha.lifecycles.warning.model import FraudWarning


class ClockBook(Protocol):
    """Rows are locked for this unit of work, so that two workers never handle the same one."""

    def run_out(self, now: datetime, limit: int) -> Sequence[FraudWarning]:
        """Open warnings whose clock has run out, longest first."""
        ...

    def abandoned(self, now: datetime, limit: int) -> Sequence[FraudWarning]:
        """Signed warnings whose lock has ended without a step."""
        ...
