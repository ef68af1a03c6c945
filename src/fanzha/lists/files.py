"""Names of the list as the files that resolvers and browsers take: hosts, plain names, ABP filters.

A name is in a file where opening it is refused or warned of; what is only labelled is not, nor what
is protected, nor what has ended. Hosts files know no names below a name: there an entry for a name
and all below it stands for the name alone. The same list at the same instant gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from fanzha.lists.form import Effect, Kind, Lists, Match

__all__ = ["Head", "Names", "abp", "head_lines", "hosts", "names_in", "plain_names"]

_HOUR_S = 3_600
_STOPPED = (Effect.WARN, Effect.REFUSE)


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of itself; instants in seconds since 1970."""

    title: str
    licence: str
    version: int
    made_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Names:
    """Names that are stopped, and those within them that are protected: alone, or with all below.
    Each list in order."""

    alone: Sequence[str]
    below: Sequence[str]
    protected_alone: Sequence[str]
    protected_below: Sequence[str]

    @property
    def themselves(self) -> list[str]:
        """Every name that is stopped itself."""
        return sorted({*self.alone, *self.below} - set(self.protected_alone))


def names_in(lists: Lists, now: int) -> Names:
    """What a whole list says of names at `now`."""
    entries = lists.entries
    running = pc.or_(pc.equal(entries["ends_at"], 0), pc.greater(entries["ends_at"], now))
    names = entries.filter(pc.and_(pc.equal(entries["kind"], int(Kind.NAME)), running))

    def those(match: Match, *effects: Effect) -> set[str]:
        wanted = pc.is_in(names["effect"], pa.array([int(e) for e in effects], pa.uint8()))
        taken = names.filter(pc.and_(wanted, pc.equal(names["match"], int(match))))
        return {key.decode("utf-8", "replace") for key in taken["key"].to_pylist()}

    allowed, allowed_below = those(Match.EXACT, Effect.ALLOW), those(Match.BELOW, Effect.ALLOW)
    below = {n for n in those(Match.BELOW, *_STOPPED) if not _within(n, allowed_below)}
    alone = {n for n in those(Match.EXACT, *_STOPPED) if not _within(n, allowed_below)}
    return Names(
        sorted(alone - below - allowed),
        sorted(below),
        sorted(n for n in allowed if _within(n, below) and not _within(n, allowed_below)),
        sorted(n for n in allowed_below if _within(n, below)),
    )


def _within(name: str, names: set[str]) -> bool:
    """Whether the name, or one above it, is among these."""
    if not names:
        return False
    labels = name.split(".")
    return any(".".join(labels[n:]) in names for n in range(len(labels)))


def hosts(names: Names, head: Head) -> bytes:
    """`0.0.0.0 name`, a line each."""
    return _written(head_lines(head, "#"), (f"0.0.0.0 {name}" for name in names.themselves))


def plain_names(names: Names, head: Head) -> bytes:
    """A name a line."""
    return _written(head_lines(head, "#"), names.themselves)


def abp(names: Names, head: Head) -> bytes:
    """Filters of Adblock Plus, which others read too: `||name^` is a name and all below it. For one
    name alone browsers read `://name^`, resolvers `|name^`."""
    hours = max(1, -(-(head.expires_at - head.made_at) // _HOUR_S))
    lines = ["[Adblock Plus]", *head_lines(head, "!"), f"! Expires: {hours} hours"]
    filters = [
        *((name, f"||{name}^") for name in names.below),
        *((name, f"://{name}^") for name in names.alone),
        *((name, f"|{name}^") for name in names.alone),
        *((name, f"@@||{name}^") for name in names.protected_below),
        *((name, f"@@://{name}^") for name in names.protected_alone),
        *((name, f"@@|{name}^") for name in names.protected_alone),
    ]
    return _written(lines, (text for _, text in sorted(filters)))


def head_lines(head: Head, mark: str) -> list[str]:
    """The lines that any of the files begins with."""
    said = {
        "Title": head.title,
        "Version": str(head.version),
        "Made at": _instant(head.made_at),
        "Expires at": _instant(head.expires_at),
        "Licence": head.licence,
    }
    return [f"{mark} {name}: {' '.join(text.split())}" for name, text in said.items()]


def _instant(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _written(head: Iterable[str], lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for part in (head, lines) for line in part).encode("utf-8")
