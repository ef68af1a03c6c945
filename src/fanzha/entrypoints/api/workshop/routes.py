"""Routes of the workshop: names, checking, rules and their versions, acts, cases, snoozes."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from fanzha.adapters.postgres.rules_figures import RuleFigures
from fanzha.detection.rules.complete import complete
from fanzha.detection.rules.rule import RuleText
from fanzha.detection.rules.ruleset import Mode
from fanzha.entrypoints.api.auth import Parts, SignedIn
from fanzha.entrypoints.api.centre import Centre
from fanzha.entrypoints.api.workshop import schemas as wire
from fanzha.entrypoints.api.workshop import view
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Role
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Rehearsal, RehearsalState, RuleVersion, Verdict
from fanzha.usecases.workshop.act import Act, act, find, of_the_centre, save_draft
from fanzha.usecases.workshop.compare import estimate
from fanzha.usecases.workshop.judge import judge_case, may_judge
from fanzha.usecases.workshop.snooze import Subject, end_snooze, snooze
from fanzha.values import account, phone_number
from fanzha.values.keys import key64
from fanzha.values.mask import mask_account, mask_number

router = APIRouter(prefix="/v1/workshop")
READERS = frozenset({Role.ANALYST, Role.DUTY_OFFICER, Role.AUDITOR})
JUDGES = frozenset({Role.ANALYST, Role.DUTY_OFFICER})
_DAYS = 60
_RECORD = 40
_LATELY = 7  # days over which the list counts cases a day
_VERBS = sorted({r.verb for r in states.RULE.rules if r.who - {Role.SYSTEM}} - {"record_replay"})

RuleId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{2,40}$")]
Version = Annotated[int, Path(ge=1, le=9_999)]
ChannelCode = Annotated[str, Query(pattern=r"^[a-z_]{2,40}$")]


def may(who: SignedIn, roles: frozenset[Role] = READERS) -> None:
    of_the_centre(who.actor, roles)


# ── names and checking ───────────────────────────────────────────────────────────────────────────


@router.get("/channels")
def channels(parts: Parts, who: SignedIn) -> list[wire.ChannelInfo]:
    """Every name that rules may use, by channel."""
    may(who)
    return [
        wire.ChannelInfo(
            code=c.code, zh=c.zh, en=c.en, stream=c.stream,
            names=[view.name_info(n) for n in c.names.values()],
        )
        for c in parts.bench.catalogue.channels.values()
    ]  # fmt: skip


@router.get("/complete")
def completion(
    parts: Parts, who: SignedIn, channel: ChannelCode,
    prefix: Annotated[str, Query(max_length=60)] = "",
) -> list[wire.Suggested]:  # fmt: skip
    """What may be written next, with definitions and units."""
    may(who)
    found = complete(prefix, parts.bench.catalogue.channel(channel))
    return [wire.Suggested(text=s.text, kind=s.kind, unit=s.unit, zh=s.zh, en=s.en) for s in found]


@router.post("/check")
def check(body: wire.CheckBody, parts: Parts, who: SignedIn) -> wire.Checked:
    """Syntax, names, types and units of a condition; nothing is run."""
    may(who)
    return view.checked(parts.bench.catalogue.channel(body.channel), body.when)


# ── rules ────────────────────────────────────────────────────────────────────────────────────────


@router.get("/rules")
def rules(
    parts: Parts, who: SignedIn,
    after: Annotated[str, Query(max_length=41, pattern=r"^[a-z0-9_]*$")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> wire.RulePage:  # fmt: skip
    """Every rule by id, with what is in use and what has drifted."""
    may(who)
    items = _rows(parts, after, limit + 1)
    with parts.workshop.work() as work:
        total = work.rules.count()
    return wire.RulePage(
        items=items[:limit],
        next=items[limit - 1].id if len(items) > limit else None,
        total=total,
        shadow_days_needed=parts.bench.policy.gates.shadow_days,
    )


@router.get(
    "/rules.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def rules_csv(parts: Parts, who: SignedIn) -> Response:
    """The list as a file."""
    may(who)
    lines = [
        [
            r.id, r.zh, r.en, r.channel, str(r.version), r.state.code, str(r.live_version or ""),
            r.owner, "" if r.cases_a_day is None else f"{r.cases_a_day:.2f}",
            *_cells(r.precision),
        ]
        for r in _rows(parts, "", 10_000)
    ]  # fmt: skip
    head = ["id", "zh", "en", "channel", "version", "state", "live_version", "owner",
            "cases_a_day", "precision", "precision_low", "precision_high", "outcomes"]  # fmt: skip
    return csv_file("rules.csv", [head, *lines])


@router.post("/rules", status_code=201)
def draft(body: wire.RuleBody, parts: Parts, who: SignedIn) -> wire.VersionView:
    """Save a draft: a new version of the rule, checked whole."""
    may(who, frozenset({Role.ANALYST}))
    text = RuleText(**body.model_dump())
    with parts.workshop.work() as work:
        made = save_draft(work, parts.bench, who.actor, text, parts.now())
    return _detail(parts, who, made)


@router.get("/rules/{rule}")
def one_rule(rule: RuleId, parts: Parts, who: SignedIn) -> wire.RuleView:
    may(who)
    with parts.workshop.work() as work:
        versions = work.rules.of(rule)
        if not versions:
            raise Refused("rule_unknown", zh="没有这条规则", en="there is no such rule")
        quiet = [s for s in work.snoozes.running(parts.now()) if s.rule == rule]
    text = RuleText.of(versions[0].text)
    return wire.RuleView(
        id=rule, zh=text.title_zh, en=text.title_en, channel=text.channel,
        versions=[_brief(v) for v in versions],
        snoozes=[view.snooze(s) for s in quiet],
        record=view.record(RuleFigures(parts.database).record(rule, _RECORD)),
    )  # fmt: skip


@router.get("/rules/{rule}/versions/{version}")
def one_version(rule: RuleId, version: Version, parts: Parts, who: SignedIn) -> wire.VersionView:
    may(who)
    with parts.workshop.work() as work:
        found = find(work, rule, version)
    return _detail(parts, who, found)


@router.post("/rules/{rule}/versions/{version}/{verb}")
def do(
    rule: RuleId, version: Version, verb: Annotated[str, Path(max_length=40)],
    body: wire.ActBody, parts: Parts, who: SignedIn,
) -> wire.VersionView:  # fmt: skip
    """A verb of the lifecycle table. `replay` asks for a rehearsal over the log."""
    may(who)
    if verb not in _VERBS:
        raise Refused(
            "unknown_verb",
            zh=f"没有这个操作；可用：{'、'.join(_VERBS)}",
            en=f"there is no such verb; there are: {', '.join(_VERBS)}",
            field="verb",
        )
    now = parts.now()
    with parts.workshop.work() as work:
        before = find(work, rule, version)
        passed = view.gates_of(work, parts.bench.policy, before, now)
        wanted = Act(verb, body.expected_state, body.note)
        after = act(work, parts.bench, who.actor, before, wanted, passed, now)
    return _detail(parts, who, after)


# ── cases that only the draft hits ───────────────────────────────────────────────────────────────


@router.get("/rules/{rule}/versions/{version}/cases")
def cases(
    rule: RuleId, version: Version, parts: Parts, who: SignedIn,
    after: Annotated[int, Query(ge=-1, le=1_000_000)] = -1,
    limit: Annotated[int, Query(ge=1, le=200)] = 40,
) -> wire.CasePage:  # fmt: skip
    """Drawn for judging from those that only the draft hits; no person can be made out."""
    may(who)
    with parts.workshop.work() as work:
        newest = work.rehearsals.newest(rule, version)
        found = work.rehearsals.cases(newest.id) if newest else []
    start = next((k + 1 for k, c in enumerate(found) if c.n == after), 0)
    part = found[start : start + limit]
    return wire.CasePage(
        items=[
            wire.CaseView(
                n=c.n, at=c.at, zh=c.zh, en=c.en, score=c.score, elder=c.elder,
                verdict=c.verdict, judged_by=c.judged_by,
            )
            for c in part
        ],
        next=str(part[-1].n) if start + limit < len(found) else None,
        total=len(found),
        fraud=sum(c.verdict == "fraud" for c in found),
        false=sum(c.verdict == "false" for c in found),
    )  # fmt: skip


@router.post("/rules/{rule}/versions/{version}/cases/{n}/judge", status_code=204)
def judge(
    rule: RuleId, version: Version, n: Annotated[int, Path(ge=0, le=1_000_000)],
    body: wire.Judged, parts: Parts, who: SignedIn,
) -> None:  # fmt: skip
    """True or false alarm, by somebody who did not write or submit the version; the later word
    counts."""
    may(who, JUDGES)
    with parts.workshop.work() as work:
        newest = work.rehearsals.newest(rule, version)
        case = (
            next((c for c in work.rehearsals.cases(newest.id) if c.n == n), None)
            if newest
            else None
        )
        if newest is None or case is None:
            raise Refused("case_unknown", zh="没有这条", en="there is no such case", field="n")
        judge_case(
            work, parts.bench, who.actor, find(work, rule, version), rehearsal=newest.id, n=n,
            token=case.token, share=case.share, verdict=Verdict(body.verdict), now=parts.now(),
        )  # fmt: skip


# ── snoozes ──────────────────────────────────────────────────────────────────────────────────────


@router.post("/rules/{rule}/snoozes", status_code=201)
def make_snooze(
    rule: RuleId, body: wire.SnoozeBody, parts: Parts, who: SignedIn
) -> wire.SnoozeView:
    may(who)
    with parts.workshop.work() as work:
        made = snooze(
            work, parts.bench, who.actor, rule, until=body.until, note=body.note,
            subject=subject_of(body.subject) if body.subject else None, area=body.area,
            now=parts.now(),
        )  # fmt: skip
    return view.snooze(made)


@router.post("/snoozes/{id}/end")
def stop_snooze(id: UUID, parts: Parts, who: SignedIn) -> wire.SnoozeView:
    may(who)
    with parts.workshop.work() as work:
        return view.snooze(end_snooze(work, parts.bench, who.actor, id, parts.now()))


def subject_of(given: str) -> Subject:
    """A number or an account as scorers know it; Refused where it is neither."""
    try:
        number = phone_number.parse(given)
        return Subject(key64("number", number.normal), mask_number(number.normal))
    except Refused:
        held = account.parse(given)
        return Subject(key64("account", held.normal), mask_account(held.normal))


# ── what the answers are made of ─────────────────────────────────────────────────────────────────


def _detail(parts: Centre, who: SignedIn, version: RuleVersion) -> wire.VersionView:
    now, figures = parts.now(), RuleFigures(parts.database)
    with parts.workshop.work() as work:
        newest = work.rehearsals.newest(version.rule, version.version)
        # Read after the replay, whose end moves the version on: never a state before its evidence.
        version = find(work, version.rule, version.version)
        versions = work.rules.of(version.rule)
        passed = view.gates_of(work, parts.bench.policy, version, now)
        judged = view.judged_share(work, version)
        hands = work.rules.hands(version.rule, version.version)
    text = RuleText.of(version.text)
    live = next((v for v in versions if v.state == states.LIVE), None)
    base = next((v for v in versions if v.version == version.replaces), None)
    back_to = version.replaces if version.live_since else live.version if live else None
    return wire.VersionView(
        rule=wire.RuleBody(**text.plain()),
        version=version.version,
        state=view.state_of(version.state),
        replaces=version.replaces,
        live_version=live.version if live else None,
        author=version.author_display,
        submitted_by=version.submitted_display,
        published_by=version.published_display,
        shadow_since=version.shadow_since,
        live_since=version.live_since,
        note=version.note,
        diff=view.difference(RuleText.of(base.text).when if base else None, text.when),
        check=view.checked(parts.bench.catalogue.channel(text.channel), text.when),
        rehearsal=view.rehearsal(newest),
        judged=judged,
        gates=[view.gate(g) for g in passed],
        daily=view.days(figures.volumes(version.rule, now - timedelta(days=_DAYS))),
        verbs=view.verbs(version, who.actor, passed, hands),
        may_judge=may_judge(who.actor, version, hands),
        effect=view.effect(newest),
        watch=view.watch(parts.bench.policy, back_to),
        record=view.record(figures.record(version.rule, _RECORD)),
    )


def _brief(v: RuleVersion) -> wire.VersionBrief:
    return wire.VersionBrief(
        version=v.version, state=view.state_of(v.state), author=v.author_display,
        created_at=v.created_at, updated_at=v.updated_at, live_since=v.live_since,
    )  # fmt: skip


def _rows(parts: Centre, after: str, limit: int) -> list[wire.RuleRow]:
    """Rules by id, those after one. Figures are asked when the books are closed: requests that hold
    a connection and wait for another would, many at a time, wait for each other."""
    with parts.workshop.work() as work:
        rules = [work.rules.of(v.rule) for v in work.rules.newest(after, limit)]
        shown = [_shown(versions) for versions in rules]
        asked = [work.rehearsals.newest(v.rule, v.version) for v in shown]
        mutes = Counter(s.rule for s in work.snoozes.running(parts.now()))
    return [
        _row(parts, versions, v, rehearsal, mutes[v.rule])
        for versions, v, rehearsal in zip(rules, shown, asked, strict=True)
    ]


def _shown(versions: Sequence[RuleVersion]) -> RuleVersion:
    """The newest version; where that has ended, the newest in force, if any is."""
    ended = states.RULE.state(versions[0].state).final
    return next((v for v in versions if ended and v.state in states.IN_FORCE), versions[0])


def _row(
    parts: Centre, versions: Sequence[RuleVersion], newest: RuleVersion,
    asked: Rehearsal | None, mutes: int,
) -> wire.RuleRow:  # fmt: skip
    live = next((v for v in versions if v.state == states.LIVE), None)
    back = next((v for v in versions if v.state == states.ROLLED_BACK), None)
    now, text = parts.now(), RuleText.of(newest.text)
    figures, precision = RuleFigures(parts.database), None
    moved = a_day = None
    if live is not None:
        code = f"rule:{live.ref}"
        found = view.drifts(figures, parts.bench.policy, newest.channel, [code])
        moved = found[0].psi if found else None
        a_day = figures.cases(live.ref, Mode.LIVE, now - timedelta(days=_LATELY)) / _LATELY
        precision = view.share(estimate(figures.verdicts(code=code)))
    shadow = newest.shadow_since if newest.state in states.IN_FORCE[1:] else None
    return wire.RuleRow(
        id=newest.rule,
        zh=text.title_zh,
        en=text.title_en,
        channel=newest.channel,
        version=newest.version,
        state=view.state_of(newest.state),
        owner=newest.author_display,
        live_version=live.version if live else None,
        cases_a_day=a_day,
        precision=precision,
        replaying=asked is not None
        and asked.state in (RehearsalState.ASKED, RehearsalState.RUNNING),
        shadow_days=(now - shadow).total_seconds() / 86_400 if shadow else None,
        rolled_back_at=back.updated_at if back else None,
        drift=moved,
        drifted=moved is not None and moved > parts.bench.policy.drift.psi,
        snoozes=mutes,
    )


def _cells(found: wire.Share | None) -> list[str]:
    if found is None:
        return ["", "", "", "0"]
    return [f"{found.share:.4f}", f"{found.low:.4f}", f"{found.high:.4f}", str(found.n)]


def csv_file(name: str, rows: list[list[str]]) -> Response:
    """A file; text that a spreadsheet would run is disarmed."""
    out = io.StringIO()
    for row in rows:
        csv.writer(out).writerow(
            [f"'{c}" if c[:1] in ("=", "+", "-", "@", "\t", "\r") else c for c in row]
        )
    return Response(
        out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
