"""What travels about measures, appeals and lists."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from fanzha.entrypoints.api.schemas import Coded, Unit, Wire, Words

Kind = Literal["number", "sender", "name", "url", "app", "account"]
EffectCode = Literal["label", "warn", "refuse", "notice"]
Short = Field(min_length=1, max_length=500)


class GroundBody(Wire):
    """A finding's id or an order's document number, the article, and words for whom it concerns."""

    kind: Literal["finding", "order"]
    ref: str = Short
    article: str = Short
    zh: str = Short
    en: str = Short


class ProposeBody(Wire):
    """A measure as somebody proposes it. `id` is the sender's: the same again is the same."""

    id: UUID
    kind: Kind
    target: str = Field(min_length=1, max_length=2048)
    effect: EffectCode
    ground: GroundBody
    area: str = Field(default="86", min_length=2, max_length=12)
    until: AwareDatetime | None = None


class MeasureActBody(Wire):
    """A verb, decided while looking at this state and revision."""

    verb: str = Field(min_length=1, max_length=40)
    expected_state: str = Field(min_length=1, max_length=40)
    expected_revision: int = Field(ge=1)
    note: str = Field(default="", max_length=500)
    until: AwareDatetime | None = None


class AppealActBody(Wire):
    """A verb on an appeal."""

    verb: str = Field(min_length=1, max_length=40)
    expected_state: str = Field(min_length=1, max_length=40)
    expected_revision: int = Field(ge=1)
    reasons: str = Field(default="", max_length=1000)
    note: str = Field(default="", max_length=1000)


class Verb(Coded):
    """What the reader may do now, and what it needs."""

    needs: list[str]


class GroundInfo(Words):
    kind: str
    ref: str
    article: str


class Remedy(Wire):
    channel: Words
    documents: list[Words]


class ApprovalInfo(Wire):
    display: str
    unit: str
    at: AwareDatetime


class MeasureRow(Wire):
    """One line of the register: ground, term, remedy and end are always there."""

    id: UUID
    number: str
    revision: int
    state: Coded
    kind: Coded
    target: str
    effect: Coded
    ground: GroundInfo
    area: Unit
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    remedy: Remedy
    automatic: bool
    protected: bool
    approvals: int
    approvals_needed: int
    proposed_by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    decide_by: AwareDatetime | None
    note: str


class MeasurePage(Wire):
    items: list[MeasureRow]
    next: str | None
    counts: dict[str, int]


class DeedLine(Wire):
    at: AwareDatetime
    by: str
    verb: Coded
    note: str


class EchoInfo(Wire):
    """An edge, and whether it has what last became of this measure."""

    edge: str
    version: int
    at: AwareDatetime
    has_it: bool


class AppealRow(Wire):
    id: UUID
    number: str
    revision: int
    state: Coded
    measure_id: UUID
    measure_number: str
    filed_at: AwareDatetime
    updated_at: AwareDatetime
    due_at: AwareDatetime | None
    late: bool
    decided_by: str | None
    reasons: str
    note: str


class AppealPage(Wire):
    items: list[AppealRow]
    next: str | None
    open: int
    late: int


class AppealDetail(AppealRow):
    """With what the party wrote, and the measure it is about."""

    text: str
    contact: str
    verbs: list[Verb]
    measure: MeasureRow


class HitsInfo(Wire):
    """What the measure did on one wire, as edges tell it."""

    wire: str
    effect: Coded
    hits: int
    last_at: AwareDatetime


class LastHit(HitsInfo):
    """What was hit of late; the measure where the reader may see it."""

    measure_id: UUID | None
    number: str
    target: str


class HitBody(Wire):
    code: int = Field(gt=0, lt=1 << 45)
    effect: Literal[1, 2, 3]
    hits: int = Field(gt=0, le=10**9)
    last_at: AwareDatetime


class HitsBody(Wire):
    """`run` names this start of the edge, `seq` grows with each telling."""

    run: UUID
    seq: int = Field(ge=1, lt=1 << 60)
    wire: Literal["sip", "sms", "dns", "page"]
    hits: list[HitBody] = Field(max_length=5000)


class MeasureDetail(MeasureRow):
    signatures: list[ApprovalInfo]
    code: str
    verbs: list[Verb]
    deeds: list[DeedLine]
    appeals: list[AppealRow]
    echoes: list[EchoInfo]
    hits: list[HitsInfo]


class KindInfo(Coded):
    """What may be done against a kind, for the form."""

    effects: list[Coded]
    articles: list[str]
    term_days: int
    longest_days: int
    hint: Words


# ── the public door ──────────────────────────────────────────────────────────────────────────────


class PublicMeasure(Wire):
    """What whoever holds a notice is told. The target is masked."""

    code: str
    number: str
    state: Coded
    kind: Coded
    target: str
    effect: Coded
    ground: GroundInfo
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    remedy: Remedy
    appeal: PublicAppeal | None


class PublicAppeal(Wire):
    number: str
    state: Coded
    filed_at: AwareDatetime
    due_at: AwareDatetime | None
    reasons: str


class PublicAppealBody(Wire):
    """`id` is the sender's: the same again is the same appeal."""

    id: UUID
    text: str = Field(min_length=1, max_length=4000)
    contact: str = Field(default="", max_length=200)


class WithdrawBody(Wire):
    """`id` is the one the appeal was filed with: whoever filed it takes it back, nobody else."""

    id: UUID


class Verdict(Wire):
    """What to do: `pass`, `label`, `warn`, `refuse`, or `protected` (let pass)."""

    effect: Coded
    code: str | None
    ends_at: AwareDatetime | None
    appeal_url: str | None


class LookBody(Wire):
    """What is asked about, in any writing; several at once are one thing seen from several sides:
    the address of a page and who sent it."""

    number: str | None = Field(default=None, max_length=64)
    sender: str | None = Field(default=None, max_length=64)
    name: str | None = Field(default=None, max_length=1024)
    url: str | None = Field(default=None, max_length=8192)
    app: str | None = Field(default=None, max_length=80)


class Looked(Wire):
    """The gravest of what was found, and each answer; `version` of the list."""

    version: int
    verdict: Verdict
    found: dict[str, Verdict]


class HashFound(Verdict):
    """`alone`: it counts only where the host of the address is this very name."""

    hash: str
    alone: bool


class HashesFound(Wire):
    """May be kept for `keep_s` seconds."""

    keep_s: int
    hashes: list[HashFound]


class ListKey(Wire):
    """What edges check the list's signature with: Ed25519, base64."""

    public_key: str


PublicMeasure.model_rebuild()
