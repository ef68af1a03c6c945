"""A rule set: every live and shadow rule with its mutes, one numbered and complete edition."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fanzha.detection.rules.rule import RuleText

__all__ = ["EMPTY", "Look", "Mode", "Mute", "RuleSet", "Ruled"]


class Mode(StrEnum):
    """Whether a rule speaks, or is only counted."""

    LIVE = "live"
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Mute:
    """A rule that says nothing of one subject, or in one area, or of all, until an instant."""

    until: int
    """Stream time, ms UTC; it holds before this."""
    key: int | None = None
    """The 64-bit key of a number or an account."""
    area: str | None = None
    """A district's code or its beginning; rows whose district is not known are not muted."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """One version of a rule as it stands in a set."""

    rule: RuleText
    version: int
    mode: Mode
    mutes: tuple[Mute, ...] = ()

    @property
    def ref(self) -> str:
        return f"{self.rule.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at whatever its score: shares of rows below the threshold, drawn by a key."""

    salt: str
    quiet: float
    """Share of the rows on which nothing held."""
    faint: float
    """Share of the rows on which something held, below the threshold."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """An edition. `number` counts up; two sets of the same content have the same digest."""

    number: int
    rules: tuple[Ruled, ...] = ()
    look: Look | None = None

    @property
    def digest(self) -> str:
        text = json.dumps(self.plain(), sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def plain(self) -> dict[str, Any]:
        """As JSON: what is stored, and what a scorer loads."""
        return {
            "rules": [
                {
                    "rule": r.rule.plain(),
                    "version": r.version,
                    "mode": r.mode.value,
                    # Keys are 64 bits, more than a JSON number holds everywhere.
                    "mutes": [
                        [m.until, None if m.key is None else str(m.key), m.area] for m in r.mutes
                    ],
                }
                for r in self.rules
            ],
            "look": None
            if self.look is None
            else {"salt": self.look.salt, "quiet": self.look.quiet, "faint": self.look.faint},
        }

    @classmethod
    def of(cls, number: int, plain: Mapping[str, Any]) -> RuleSet:
        rules = tuple(
            Ruled(
                rule=RuleText.of(r["rule"]),
                version=r["version"],
                mode=Mode(r["mode"]),
                mutes=tuple(
                    Mute(until, None if key is None else int(key), area)
                    for until, key, area in r["mutes"]
                ),
            )
            for r in plain["rules"]
        )
        return cls(number, rules, Look(**plain["look"]) if plain["look"] else None)


EMPTY = RuleSet(0)
