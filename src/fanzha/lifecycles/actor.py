"""Who acts: a signed-in person or the system itself, with roles and a place in the tiers."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Role(enum.StrEnum):
    """What a person is appointed to. `SYSTEM` is the machine: it proposes, sends and counts."""

    DISSUADER = "dissuader"
    DUTY_OFFICER = "duty_officer"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Level(enum.StrEnum):
    """Tiers of centres, highest first; a post is the fourth-level centre in a community."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    BRANCH = "branch"
    STATION = "station"
    POST = "post"

    @property
    def depth(self) -> int:
        """0 for the nation, 5 for a post."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Scope:
    """What part of the country somebody may see: one unit and everything below it."""

    level: Level
    code: str

    def __str__(self) -> str:
        return f"{self.level}:{self.code}"


NATION = Scope(Level.NATION, "86")
"""The whole country: what a centre as such sees, and what belongs to no place below."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One centre. `path` holds the codes from province down to this unit; None below its level."""

    code: str
    level: Level
    zh: str
    en: str
    path: tuple[str | None, str | None, str | None, str | None, str | None]

    @property
    def scope(self) -> Scope:
        return Scope(self.level, self.code)

    def within(self, scope: Scope) -> bool:
        """Whether this unit lies in the scope."""
        return scope.level is Level.NATION or self.path[scope.level.depth - 1] == scope.code


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts: recorded with every deed."""

    id: str
    display: str
    roles: frozenset[Role]
    unit: Unit

    def may(self, roles: frozenset[Role]) -> bool:
        return bool(self.roles & roles)


def system(unit: Unit, name: str = "system") -> Actor:
    """The machine itself, acting for the centre it runs in."""
    return Actor(id=name, display="系统", roles=frozenset({Role.SYSTEM}), unit=unit)
