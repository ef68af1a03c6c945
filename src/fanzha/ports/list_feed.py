"""Where an edge hears what stands: the whole list once, then what changes."""

from __future__ import annotations

from typing import Protocol

from fanzha.lists.form import Lists


class ListFeed(Protocol):
    """Raises `Unavailable` while the centre cannot be reached; `Refused` where it says no, or
    where what came is not signed by it."""

    def whole(self) -> Lists:
        """Everything that stands now."""
        ...

    def changes(self, since: int, wait_s: float) -> Lists | None:
        """What has changed after `since`, waiting up to `wait_s` for something to; None: nothing
        has. `Refused` with code `too_old` where changes so far back are no longer kept."""
        ...
