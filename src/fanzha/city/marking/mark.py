"""The mark: recall, precision, false warnings and minutes of lead, from warnings and the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fanzha.city.marking.answers import GRADES, Mention, Scam, Truth, Warned
from fanzha.city.marking.share import Share, Spread
from fanzha.city.rhythm import MINUTE

ALL = "all"


def main_class(scam_type: str | None) -> str:
    """`KF` of `KF01`: many types of a class differ in nothing that streams show."""
    return (scam_type or "").rstrip("0123456789")


@dataclass(frozen=True, slots=True)
class TypeMark:
    """One scam type, or all: recall over its scams, precision over the warnings that name it."""

    scam_type: str
    engaged: Share
    """Scams whose victim went along, and how many of them brought a warning."""
    losses: Share
    """Scams with a loss, and how many had a warning before the first payment."""
    before_last: Share
    """The same, before the last payment."""
    lead: Spread
    """Minutes from the warning to the first payment; below 0 it came too late for that one."""
    lost_fen: int
    saved_fen: int
    """What was paid after the warning: it could have been saved."""
    named: Share
    """Warnings that name this type's main class, and how many speak of a scam of that class."""


@dataclass(frozen=True, slots=True)
class GradeMark:
    """One grade: warnings whose gravest grade it was, and the lead of warnings that reached it."""

    grade: str
    precision: Share
    engaged: int
    contact_only: int
    false: int
    false_per_10k_day: float
    lead: Spread
    """Minutes from when a warning was this grave or graver to the first payment."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An examination's outcome.

    A warning is true when it rests on an event of a scam on that very person.
    """

    residents: int
    days: float
    warnings: int
    engaged: int
    """Warnings about victims who went along."""
    contact_only: int
    """Warnings about people who were contacted and did not go along."""
    false: int
    elsewhere: int
    """Warnings about people of other places, whom the truth does not know; marked nowhere else."""
    contacts: Share
    """Attempts that came to nothing, and how many brought a warning."""
    types: tuple[TypeMark, ...]
    whole: TypeMark
    grades: tuple[GradeMark, ...]

    @property
    def precision(self) -> Share:
        return Share(self.engaged + self.contact_only, self.warnings)

    @property
    def false_per_10k_day(self) -> float:
        return _rate(self.false, self.residents, self.days)

    def as_dict(self) -> dict[str, Any]:
        """As JSON; every count with its interval."""
        return {
            "kind": "simulated",
            "residents": self.residents,
            "days": self.days,
            "warnings": self.warnings,
            "engaged": self.engaged,
            "contact_only": self.contact_only,
            "false": self.false,
            "elsewhere": self.elsewhere,
            "precision": self.precision.as_dict(),
            "false_per_10k_day": round(self.false_per_10k_day, 3),
            "contacts_warned": self.contacts.as_dict(),
            "types": {mark.scam_type: _type_dict(mark) for mark in (*self.types, self.whole)},
            "grades": {mark.grade: _grade_dict(mark) for mark in self.grades},
        }


def mark(warnings: Sequence[Warned], truth: Truth) -> Mark:
    """Compare. A scam is warned of from the first mention that rests on one of its events."""
    found = _Found(truth, {scam.incident: scam for scam in truth.scams})
    for warning in warnings:
        found.take(warning)
    types = sorted({scam.scam_type for scam in truth.scams})
    lost = [scam for scam in truth.scams if not scam.engaged]
    return Mark(
        residents=truth.residents,
        days=truth.days,
        warnings=len(found.judged),
        engaged=found.count("engaged"),
        contact_only=found.count("contact"),
        false=found.count("false"),
        elsewhere=found.elsewhere,
        contacts=Share(sum(s.incident in found.first for s in lost), len(lost)),
        types=tuple(_type_mark(name, found, truth) for name in types),
        whole=_type_mark(ALL, found, truth),
        grades=tuple(_grade_mark(grade, found, truth) for grade in GRADES),
    )


