"""Take in what the detectors found: one commit holds findings, warnings and the log's position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from fanzha.detection.finding import Finding
from fanzha.detection.person.risk import Context, Risk
from fanzha.lifecycles.actor import Scope, Unit
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.model import Case, Evidence, FraudWarning, Part, Person
from fanzha.ports.unit_of_work import Office, UnitOfWork
from fanzha.usecases.warning.issue import issue
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.values.mask import mask_value


@dataclass(frozen=True, slots=True)
class Taken:
    """What one commit did."""

    warnings: tuple[FraudWarning, ...]
    issued: tuple[tuple[WarningGrade, str | None], ...]
    """Grade and type of each warning that was new."""


def take_in(
    office: Office,
    policies: WarningPolicies,
    findings: Sequence[Finding],
    risks: Sequence[Risk],
    *,
    before: int,
    position: int,
    now: Callable[[Risk], datetime],
) -> Taken:
    """Record everything found up to `position`; `before` is the position this scorer last saw.

    Either all of it is in the database afterwards, or nothing; a second scorer is refused.
    """
    scope: Scope = policies.tiers.root.scope
    with office.work(scope) as work:
        work.findings.move(before, position)
        carried: dict[str, tuple[UUID, Unit]] = {}
        touched: dict[UUID, FraudWarning] = {}
        issued: list[tuple[WarningGrade, str | None]] = []
        for risk in risks:
            warning = _issue(work, policies, risk, now(risk))
            if warning.version == 1 and warning.id not in touched:
                issued.append((warning.grade, warning.case.scam_type))
            touched[warning.id] = warning
            carried.update(dict.fromkeys(risk.finding_ids, (warning.id, warning.unit)))
        loose = (None, policies.tiers.root)
        work.findings.add([(f, *(carried.get(f.id) or loose)) for f in findings])
    return Taken(tuple(touched.values()), tuple(issued))


def _issue(work: UnitOfWork, policies: WarningPolicies, risk: Risk, now: datetime) -> FraudWarning:
    return issue(
        work,
        policies,
        person=Person(
            token=risk.person,
            number=risk.number,
            account=risk.account,
            birth_year=risk.birth_year,
        ),
        episode=risk.episode,
        place=risk.district,
        case=case_of(risk),
        now=now,
    )


def case_of(risk: Risk) -> Case:
    """A risk in the words of a warning."""
    fact_zh, fact_en = _fact(risk)
    return Case(
        score=risk.score,
        stage=risk.stage,
        live=risk.live,
        scam_type=risk.scam_type,
        amount_fen=risk.amount_fen,
        fact_zh=fact_zh,
        fact_en=fact_en,
        sources=risk.sources,
        reasons=tuple(Part(r.code, r.zh, r.en, r.part, risk.detector) for r in risk.reasons),
        missing=risk.missing,
        event_at=instant(risk.at),
        evidence=tuple(evidence_of(c) for c in risk.context),
        finding_ids=risk.finding_ids,
    )


def _fact(risk: Risk) -> tuple[str, str]:
    """One sentence of fact: the two newest emphasised entries, else the weightiest reasons."""
    told = [c for c in risk.context if c.emphasis][-2:]
    if told:
        return "；".join(c.zh for c in told), "; ".join(c.en for c in told)
    top = sorted(risk.reasons, key=lambda r: -r.part)[:2]
    return "；".join(r.zh for r in top), "; ".join(r.en for r in top)


def evidence_of(context: Context) -> Evidence:
    """A timeline entry; the other side's identifier is masked here and sealed when stored."""
    return Evidence(
        ref=f"{context.ref.stream}|{context.ref.source}|{context.ref.event_id}",
        lane=context.lane.value,
        at=instant(context.at),
        until=instant(context.until) if context.until is not None else None,
        live=context.live,
        emphasis=context.emphasis,
        zh=context.zh,
        en=context.en,
        object_kind=context.kind.value if context.kind else None,
        object_mask=mask_value(context.kind, context.value)
        if context.kind and context.value
        else None,
        value=context.value,
    )


def instant(ms: int) -> datetime:
    """Stream time as an aware instant."""
    return datetime.fromtimestamp(ms / 1000, UTC)
