"""A centre's lists in memory: passes the same contract as the road over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pyarrow as pa

from fanzha.errors import FanzhaError, Refused
from fanzha.lists.form import CHANGES, ENTRIES, Effect, Kind, Lists, Match

__all__ = ["Entry", "MemoryLists", "entry"]

Entry = tuple[int, int, bytes, int, int, int]


def entry(
    kind: Kind,
    key: str | bytes,
    effect: Effect = Effect.REFUSE,
    code: int = 1,
    *,
    match: Match = Match.EXACT,
    ends_at: int = 0,
) -> Entry:
    """One line of a list."""
    held = key.encode() if isinstance(key, str) else key
    return (int(kind), int(match), held, int(effect), code, ends_at)


class MemoryLists:
    """Implements `ListFeed`. `put` and `take_out` make a version each; `keep` of them are kept."""

    def __init__(
        self, entries: Sequence[Entry] = (), *, version: int = 1, keep: int = 1000
    ) -> None:
        self.version = version
        self.problems: list[FanzhaError] = []
        """Raised one by one by what is asked next."""
        self._keep = keep
        self._held = {one[:3]: one for one in entries}
        self._changed: list[tuple[int, tuple[int, int, bytes], Entry | None]] = []
        self._news = threading.Condition()

    def put(self, *entries: Entry) -> int:
        """Entries come, or take the place of their like; gives the version."""
        return self._change([(one[:3], one) for one in entries])

    def take_out(self, *entries: Entry) -> int:
        """Entries go; gives the version."""
        return self._change([(one[:3], None) for one in entries])

    def whole(self) -> Lists:
        self._stumble()
        with self._news:
            return Lists(self.version, _table(sorted(self._held.values()), ENTRIES))

    def changes(self, since: int, wait_s: float) -> Lists | None:
        self._stumble()
        with self._news:
            if since < self.version - self._keep or since > self.version:
                raise Refused("too_old", zh="太旧", en="too old", field="since")
            self._news.wait_for(lambda: self.version > since, wait_s)
            if self.version <= since:
                return None
            last = {key: now for version, key, now in self._changed if version > since}
            rows = [
                (*now, False) if now is not None else (*key, 0, 0, 0, True)
                for key, now in sorted(last.items())
            ]
            return Lists(self.version, _table(rows, CHANGES), since)

    def close(self) -> None:
        """Nothing is held open."""

    def _change(self, changes: Sequence[tuple[tuple[int, int, bytes], Entry | None]]) -> int:
        with self._news:
            self.version += 1
            for key, now in changes:
                if now is None:
                    self._held.pop(key, None)
                else:
                    self._held[key] = now
                self._changed.append((self.version, key, now))
            self._news.notify_all()
            return self.version

    def _stumble(self) -> None:
        if self.problems:
            raise self.problems.pop(0)


def _table(rows: Sequence[tuple[object, ...]], form: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(form)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, form, strict=True)], schema=form)
