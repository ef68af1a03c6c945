"""The office in memory: one process, nothing kept; a unit of work that fails leaves no trace."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fanzha.detection.finding import Finding
from fanzha.errors import Uncertain
from fanzha.lifecycles.actor import Scope, Unit
from fanzha.lifecycles.warning import states
from fanzha.lifecycles.warning.model import (
    Change,
    Evidence,
    FraudWarning,
    NewWarning,
    Person,
    PersonView,
)
from fanzha.ports.case_file import Note, StopRequest
from fanzha.ports.deed_book import Deed
from fanzha.ports.outbox import Message
from fanzha.ports.warning_book import StateChanged
from fanzha.values.mask import mask_account, mask_name, mask_number


@dataclass
class _State:
    """Everything there is. Copied at the start of a unit of work, swapped in at its commit."""

    warnings: dict[UUID, FraudWarning] = field(default_factory=dict)
    episodes: dict[tuple[bytes, str], UUID] = field(default_factory=dict)
    evidence: dict[UUID, dict[str, Evidence]] = field(default_factory=dict)
    people: dict[UUID, Person] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    messages: dict[UUID, Message] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    stop_requests: dict[UUID, StopRequest] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    position: int = 0

    def copy(self) -> _State:
        return _State(**{name: copy(value) for name, value in vars(self).items()})


class MemoryOffice:
    """Knows the tiers; opens a unit of work for a scope. `state` is what has been committed."""

    def __init__(self, units: Sequence[Unit], *, keep_deeds: bool = True) -> None:
        self._units = list(units)
        self._keep_deeds = keep_deeds
        self.state = _State()

    def units(self) -> Sequence[Unit]:
        return self._units

    @contextmanager
    def work(self, scope: Scope) -> Iterator[MemoryUnitOfWork]:
        state = self.state.copy()
        yield MemoryUnitOfWork(state, scope)
        if not self._keep_deeds:
            state.deeds.clear()
        self.state = state


class MemoryUnitOfWork:
    """The books over one copy of the state."""

    def __init__(self, state: _State, scope: Scope) -> None:
        self.warnings = MemoryWarnings(state, scope)
        self.deeds = MemoryDeeds(state.deeds)
        self.outbox = MemoryOutbox(state.messages)
        self.findings = MemoryFindings(state)
        self.file = MemoryCaseFile(state)
        self.clocks = MemoryClocks(state)


class MemoryWarnings:
    """The book of warnings."""

    def __init__(self, state: _State, scope: Scope) -> None:
        self._state = state
        self._scope = scope

    def of_episode(self, person: str, episode: str) -> FraudWarning | None:
        id = self._state.episodes.get((_token(person), episode))
        return self.get(id) if id else None

    def get(self, id: UUID) -> FraudWarning | None:
        found = self._state.warnings.get(id)
        return found if found and found.unit.within(self._scope) else None

    def add(self, new: NewWarning) -> FraudWarning:
        token = _token(new.person.token)
        if (token, new.episode) in self._state.episodes:
            raise ValueError("this episode has a warning already")
        day = f"{new.issued_at:%Y%m%d}"
        self._state.numbers[day] += 1
        warning = FraudWarning(
            id=new.id,
            number=f"YJ-{day}-{self._state.numbers[day]:05d}",
            version=1,
            state=new.state,
            grade=new.grade,
            case=replace(new.case, evidence=(), finding_ids=()),
            basis_zh=new.basis_zh,
            basis_en=new.basis_en,
            person=_view(new.person),
            person_token=token,
            episode=new.episode,
            clock=new.clock,
            escalated=0,
            owner_id=None,
            owner_display=None,
            locked_until=None,
            missed_contacts=0,
            outcome=None,
            before=None,
            issued_at=new.issued_at,
            pushed_at=new.issued_at,
            updated_at=new.issued_at,
            unit=new.unit,
        )
        self._state.warnings[new.id] = warning
        self._state.episodes[token, new.episode] = new.id
        self._state.people[new.id] = new.person
        self._keep(new.id, new.case.evidence)
        return warning

    def advance(self, before: FraudWarning, state: str, change: Change) -> FraudWarning:
        now = self._state.warnings[before.id]
        if now.state != before.state or now.version != before.version:
            raise StateChanged(now)
        values: dict[str, Any] = {k: v for k, v in change.set.items() if k in _FIELDS}
        if "case" in values:
            values["case"] = replace(values["case"], evidence=(), finding_ids=())
            values.setdefault("updated_at", max(before.updated_at, values["case"].event_at))
        if change.unit is not None:
            values["unit"] = change.unit
        after = replace(now, state=state, version=now.version + 1, **values)
        self._state.warnings[before.id] = after
        self._keep(before.id, change.evidence)
        return after

    def load(self, units: Sequence[Unit]) -> dict[str, int]:
        codes = {u.code for u in units}
        open_ones = (
            w.unit.code
            for w in self._state.warnings.values()
            if w.unit.code in codes and not states.WARNING.state(w.state).final
        )
        return dict(Counter(open_ones))

    def _keep(self, id: UUID, entries: Sequence[Evidence]) -> None:
        if entries:
            known = self._state.evidence.get(id, {})
            self._state.evidence[id] = known | {e.ref: e for e in entries}


class MemoryDeeds:
    """The record of deeds, without a chain."""

    def __init__(self, deeds: list[Deed]) -> None:
        self._deeds = deeds

    def append(self, deed: Deed) -> None:
        self._deeds.append(deed)


class MemoryOutbox:
    """Messages that would be sent."""

    def __init__(self, messages: dict[UUID, Message]) -> None:
        self._messages = messages

    def put(self, message: Message) -> bool:
        if message.id in self._messages:
            return False
        self._messages[message.id] = message
        return True


class MemoryFindings:
    """Findings and the position."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def add(self, findings: Sequence[tuple[Finding, UUID | None, Unit]]) -> None:
        for finding, _, _ in findings:
            self._state.findings.setdefault(finding.id, finding)

    def position(self) -> int:
        return self._state.position

    def move(self, before: int, after: int) -> None:
        if self._state.position not in (0, before):
            raise Uncertain(
                "another_scorer",
                zh="另有评分进程在处理同一日志，本进程停止",
                en="another scorer works on the same log; this one stops",
            )
        self._state.position = after


class MemoryCaseFile:
    """Notes and stop requests."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def note(self, note: Note) -> None:
        self._state.notes.append(note)

    def request_stop(self, request: StopRequest) -> None:
        self._state.stop_requests.setdefault(request.id, request)


class MemoryClocks:
    """What time has caught up with."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def run_out(self, now: datetime, limit: int) -> Sequence[FraudWarning]:
        due = [
            (w.clock.escalates_at, w.number, w)
            for w in self._state.warnings.values()
            if w.clock and w.clock.escalates_at and w.clock.escalates_at < now
        ]
        return [w for *_, w in sorted(due, key=lambda d: d[:2])][:limit]

    def abandoned(self, now: datetime, limit: int) -> Sequence[FraudWarning]:
        left = [
            w
            for w in self._state.warnings.values()
            if w.state == states.SIGNED and w.locked_until and w.locked_until < now
        ]
        return left[:limit]


_FIELDS = frozenset(FraudWarning.__dataclass_fields__)


def _token(person: str) -> bytes:
    return hashlib.blake2b(person.encode(), digest_size=16).digest()


def _view(person: Person) -> PersonView:
    number = mask_number(person.number) if person.number else ""
    mask = number or (mask_account(person.account) if person.account else "")
    name = mask_name(person.name) if person.name else ""
    return PersonView(name, mask, person.sex, person.birth_year)
