"""What is to be sent: recorded in the commit that decides it, sent by the deliverer afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from fanzha.lifecycles.actor import Unit


@dataclass(frozen=True, slots=True)
class Message:
    """A text to one number: of a warning, or the notice of a measure. The id is ours and repeats:
    one a warning, channel and grade; one a measure and step."""

    id: UUID
    warning_id: UUID | None
    channel: str
    to: str
    body: str
    created_at: datetime
    unit: Unit
    measure_id: UUID | None = None


class Outbox(Protocol):
    """Takes messages; the same id again is the same message."""

    def put(self, message: Message) -> bool:
        """Record the message for sending. False when it was there already."""
        ...
