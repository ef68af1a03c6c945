"""An episode: everything known about one person's danger since it was first seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import polars as pl

from fanzha.detection.finding import Finding, SubjectKind
from fanzha.detection.person.risk import Context, EventRef, Flow

__all__ = ["FACTS", "SPOKEN", "Episode", "View"]

FACTS: Mapping[str, tuple[type[pl.DataType], Any]] = {
    # communication
    "calls_n": (pl.Int64, 0),  # answered calls of suspected numbers
    "callbacks_n": (pl.Int64, 0),  # calls the person made to one of them
    "call_score": (pl.Float64, 0.0),  # the most suspected of them
    "talk_max_s": (pl.Float64, 0.0),  # the longest talk with one, running talk included
    "talk_sum_s": (pl.Float64, 0.0),
    "call_live": (pl.Boolean, False),
    "call_overseas": (pl.Boolean, False),
    "texts_n": (pl.Int64, 0),
    "text_score": (pl.Float64, 0.0),
    "chats_n": (pl.Int64, 0),  # of them in a chat or a transcript
    # network
    "links_n": (pl.Int64, 0),
    "link_score": (pl.Float64, 0.0),
    "link_texted": (pl.Boolean, False),  # a name opened that a suspected text had named
    "named_n": (pl.Int64, 0),  # names opened that only a suspected text speaks against
    "installs_n": (pl.Int64, 0),  # apps from outside the stores
    "install_after_s": (pl.Float64, None),  # shortest time from a contact to such an act
    "meeting_n": (pl.Int64, 0),
    "meeting_after_s": (pl.Float64, None),
    "shares_n": (pl.Int64, 0),
    "sharing": (pl.Boolean, False),
    "bank_sharing": (pl.Boolean, False),  # bank app opened while the screen was shared
    "bank_on_call": (pl.Boolean, False),
    "forwarding": (pl.Boolean, False),
    "app_score": (pl.Float64, 0.0),
    # money
    "added_n": (pl.Int64, 0),  # payees added, devices bound
    "added_after_s": (pl.Float64, None),
    "added_led": (pl.Boolean, False),  # while a suspected call was on or the screen was shared
    "rebates_n": (pl.Int64, 0),  # small sums received from strangers
    "rebate_fen": (pl.Int64, 0),
    "paid_n": (pl.Int64, 0),  # payments to payees never paid before, shops left out
    "paid_after_s": (pl.Float64, None),
    "paid_fen": (pl.Int64, 0),
    "paid_max_fen": (pl.Int64, 0),
    "paid_first_fen": (pl.Int64, 0),
    "paid_asked": (pl.Boolean, False),  # the newest payment is asked for, not yet booked
    "paid_share": (pl.Float64, 0.0),  # largest share of a balance that left in one payment
    "paid_on_call": (pl.Boolean, False),  # while a suspected call was on
    "paid_on_strange_call": (pl.Boolean, False),
    "payee_score": (pl.Float64, 0.0),
    "pay_score": (pl.Float64, 0.0),  # the gravest finding about a payment itself
    "payee_fen": (pl.Int64, 0),  # the largest sum paid to a suspected one
    "traced_fen": (pl.Int64, 0),  # the largest sum paid to one that was found out afterwards
}
"""Columns that person signals may read, with type and value of a fresh episode."""

SPOKEN = ("call_why", "text_why", "link_why", "payee_why", "app_name", "link_name")
"""Words in two languages that only templates may use."""

_SUMS = ("_n", "_sum_s")
_KEPT = 48
"""Entries, events and findings kept a person; later ones count in the facts all the same."""
_SET = 24
_STALE_MS = 4 * 3_600_000
"""A call whose end never came counts as over after this."""

_TOTAL_MOST = 2**62


@dataclass(frozen=True, slots=True)
class View:
    """The episode as it stood right after one event; what a risk is made from."""

    person: int
    episode: Episode
    """The live one, for what has been told of it so far."""
    facts: dict[str, Any]
    words: dict[str, tuple[str, str]]
    entries: tuple[tuple[int, Context], ...]
    events: tuple[EventRef, ...]
    finding_ids: tuple[str, ...]
    types: dict[str, float]
    missing: tuple[str, ...]
    at: int
    opened_at: int


@dataclass(slots=True)
class Episode:
    """Mutable, bounded, plain: it goes to a snapshot as JSON and back."""

    opened_at: int
    found_at: int
    """When its last finding came; it ends a set time after."""
    contact_at: int | None = None
    """When the other side was last in touch: a suspected call, text, chat or address."""
    facts: dict[str, Any] = field(default_factory=lambda: {k: v for k, (_, v) in FACTS.items()})
    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    """For each word the score of the finding it came from, so that the gravest speaks."""
    entries: dict[EventRef, tuple[int, Context]] = field(default_factory=dict)
    """Timeline by event, with the number of the change that wrote it."""
    changes: int = 0
    events: list[EventRef] = field(default_factory=list)
    finding_ids: list[str] = field(default_factory=list)
    types: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """Keys of suspected numbers; a call back to one of them is noticed."""
    names: list[str] = field(default_factory=list)
    """Names that suspected texts named."""
    opened: list[str] = field(default_factory=list)
    """Suspected names opened; the text that led there may reach the log later."""
    payees: list[int] = field(default_factory=list)
    told_of: list[str] = field(default_factory=list)
    """Marks of the newest events taken in: another source may tell of them again."""
    asked: list[list[int]] = field(default_factory=list)
    """Payments asked for and not yet booked: [payee key, fen]."""
    live: dict[str, list[Any]] = field(default_factory=dict)
    """Running calls: call id → [answered at, stream, source, event id, caller's key, callee's]."""
    band: int = 0
    stage: int = -1
    told_type: str | None = None
    told_live: bool = False
    sequence: int = 0
    shown: int = 0
    """The change up to which entries have been told."""

    def found(self, finding: Finding, at: int) -> None:
        """Note a finding that carries this episode."""
        self.found_at = max(self.found_at, at)
        if len(self.finding_ids) < _KEPT:
            self.finding_ids.append(finding.id)
        if finding.scam_type:
            best = self.types.get(finding.scam_type, 0.0)
            self.types[finding.scam_type] = max(best, finding.score)
        for name in finding.missing:
            if name not in self.missing and len(self.missing) < _SET:
                self.missing.append(name)

    def raise_to(self, fact: str, value: float) -> None:
        """Keep the largest value seen."""
        self.facts[fact] = max(self.facts[fact], value)

    def add(self, fact: str, value: float = 1) -> None:
        """A total; it stops at what every column that holds it can carry."""
        self.facts[fact] = min(self.facts[fact] + value, _TOTAL_MOST)

    def touched(self, at: int) -> None:
        """The other side is in touch now."""
        self.contact_at = max(at, self.contact_at or at)

    def after_contact(self, fact: str, at: int) -> None:
        """Keep the shortest time from a contact to what happens now."""
        if self.contact_at is not None:
            gap = max(0, at - self.contact_at) / 1000
            before = self.facts[fact]
            self.facts[fact] = gap if before is None else min(before, gap)

    def say(self, word: str, words: tuple[str, str], weight: float) -> None:
        """Keep the words of the gravest finding of a kind."""
        if weight >= self.weights.get(word, 0.0):
            self.words[word], self.weights[word] = words, weight

    def remember(self, which: str, value: int | str) -> None:
        """Add to one of the bounded lists; the oldest makes room."""
        kept = getattr(self, which)
        if value not in kept:
            kept.append(value)
            del kept[:-_SET]

    def on_line(self, at: int) -> bool:
        """A suspected call is running at this instant."""
        return any(at - call[0] < _STALE_MS for call in self.live.values())

    def tell(self, context: Context) -> None:
        """Write or replace the timeline entry of an event."""
        if context.ref in self.entries or len(self.entries) < _KEPT:
            self.changes += 1
            self.entries[context.ref] = (self.changes, context)
        if context.ref not in self.events and len(self.events) < _KEPT:
            self.events.append(context.ref)

    def view(self, person: int, at: int) -> View:
        """Freeze what a risk may need of this moment."""
        facts = dict(self.facts)
        running = [at - call[0] for call in self.live.values() if at - call[0] < _STALE_MS]
        if running:
            facts["call_live"] = True
            facts["talk_max_s"] = max(facts["talk_max_s"], max(running) / 1000)
            facts["talk_sum_s"] += sum(running) / 1000
        return View(
            person=person,
            episode=self,
            facts=facts,
            words=dict(self.words),
            entries=tuple(self.entries.values()),
            events=tuple(self.events),
            finding_ids=tuple(self.finding_ids),
            types=dict(self.types),
            missing=tuple(self.missing),
            at=at,
            opened_at=self.opened_at,
        )

    def absorb(self, other: Episode) -> None:
        """Take over what a stranger's episode knew: it was this person."""
        self.opened_at = min(self.opened_at, other.opened_at)
        self.found_at = max(self.found_at, other.found_at)
        if other.contact_at is not None:
            self.touched(other.contact_at)
        for name, value in other.facts.items():
            mine = self.facts[name]
            if mine is None or value is None:
                self.facts[name] = value if mine is None else mine
            elif name.endswith("_after_s"):
                self.facts[name] = min(mine, value)
            else:
                self.facts[name] = max(mine, mine + value if name.endswith(_SUMS) else value)
        for _, context in other.entries.values():
            self.tell(context)
        self.finding_ids = (other.finding_ids + self.finding_ids)[:_KEPT]
        for kind, weight in other.types.items():
            self.types[kind] = max(self.types.get(kind, 0.0), weight)
        for which in ("numbers", "names", "opened", "payees", "told_of"):
            for value in getattr(other, which):
                self.remember(which, value)
        self.facts["link_texted"] |= not set(self.names).isdisjoint(self.opened)
        self.live |= other.live

    def to_json(self) -> dict[str, Any]:
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain["entries"] = [
            [change, _context_out(context)] for change, context in self.entries.values()
        ]
        plain["events"] = [[e.stream, e.source, e.event_id] for e in self.events]
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Episode:
        entries = [(change, _context_in(context)) for change, context in plain["entries"]]
        values = dict(plain)
        values["entries"] = {context.ref: (change, context) for change, context in entries}
        values["events"] = [EventRef(*event) for event in plain["events"]]
        values["words"] = {name: tuple(pair) for name, pair in plain["words"].items()}
        return cls(**values)


def _context_out(context: Context) -> dict[str, Any]:
    plain = asdict(context)
    plain["ref"] = [context.ref.stream, context.ref.source, context.ref.event_id]
    return plain


def _context_in(plain: Mapping[str, Any]) -> Context:
    kind = plain["kind"]
    values = {
        "lane": Flow(plain["lane"]),
        "kind": SubjectKind(kind) if kind else None,
        "ref": EventRef(*plain["ref"]),
    }
    return Context(**{**plain, **values})
