"""The record of deeds: who did what, when, on what ground; a hash chain a jurisdiction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fanzha.lifecycles.actor import Actor, Unit


@dataclass(frozen=True, slots=True)
class Deed:
    """One line that can never be changed. `detail` holds words and codes, never an identifier."""

    at: datetime
    actor: Actor
    verb: str
    object_kind: str
    object_id: str
    unit: Unit
    """Where the object stood: decides the chain and who may read the line."""
    before: str | None = None
    after: str | None = None
    article: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


class DeedBook(Protocol):
    """Write-only for use cases; readers have queries of their own."""

    def append(self, deed: Deed) -> None:
        """Add to the chain of the deed's jurisdiction, in the commit of what it records."""
        ...
