"""What people and the watch do with a rule's version: every verb, its guards and consequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fanzha.detection.rules.names import Catalogue
from fanzha.detection.rules.rule import RuleText, check
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, Level, Role, Unit, system
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Hands, RuleVersion
from fanzha.lifecycles.rule.policy import WorkshopPolicy
from fanzha.ports.deed_book import Deed
from fanzha.ports.workshop import RuleChanged, WorkshopUnit
from fanzha.usecases.warning.tiers import Tiers
from fanzha.usecases.workshop.editions import new_edition
from fanzha.usecases.workshop.gates import Gate
from fanzha.usecases.workshop.rehearse import ask

__all__ = ["Act", "Bench", "act", "find", "of_the_centre", "own", "save_draft"]

_VERSIONS_MOST = 9_999
_NOTE_MOST = 500
_LOWEST = Level.CITY
"""Rules act on the whole centre: the tiers below a city have no say in the workshop."""


@dataclass(frozen=True)
class Bench:
    """What every act goes by: names, taxonomy, policy, the centre's tiers, the drawing's salt."""

    catalogue: Catalogue
    types: frozenset[str]
    policy: WorkshopPolicy
    tiers: Tiers
    salt: str

    @property
    def root(self) -> Unit:
        return self.tiers.root


@dataclass(frozen=True, slots=True)
class Act:
    """A verb, decided while looking at `expected_state`."""

    verb: str
    expected_state: str
    note: str = ""


def of_the_centre(actor: Actor, roles: frozenset[Role]) -> None:
    """Refused to whoever has none of the roles, or has them below the city."""
    if not (actor.unit.level.depth <= _LOWEST.depth and actor.may(roles)):
        raise NotAllowed("not_allowed", zh="不在您的职责内", en="not among your duties")


def save_draft(
    work: WorkshopUnit, bench: Bench, actor: Actor, text: RuleText, now: datetime
) -> RuleVersion:
    """A new version of a rule, checked; the first of its id makes the rule."""
    of_the_centre(actor, frozenset({Role.ANALYST}))
    check(text, bench.catalogue, bench.types)
    versions = work.rules.of(text.id)
    if versions and versions[0].channel != text.channel:
        raise Refused(
            "channel_fixed",
            zh="同一规则的各版本用同一通道；请另立规则",
            en="all versions of a rule share a channel; make another rule",
            field="channel",
        )
    number = versions[0].version + 1 if versions else 1
    if number > _VERSIONS_MOST:
        raise Refused("too_many_versions", zh="版本过多", en="too many versions", field="id")
    live = next((v for v in versions if v.state == states.LIVE), None)
    new = work.rules.add(
        RuleVersion(
            rule=text.id,
            version=number,
            revision=1,
            state=states.DRAFT,
            channel=text.channel,
            text=text.plain(),
            replaces=live.version if live else None,
            author=actor.id,
            author_display=actor.display,
            submitted_by=None,
            submitted_display=None,
            published_by=None,
            published_display=None,
            created_at=now,
            updated_at=now,
            shadow_since=None,
            live_since=None,
        )
    )
    work.deeds.append(_deed(bench, actor, "draft", new, None, now, {}))
    return new


def find(work: WorkshopUnit, rule: str, version: int) -> RuleVersion:
    """Refused where there is no such version."""
    found = work.rules.get(rule, version)
    if found is None:
        raise Refused(
            "rule_unknown", zh="没有这个规则版本", en="there is no such version", field="rule"
        )
    return found


def act(
    work: WorkshopUnit,
    bench: Bench,
    actor: Actor,
    before: RuleVersion,
    wanted: Act,
    passed: Sequence[Gate],
    now: datetime,
) -> RuleVersion:
    """Apply one verb in one commit: the guarded change, its deed, what follows, the edition.
    `replay` asks for a rehearsal over the log.

    `passed` are the gates as they stand; submitting and publishing need all but the second person.
    """
    work.sets.lock()
    if before.state != wanted.expected_state:
        raise RuleChanged(before)
    rule = states.RULE.rule(before.state, wanted.verb, actor)
    of_the_centre(actor, rule.who)
    note = wanted.note.strip()
    if "note" in rule.needs and not note:
        raise Refused("note_needed", zh="请写明理由", en="say why", field="note")
    if len(note) > _NOTE_MOST:
        raise Refused("note_long", zh="理由过长", en="the reason is too long", field="note")
    _apart(work, before, actor, wanted.verb)
    if wanted.verb in ("submit", "publish"):
        _all_passed(passed)
    change: dict[str, Any] = {"updated_at": now, **_sets(wanted.verb, before, actor, now)}
    if note:
        change["note"] = note
    if wanted.verb == "publish":
        change["replaces"] = _replace_live(work, bench, before, now)
    after = work.rules.advance(before, rule.leads(before.state), change)
    detail = {"note": note} if note else {}
    work.deeds.append(_deed(bench, actor, wanted.verb, after, before.state, now, detail))
    if wanted.verb == "replay":
        ask(work, after, actor, now)
    if wanted.verb == "roll_back":
        _restore(work, bench, before, now)
    if _weight(before.state) != _weight(after.state):
        because = f"{wanted.verb} {after.ref}"
        new_edition(work, bench.policy, bench.salt, because, now)
    return after


def _weight(state: str) -> int:
    """How a scorer takes a version in this state: not, in shadow, live."""
    return 0 if state not in states.IN_FORCE else 2 if state == states.LIVE else 1


def _sets(verb: str, before: RuleVersion, actor: Actor, now: datetime) -> dict[str, Any]:
    match verb:
        case "start_shadow":
            return {"shadow_since": now}
        case "submit":
            return {"submitted_by": actor.id, "submitted_display": actor.display}
        case "send_back":
            return {"submitted_by": None, "submitted_display": None}
        case "publish":
            mine = {"published_by": actor.id, "published_display": actor.display}
            return {**mine, "live_since": now}
    return {}


def _apart(work: WorkshopUnit, version: RuleVersion, actor: Actor, verb: str) -> None:
    """Refused where somebody would sign what they brought in, or bring in what they judged."""
    hands = work.rules.hands(version.rule, version.version)
    if verb == "submit" and actor.id in hands.judged:
        raise NotAllowed(
            "judged_it",
            zh="评判过其样本的人不能提请该版本，请由他人提请",
            en="who judged cases of a version does not submit it; somebody else must",
            field="verb",
        )
    if verb == "publish" and actor.id in own(version, hands):
        raise NotAllowed(
            "second_person_needed",
            zh="发布须由起草人和提请人以外的人签字",
            en="somebody other than author and submitter must publish it",
            field="verb",
        )


def own(version: RuleVersion, hands: Hands) -> frozenset[str]:
    """Whose version it is: the author, and whoever ever submitted it, sent back or not."""
    return hands.submitted | {version.author}


def _all_passed(passed: Sequence[Gate]) -> None:
    unmet = [g for g in passed if not g.met and g.code != "second_person"]
    if unmet:
        raise Refused(
            "gates_unmet",
            zh="发布条件未满足：" + "；".join(g.zh for g in unmet),
            en="gates not passed: " + "; ".join(g.en for g in unmet),
            field=unmet[0].code,
        )


def _replace_live(
    work: WorkshopUnit, bench: Bench, coming: RuleVersion, now: datetime
) -> int | None:
    """The version whose place is taken; None where nothing is live."""
    other = next((v for v in work.rules.of(coming.rule) if v.state == states.LIVE), None)
    if other is None:
        return None
    _follow(work, bench, other, "replace", f"publish {coming.ref}", now)
    return other.version


def _restore(work: WorkshopUnit, bench: Bench, gone: RuleVersion, now: datetime) -> None:
    """The version whose place it took is live again; none is where there was none, or where what
    was live before has been retired: that was meant."""
    other = None if gone.replaces is None else work.rules.get(gone.rule, gone.replaces)
    if other is not None and other.state == states.REPLACED:
        _follow(work, bench, other, "restore", f"roll_back {gone.ref}", now)


def _follow(
    work: WorkshopUnit, bench: Bench, other: RuleVersion, verb: str, because: str, now: datetime
) -> None:
    """What an act on one version does to another of the same rule."""
    machine = system(bench.root)
    rule = states.RULE.rule(other.state, verb, machine)
    after = work.rules.advance(other, rule.leads(other.state), {"updated_at": now})
    detail = {"because": because}
    work.deeds.append(_deed(bench, machine, verb, after, other.state, now, detail))


def _deed(
    bench: Bench, actor: Actor, verb: str, version: RuleVersion, before: str | None,
    now: datetime, detail: Mapping[str, object],
) -> Deed:  # fmt: skip
    return Deed(
        at=now,
        actor=actor,
        verb=verb,
        object_kind="rule",
        object_id=version.ref,
        unit=bench.root,
        before=before,
        after=version.state,
        detail=detail,
    )
