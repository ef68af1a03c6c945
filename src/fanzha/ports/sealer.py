"""Sealing of identifiers: unreadable at rest, found by equality, opened for a purpose."""

from __future__ import annotations

from typing import Protocol


class Sealer(Protocol):
    """Keys live outside the database and carry versions, so that everything can be sealed anew."""

    def seal(self, plain: str, context: str) -> bytes:
        """Sealed bytes. `context` (table and column) is bound in: moved elsewhere, they fail."""
        ...

    def open(self, sealed: bytes, context: str) -> str:
        """The plain text; Refused when the bytes were changed or moved."""
        ...

    def token(self, kind: str, normal: str) -> bytes:
        """A keyed token for equality search; says nothing about the value without the key."""
        ...

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key sealed these bytes; if not, they are due to be sealed anew."""
        ...
