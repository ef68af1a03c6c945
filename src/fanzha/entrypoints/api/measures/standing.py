"""What stands, for the requests of this process: the wires' list in memory, seconds behind it."""

from __future__ import annotations

import secrets
import threading
import time

from fanzha.adapters.postgres.register.listed import ListRows
from fanzha.entrypoints.api.measures.feed import table_of
from fanzha.errors import Unavailable
from fanzha.lists.index import Standing

__all__ = ["NowStanding"]

_LOOK_S = 0.5
"""How long an answer is given without a look at the register."""


class NowStanding:
    """The whole list once, then what has changed. While the register cannot be asked, what was
    known last goes on to hold, as on any edge."""

    def __init__(self, rows: ListRows) -> None:
        self._rows = rows
        self._seed = secrets.randbits(128)
        self._lock = threading.Lock()
        self._standing: Standing | None = None
        self._looked = 0.0

    def get(self) -> Standing:
        """Raises Unavailable where the list was never read and cannot be now."""
        standing = self._standing
        if standing is not None and time.monotonic() - self._looked < _LOOK_S:
            return standing
        with self._lock:
            if self._standing is None or time.monotonic() - self._looked >= _LOOK_S:
                try:
                    self._standing = self._caught_up(self._standing)
                except Unavailable:
                    if self._standing is None:
                        raise
                self._looked = time.monotonic()
            return self._standing

    def _caught_up(self, standing: Standing | None) -> Standing:
        head, oldest = self._rows.head()
        if standing is None or not oldest <= standing.version <= head:
            version, rows = self._rows.whole()
            return Standing.build(table_of(rows), version, self._seed)
        if standing.version < head:
            version, rows = self._rows.changes(standing.version)
            standing.apply(table_of(rows, changes=True), version)
        return standing
