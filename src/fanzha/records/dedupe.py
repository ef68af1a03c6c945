"""Has this event come before? Exact for 24 hours of a sender's stream time, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

HOUR_MS = 3_600_000
#: An event is remembered until its sender's stream time has moved on by more than so many hours.
REMEMBERED_HOURS = 24
#: Bytes of one slot: eight of the id, one of the hour it came in.
SLOT_BYTES = 9
_SMALLEST = 1_024
#: A table grows when it is so full, and is as full as `_FRESH` afterwards.
_FULL = 0.70
_FRESH = 0.56
#: Hours are written in a byte, counted from the table's base hour; 0 marks a free slot.
_LAST_STAMP = 200
_NEVER = np.iinfo(np.int64).min


@numba.njit(cache=True)
def _place(event_id: np.uint64, slots: np.uint64) -> np.uint64:
    mixed = event_id + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))) % slots


@numba.njit(cache=True)
def _mark(
    event_ids: npt.NDArray[np.uint64],
    hours: npt.NDArray[np.int64],
    start: int,
    clock: int,
    base: int,
    used: int,
    remembered: int,
    ids: npt.NDArray[np.uint64],
    stamps: npt.NDArray[np.uint8],
    repeated: npt.NDArray[np.bool_],
) -> tuple[int, int, int]:
    """Takes events from `start` on until the table must be rebuilt. (next event, clock, used).

    A free slot is always left (the caller rebuilds at 70 %), so every probe ends.
    """
    slots = np.uint64(len(ids))
    room = int(len(ids) * _FULL)
    for row in range(start, len(event_ids)):
        hour = max(clock, hours[row])
        if used >= room or hour - base >= _LAST_STAMP:
            return row, clock, used
        clock = hour
        now = clock - base + 1
        slot = _place(event_ids[row], slots)
        while stamps[slot] != 0 and ids[slot] != event_ids[row]:
            slot = slot + np.uint64(1)
            if slot == slots:
                slot = np.uint64(0)
        if stamps[slot] == 0:
            used += 1
            ids[slot] = event_ids[row]
            stamps[slot] = now
        elif now - stamps[slot] <= remembered:
            repeated[row] = True
        else:
            stamps[slot] = now
    return len(event_ids), clock, used


@numba.njit(cache=True)
def _put_all(
    event_ids: npt.NDArray[np.uint64],
    new_stamps: npt.NDArray[np.uint8],
    ids: npt.NDArray[np.uint64],
    stamps: npt.NDArray[np.uint8],
) -> None:
    slots = np.uint64(len(ids))
    for row in range(len(event_ids)):
        slot = _place(event_ids[row], slots)
        while stamps[slot] != 0:
            slot = slot + np.uint64(1)
            if slot == slots:
                slot = np.uint64(0)
        ids[slot] = event_ids[row]
        stamps[slot] = new_stamps[row]


class _Table:
    """One sender's events: an open-addressing table whose slots say in which hour an id came."""

    def __init__(self, most_slots: int, remembered: int) -> None:
        self.most_slots = most_slots
        self.remembered = remembered
        self.clock = _NEVER
        self.base = 0
        self.used = 0
        self.ids = np.zeros(_SMALLEST, np.uint64)
        self.stamps = np.zeros(_SMALLEST, np.uint8)
        self.forgotten = 0

    def seen(
        self, event_ids: npt.NDArray[np.uint64], at_ms: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        repeated = np.zeros(len(event_ids), np.bool_)
        hours = at_ms // HOUR_MS
        row = 0
        while row < len(event_ids):
            if self.clock == _NEVER:
                self.clock = self.base = int(hours[0])
            row, self.clock, self.used = _mark(
                event_ids, hours, row, self.clock, self.base, self.used, self.remembered,
                self.ids, self.stamps, repeated,
            )  # fmt: skip
            if row < len(event_ids):
                self.clock = max(self.clock, int(hours[row]))
                self._rebuild()
        return repeated

    def _live(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
        """Ids still remembered and the hours they came in, from 1 at the oldest hour remembered."""
        shift = self.clock - self.remembered - self.base
        held = np.flatnonzero(self.stamps.astype(np.int64) > max(shift, 0))
        return self.ids[held], (self.stamps[held].astype(np.int64) - shift).astype(np.uint8)

    def _rebuild(self) -> None:
        """Builds the table anew from what is still remembered, with room to grow."""
        event_ids, stamps = self._live()
        most = int(self.most_slots * _FRESH)
        oldest = 1
        while len(event_ids) > most:
            # Too many to hold for a day: the oldest hours go first, and are counted.
            oldest += 1
            held = stamps >= oldest
            self.forgotten += len(event_ids) - int(held.sum())
            event_ids, stamps = event_ids[held], stamps[held]
        slots = min(max(_SMALLEST, int(len(event_ids) / _FRESH) + 1), self.most_slots)
        self.ids = np.zeros(slots, np.uint64)
        self.stamps = np.zeros(slots, np.uint8)
        self.base = self.clock - self.remembered
        self.used = len(event_ids)
        _put_all(event_ids, stamps, self.ids, self.stamps)


@dataclass(frozen=True, slots=True)
class Memory:
    """What recognition costs: events remembered, bytes held, events forgotten before their day."""

    events: int
    bytes: int
    forgotten: int


class Repeats:
    """Recognises a repeated (source, event_id), also within one batch.

    Stream time of a source is the latest `at` it has sent so far. An id counts as repeated while
    stream time lies in the hour it first came in or one of the 24 that follow; so for 24 hours at
    least and 25 at most (`hours`, up to 168, says otherwise). Rows count in the order given: how
    they are cut into batches changes nothing. `most_bytes` bounds one source's table while it
    stands (growing needs both the old and the new for a moment); past it the oldest hours are
    forgotten first, and counted.
    """

    def __init__(self, most_bytes: int = 1 << 30, hours: int = REMEMBERED_HOURS) -> None:
        self._most_slots = max(_SMALLEST, most_bytes // SLOT_BYTES)
        self._hours = hours
        self._tables: dict[str, _Table] = {}

    def seen(
        self, source: str, event_ids: npt.NDArray[np.uint64], at_ms: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """For each event whether it has come before; each is remembered from now on."""
        table = self._tables.get(source)
        if table is None:
            table = self._tables[source] = _Table(self._most_slots, self._hours)
        return table.seen(
            np.ascontiguousarray(event_ids, np.uint64), np.ascontiguousarray(at_ms, np.int64)
        )

    @property
    def memory(self) -> Memory:
        tables = self._tables.values()
        return Memory(
            sum(table.used for table in tables),
            sum(table.ids.nbytes + table.stamps.nbytes for table in tables),
            sum(table.forgotten for table in tables),
        )

    def snapshot(self) -> dict[str, npt.NDArray[np.generic]]:
        """The tables as they stand, as arrays that share nothing with them: a restored one goes on
        exactly as the other would have, down to the moment at which it grows."""
        tables = self._tables.values()
        out: dict[str, npt.NDArray[np.generic]] = {
            "sources": np.array(list(self._tables), dtype=np.str_),
            "counts": np.array(
                [(t.clock, t.base, t.used, t.forgotten) for t in tables], np.int64
            ).reshape(-1, 4),
        }
        for place, table in enumerate(tables):
            out[f"{place}.ids"] = table.ids.copy()
            out[f"{place}.stamps"] = table.stamps.copy()
        return out

    def restore(self, snapshot: dict[str, npt.NDArray[np.generic]]) -> None:
        """Takes over what `snapshot` remembered; what was remembered here is gone."""
        self._tables = {}
        for place, source in enumerate(snapshot["sources"].tolist()):
            table = self._tables[str(source)] = _Table(self._most_slots, self._hours)
            table.clock, table.base, table.used, table.forgotten = map(
                int, snapshot["counts"][place]
            )
            table.ids = snapshot[f"{place}.ids"].astype(np.uint64)
            table.stamps = snapshot[f"{place}.stamps"].astype(np.uint8)
