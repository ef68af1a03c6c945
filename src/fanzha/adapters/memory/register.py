"""The register in memory: one process, nothing kept; a unit of work that fails leaves no trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pyarrow as pa

from fanzha.adapters.memory.office import MemoryDeeds, MemoryOutbox
from fanzha.lifecycles.measure import appeal_states, states
from fanzha.lifecycles.measure.model import Appeal, Measure
from fanzha.lists.form import CHANGES, ENTRIES, Effect, Lists
from fanzha.ports.deed_book import Deed
from fanzha.ports.outbox import Message
from fanzha.ports.register import AlreadyListed, AppealWords, Entry, MeasureChanged

__all__ = ["MemoryRegister"]

_Key = tuple[int, int, bytes]


@dataclass(frozen=True)
class _Line:
    entry: Entry
    measure: UUID | None
    protected: bool
    version: int
    gone: bool


@dataclass
class _State:
    measures: dict[UUID, Measure] = field(default_factory=dict)
    appeals: dict[UUID, Appeal] = field(default_factory=dict)
    words: dict[UUID, AppealWords] = field(default_factory=dict)
    lines: dict[_Key, _Line] = field(default_factory=dict)
    reports: dict[tuple[bytes, bytes], bool] = field(default_factory=dict)
    told: Counter[bytes] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    deeds: list[Deed] = field(default_factory=list)
    messages: dict[UUID, Message] = field(default_factory=dict)
    version: int = 0

    def copy(self) -> _State:
        return _State(**{name: copy(value) for name, value in vars(self).items()})


class MemoryRegister:
    """Opens units of work; `state` is what has been committed."""

    def __init__(self) -> None:
        self.state = _State()

    @contextmanager
    def work(self) -> Iterator[MemoryRegisterUnit]:
        state = self.state.copy()
        yield MemoryRegisterUnit(state)
        self.state = state

    def whole(self) -> Lists:
        """The list as the wires get it."""
        rows = [line.entry for line in self.state.lines.values() if not line.gone]
        return Lists(self.state.version, _table(rows))

    def changes(self, since: int) -> Lists:
        """What has changed after `since`."""
        lines = [line for line in self.state.lines.values() if line.version > since]
        table = _table([line.entry for line in lines])
        gone = pa.array([line.gone for line in lines], pa.bool_())
        return Lists(
            self.state.version, table.append_column(CHANGES.field("gone"), gone), since=since
        )


class MemoryRegisterUnit:
    """The books over one copy of the state."""

    def __init__(self, state: _State) -> None:
        self.measures = MemoryMeasures(state)
        self.appeals = MemoryAppeals(state)
        self.lists = MemoryLists(state)
        self.reports = MemoryReports(state)
        self.deeds = MemoryDeeds(state.deeds)
        self.outbox = MemoryOutbox(state.messages)


class MemoryMeasures:
    """The register."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def get(self, id: UUID) -> Measure | None:
        return self._state.measures.get(id)

    def by_code(self, code: int) -> Measure | None:
        return next((m for m in self._state.measures.values() if m.code == code), None)

    def add(self, new: Measure) -> Measure:
        if (there := self.get(new.id)) is not None:
            return there
        number = _number(self._state, "CS", new.created_at)
        made = self._state.measures[new.id] = replace(new, number=number)
        return made

    def advance(self, before: Measure, state: str, change: Mapping[str, Any]) -> Measure:
        now = self._state.measures[before.id]
        if (now.state, now.revision) != (before.state, before.revision):
            raise MeasureChanged(now)
        after = replace(now, state=state, revision=now.revision + 1, **change)
        self._state.measures[before.id] = after
        return after

    def over(self, now: datetime, limit: int) -> Sequence[Measure]:
        return [
            m
            for m in self._state.measures.values()
            if (m.state in states.IN_FORCE and m.term.ends_at <= now)
            or (m.state == states.PROPOSED and m.decide_by is not None and m.decide_by <= now)
        ][:limit]


