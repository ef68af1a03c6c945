"""What several scorers of one log need to act as one: who belongs, and a word for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fanzha.errors import Unavailable

__all__ = ["Epoch", "Exchange", "GroupChanged", "Membership"]


class GroupChanged(Unavailable):
    """The group is another now: what was being worked on is dropped and begun again with it."""

    def __init__(self) -> None:
        super().__init__(
            "group_changed",
            zh="评分组成员有变，重新分配后继续",
            en="the group of scorers has changed; work goes on after it is divided anew",
        )


@dataclass(frozen=True, slots=True)
class Epoch:
    """One make-up of the group. The first member leads: it alone writes to the database."""

    number: int
    members: tuple[str, ...]


class Membership(Protocol):
    """Who belongs, agreed on in one place. Who says nothing for a while belongs no more."""

    def beat(self, me: str) -> Epoch:
        """Say that `me` lives; the epoch in force, changed first where it no longer names exactly
        those who live."""
        ...

    def leave(self, me: str) -> None:
        """Go at once, not by silence."""
        ...


class Exchange(Protocol):
    """A message from each member to all, step by step; nothing is kept."""

    async def join(self, epoch: Epoch, me: str) -> None:
        """Hear this epoch from now on, and no other."""
        ...

    async def gather(self, step: int, mine: bytes) -> Sequence[bytes]:
        """What each member says in this step, in the order of the members, ours included; waits
        for all. GroupChanged after `abandon`."""
        ...

    def abandon(self) -> None:
        """Whoever waits, waits no more: GroupChanged until the next `join`."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...
