"""The workshop's rows as what travels: words, differences, bands, gates."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from fanzha.adapters.postgres.rules import PostgresWorkshopUnit
from fanzha.adapters.postgres.rules_figures import Done, Latency, RuleFigures, Volume
from fanzha.detection.rules.grammar import parse
from fanzha.detection.rules.names import Channel, Name
from fanzha.detection.rules.ruleset import Mode
from fanzha.detection.rules.tally import BUCKETS
from fanzha.detection.rules.tokens import Part, RuleRefused, cut
from fanzha.entrypoints.api.schemas import Coded, Words
from fanzha.entrypoints.api.workshop import schemas as wire
from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Hands, Rehearsal, RehearsalState, RuleVersion, Snooze
from fanzha.lifecycles.rule.policy import WorkshopPolicy
from fanzha.usecases.workshop.act import own
from fanzha.usecases.workshop.compare import Estimate, estimate
from fanzha.usecases.workshop.drift import psi
from fanzha.usecases.workshop.evidence import shown_by
from fanzha.usecases.workshop.gates import Gate, gates


def name_info(name: Name) -> wire.NameInfo:
    zh, en = name.type.words
    unit = str(name.type.measure or name.type.kind)
    return wire.NameInfo(
        name=name.name, unit=unit, unit_words=Words(zh=zh, en=en), zh=name.zh, en=name.en
    )


def checked(channel: Channel, when: str) -> wire.Checked:
    """Syntax, names, types and units; tokens for colouring as far as it can be cut."""
    fault, names = None, []
    try:
        names = [name_info(channel.names[n]) for n in parse(when, channel).names]
    except RuleRefused as error:
        fault = wire.Fault(
            code=error.code, zh=error.zh, en=error.en, at=error.at, near=list(error.near)
        )
    try:
        tokens = [t for t in cut(when) if t.part is not Part.END]
    except RuleRefused:
        tokens = []
    return wire.Checked(
        ok=fault is None,
        fault=fault,
        tokens=[wire.Token(part=t.part.value, start=t.start, end=t.end) for t in tokens],
        names=names,
    )


def state_of(code: str) -> Coded:
    state = states.RULE.state(code)
    return Coded(code=code, zh=state.zh, en=state.en)


def share(found: Estimate | None) -> wire.Share | None:
    if found is None:
        return None
    return wire.Share(
        share=found.share, low=found.low, high=found.high, n=found.n, enough=found.enough
    )


def difference(before: str | None, after: str) -> list[wire.DiffLine]:
    """The condition line by line, what is new marked."""
    lines = after.splitlines() or [after]
    if before is None:
        return [wire.DiffLine(text=line, changed=False) for line in lines]
    same = difflib.SequenceMatcher(None, before.splitlines(), lines, autojunk=False)
    kept = {n for block in same.get_matching_blocks() for n in range(block.b, block.b + block.size)}
    return [wire.DiffLine(text=line, changed=n not in kept) for n, line in enumerate(lines)]


def days(volumes: Iterable[Volume]) -> list[wire.DayCases]:
    return [
        wire.DayCases(
            day=v.at.astimezone(UTC).date(),
            version=int(v.ref.rpartition("@")[2]),
            mode="live" if v.mode == Mode.LIVE else "shadow",
            hits=v.hits,
            cases=v.cases,
            low=max(0.0, math.sqrt(v.cases) - 0.98) ** 2,
            high=(math.sqrt(v.cases) + 0.98) ** 2,
        )
        for v in volumes
    ]


def record(done: Iterable[Done]) -> list[wire.RecordLine]:
    return [
        wire.RecordLine(at=d.at, by=d.by, verb=d.verb, object=d.object, note=d.note) for d in done
    ]


def snooze(s: Snooze) -> wire.SnoozeView:
    return wire.SnoozeView(
        id=s.id, rule=s.rule, subject_mask=s.mask, area=s.area, until=s.until, note=s.note,
        by=s.by, at=s.at,
    )  # fmt: skip


def latency(found: Latency | None) -> wire.LatencyView | None:
    return None if found is None else wire.LatencyView(n=found.n, p50_s=found.p50, p99_s=found.p99)


def rehearsal(found: Rehearsal | None) -> wire.RehearsalView | None:
    if found is None:
        return None
    done = found.state is RehearsalState.DONE
    result = found.result if done else {}
    begin, end = result.get("begin"), result.get("end")
    problem = found.result.get("problem") if found.state is RehearsalState.FAILED else None
    return wire.RehearsalView(
        id=found.id,
        state=found.state.value,
        done_share=found.done_share,
        against=found.against,
        source=found.source,
        asked_by=found.asked_by,
        asked_at=found.asked_at,
        finished_at=found.finished_at,
        begin=None if begin is None else datetime.fromtimestamp(begin / 1000, UTC),
        end=None if end is None else datetime.fromtimestamp(end / 1000, UTC),
        days=result.get("days"),
        rows=result.get("rows"),
        seconds=result.get("seconds"),
        lines=[wire.Line(**line) for line in result.get("lines", ())],
        only_draft=result.get("only_draft"),
        problem=None if problem is None else Words(**problem),
    )


def gates_of(
    work: PostgresWorkshopUnit, policy: WorkshopPolicy, version: RuleVersion, now: datetime
) -> list[Gate]:
    """The gates as they stand."""
    newest = work.rehearsals.newest(version.rule, version.version)
    since = work.rehearsals.judged_since(newest.id) if newest else 0
    return gates(policy, version, shown_by(newest, since), now)


def judged_share(work: PostgresWorkshopUnit, version: RuleVersion) -> wire.Share | None:
    return share(estimate(work.rehearsals.judged(version.rule, version.version)))


def gate(g: Gate) -> wire.GateView:
    shown = Words(zh=g.shown_zh, en=g.shown_en)
    return wire.GateView(code=g.code, met=g.met, zh=g.zh, en=g.en, shown=shown)


def verbs(
    version: RuleVersion, actor: Actor, passed: Sequence[Gate], hands: Hands
) -> list[wire.RuleVerb]:
    """What this person may do now; what the gates or the second person forbid is left out."""
    ready = all(g.met for g in passed if g.code != "second_person")
    found = []
    for rule in states.RULE.rules_of(version.state):
        if not actor.may(rule.who - {Role.SYSTEM}) or rule.verb == "record_replay":
            continue
        if rule.verb in ("submit", "publish") and not ready:
            continue
        if rule.verb == "publish" and actor.id in own(version, hands):
            continue
        if rule.verb == "submit" and actor.id in hands.judged:
            continue
        needs = [n for n in rule.needs if n != "second_person"]
        found.append(wire.RuleVerb(verb=rule.verb, zh=rule.zh, en=rule.en, needs=needs))
    return found


def effect(found: Rehearsal | None) -> Words:
    """What publishing will mean for people, in a sentence."""
    only = (
        "命中只产生预警，不产生止付或限制。",
        "It leads to warnings only, never to a stop.",
    )
    if found is None or found.state is not RehearsalState.DONE:
        return Words(zh=f"尚未回放。{only[0]}", en=f"Not replayed yet. {only[1]}")
    lines = {line["code"]: line for line in found.result["lines"]}
    more = lines["cases_a_day"]["draft"] - (lines["cases_a_day"]["live"] or 0.0)
    grave = lines["grave_a_day"]["draft"] - (lines["grave_a_day"]["live"] or 0.0)
    return Words(
        zh=f"每日约 {more:+.1f} 件，其中高危 {grave:+.1f} 件。{only[0]}",
        en=f"About {more:+.1f} cases a day, {grave:+.1f} of them grave. {only[1]}",
    )


def watch(policy: WorkshopPolicy, back_to: int | None) -> Words:
    """What makes a version go back by itself, and to which, in a sentence."""
    w = policy.watch
    back, goes = ("自动停用", "is taken out of use")
    if back_to is not None:
        back, goes = f"自动回到 v{back_to}", f"goes back to v{back_to}"
    return Words(
        zh=f"发布后 {w.hours:.0f} 小时内，精确率低于 {w.precision_least:.0%} 或命中超过影子期"
        f" {w.hits_most:g} 倍，{back}。",
        en=f"Within {w.hours:.0f} hours of publishing it {goes} by itself if precision"
        f" falls below {w.precision_least:.0%} or cases exceed {w.hits_most:g} times its shadow.",
    )


def drifts(
    figures: RuleFigures, policy: WorkshopPolicy, channel: str, names: Sequence[str]
) -> list[wire.DriftView]:
    """The newest days against the days before, by value; stream time decides what is newest."""
    newest = figures.newest_day(channel)
    if newest is None:
        return []
    middle = newest - timedelta(days=policy.drift.days - 1)
    begin = middle - timedelta(days=policy.drift.reference_days)
    found = []
    for name in names:
        before = figures.spread(channel, name, begin, middle)
        after = figures.spread(channel, name, middle, newest + timedelta(days=1))
        index = psi(before, after) if before and after else None
        over = index is not None and index > policy.drift.psi
        found.append(wire.DriftView(name=name, psi=index, drifted=over))
    return found


def spread(
    figures: RuleFigures, channel: Channel, name: Name, since: date, until: date
) -> wire.Spread:
    counts = figures.spread(channel.code, name.name, since, until) or [0] * BUCKETS
    return wire.Spread(
        name=name_info(name), since=since, until=until,
        lower=[_lower(n) for n in range(BUCKETS)], counts=counts,
    )  # fmt: skip


def _lower(bucket: int) -> float | None:
    """The least value that falls into a bucket; None for what is missing."""
    if bucket == 0:
        return None
    return (bucket - 1) / 10 if bucket < 12 else 2.0 ** ((bucket - 12) / 2)
