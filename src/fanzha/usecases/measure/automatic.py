"""From findings to provisional measures: what the machine does by itself, within its bounds."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from fanzha.detection.finding import Finding, Role, SubjectKind
from fanzha.errors import Refused
from fanzha.lifecycles.measure.model import Effect, Ground, GroundKind, Measure
from fanzha.lifecycles.measure.target import MeasureKind, Target, parse
from fanzha.ports.register import AlreadyListed, RegisterOffice
from fanzha.usecases.measure.propose import Register, Wanted, take

__all__ = ["suspects", "take_from"]

_KINDS = {SubjectKind.NUMBER: MeasureKind.NUMBER, SubjectKind.DNS_NAME: MeasureKind.NAME}
_SERIES = uuid.UUID("5f0c7a0e-7a56-4d0e-9a7e-0f9f6c1d2b11")
_WORDS_MOST = 500


def suspects(finding: Finding, register: Register) -> Iterator[Target]:
    """The numbers and names on the scam's side of a finding that the machine may act on at all."""
    bounds = register.policy.automatic
    if finding.detector not in bounds.detectors or finding.score < bounds.score_with_reports:
        return
    if any(reason.code in bounds.not_with for reason in finding.reasons):
        return
    named = [(finding.subject_kind, finding.subject, finding.role)]
    named += [(r.kind, r.value, r.role) for r in finding.related]
    for kind, value, role in named:
        if role is Role.SUSPECT and kind in _KINDS:
            try:
                yield parse(_KINDS[kind], value)
            except Refused:
                continue  # a number that is none, a public suffix: nothing to act on


def take_from(
    office: RegisterOffice, register: Register, findings: Iterable[Finding],
    about: Callable[[Target], bytes], code: Callable[[], int], now: datetime,
) -> list[Measure]:  # fmt: skip
    """One commit a measure. Repeated after a crash it finds what it did: ids follow from finding
    and target. `about` is what reports about a target are counted under."""
    taken = []
    for finding in findings:
        for target in suspects(finding, register):
            kind = register.policy.kinds[target.kind]
            wanted = Wanted(
                id=uuid.uuid5(_SERIES, f"{finding.id}|{target.kind}|{target.key}"),
                target=target,
                effect=Effect.LABEL,
                ground=_ground(finding, kind.articles[0]),
                area=register.root.code,
            )
            try:
                with office.work() as work:
                    reports = work.reports.count(about(target))
                    made = take(work, register, wanted, finding.score, reports, code(), now)
            except AlreadyListed:
                continue
            if made is not None:
                taken.append(made)
    return taken


def _ground(finding: Finding, article: str) -> Ground:
    top = sorted(finding.reasons, key=lambda r: -r.part)[:4]
    zh = "；".join(r.zh for r in top) or finding.detector
    en = "; ".join(r.en for r in top) or finding.detector
    return Ground(GroundKind.FINDING, finding.id, article, zh[:_WORDS_MOST], en[:_WORDS_MOST])
