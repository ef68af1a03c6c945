"""Domain objects in the shapes of the wire, with words in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from fanzha.adapters.postgres.desk import Belongings, Figures
from fanzha.entrypoints.api import schemas as wire
from fanzha.entrypoints.api.words import (
    CHANNELS,
    DETECTORS,
    FIELDS,
    OBJECTS,
    PURPOSES,
    RIGHTS,
    SOURCES,
    VERBS,
    coded,
    column,
    words,
)
from fanzha.lifecycles.actor import Actor, Unit
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.message.states import MESSAGE
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.model import FraudWarning
from fanzha.lifecycles.warning.policy import ClockPolicy
from fanzha.lifecycles.warning.states import STATIONS, WARNING
from fanzha.values.stage import Stage


@dataclass(frozen=True)
class Presenter:
    """Knows the vocabularies: scam types and clocks."""

    types: Mapping[str, tuple[str, str]]
    clocks: ClockPolicy

    def unit(self, unit: Unit) -> wire.Unit:
        return wire.Unit(code=unit.code, level=unit.level.value, zh=unit.zh, en=unit.en)

    def scam_type(self, code: str | None) -> wire.Coded | None:
        if code is None:
            return None
        zh, en = self.types.get(code, (code, code))
        return wire.Coded(code=code, zh=zh, en=en)

    def vocabulary(self) -> wire.Vocabulary:
        return wire.Vocabulary(
            types=[wire.Coded(code=c, zh=zh, en=en) for c, (zh, en) in self.types.items()],
            stages=[wire.Coded(code=s.value, zh=s.zh, en=s.en) for s in Stage],
            sources=[coded(SOURCES, code) for code in SOURCES],
        )

    def row(self, w: FraudWarning) -> wire.WarningRow:
        return wire.WarningRow(**self._row(w))

    def _row(self, w: FraudWarning) -> dict[str, Any]:
        state = WARNING.state(w.state)
        clock = None
        if w.clock is not None:
            zh, en = self.clocks.words[w.clock.name]
            clock = wire.Clock(
                verb=wire.Coded(code=w.clock.name, zh=zh, en=en),
                due_at=w.clock.due_at,
                started_at=w.clock.started_at,
            )
        age = w.issued_at.year - w.person.birth_year if w.person.birth_year else None
        owner = (
            wire.OwnerBrief(id=str(w.owner_id), display=w.owner_display or "")
            if w.owner_id
            else None
        )
        stage = w.case.stage
        return {
            "id": str(w.id),
            "number": w.number,
            "version": w.version,
            "grade": w.grade.code,
            "state": wire.Coded(code=state.code, zh=state.zh, en=state.en),
            "person": wire.PersonBrief(
                name=w.person.name_mask,
                number=w.person.number_mask,
                sex=cast(Literal["f", "m"] | None, w.person.sex),
                age=age,
                place=wire.Words(zh=w.unit.zh, en=w.unit.en),
            ),
            "fact": wire.Words(zh=w.case.fact_zh, en=w.case.fact_en),
            "sources": [coded(SOURCES, s) for s in w.case.sources],
            "scam_type": self.scam_type(w.case.scam_type),
            "stage": wire.Coded(code=stage.value, zh=stage.zh, en=stage.en),
            "amount_fen": w.case.amount_fen,
            "owner": owner,
            "locked_until": w.locked_until,
            "clock": clock,
            "issued_at": w.issued_at,
            "updated_at": w.updated_at,
            "unit": self.unit(w.unit),
        }

    def detail(self, w: FraudWarning, actor: Actor, with_: Belongings) -> wire.WarningDetail:
        return wire.WarningDetail(
            **self._row(w),
            score=w.case.score,
            reasons=[
                wire.ReasonPart(
                    code=p.code,
                    zh=p.zh,
                    en=p.en,
                    part=p.part,
                    detector=p.detector,
                    detector_words=words(DETECTORS, p.detector.split("/")[0]),
                )
                for p in sorted(w.case.reasons, key=lambda p: -p.part)
            ],
            grade_basis=wire.Words(zh=w.basis_zh, en=w.basis_en),
            missing=[column(name) for name in w.case.missing],
            steps=list(self._steps(w, with_)),
            timeline=[_entry(e) for e in reversed(with_.evidence)],
            objects=list(_objects(with_.evidence)),
            history=_history(with_),
            attempts=[_attempt(m) for m in with_.messages],
            stops=[
                wire.StopView(
                    payee=row.payee_mask,
                    amount_fen=row.amount_fen,
                    paid_at=row.paid_at,
                    recorded_at=row.requested_at,
                )
                for row in with_.stops
            ],
            views=[_view(d) for d in with_.deeds if d.verb == "reveal"],
            earlier=[_earlier(e) for e in with_.earlier],
            verbs=[_verb(w, r.verb, r.zh, r.en, r.needs, actor) for r in _verbs(w)],
            rights=RIGHTS,
            purposes=[coded(PURPOSES, p) for p in PURPOSES],
            revealable=[coded(FIELDS, f) for f in ("number", "account", "related")],
        )

    def _steps(self, w: FraudWarning, with_: Belongings) -> Iterable[wire.StepMark]:
        reached: dict[str, datetime] = {"issued": w.issued_at, "graded": w.issued_at}
        for deed in with_.deeds:
            after = json.loads(deed.body).get("after")
            for code, _, _, at in STATIONS:
                if after in at:
                    reached[code] = deed.at
        order = [code for code, *_ in STATIONS]
        now = next(code for code, _, _, at in STATIONS if w.state in at)
        for code, zh, en, _ in STATIONS:
            current = code == now
            passed = order.index(code) <= order.index(now)
            due = w.clock.due_at if current and w.clock else None
            yield wire.StepMark(
                code=code,
                zh=zh,
                en=en,
                at=reached.get(code) if passed else None,
                due_at=due,
                current=current,
            )

    def board(self, figures: Figures, since: datetime, now: datetime) -> wire.Board:
        minutes: dict[datetime, dict[int, int]] = {}
        first = since.replace(second=0, microsecond=0)
        for step in range(int((now - first) / timedelta(minutes=1)) + 1):
            minutes[first + timedelta(minutes=step)] = {}
        for row in figures.minutes:
            minutes.setdefault(row.minute, {})[row.grade] = row.n
        sent = sum(figures.messages.get(s, 0) for s in ("submitted", "delivered"))
        return wire.Board(
            since=since,
            as_of=now,
            minutes=[
                wire.Minute(at=at, **{g.code: by.get(g, 0) for g in WarningGrade})
                for at, by in sorted(minutes.items())
            ],
            grades=counts(figures.grades),
            types=[
                wire.TypeCount(type=self.scam_type(r.scam_type), count=r.n) for r in figures.types
            ],
            outcomes=[
                wire.OutcomeCount(outcome=_state(r.outcome), count=r.n) for r in figures.outcomes
            ],
            open=counts(figures.open),
            late=figures.late,
            sms_sent=sent,
            sms_failed=sum(figures.messages.get(s, 0) for s in ("failed", "uncertain")),
        )


def counts(by_grade: Mapping[int, int]) -> wire.GradeCounts:
    return wire.GradeCounts(**{g.code: by_grade.get(g, 0) for g in WarningGrade})


def _state(code: str) -> wire.Coded:
    state = WARNING.state(code)
    return wire.Coded(code=code, zh=state.zh, en=state.en)


def _verbs(w: FraudWarning) -> Iterable[Any]:
    """The verbs a person may ever use in this state; the machine's own are not buttons."""
    hidden = {"add_finding", "reopen", "escalate"} | ({"undo"} if w.before is None else set())
    return (r for r in WARNING.rules_of(w.state) if r.verb not in hidden)


