"""What is up, how fresh each feed is, and the metrics page."""

from __future__ import annotations

import asyncio
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from fanzha.adapters.postgres import counters
from fanzha.entrypoints.api import schemas as wire
from fanzha.entrypoints.api.auth import Parts
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.watch import Seen, Watch, last_of
from fanzha.entrypoints.api.words import SOURCES, words
from fanzha.errors import FanzhaError
from fanzha.lifecycles.actor import NATION

router = APIRouter()
_LIVE_S, _SLOW_S = 5.0, 30.0
_UNKNOWN = "unknown"
"""Of a part whose state lies in one that does not answer."""
_REGISTERS = frozenset({"line", "account", "subject"})
"""Streams that speak only when something changes: their silence says nothing."""
_METRICS = {
    "events": ("fanzha_events", "Events scored", "stream"),
    "findings": ("fanzha_findings", "Findings made", "detector"),
    "warnings": ("fanzha_warnings", "Warnings issued", "grade"),
    "quarantined": ("fanzha_quarantined", "Rows refused into quarantine", "stream"),
    "duplicates": ("fanzha_duplicates", "Events seen before", "stream"),
    "set_aside": ("fanzha_set_aside", "Rows the scorer could not work on", "stream"),
    "text_stages": ("fanzha_text_stages", "Texts by the stage that decided", "stage"),
}
_LABELS = {
    "events": tuple(SOURCES),
    "quarantined": tuple(SOURCES),
    "duplicates": tuple(SOURCES),
    "set_aside": tuple(SOURCES),
    "warnings": ("critical", "high", "medium", "low"),
    "text_stages": ("first", "second", "second_before", "no_room", "no_encoder"),
    "findings": ("call/v1", "text/v1", "link/v1", "app/v1", "account/v1"),
}


def feeds_of(parts: Centre) -> list[wire.Feed]:
    """How long ago each stream's newest event was scored."""
    with parts.database.transaction(NATION) as connection:
        marks = counters.feeds(connection)
    return _feeds(marks, parts.now())


def _feeds(marks: list[counters.FeedMark], now: datetime) -> list[wire.Feed]:
    found = []
    for mark in marks:
        silence = (now - mark.arrived_at).total_seconds()
        quiet = mark.stream in _REGISTERS
        state: wire.FeedState = (
            "live" if quiet or silence <= _LIVE_S else "slow" if silence <= _SLOW_S else "stale"
        )
        found.append(
            wire.Feed(
                stream=mark.stream,
                words=words(SOURCES, mark.stream),
                state=state,
                last_at=mark.last_at,
                lag_s=None if quiet else round(silence, 1),
            )
        )
    return found


@router.get("/health", responses={503: {"model": wire.Health, "description": "Not all is up"}})
async def health(request: Request, parts: Parts, response: Response) -> wire.Health:
    """Up when the database answers, the event log is connected and the scorer moves."""
    watch: Watch = request.app.state.watch
    seen, last = await asyncio.gather(watch.look(parts), last_of(parts), return_exceptions=True)
    database = _part("database", seen)
    event_log = _part("event_log", last)
    if event_log.up and (strays := parts.log.passed_over):
        event_log = wire.Part(name="event_log", up=True, detail=f"passed_over={strays}")
    scorer = wire.Part(name="scorer", up=False, detail=_UNKNOWN)
    worker = wire.Part(name="worker", up=False, detail=_UNKNOWN)
    feeds: list[wire.Feed] = []
    if isinstance(seen, Seen):
        worker = watch.worker(seen)
        feeds = _feeds(seen.marks, parts.now())
        if isinstance(last, int):
            scorer = watch.scorer(seen, last)
    up = database.up and event_log.up and scorer.up
    if not up:
        response.status_code = 503
    return wire.Health(
        up=up,
        parts=[database, event_log, scorer, worker],
        feeds=feeds,
        server_time=parts.now(),
    )


def _part(name: str, answer: object) -> wire.Part:
    """Up unless the answer is a failure of ours; another failure is raised."""
    if isinstance(answer, FanzhaError):
        return wire.Part(name=name, up=False, detail=answer.code)
    if isinstance(answer, BaseException):
        raise answer
    return wire.Part(name=name, up=True, detail="")


class _Totals(Collector):
    """Reads the totals of the database at each scrape."""

    def __init__(self, parts: Centre) -> None:
        self._parts = parts

    def collect(self) -> list[Metric]:
        with self._parts.database.transaction(NATION) as connection:
            found = counters.totals(connection)
        metrics: list[Metric] = []
        for key, (name, text, label) in _METRICS.items():
            family = CounterMetricFamily(name, text, labels=[label])
            values = dict.fromkeys(_LABELS[key], 0) | found.get(key, {})
            for value, n in sorted(values.items()):
                family.add_metric([value], n)
            metrics.append(family)
        strays = CounterMetricFamily(
            "fanzha_log_passed_over", "Records in the event log that are no entries"
        )
        strays.add_metric([], self._parts.log.passed_over)
        return [*metrics, strays]


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(parts: Parts) -> Response:
    """Prometheus text."""
    registry = CollectorRegistry()
    registry.register(_Totals(parts))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")
