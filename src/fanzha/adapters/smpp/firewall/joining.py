"""Texts of several parts, joined as they come, so that each part is judged in its surroundings.

Nothing is held back: a part is judged with the parts seen so far and passes at once, or is refused,
and with it every later part of its text. Bounded in texts and characters an account, and in time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from fanzha.ports.text_wire import Part, Said, Verdict

__all__ = ["Bounds", "Joiner", "Joint"]

_NEAR = 7
"""Parts before and after one that are read with it; the last part of all is read with all."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may wait for its other parts, of one account; the oldest text goes first."""

    texts: int = 2_000
    characters: int = 2_000_000
    keep_s: float = 600.0


@dataclass(slots=True)
class Joint:
    """One text whose parts are coming."""

    begun: float
    pieces: dict[int, str] = field(default_factory=dict)
    refused: Verdict | None = None

    def around(self, part: Part) -> str:
        """The text near a part, in order, whatever is missing; all of it where nothing is."""
        whole = len(self.pieces) == part.total
        near = [n for n in self.pieces if whole or abs(n - part.number) <= _NEAR]
        return "".join(self.pieces[n] for n in sorted(near))


_Key = tuple[str, str, int, int]


class _Account:
    def __init__(self) -> None:
        self.joints: OrderedDict[_Key, Joint] = OrderedDict()
        self.characters = 0


class Joiner:
    """`clock` gives seconds that never jump."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self._clock = clock
        self._accounts: dict[str, _Account] = {}
        self.dropped = 0
        """Texts forgotten for want of room before all their parts had come."""

    def __len__(self) -> int:
        return sum(len(one.joints) for one in self._accounts.values())

    def add(self, account: str, said: Said) -> tuple[Joint, str]:
        """The text that this part belongs to, and what of it is to be judged.

        A part that came before with other words begins a new text: references are used again.
        """
        part = said.part
        assert part is not None
        held = self._accounts.setdefault(account, _Account())
        self._expire(held)
        key = (said.sender, said.recipient, part.reference, part.total)
        joint = held.joints.get(key)
        if joint is not None and joint.pieces.get(part.number, said.text) != said.text:
            self._forget(held, key)
            joint = None
        if joint is None:
            joint = held.joints[key] = Joint(self._clock())
        if part.number not in joint.pieces:
            joint.pieces[part.number] = said.text
            held.characters += len(said.text)
        text = joint.around(part)
        if len(joint.pieces) == part.total:
            self._forget(held, key)
        self._shrink(held)
        if not held.joints:
            del self._accounts[account]
        return joint, text

    def expire(self) -> None:
        """Let go of what has waited too long, of all accounts."""
        for account, held in list(self._accounts.items()):
            self._expire(held)
            if not held.joints:
                del self._accounts[account]

    def _expire(self, held: _Account) -> None:
        since = self._clock() - self._bounds.keep_s
        while held.joints and next(iter(held.joints.values())).begun < since:
            self._forget(held, next(iter(held.joints)))

    def _shrink(self, held: _Account) -> None:
        bounds = self._bounds
        while len(held.joints) > bounds.texts or held.characters > bounds.characters:
            self._forget(held, next(iter(held.joints)))
            self.dropped += 1

    def _forget(self, held: _Account, key: _Key) -> None:
        joint = held.joints.pop(key)
        held.characters -= sum(map(len, joint.pieces.values()))
