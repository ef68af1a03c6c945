"""Files of names as they are served: made when the list has changed, kept packed and unpacked."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fanzha.entrypoints.api.measures.standing import NowStanding
from fanzha.lists import files
from fanzha.lists.form import Lists
from fanzha.lists.hashes import FullHash, Hashes

__all__ = ["KINDS", "ListFile", "ListFiles"]

KINDS = ("hosts", "domains", "abp", "prefixes")
_REST = 20
"""Making files takes at most a twentieth of the time, however long the list is …"""
_REST_MOST_S = 300.0
"""… and none is older than this where the list has changed."""
_AGAIN_S = 1_800.0
"""Where it has not, a file is made anew so often, for what it says of its age."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """One file, as it is and as gzip has it."""

    body: bytes
    packed: bytes
    version: int
    made_at: int
    expires_at: int


class _Made:
    """Everything made of one version at one instant."""

    def __init__(self, lists: Lists, head: files.Head) -> None:
        self.head = head
        self.names = files.names_in(lists, head.made_at)
        self.hashes = Hashes(lists)
        self.files: dict[str, ListFile] = {}
        self.at = time.monotonic()


class ListFiles:
    """Serves many from few makings."""

    def __init__(
        self, standing: NowStanding, title: str, licence: str, hold: timedelta,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._standing = standing
        self._title = title
        self._licence = licence
        self._hold_s = int(hold.total_seconds())
        self._now = now
        self._lock = threading.Lock()
        self._made: _Made | None = None
        self._rest_s = 0.0

    def get(self, kind: str) -> ListFile:
        """One of `KINDS`. Raises Unavailable where the list cannot be read."""
        with self._lock:
            made = self._fresh()
            if kind not in made.files:
                made.files[kind] = self._written(made, kind)
            return made.files[kind]

    def find(self, prefix: bytes) -> list[FullHash]:
        """Hashes that begin so. Raises Refused where `prefix` is not of 4 to 32 bytes."""
        with self._lock:
            made = self._fresh()
        return made.hashes.find(prefix, int(self._now().timestamp()))

    def _fresh(self) -> _Made:
        standing = self._standing.get()
        made = self._made
        age = time.monotonic() - made.at if made else 0.0
        if made and (
            age < self._rest_s or (made.head.version == standing.version and age < _AGAIN_S)
        ):
            return made
        begun = time.monotonic()
        at = int(self._now().timestamp())
        lists = standing.dump()
        head = files.Head(self._title, self._licence, lists.version, at, at + self._hold_s)
        self._made = _Made(lists, head)
        self._rest_s = min(_REST * (time.monotonic() - begun), _REST_MOST_S)
        return self._made

    def _written(self, made: _Made, kind: str) -> ListFile:
        head = made.head
        match kind:
            case "hosts":
                body = files.hosts(made.names, head)
            case "domains":
                body = files.plain_names(made.names, head)
            case "abp":
                body = files.abp(made.names, head)
            case _:
                body = made.hashes.prefixes(head)
        packed = gzip.compress(body, 6, mtime=head.made_at)
        return ListFile(body, packed, head.version, head.made_at, head.expires_at)
