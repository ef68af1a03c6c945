"""A drill: reporters who collude against an innocent number, and what the register does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fanzha.detection.finding import Finding, Reason, Role, SubjectKind
from fanzha.lifecycles.measure.model import Effect
from fanzha.lifecycles.measure.target import MeasureKind, Target, parse
from fanzha.ports.register import RegisterOffice
from fanzha.usecases.measure.automatic import take_from
from fanzha.usecases.measure.propose import Register
from fanzha.values import reserved
from fanzha.values.stage import Stage

__all__ = ["Attack", "attacks"]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: how many people colluded, what the machine's own finding about the innocent
    number was (0: none), how many voices were counted, what was done without a person."""

    reporters: int
    score: float
    counted: int
    effect: Effect | None


def attacks(
    make: Callable[[], RegisterOffice], register: Register, reporters: Sequence[int],
    scores: Sequence[float], now: datetime,
) -> Iterator[Attack]:  # fmt: skip
    """Every size of the gang against every finding. Each reports three times, by what could be
    three channels, half take their report back and report again."""
    for count in reporters:
        for score in scores:
            office = make()
            target = parse(MeasureKind.NUMBER, reserved.mobile(count % 1_000_000))
            counted = _report(office, target, count, now)
            findings = [_finding(target.text, score, now)] if score else []
            taken = take_from(office, register, findings, _about, lambda: 1, now)
            yield Attack(count, score, counted, taken[0].effect if taken else None)


def _report(office: RegisterOffice, target: Target, count: int, now: datetime) -> int:
    about = _about(target)
    with office.work() as work:
        for n in range(count):
            person = hashlib.blake2b(reserved.person(n).encode(), digest_size=16).digest()
            for _ in range(3):
                work.reports.add(about, person, now)
            if n % 2:
                work.reports.withdraw(about, person, now)
                work.reports.add(about, person, now)
        return work.reports.count(about)


def _about(target: Target) -> bytes:
    return target.key.encode()


def _finding(number: str, score: float, now: datetime) -> Finding:
    return Finding(
        detector="call/v1", at=int(now.timestamp() * 1000), stream="call", event_ids=(1,),
        source="drill", subject_kind=SubjectKind.NUMBER, subject=number, role=Role.SUSPECT,
        scam_type=None, stage=Stage.CONTACT, score=score,
        reasons=(Reason("calls_strangers", "只呼出陌生号码", "calls strangers only", score),),
    )  # fmt: skip