@dataclass
class _Found:
    """What was matched so far. `first`: incident → instants at which each grade was reached."""

    truth: Truth
    scams: Mapping[int | None, Scam]
    judged: list[tuple[Warned, str, set[str]]] = field(default_factory=list)
    """Warning, what it is (`engaged`, `contact`, `false`), types of the scams it speaks of."""
    first: dict[int, dict[str, int]] = field(default_factory=dict)
    elsewhere: int = 0

    def take(self, warning: Warned) -> None:
        person = self.truth.person_of.get(warning.person)
        if person is None:
            self.elsewhere += 1
            return
        about: dict[int, Scam] = {}
        for mention in warning.mentions:
            fresh = {self.truth.incident_of.get(event) for event in mention.events}
            for scam in map(self.scams.get, fresh - about.keys()):
                if scam is not None and scam.victim == person:
                    about[scam.incident] = scam
            for incident in about:
                self._reached(incident, mention)
        kind = "false" if not about else "contact"
        if any(scam.engaged for scam in about.values()):
            kind = "engaged"
        self.judged.append((warning, kind, {scam.scam_type for scam in about.values()}))

    def _reached(self, incident: int, mention: Mention) -> None:
        reached = self.first.setdefault(incident, {})
        for grade in GRADES[GRADES.index(mention.grade) :]:
            reached[grade] = min(mention.at, reached.get(grade, mention.at))

    def count(self, kind: str) -> int:
        return sum(what == kind for _, what, _ in self.judged)

    def at(self, scam: Scam, grade: str = GRADES[-1]) -> int | None:
        """When the scam had a warning of this grade or a graver one."""
        return self.first.get(scam.incident, {}).get(grade)


def _type_mark(name: str, found: _Found, truth: Truth) -> TypeMark:
    scams = [s for s in truth.scams if name in (s.scam_type, ALL)]
    engaged = [s for s in scams if s.engaged]
    losses = [s for s in scams if s.payments]
    said = [(w, about) for w, _, about in found.judged if w.scam_type is not None]
    named = [(main_class(w.scam_type), about) for w, about in said]
    named = [(kind, about) for kind, about in named if name == ALL or kind == main_class(name)]
    return TypeMark(
        scam_type=name,
        engaged=Share(sum(found.at(s) is not None for s in engaged), len(engaged)),
        losses=Share(sum(_by(found.at(s), s.payments[0][0]) for s in losses), len(losses)),
        before_last=Share(sum(_by(found.at(s), s.payments[-1][0]) for s in losses), len(losses)),
        lead=Spread.of(list(_leads(losses, found, GRADES[-1]))),
        lost_fen=sum(s.loss for s in losses),
        saved_fen=sum(_saved(s, found.at(s)) for s in losses),
        named=Share(sum(kind in map(main_class, about) for kind, about in named), len(named)),
    )


def _grade_mark(grade: str, found: _Found, truth: Truth) -> GradeMark:
    kinds = [kind for warning, kind, _ in found.judged if warning.grade == grade]
    false = kinds.count("false")
    losses = [s for s in truth.scams if s.payments]
    return GradeMark(
        grade=grade,
        precision=Share(len(kinds) - false, len(kinds)),
        engaged=kinds.count("engaged"),
        contact_only=kinds.count("contact"),
        false=false,
        false_per_10k_day=_rate(false, truth.residents, truth.days),
        lead=Spread.of(list(_leads(losses, found, grade))),
    )


def _by(warned: int | None, paid: int) -> bool:
    return warned is not None and warned < paid


def _leads(losses: Iterable[Scam], found: _Found, grade: str) -> Iterable[float]:
    for scam in losses:
        warned = found.at(scam, grade)
        if warned is not None:
            yield (scam.payments[0][0] - warned) / MINUTE


def _saved(scam: Scam, warned: int | None) -> int:
    return sum(fen for at, fen in scam.payments if warned is not None and at > warned)


def _rate(count: int, residents: int, days: float) -> float:
    return count / residents * 10_000 / days


def _type_dict(mark: TypeMark) -> dict[str, Any]:
    return {
        "recall": mark.engaged.as_dict(),
        "warned_before_first_payment": mark.losses.as_dict(),
        "warned_before_last_payment": mark.before_last.as_dict(),
        "lead_minutes": mark.lead.as_dict(),
        "lost_fen": mark.lost_fen,
        "paid_after_warning_fen": mark.saved_fen,
        "precision": mark.named.as_dict(),
    }


def _grade_dict(mark: GradeMark) -> dict[str, Any]:
    return {
        "precision": mark.precision.as_dict(),
        "engaged": mark.engaged,
        "contact_only": mark.contact_only,
        "false": mark.false,
        "false_per_10k_day": round(mark.false_per_10k_day, 3),
        "lead_minutes": mark.lead.as_dict(),
    }
