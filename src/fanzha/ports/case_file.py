"""What people write down about a warning, sealed: notes, and the fields of a stop order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from fanzha.lifecycles.actor import Unit


@dataclass(frozen=True, slots=True)
class Note:
    """Free text of the desk. It may name people, so it is sealed."""

    warning_id: UUID
    at: datetime
    by: str
    text: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class StopRequest:
    """The fields a stop order is made from, as the person told them."""

    id: UUID
    warning_id: UUID
    payee_account: str
    payee_name: str
    amount_fen: int
    paid_at: datetime
    requested_at: datetime
    requested_by: str
    unit: Unit


class CaseFile(Protocol):
    """Write-only for use cases; readers have queries of their own."""

    def note(self, note: Note) -> None:
        """Keep a note with its warning."""
        ...

    def request_stop(self, request: StopRequest) -> None:
        """Keep the four fields for the stop order; the same request again is one."""
        ...
