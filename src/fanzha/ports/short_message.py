"""Short messages to phones: what is sent, what the carrier's centre answers and reports later."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """One text for one phone. `to` is a number in normal form (`+86…`)."""

    id: str
    """Ours. The same id never stands for two texts."""
    to: str
    text: str
    flash: bool
    """Class 0: shown over whatever is on the screen, not stored."""
    sender: str
    validity: timedelta
    """How long the carrier may keep trying."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The centre has the whole message and answers for it from here on."""

    smsc_id: str
    """The centre's id of the message; of its last part where it needed several."""


class Outcome(StrEnum):
    """What a carrier finally says of a message (SMPP 3.4 table 5.2.28)."""

    DELIVERED = "delivered"
    EXPIRED = "expired"
    DELETED = "deleted"
    UNDELIVERABLE = "undeliverable"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of a message that was accepted. May overtake the answer to the submit."""

    smsc_id: str
    state: Outcome
    id: str | None = None
    """Our id, where the sender still knows it: an answer that was lost can be made up for."""
    to: str | None = None
    reference: int | None = None
    """`reference_of` our id, as the carrier gave it back, where the id is not known any more."""


def reference_of(id: str) -> int:
    """The 16 bits (never 0) that travel with a message and come back with its report."""
    digest = hashlib.blake2b(id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 0xFFFF + 1


class ShortMessageSender(Protocol):
    """A road to phones. It keeps its own connection and mends it."""

    @property
    def up(self) -> bool:
        """Whether a message handed over now would leave."""
        ...

    async def submit(self, message: ShortMessage) -> Receipt:
        """Hand one message to the centre.

        Refused: it was not taken and never will be as it is. Unavailable: nothing left, try
        again. Uncertain: it may have been taken; sending again may reach the person twice.
        """
        ...

    def reports(self) -> AsyncIterator[DeliveryReport]:
        """Reports as they come, for one reader; waits for more; ends when the sender is closed."""
        ...

    async def confirm(self, report: DeliveryReport) -> None:
        """It is recorded. A report that was never confirmed is told again where possible."""
        ...
