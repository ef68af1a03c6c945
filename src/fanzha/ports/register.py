"""What the register of measures needs kept: measures, appeals, the lists of the wires, reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from fanzha.errors import Refused
from fanzha.lifecycles.measure.model import Appeal, Measure
from fanzha.lists.form import Effect, Kind, Match
from fanzha.ports.deed_book import DeedBook
from fanzha.ports.outbox import Outbox

__all__ = [
    "AlreadyListed", "Appeal", "AppealBook", "AppealWords", "Entry", "ListBook", "MeasureBook",
    "MeasureChanged", "RegisterOffice", "RegisterUnit", "ReportBook",
]  # fmt: skip


class MeasureChanged(Refused):
    """Somebody else was quicker: measure or appeal is no longer as the decision was made on."""

    def __init__(self, now: Measure | Appeal) -> None:
        super().__init__(
            "state_changed",
            zh="状态已被他人改变，请看最新情况",
            en="somebody else has changed the state meanwhile",
            field="expected_state",
        )
        self.now = now


class AlreadyListed(Refused):
    """Another measure stands on the same thing; `number` is that one's."""

    def __init__(self, number: str) -> None:
        super().__init__(
            "already_listed",
            zh=f"同一对象已有生效措施 {number}；请延长或解除该措施",
            en=f"measure {number} stands on the same thing: extend or lift that one",
            field="target",
        )
        self.number = number


class MeasureBook(Protocol):
    """The register."""

    def get(self, id: UUID) -> Measure | None: ...

    def by_code(self, code: int) -> Measure | None:
        """The measure whose notice bears this appeal code."""
        ...

    def add(self, new: Measure) -> Measure:
        """Store a new one; gives it its number. An id that is there already is given back as it
        is: the same proposal made twice is one."""
        ...

    def advance(self, before: Measure, state: str, change: Mapping[str, Any]) -> Measure:
        """The one statement that changes a measure. MeasureChanged when `before` is old."""
        ...

    def over(self, now: datetime, limit: int) -> Sequence[Measure]:
        """In force beyond their term, or proposed beyond their time; locked until the commit."""
        ...


@dataclass(frozen=True, slots=True)
class AppealWords:
    """What the party wrote; sealed by whatever stores it."""

    text: str
    contact: str


class AppealBook(Protocol):
    """Appeals, by measure."""

    def get(self, id: UUID) -> Appeal | None: ...

    def of(self, measure: UUID) -> Sequence[Appeal]:
        """All appeals against a measure, newest first."""
        ...

    def add(self, new: Appeal, words: AppealWords) -> Appeal: ...

    def advance(self, before: Appeal, state: str, change: Mapping[str, Any]) -> Appeal: ...

    def late(self, now: datetime, limit: int) -> Sequence[Appeal]:
        """Whose next report of delay is due; locked until the commit."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the wires' list."""

    kind: Kind
    match: Match
    key: bytes
    effect: Effect
    code: int
    ends_at: int


class ListBook(Protocol):
    """The list of the wires. What one commit changes is one version; versions come in order of
    the commits."""

    def put(self, entries: Sequence[Entry], measure: UUID, area: str) -> None:
        """Into the list of edges in this area. AlreadyListed where another measure stands on one of
        the keys; what is protected gives way to a measure that was approved against it."""
        ...

    def take_out(self, measure: UUID) -> None:
        """Out of the list, all that this measure had put there."""
        ...

    def protect(self, entries: Sequence[Entry]) -> int:
        """Make these, and only these, what is protected; keys with a standing measure are left to
        it until it ends. Gives how many rows changed."""
        ...


class ReportBook(Protocol):
    """What the public reported, one voice a person and thing."""

    def add(self, about: bytes, by: bytes, at: datetime) -> bool:
        """False where this person had reported this thing already."""
        ...

    def withdraw(self, about: bytes, by: bytes, at: datetime) -> bool: ...

    def count(self, about: bytes) -> int:
        """People who reported it and did not withdraw."""
        ...


class RegisterUnit(Protocol):
    """One commit's books."""

    @property
    def measures(self) -> MeasureBook: ...

    @property
    def appeals(self) -> AppealBook: ...

    @property
    def lists(self) -> ListBook: ...

    @property
    def reports(self) -> ReportBook: ...

    @property
    def deeds(self) -> DeedBook: ...

    @property
    def outbox(self) -> Outbox: ...


class RegisterOffice(Protocol):
    """Opens units of work over the whole centre: a list has no parts."""

    def work(self) -> AbstractContextManager[RegisterUnit]: ...
