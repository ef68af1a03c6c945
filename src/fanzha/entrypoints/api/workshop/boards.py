"""Routes of the workshop's boards: rules, models, names, labels, rows drawn to be looked at."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from fanzha.adapters.postgres.rules_figures import RuleFigures
from fanzha.detection.rules.rule import RuleText
from fanzha.entrypoints.api.auth import Parts, SignedIn
from fanzha.entrypoints.api.workshop import schemas as wire
from fanzha.entrypoints.api.workshop import view
from fanzha.entrypoints.api.workshop.routes import (
    JUDGES,
    ChannelCode,
    RuleId,
    csv_file,
    may,
)  # fmt: skip
from fanzha.errors import Refused
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Verdict
from fanzha.usecases.workshop import judge as usecase
from fanzha.usecases.workshop.compare import estimate

router = APIRouter(prefix="/v1/workshop")
Days = Annotated[int, Query(ge=1, le=400)]


@router.get("/rules/{rule}/board")
def rule_board(rule: RuleId, parts: Parts, who: SignedIn, days: Days = 30) -> wire.RuleBoard:
    """Volume by day, precision from outcomes, drift of what it reads, latency."""
    may(who)
    figures, now = RuleFigures(parts.database), parts.now()
    since = now - timedelta(days=days)
    with parts.workshop.work() as work:
        versions = work.rules.of(rule)
    if not versions:
        raise Refused("rule_unknown", zh="没有这条规则", en="there is no such rule")
    live = next((v for v in versions if v.state == states.LIVE), versions[0])
    channel = parts.bench.catalogue.channel(live.channel)
    read = [n.name for n in view.checked(channel, RuleText.of(live.text).when).names]
    code = f"rule:{live.ref}"
    return wire.RuleBoard(
        rule=rule,
        daily=view.days(figures.volumes(rule, since)),
        precision=view.share(estimate(figures.verdicts(code=code))),
        drift=view.drifts(figures, parts.bench.policy, live.channel, [code, *read]),
        latency=view.latency(figures.latency(since, code=code)),
    )


@router.get("/models")
def model_boards(parts: Parts, who: SignedIn, days: Days = 30) -> list[wire.ModelBoard]:
    """Every detector that has found something: volume, precision, recall, drift, latency.

    Recall needs labels of rows below the threshold: those drawn by chance, each standing for as
    many as its share says. Without any such label there is no recall to speak of.
    """
    may(who)
    figures, since = RuleFigures(parts.database), parts.now() - timedelta(days=days)
    counted = figures.detectors(since)
    return [
        _model(figures, parts, detector, [(d, n) for name, d, n in counted if name == detector],
               since)
        for detector in sorted({name for name, _, _ in counted})
    ]  # fmt: skip


def _model(
    figures: RuleFigures, parts: Parts, detector: str, daily: list[tuple[date, int]],
    since: datetime,
) -> wire.ModelBoard:  # fmt: skip
    found, looked = figures.verdicts(detector=detector), figures.looked(detector)
    frauds = [(True, w) for fraud, w in found if fraud] + [(False, w) for f, w in looked if f]
    channels = [c for c in parts.bench.catalogue.channels if _of(c) == detector.partition("/")[0]]
    drift = [
        wire.DriftView(name=f"{code}.{d.name}", psi=d.psi, drifted=d.drifted)
        for code in channels
        for d in view.drifts(figures, parts.bench.policy, code, ["score"])
    ]
    return wire.ModelBoard(
        detector=detector,
        daily=[wire.DayCount(day=day, n=n) for day, n in daily],
        precision=view.share(estimate(found)),
        recall=view.share(estimate(frauds)) if looked else None,
        looked=len(looked),
        drift=drift,
        latency=view.latency(figures.latency(since, detector=detector)),
    )


def _of(channel: str) -> str:
    """The detector's family that a channel of rules belongs to."""
    head = channel.partition("_")[0]
    return "account" if head == "transfer" else head


@router.get("/spread")
def name_spread(
    parts: Parts, who: SignedIn, channel: ChannelCode,
    name: Annotated[str, Query(pattern=r"^[a-z][a-z0-9_]{1,60}$")], days: Days = 30,
) -> wire.Spread:  # fmt: skip
    """A name's definition, and its values over the last days of stream time.

    Values are counted for names that rules in force read; others have none yet.
    """
    may(who)
    found = parts.bench.catalogue.channel(channel)
    known = found.names.get(name)
    if known is None:
        raise Refused("name_unknown", zh="没有这个特征", en="there is no such name", field="name")
    figures = RuleFigures(parts.database)
    newest = figures.newest_day(channel) or parts.now().date()
    until = newest + timedelta(days=1)
    return view.spread(figures, found, known, until - timedelta(days=days), until)


# ── labels and the guard against feedback loops ──────────────────────────────────────────────────


@router.get("/labels")
def labels(
    parts: Parts, who: SignedIn, after: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> wire.LabelPage:  # fmt: skip
    """What findings turned out to be, newest first; `after` is the instant of the last one seen.

    Labels of one instant stand on one page, which they may make longer than `limit`.
    """
    may(who)
    found = RuleFigures(parts.database).labels(after, limit + 1)
    more = len(found) > limit
    if more:
        found = [r for r in found if r.at > found[-1].at] or found
    items = [
        wire.LabelView(
            about=r.about, source=r.source, verdict=r.verdict, share=r.share, by=r.by, at=r.at
        )
        for r in found
    ]
    return wire.LabelPage(items=items, next=items[-1].at if more else None)


@router.get(
    "/labels.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def labels_csv(parts: Parts, who: SignedIn) -> Response:
    """The newest 100,000 labels as a file, for training: no subject in it, only findings' ids."""
    may(who)
    found = RuleFigures(parts.database).labels(None, 100_000)
    head = ["about", "source", "verdict", "share", "at"]
    lines = [[r.about, r.source, r.verdict, repr(r.share), r.at.isoformat()] for r in found]
    return csv_file("labels.csv", [head, *lines])


@router.get("/looks")
def looks(
    parts: Parts, who: SignedIn, open: bool = True,
    after: Annotated[str | None, Query(max_length=300, pattern=r"^[^\x00]*$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> wire.LookPage:  # fmt: skip
    """Rows below the threshold, drawn by chance, to be looked at whatever their score."""
    may(who)
    found = RuleFigures(parts.database).looks(after, limit + 1, open_only=open)
    items = [
        wire.LookView(
            id=r.id, channel=r.channel, detector=r.detector, at=r.at, subject_mask=r.mask,
            share=r.share, score=r.score, zh=r.zh, en=r.en, verdict=r.verdict,
        )
        for r in found[:limit]
    ]  # fmt: skip
    return wire.LookPage(items=items, next=items[-1].id if len(found) > limit else None)


@router.post("/looks/judge", status_code=204)
def judge_look(body: wire.LookJudged, parts: Parts, who: SignedIn) -> None:
    """What a drawn row turned out to be."""
    may(who, JUDGES)
    row = RuleFigures(parts.database).look(body.id)
    if row is None:
        raise Refused("look_unknown", zh="没有这条", en="there is no such row", field="id")
    with parts.workshop.work() as work:
        usecase.judge_look(
            work, parts.bench, who.actor, id=row.id, detector=row.detector, token=row.token,
            share=row.share, verdict=Verdict(body.verdict), now=parts.now(),
        )  # fmt: skip
