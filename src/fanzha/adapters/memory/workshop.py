"""The workshop in memory: one process, nothing kept; a unit of work that fails leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fanzha.detection.rules.ruleset import RuleSet
from fanzha.errors import Uncertain
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import (
    Hands,
    Label,
    Rehearsal,
    RehearsalState,
    RuleVersion,
    Snooze,
)
from fanzha.ports.deed_book import Deed
from fanzha.ports.workshop import RuleChanged, Taken


@dataclass
class _State:
    """Everything there is. Copied at the start of a unit of work, swapped in at its commit."""

    versions: dict[tuple[str, int], RuleVersion] = field(default_factory=dict)
    sets: list[Mapping[str, Any]] = field(default_factory=list)
    taken: dict[tuple[str, int], int] = field(default_factory=dict)
    snoozes: dict[UUID, Snooze] = field(default_factory=dict)
    rehearsals: dict[UUID, Rehearsal] = field(default_factory=dict)
    touched: dict[UUID, datetime] = field(default_factory=dict)
    labels: dict[tuple[str, str], Label] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)

    def copy(self) -> _State:
        return _State(**{name: copy(value) for name, value in vars(self).items()})


class MemoryWorkshop:
    """Opens units of work; `state` is what has been committed."""

    def __init__(self) -> None:
        self.state = _State()

    @contextmanager
    def work(self) -> Iterator[MemoryWorkshopUnit]:
        state = self.state.copy()
        yield MemoryWorkshopUnit(state)
        self.state = state


class MemoryWorkshopUnit:
    """The books over one copy of the state."""

    def __init__(self, state: _State) -> None:
        self.rules = MemoryRules(state)
        self.sets = MemoryRuleSets(state)
        self.snoozes = MemorySnoozes(state)
        self.rehearsals = MemoryRehearsals(state)
        self.labels = MemoryLabels(state)
        self.deeds = MemoryRuleDeeds(state)


class MemoryRules:
    """The book of versions."""

    def __init__(self, state: _State) -> None:
        self._versions = state.versions
        self._deeds = state.deeds

    def get(self, rule: str, version: int) -> RuleVersion | None:
        return self._versions.get((rule, version))

    def of(self, rule: str) -> Sequence[RuleVersion]:
        mine = [v for v in self._versions.values() if v.rule == rule]
        return sorted(mine, key=lambda v: -v.version)

    def hands(self, rule: str, version: int) -> Hands:
        def who(kind: str, verb: str) -> frozenset[str]:
            about = (kind, f"{rule}@{version}", verb)
            return frozenset(
                d.actor.id for d in self._deeds if (d.object_kind, d.object_id, d.verb) == about
            )

        return Hands(submitted=who("rule", "submit"), judged=who("rule_case", "judge"))

    def add(self, new: RuleVersion) -> RuleVersion:
        if (new.rule, new.version) in self._versions:
            raise RuleChanged(self.of(new.rule)[0])
        self._versions[new.rule, new.version] = new
        return new

    def advance(self, before: RuleVersion, state: str, change: Mapping[str, Any]) -> RuleVersion:
        now = self.get(before.rule, before.version)
        if now is None:
            raise Uncertain("rule_gone", zh="规则已不在", en="the rule is gone")
        if (now.state, now.revision) != (before.state, before.revision):
            raise RuleChanged(now)
        after = replace(now, state=state, revision=now.revision + 1, **change)
        self._versions[now.rule, now.version] = after
        return after

    def in_force(self) -> Sequence[RuleVersion]:
        found = [v for v in self._versions.values() if v.state in states.IN_FORCE]
        return sorted(found, key=lambda v: (v.rule, v.version))


class MemoryRuleSets:
    """Editions, and where they took hold."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def add(self, content: Mapping[str, Any], because: str, at: datetime) -> int:
        self._state.sets.append(content)
        return len(self._state.sets)

    def lock(self) -> None:
        """There is nobody else."""

    def newest(self) -> RuleSet | None:
        sets = self._state.sets
        return RuleSet.of(len(sets), sets[-1]) if sets else None

    def take(self, consumer: str, number: int, after: int, at: datetime) -> None:
        self._state.taken.setdefault((consumer, number), after)

    def taken(self, consumer: str) -> Sequence[Taken]:
        found = sorted((after, n) for (who, n), after in self._state.taken.items()
                       if who == consumer)  # fmt: skip
        return [Taken(after, RuleSet.of(n, self._state.sets[n - 1])) for after, n in found]


class MemorySnoozes:
    """Rules that are quiet for a while."""

    def __init__(self, state: _State) -> None:
        self._snoozes = state.snoozes

    def add(self, snooze: Snooze) -> None:
        self._snoozes[snooze.id] = snooze

    def end(self, id: UUID, at: datetime) -> Snooze | None:
        found = self._snoozes.get(id)
        if found is None or found.ended_at is not None or found.until <= at:
            return None
        self._snoozes[id] = replace(found, ended_at=at)
        return self._snoozes[id]

    def running(self, at: datetime) -> Sequence[Snooze]:
        found = [s for s in self._snoozes.values() if s.ended_at is None and s.until > at]
        return sorted(found, key=lambda s: (s.rule, s.until, s.id))

    def over_places(self, rule: str, since: datetime) -> Sequence[Snooze]:
        found = [
            s for s in self._snoozes.values()
            if s.rule == rule and s.until > since and s.key is None
        ]  # fmt: skip
        return sorted(found, key=lambda s: (s.at, s.id))


class MemoryRehearsals:
    """Replays asked for."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def ask(self, rehearsal: Rehearsal) -> None:
        self._state.rehearsals[rehearsal.id] = rehearsal
        self._state.touched[rehearsal.id] = rehearsal.asked_at

    def get(self, id: UUID) -> Rehearsal | None:
        return self._state.rehearsals.get(id)

    def newest(self, rule: str, version: int) -> Rehearsal | None:
        mine = [
            r for r in self._state.rehearsals.values() if (r.rule, r.version) == (rule, version)
        ]
        return max(mine, key=lambda r: r.asked_at, default=None)

    def keep(self, rehearsal: Rehearsal, at: datetime) -> None:
        self._state.rehearsals[rehearsal.id] = rehearsal
        self._state.touched[rehearsal.id] = at

    def take_up(self, now: datetime, stale_before: datetime) -> Rehearsal | None:
        waiting = [
            r
            for r in self._state.rehearsals.values()
            if r.state is RehearsalState.ASKED
            or (r.state is RehearsalState.RUNNING and self._state.touched[r.id] < stale_before)
        ]
        found = min(waiting, key=lambda r: r.asked_at, default=None)
        if found is None:
            return None
        self.keep(replace(found, state=RehearsalState.RUNNING), now)
        return self.get(found.id)


class MemoryLabels:
    """What findings turned out to be."""

    def __init__(self, state: _State) -> None:
        self._labels = state.labels

    def add(self, labels: Sequence[Label]) -> None:
        for label in labels:
            self._labels[label.about, label.source] = label

    def harvest(self, before: datetime) -> int:
        """There are no warnings here."""
        return 0


class MemoryRuleDeeds:
    """The record of deeds, without a chain."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def append(self, deed: Deed) -> None:
        self._state.deeds.append(deed)
