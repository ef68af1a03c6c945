"""The form in which lists travel: one Arrow table of entries, whole or as changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import pyarrow as pa

__all__ = ["CHANGES", "ENTRIES", "Effect", "Kind", "Lists", "Match"]


class Kind(IntEnum):
    """What an entry is about. Its key is bytes, in the normal form of `fanzha.values`."""

    NUMBER = 1
    """`PhoneNumber.normal`: `+8615412345678`, `95588`."""
    SENDER = 2
    """A sender of texts that is no number, folded and in small letters."""
    NAME = 3
    """`DnsName.normal`."""
    URL = 4
    """SHA-256 (32 bytes) of a host and path expression: `lists.expressions`."""
    APP = 5
    """SHA-256 (32 bytes) of a package file or of its signing certificate."""


class Match(IntEnum):
    """How far an entry reaches."""

    EXACT = 0
    PREFIX = 1
    """Every number or sender that begins so."""
    BELOW = 2
    """The name itself and every name under it."""


class Effect(IntEnum):
    """What a wire does; where several entries match, ALLOW wins, else the greatest."""

    LABEL = 1
    """Let it pass, marked as doubtful."""
    WARN = 2
    """Lead to the warning page; what a wire does that has none, its page under docs/wires says."""
    REFUSE = 3
    ALLOW = 9
    """Protected: no measure touches it."""


ENTRIES = pa.schema(
    [
        pa.field("kind", pa.uint8(), nullable=False),
        pa.field("match", pa.uint8(), nullable=False),
        pa.field("key", pa.binary(), nullable=False),
        pa.field("effect", pa.uint8(), nullable=False),
        # What the affected party appeals with; 0 where nothing is taken from anybody (ALLOW).
        pa.field("code", pa.uint64(), nullable=False),
        # Seconds since 1970; 0: no end. An edge that hears nothing more still ends it in time.
        pa.field("ends_at", pa.uint32(), nullable=False),
    ]
)
"""A whole list. (kind, match, key) is unique; sorted by it."""

CHANGES = ENTRIES.append(pa.field("gone", pa.bool_(), nullable=False))
"""Changes since a version: `gone` takes the entry out, else it comes or takes the place of the one
with its kind, match and key. At most one row for each of these: what it has become."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Entries at `version`; with `since`, what has changed from that version on (CHANGES)."""

    version: int
    entries: pa.Table
    since: int | None = None