class MemoryAppeals:
    """Appeals, by measure."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def get(self, id: UUID) -> Appeal | None:
        return self._state.appeals.get(id)

    def of(self, measure: UUID) -> Sequence[Appeal]:
        found = [a for a in self._state.appeals.values() if a.measure_id == measure]
        return sorted(found, key=lambda a: a.filed_at, reverse=True)

    def add(self, new: Appeal, words: AppealWords) -> Appeal:
        if any(a.state in appeal_states.OPEN for a in self.of(new.measure_id)):
            raise ValueError("an appeal against this measure is open already")
        made = replace(new, number=_number(self._state, "SS", new.filed_at))
        self._state.appeals[new.id] = made
        self._state.words[new.id] = words
        return made

    def advance(self, before: Appeal, state: str, change: Mapping[str, Any]) -> Appeal:
        now = self._state.appeals[before.id]
        if (now.state, now.revision) != (before.state, before.revision):
            raise MeasureChanged(now)
        after = replace(now, state=state, revision=now.revision + 1, **change)
        self._state.appeals[before.id] = after
        return after

    def late(self, now: datetime, limit: int) -> Sequence[Appeal]:
        due = [a for a in self._state.appeals.values() if a.escalates_at and a.escalates_at <= now]
        return due[:limit]


class MemoryLists:
    """The list of the wires."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._begun = False

    def put(self, entries: Sequence[Entry], measure: UUID, area: str) -> None:
        lines = self._state.lines
        for entry in entries:
            there = lines.get(_key(entry))
            if there and not there.gone and there.measure not in (None, measure):
                assert there.measure is not None
                raise AlreadyListed(self._state.measures[there.measure].number)
        for entry in entries:
            there = lines.get(_key(entry))
            protected = there is not None and there.protected
            lines[_key(entry)] = _Line(entry, measure, protected, self._version(), gone=False)

    def take_out(self, measure: UUID) -> None:
        for key, line in list(self._state.lines.items()):
            if line.measure != measure or line.gone:
                continue
            entry = line.entry
            if line.protected:
                entry = Entry(entry.kind, entry.match, entry.key, Effect.ALLOW, 0, 0)
            self._state.lines[key] = _Line(
                entry, None, line.protected, self._version(), gone=not line.protected
            )

    def protect(self, entries: Sequence[Entry]) -> int:
        lines, changed = self._state.lines, 0
        wanted = {_key(e): e for e in entries}
        for key, entry in wanted.items():
            there = lines.get(key)
            if there is not None and there.protected:
                continue
            held = there is not None and not there.gone and there.measure is not None
            kept = there.entry if there is not None and held else entry
            measure = there.measure if there is not None and held else None
            lines[key] = _Line(kept, measure, True, self._version(), gone=False)
            changed += 1
        for key, line in list(lines.items()):
            if line.protected and key not in wanted:
                gone = line.measure is None
                lines[key] = _Line(line.entry, line.measure, False, self._version(), gone=gone)
                changed += 1
        return changed

    def _version(self) -> int:
        if not self._begun:
            self._begun = True
            self._state.version += 1
        return self._state.version


class MemoryReports:
    """Reports, one voice a person and thing."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def add(self, about: bytes, by: bytes, at: datetime) -> bool:
        if self._state.reports.get((about, by)):
            return False
        self._state.reports[about, by] = True
        self._state.told[about] += 1
        return True

    def withdraw(self, about: bytes, by: bytes, at: datetime) -> bool:
        if not self._state.reports.get((about, by)):
            return False
        self._state.reports[about, by] = False
        self._state.told[about] -= 1
        return True

    def count(self, about: bytes) -> int:
        return self._state.told[about]


def _key(entry: Entry) -> _Key:
    return int(entry.kind), int(entry.match), entry.key


def _number(state: _State, series: str, at: datetime) -> str:
    state.numbers[f"{series}-{at:%Y%m%d}"] += 1
    return f"{series}-{at:%Y%m%d}-{state.numbers[f'{series}-{at:%Y%m%d}']:05d}"


def _table(rows: Sequence[Entry]) -> pa.Table:
    ordered = sorted(rows, key=_key)
    return pa.table(
        [pa.array([getattr(r, f.name) for r in ordered], f.type) for f in ENTRIES],
        schema=ENTRIES,
    )