def _verb(
    w: FraudWarning, verb: str, zh: str, en: str, needs: tuple[str, ...], actor: Actor
) -> wire.VerbView:
    try:
        WARNING.rule(w.state, verb, actor)
    except NotAllowed as error:
        why: wire.Words | None = wire.Words(zh=error.zh, en=error.en)
    else:
        why = None
    return wire.VerbView(
        code=verb, zh=zh, en=en, allowed=why is None, why_not=why, needs=list(needs)
    )


def _entry(row: Any) -> wire.TimelineEntry:
    return wire.TimelineEntry(
        zh=row.zh,
        en=row.en,
        lane=row.lane,
        at=row.at,
        until=row.until,
        live=row.live,
        emphasis=row.emphasis,
    )


def _objects(evidence: Iterable[Any]) -> Iterable[wire.RelatedObject]:
    """Each other side once, with how often it appears."""
    seen: dict[tuple[str, str], int] = {}
    for row in evidence:
        if row.object_kind and row.object_mask:
            key = (row.object_kind, row.object_mask)
            seen[key] = seen.get(key, 0) + 1
    for (kind, mask), n in seen.items():
        note = wire.Words(zh=f"本预警中出现 {n} 次", en=f"{n} × in this warning")
        yield wire.RelatedObject(
            zh=mask, en=mask, kind=coded(OBJECTS, kind), masked=mask, note=note
        )


