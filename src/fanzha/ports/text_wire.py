"""What stands between a sender of texts and a message centre: what it reads, asks and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

import pyarrow as pa

__all__ = ["Dialect", "Ground", "Judge", "Login", "NoFrames", "Part", "Said", "Taken", "Texts",
           "Verdict"]  # fmt: skip


class Ground(StrEnum):
    """Why a text is refused or recorded; a policy names the wire's status for each."""

    SENDER = "sender"
    """A measure stands against the sender."""
    ADDRESS = "address"
    """A measure stands against a name or address in the text."""
    NUMBER = "number"
    """A measure stands against a number in the text."""
    WORDS = "words"
    """The classifier's first stage."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """About one text that does not simply pass: `refuse` it, or let it pass and record it."""

    refuse: bool
    ground: Ground
    code: int = 0
    """Of the measure, for an appeal; 0 where no measure but the words decided."""
    score: float | None = None
    """Of the words, 0 to 1; None where they were not asked."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What is judged together: who each is from, as the wire writes it, and what it says."""

    senders: Sequence[str]
    bodies: pa.LargeStringArray


Judge: TypeAlias = Callable[[Texts], Mapping[int, Verdict]]
"""Verdicts by place in the batch; what is not named passes. Pure but for what stands now; must not
wait. One that raises makes the texts pass (fail-open), and that is told."""


class NoFrames(Exception):
    """Bytes that are none of this protocol: where frames begin is lost from `good` on, and `answer`
    is what the peer is told before the connection ends."""

    def __init__(self, good: int, answer: bytes) -> None:
        super().__init__("no frame of this protocol")
        self.good = good
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Part:
    """Where a piece belongs in a text of several."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Said:
    """One text, its frame being `data[begin:end]`. `text` may begin or end inside a character that
    is written as a pair (a lone surrogate)."""

    begin: int
    end: int
    sender: str
    recipient: str
    text: str
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What whole frames there were: `plain` texts as columns, the rest of the texts one by one.

    Frames end at `end`. `begins`, `ends` bound the frames of the plain ones, `senders` and `bodies`
    are theirs. `unread` texts are in an alphabet or form that is not read.
    """

    end: int
    frames: int
    begins: Sequence[int]
    ends: Sequence[int]
    senders: Sequence[str]
    bodies: pa.LargeStringArray | None
    others: Sequence[Said] = ()
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks to be let in. `password` is None where the protocol sends none, but a digest that
    only the centre can check."""

    account: str
    password: str | None = field(repr=False)


class Dialect(Protocol):
    """One protocol, pure. Frames are bytes with their header."""

    name: str

    def up(self, data: bytes) -> Taken:
        """Whole frames from a sender of texts. `NoFrames` where a length cannot be one."""
        ...

    def down(self, data: bytes) -> int:
        """Where the last whole frame from the centre ends. `NoFrames` as above."""
        ...

    def said(self, frame: bytes) -> Said | None:
        """The text in one frame; None where it holds none that can be read."""
        ...

    def answer(self, frame: bytes, status: int) -> bytes:
        """The response that refuses a request, a login among them."""
        ...

    def login(self, frame: bytes) -> Login | bool | None:
        """Of a frame: who asks; or whether it is the centre's yes or no; None: neither."""
        ...
