"""What travels over HTTP between the console, partners and the API: one model a shape."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Grade = Literal["critical", "high", "medium", "low"]
Lane = Literal["call", "network", "money"]
FeedState = Literal["live", "slow", "stale"]


class Wire(BaseModel):
    """Unknown fields are an error: a typo must not pass for an absent value."""

    model_config = ConfigDict(extra="forbid")


class Words(Wire):
    """One text in both languages."""

    zh: str
    en: str


class Coded(Words):
    """A code of a closed vocabulary with its words."""

    code: str


class Problem(Wire):
    """Every refusal: a stable code, words, the field, and an id to quote."""

    code: str
    zh: str
    en: str
    field: str | None = None
    id: str
    state: str | None = None
    """With `state_changed`: the state it is in now."""
    by: str | None = None
    at: datetime | None = None


# ── who ──────────────────────────────────────────────────────────────────────────────────────────


class SignIn(Wire):
    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)


class Unit(Words):
    """A centre: nation, province, city, branch, station or post (fourth level)."""

    code: str
    level: Literal["nation", "province", "city", "branch", "station", "post"]


class Me(Wire):
    id: str
    name: str
    display: str
    roles: list[str]
    unit: Unit
    centre: Words
    server_time: datetime
    demo: bool


class DemoAccount(Wire):
    """Somebody invented that a visitor of this machine may be."""

    name: str
    display: str
    password: str
    roles: list[str]
    unit: Unit


class Door(Wire):
    """What the sign-in page may show before anybody has signed in."""

    demo: bool
    accounts: list[DemoAccount]


# ── warnings ─────────────────────────────────────────────────────────────────────────────────────


class PersonBrief(Wire):
    """Masked: a name shows its family name, a number its ends."""

    name: str
    number: str
    sex: Literal["f", "m"] | None
    age: int | None
    place: Words


class Vocabulary(Wire):
    """The closed vocabularies that lists are filtered by."""

    types: list[Coded]
    stages: list[Coded]
    sources: list[Coded]


class Clock(Wire):
    """The next thing due on a warning, and until when."""

    verb: Coded
    due_at: datetime
    started_at: datetime


class OwnerBrief(Wire):
    id: str
    display: str


class WarningRow(Wire):
    """A line of the queue."""

    id: str
    number: str
    """For people: `YJ-1122-00871`."""
    version: int
    grade: Grade
    state: Coded
    person: PersonBrief
    fact: Words
    sources: list[Coded]
    scam_type: Coded | None
    stage: Coded
    amount_fen: int | None
    owner: OwnerBrief | None
    locked_until: datetime | None
    clock: Clock | None
    issued_at: datetime
    updated_at: datetime
    unit: Unit


class GradeCounts(Wire):
    critical: int
    high: int
    medium: int
    low: int


class WarningPage(Wire):
    items: list[WarningRow]
    next: str | None
    """Cursor of the next page; None at the end."""
    counts: GradeCounts
    """Of the whole tab, not of this page."""
    as_of: datetime


class ReasonPart(Words):
    code: str
    part: float
    detector: str
    detector_words: Words


class StepMark(Words):
    """One station of the lifecycle bar."""

    code: str
    at: datetime | None
    due_at: datetime | None
    current: bool


class TimelineEntry(Words):
    lane: Lane
    at: datetime
    until: datetime | None
    live: bool
    """A span that has not ended."""
    emphasis: bool


class RelatedObject(Words):
    kind: Coded
    masked: str
    note: Words


class Deed(Words):
    """Who did what, when: one line of the history."""

    at: datetime
    actor: str
    verb: Coded


class AttemptView(Words):
    """One contact by a channel, and what came back."""

    channel: Coded
    state: Coded
    at: datetime


class StopView(Wire):
    """What was recorded for a stop order, masked. The funds desk sends it; it is not sent here."""

    payee: str
    amount_fen: int
    paid_at: datetime
    recorded_at: datetime


class ViewRecord(Wire):
    """Who saw a sealed field, for what purpose."""

    at: datetime
    who: str
    purpose: Coded
    fields: list[Coded]


class SeenWarning(Wire):
    """An earlier warning that the reader may open."""

    id: str
    number: str
    issued_at: datetime
    grade: Grade
    state: Coded
    by: str | None


class EarlierWarning(Wire):
    """That there was one for the same person. Outside the reader's jurisdiction, no more."""

    on: date
    """The day in Asia/Shanghai."""
    unit: Words
    warning: SeenWarning | None


class VerbView(Coded):
    """A verb of the lifecycle table for this state and this person."""

    allowed: bool
    why_not: Words | None
    needs: list[str]
    """Names of the fields the verb asks for: note, unit, owner, grade, account, amount_fen, …"""


class ScriptAnswer(Wire):
    key: str
    says: Words
    answer: Words


class ScriptStep(Wire):
    title: Words
    sentence: Words
    checks: list[Words]


class Script(Wire):
    """What to say to a person drawn into this type of scam. A rate is shown once measured."""

    type: str
    version: str
    opening: Words
    steps: list[ScriptStep]
    answers: list[ScriptAnswer]
    facts: list[Words]
    avoid: list[Words]
    rate: Words | None


class WarningDetail(WarningRow):
    """Everything the page of one warning shows."""

    score: float
    reasons: list[ReasonPart]
    grade_basis: Words
    missing: list[Words]
    steps: list[StepMark]
    timeline: list[TimelineEntry]
    objects: list[RelatedObject]
    history: list[Deed]
    attempts: list[AttemptView]
    stops: list[StopView]
    views: list[ViewRecord]
    earlier: list[EarlierWarning]
    verbs: list[VerbView]
    rights: Words
    purposes: list[Coded]
    revealable: list[Coded]


class AlreadyPaid(Wire):
    """What a stop order will need: asked for once, here."""

    payee_account: str = Field(min_length=4, max_length=64)
    amount_fen: int = Field(gt=0, le=10**15)
    paid_at: datetime
    payee_name: str = Field(default="", max_length=64)


class Act(Wire):
    """A verb on a warning. `expected_state` is the state the person saw when deciding."""

    expected_state: str
    note: str = Field(default="", max_length=2000)
    unit: str | None = None
    owner: str | None = None
    grade: Grade | None = None
    paid: AlreadyPaid | None = None
    agreed: list[str] = Field(default_factory=list, max_length=20)


class Reveal(Wire):
    fields: list[str] = Field(min_length=1, max_length=5)
    purpose: str
    note: str = Field(default="", max_length=500)


class Revealed(Wire):
    values: dict[str, str]
    until: datetime


# ── board, feeds, health ─────────────────────────────────────────────────────────────────────────


class Minute(Wire):
    at: datetime
    critical: int
    high: int
    medium: int
    low: int


class TypeCount(Wire):
    type: Coded | None
    count: int


class OutcomeCount(Wire):
    outcome: Coded
    count: int


class Board(Wire):
    """Figures of the unit one may see; each counts rows that can be opened."""

    since: datetime
    as_of: datetime
    minutes: list[Minute]
    grades: GradeCounts
    types: list[TypeCount]
    outcomes: list[OutcomeCount]
    open: GradeCounts
    late: int
    sms_sent: int
    sms_failed: int


class Feed(Wire):
    stream: str
    words: Words
    state: FeedState
    last_at: datetime | None
    lag_s: float | None


class Part(Wire):
    name: str
    up: bool
    detail: str


class Health(Wire):
    up: bool
    parts: list[Part]
    feeds: list[Feed]
    server_time: datetime