def _history(with_: Belongings) -> list[wire.Deed]:
    lines = []
    for deed in with_.deeds:
        body = json.loads(deed.body)
        verb = coded(VERBS, deed.verb)
        zh, en = _told(body)
        lines.append(wire.Deed(at=deed.at, actor=deed.actor_display, verb=verb, zh=zh, en=en))
    note = coded(VERBS, "note")
    lines += [wire.Deed(at=at, actor=by, verb=note, zh=t, en=t) for at, by, t in with_.notes]
    return sorted(lines, key=lambda line: line.at)


def _told(body: Mapping[str, Any]) -> tuple[str, str]:
    """What a deed changed, in words; grades and states by name."""
    detail = body.get("detail", {})
    if "basis_zh" in detail:
        return detail["basis_zh"], detail["basis_en"]
    if basis := detail.get("basis"):  # recorded before there were both
        return basis, basis
    names = {g.code: (g.zh, g.en) for g in WarningGrade}
    names |= {s.code: (s.zh, s.en) for s in WARNING.states}
    names |= {s.code: (s.zh, s.en) for s in MESSAGE.states}
    before, after = names.get(body.get("before") or ""), names.get(body.get("after") or "")
    if before and after and before != after:
        return f"{before[0]} → {after[0]}", f"{before[1]} → {after[1]}"
    if purpose := detail.get("purpose"):
        named = words(PURPOSES, purpose)
        return named.zh, named.en
    if "score" in detail:
        return f"风险 {detail['score']:.2f}", f"risk {detail['score']:.2f}"
    return "", ""


def _attempt(row: Any) -> wire.AttemptView:
    state = MESSAGE.state(row.state)
    return wire.AttemptView(
        zh=row.body,
        en=row.body,
        channel=coded(CHANNELS, row.channel),
        state=wire.Coded(code=state.code, zh=state.zh, en=state.en),
        at=row.updated_at,
    )


def _view(deed: Any) -> wire.ViewRecord:
    detail = json.loads(deed.body)["detail"]
    return wire.ViewRecord(
        at=deed.at,
        who=deed.actor_display,
        purpose=coded(PURPOSES, detail["purpose"]),
        fields=[coded(FIELDS, f) for f in detail["fields"]],
    )


def _earlier(row: Any) -> wire.EarlierWarning:
    seen = None
    if row.id is not None:
        seen = wire.SeenWarning(
            id=str(row.id),
            number=row.number,
            issued_at=row.issued_at,
            grade=cast(wire.Grade, WarningGrade(row.grade).code),
            state=_state(row.state),
            by=row.owner_display,
        )
    return wire.EarlierWarning(on=row.day, unit=wire.Words(zh=row.zh, en=row.en), warning=seen)
