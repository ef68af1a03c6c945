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

    @property
    def current(self) -> bytes:
        """How bytes sealed by the newest key begin; others are due to be sealed anew."""
        ...
