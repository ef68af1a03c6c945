"""What the workshop needs kept: rule versions, editions of the rule set, snoozes, labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from fanzha.detection.rules.ruleset import RuleSet
from fanzha.errors import Refused
from fanzha.lifecycles.rule.model import Hands, Label, Rehearsal, RuleVersion, Snooze
from fanzha.ports.deed_book import DeedBook


class RuleChanged(Refused):
    """Somebody else was quicker: the version is no longer as the decision was made on."""

    def __init__(self, now: RuleVersion) -> None:
        super().__init__(
            "state_changed",
            zh="状态已被他人改变，请看最新情况",
            en="somebody else has changed the state meanwhile",
            field="expected_state",
        )
        self.now = now


class RuleBook(Protocol):
    """Every version of every rule."""

    def get(self, rule: str, version: int) -> RuleVersion | None: ...

    def of(self, rule: str) -> Sequence[RuleVersion]:
        """All versions of a rule, newest first."""
        ...

    def add(self, new: RuleVersion) -> RuleVersion:
        """Store a draft; its number must be the next. RuleChanged when somebody took it."""
        ...

    def advance(self, before: RuleVersion, state: str, change: Mapping[str, Any]) -> RuleVersion:
        """The one statement that changes a version. RuleChanged when `before` is out of date."""
        ...

    def hands(self, rule: str, version: int) -> Hands:
        """Everybody who ever submitted a version or judged its cases, by the record of deeds."""
        ...

    def in_force(self) -> Sequence[RuleVersion]:
        """Versions that scorers evaluate: live, in shadow, submitted; by rule and version."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """From which entry on an edition is gone by: those with a position above `after`."""

    after: int
    rules: RuleSet


class RuleSetBook(Protocol):
    """Editions, and where in its log each consumer went over to them."""

    def add(self, content: Mapping[str, Any], because: str, at: datetime) -> int:
        """Store an edition; gives its number."""
        ...

    def lock(self) -> None:
        """Until the commit nobody else makes an edition: each holds what the one before held."""
        ...

    def newest(self) -> RuleSet | None: ...

    def take(self, consumer: str, number: int, after: int, at: datetime) -> None:
        """Note where a consumer goes over; once noted it is never changed."""
        ...

    def taken(self, consumer: str) -> Sequence[Taken]:
        """In the order of the log."""
        ...


class SnoozeBook(Protocol):
    """Rules that are quiet for a while."""

    def add(self, snooze: Snooze) -> None: ...

    def end(self, id: UUID, at: datetime) -> Snooze | None:
        """End one early; None where it is not there or over."""
        ...

    def running(self, at: datetime) -> Sequence[Snooze]: ...

    def over_places(self, rule: str, since: datetime) -> Sequence[Snooze]:
        """Those of a rule for all or for an area and for no one subject, ended ones too, whose end
        as made lies after `since`."""
        ...


class RehearsalBook(Protocol):
    """Replays asked for, and what they came to."""

    def ask(self, rehearsal: Rehearsal) -> None: ...

    def get(self, id: UUID) -> Rehearsal | None: ...

    def newest(self, rule: str, version: int) -> Rehearsal | None: ...

    def keep(self, rehearsal: Rehearsal, at: datetime) -> None:
        """Write state, share and result; `at` is its sign of life."""
        ...

    def take_up(self, now: datetime, stale_before: datetime) -> Rehearsal | None:
        """The oldest that is asked, or was left running; it is running afterwards."""
        ...


class LabelBook(Protocol):
    """What findings turned out to be."""

    def add(self, labels: Sequence[Label]) -> None:
        """A later verdict from the same source replaces the earlier."""
        ...

    def harvest(self, before: datetime) -> int:
        """Turn outcomes of warnings that stand since `before` into labels; gives how many."""
        ...


class WorkshopUnit(Protocol):
    """One commit's books."""

    @property
    def rules(self) -> RuleBook: ...

    @property
    def sets(self) -> RuleSetBook: ...

    @property
    def snoozes(self) -> SnoozeBook: ...

    @property
    def rehearsals(self) -> RehearsalBook: ...

    @property
    def labels(self) -> LabelBook: ...

    @property
    def deeds(self) -> DeedBook: ...


class WorkshopOffice(Protocol):
    """Opens units of work over the whole centre: rules belong to no place."""

    def work(self) -> AbstractContextManager[WorkshopUnit]: ...
