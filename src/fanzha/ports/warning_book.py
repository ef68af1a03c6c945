"""Where warnings are kept: found by person and episode, changed only by a verb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Unit
from fanzha.lifecycles.warning.model import Change, FraudWarning, NewWarning


class StateChanged(Refused):
    """Somebody else was quicker: the state is no longer the one the decision was made on."""

    def __init__(self, now: FraudWarning) -> None:
        super().__init__(
            "state_changed",
            zh="状态已被他人改变，请看最新情况",
            en="somebody else has changed the state meanwhile",
            field="expected_state",
        )
        self.now = now


class WarningBook(Protocol):
    """Sees only the scope of its unit of work."""

    def of_episode(self, person: str, episode: str) -> FraudWarning | None:
        """The warning of this person and episode, whatever its state."""
        ...

    def get(self, id: UUID) -> FraudWarning | None:
        """One warning, or None where it is not in scope."""
        ...

    def add(self, new: NewWarning) -> FraudWarning:
        """Store a new warning with its evidence; gives it its number."""
        ...

    def advance(self, before: FraudWarning, state: str, change: Change) -> FraudWarning:
        """The one statement that changes a warning. StateChanged when `before` is out of date."""
        ...

    def load(self, units: Sequence[Unit]) -> dict[str, int]:
        """How many open warnings each unit has: for routing by load."""
        ...
