"""One commit: everything a use case changes becomes visible together, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from fanzha.detection.finding import Finding
from fanzha.lifecycles.actor import Scope, Unit
from fanzha.ports.case_file import CaseFile
from fanzha.ports.clock_book import ClockBook
from fanzha.ports.deed_book import DeedBook
from fanzha.ports.outbox import Outbox
from fanzha.ports.warning_book import WarningBook


class FindingBook(Protocol):
    """Findings as they were made; the position says up to where the log is taken in."""

    def add(self, findings: Sequence[tuple[Finding, UUID | None, Unit]]) -> None:
        """Store findings with the warning they carry, if any."""
        ...

    def position(self) -> int:
        """The log's position up to which findings have been taken in."""
        ...

    def move(self, before: int, after: int) -> None:
        """Set the position; Uncertain when another scorer moved it meanwhile."""
        ...


class UnitOfWork(Protocol):
    """Leaving the `with` normally commits; an exception rolls back."""

    @property
    def warnings(self) -> WarningBook: ...

    @property
    def deeds(self) -> DeedBook: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def findings(self) -> FindingBook: ...

    @property
    def file(self) -> CaseFile: ...

    @property
    def clocks(self) -> ClockBook: ...


class Office(Protocol):
    """Opens units of work for a scope, and knows the tiers."""

    def work(self, scope: Scope) -> AbstractContextManager[UnitOfWork]:
        """A unit of work that sees this scope only."""
        ...

    def units(self) -> Sequence[Unit]:
        """All tiers, parents first."""
        ...
