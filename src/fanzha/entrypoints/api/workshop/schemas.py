"""What the workshop's page and the API exchange: one model a shape."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from fanzha.entrypoints.api.schemas import Coded, Wire, Words

Text = Annotated[str, Field(max_length=4_000, pattern=r"^[^\x00]*$")]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,40}$")]
Verdict = Literal["fraud", "false"]


class RuleBody(Wire):
    """A rule as an analyst writes it."""

    id: Id
    channel: Annotated[str, Field(pattern=r"^[a-z_]{2,40}$")]
    when: Text
    score: Annotated[float, Field(gt=0, lt=1)]
    title_zh: Text
    title_en: Text
    zh: Text
    en: Text
    scam_type: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,12}$")] | None = None
    stage: Literal["contact", "trust", "operation", "card_bound", "transfer", "after"] = "contact"


class NameInfo(Words):
    """A published name with its unit."""

    name: str
    unit: str
    unit_words: Words


class ChannelInfo(Coded):
    stream: str
    names: list[NameInfo]


class Suggested(Words):
    """One thing that may be written next."""

    text: str
    kind: Literal["name", "function", "keyword", "unit"]
    unit: str


class CheckBody(Wire):
    channel: Annotated[str, Field(pattern=r"^[a-z_]{2,40}$")]
    when: Text


class Token(Wire):
    """For colouring: a piece of the condition from `start` to `end`."""

    part: Literal["name", "keyword", "number", "unit", "text", "sign", "end"]
    start: int
    end: int


class Fault(Words):
    """What is wrong with a condition, at which character, and what may have been meant."""

    code: str
    at: int
    near: list[str]


class Checked(Wire):
    ok: bool
    fault: Fault | None
    tokens: list[Token]
    names: list[NameInfo]


class Line(Words):
    """One line of the replay table; `difference` has an interval of its own."""

    code: str
    unit: Literal["a_day", "share", "minutes", "per_10000", "shifts"]
    live: float | None
    draft: float | None
    live_low: float | None
    live_high: float | None
    draft_low: float | None
    draft_high: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    of: int | None


class RehearsalView(Wire):
    """A replay over history; `lines` and `daily` are there once it is done."""

    id: UUID
    state: Literal["asked", "running", "done", "failed"]
    done_share: float
    against: int | None
    source: str
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None
    begin: datetime | None
    end: datetime | None
    days: float | None
    rows: int | None
    seconds: float | None
    lines: list[Line]
    only_draft: int | None
    problem: Words | None


class GateView(Words):
    code: str
    met: bool
    shown: Words


class DayCases(Wire):
    """Cases of one day of stream time; `low`–`high` is the 95 % band of a count."""

    day: date
    version: int
    mode: Literal["live", "shadow"]
    hits: int
    cases: int
    low: float
    high: float


class DiffLine(Wire):
    text: str
    changed: bool


class RuleVerb(Words):
    """A verb this person may use now; `needs` are the fields without which it is refused."""

    verb: str
    needs: list[str]


class Share(Wire):
    """A share with its 95 % interval; of fewer than 30 cases, `enough` is false."""

    share: float
    low: float
    high: float
    n: int
    enough: bool


class RecordLine(Wire):
    at: datetime
    by: str
    verb: str
    object: str
    note: str


class SnoozeView(Wire):
    id: UUID
    rule: str
    subject_mask: str
    area: str | None
    until: datetime
    note: str
    by: str
    at: datetime


class VersionBrief(Wire):
    version: int
    state: Coded
    author: str
    created_at: datetime
    updated_at: datetime
    live_since: datetime | None


class RuleRow(Words):
    """A rule in the list: its newest version, and what is in use."""

    id: str
    channel: str
    version: int
    state: Coded
    owner: str
    """Who wrote the newest version."""
    live_version: int | None
    cases_a_day: float | None
    """Of the live version, over the last week."""
    precision: Share | None
    """Of the live version, from outcomes."""
    replaying: bool
    shadow_days: float | None
    rolled_back_at: datetime | None
    drift: float | None
    drifted: bool
    snoozes: int


class RulePage(Wire):
    items: list[RuleRow]
    next: str | None
    total: int
    shadow_days_needed: float


class RuleView(Words):
    id: str
    channel: str
    versions: list[VersionBrief]
    snoozes: list[SnoozeView]
    record: list[RecordLine]


class VersionView(Wire):
    """Everything about one version on the workshop's page."""

    rule: RuleBody
    version: int
    state: Coded
    replaces: int | None
    live_version: int | None
    author: str
    submitted_by: str | None
    published_by: str | None
    shadow_since: datetime | None
    live_since: datetime | None
    note: str
    diff: list[DiffLine]
    check: Checked
    rehearsal: RehearsalView | None
    judged: Share | None
    """Precision from the cases that people judged, weighed by how likely each was drawn."""
    gates: list[GateView]
    daily: list[DayCases]
    verbs: list[RuleVerb]
    may_judge: bool
    """Whether whoever asks may judge its cases: neither its author nor its submitter may."""
    effect: Words
    watch: Words
    record: list[RecordLine]


class ActBody(Wire):
    expected_state: Annotated[str, Field(max_length=20)]
    note: Text = ""


class CaseView(Words):
    """A case that only the draft hits; nothing in it leads to a person."""

    n: int
    at: datetime
    score: float
    elder: bool | None
    verdict: Verdict | None
    judged_by: str | None


class CasePage(Wire):
    items: list[CaseView]
    next: str | None
    total: int
    fraud: int
    false: int


class Judged(Wire):
    verdict: Verdict


class SnoozeBody(Wire):
    """Mute for a number or an account, in an area, or altogether; until an instant."""

    until: AwareDatetime
    note: Text
    subject: Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")] | None = None
    area: Annotated[str, Field(pattern=r"^[0-9]{2,12}$")] | None = None


class LookView(Words):
    """A row below the threshold, drawn by chance, that somebody should look at."""

    id: str
    channel: str
    detector: str
    at: datetime
    subject_mask: str
    share: float
    score: float
    verdict: Verdict | None


class LookPage(Wire):
    items: list[LookView]
    next: str | None


class LookJudged(Wire):
    id: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]
    verdict: Verdict


class LabelView(Wire):
    about: str
    source: Literal["outcome", "look", "sample"]
    verdict: Verdict
    share: float
    by: str
    at: datetime


class LabelPage(Wire):
    items: list[LabelView]
    next: datetime | None


class DriftView(Wire):
    """Population stability index of a value, the newest days against those before."""

    name: str
    psi: float | None
    drifted: bool


class LatencyView(Wire):
    n: int
    p50_s: float
    p99_s: float


class DayCount(Wire):
    day: date
    n: int


class RuleBoard(Wire):
    """How a rule does: volume, precision from outcomes, drift, latency."""

    rule: str
    daily: list[DayCases]
    precision: Share | None
    drift: list[DriftView]
    latency: LatencyView | None


class ModelBoard(Wire):
    """How a detector does. Recall weighs rows looked at by chance below the threshold."""

    detector: str
    daily: list[DayCount]
    precision: Share | None
    recall: Share | None
    looked: int
    drift: list[DriftView]
    latency: LatencyView | None


class Spread(Wire):
    """A name's values over the last days: counts by bucket, with each bucket's lower end."""

    name: NameInfo
    since: date
    until: date
    lower: list[float | None]
    counts: list[int]
