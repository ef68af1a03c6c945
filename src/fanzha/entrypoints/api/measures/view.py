"""From the register to what travels: words beside every code, masks instead of targets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fanzha.adapters.postgres.register.hits import HitsOf
from fanzha.entrypoints.api import schemas as common
from fanzha.entrypoints.api.measures import schemas as wire
from fanzha.lifecycles.actor import Actor, Role, Unit
from fanzha.lifecycles.machine import Lifecycle
from fanzha.lifecycles.measure.appeal_states import APPEAL, FILED
from fanzha.lifecycles.measure.model import Appeal, Effect, Measure
from fanzha.lifecycles.measure.states import MEASURE
from fanzha.lifecycles.measure.target import MeasureKind
from fanzha.lists import code as codes

KINDS = {
    MeasureKind.NUMBER: ("电话号码", "Number"),
    MeasureKind.SENDER: ("短信发送方", "Sender of texts"),
    MeasureKind.NAME: ("域名", "Name"),
    MeasureKind.URL: ("网址", "Address"),
    MeasureKind.APP: ("应用", "App"),
    MeasureKind.ACCOUNT: ("账户通知", "Account notice"),
}
EFFECTS = {
    Effect.LABEL: ("标记", "Label"),
    Effect.WARN: ("警示页", "Warning page"),
    Effect.REFUSE: ("拒绝", "Refuse"),
    Effect.NOTICE: ("通知", "Notice"),
}
HINTS = {
    MeasureKind.NUMBER: (
        "号码；1301234* 为前缀；首~尾 为号段",
        "a number; 1301234* a prefix; first~last a range",
    ),
    MeasureKind.SENDER: ("发送方名称；BANK* 为前缀", "a sender's name; BANK* a beginning"),
    MeasureKind.NAME: (
        "域名及其下全部；=a.example 仅该域名",
        "a name and all below; =a.example it alone",
    ),
    MeasureKind.URL: ("网址，含路径", "an address with its path"),
    MeasureKind.APP: (
        "sha256: 加安装包或证书的摘要",
        "sha256: and the digest of package or certificate",
    ),
    MeasureKind.ACCOUNT: ("机构:账号", "institution:account"),
}
_VERBS_MADE = {"propose": ("提请", "Proposed"), "take": ("自动采取", "Taken by the machine")}


def coded(code: str, words: tuple[str, str]) -> common.Coded:
    return common.Coded(code=code, zh=words[0], en=words[1])


def centre_name(root: Unit) -> common.Words:
    """What a centre calls itself to people outside: 全国反诈中心."""
    zh, en = root.zh.removesuffix("中心"), root.en.removesuffix(" Centre")
    return common.Words(zh=f"{zh}反诈中心", en=f"{en} Anti-scam Centre")


def unit(found: Unit) -> common.Unit:
    return common.Unit(code=found.code, level=found.level.value, zh=found.zh, en=found.en)


def _state(lifecycle: Lifecycle, code: str) -> common.Coded:
    state = lifecycle.state(code)
    return coded(code, (state.zh, state.en))


def verbs(lifecycle: Lifecycle, state: str, actor: Actor, *hidden: str) -> list[wire.Verb]:
    """What this person may do now, in the table's order."""
    return [
        wire.Verb(code=r.verb, zh=r.zh, en=r.en, needs=list(r.needs))
        for r in lifecycle.rules_of(state)
        if actor.may(r.who) and r.who != {Role.SYSTEM} and r.verb not in hidden
    ]


def row(measure: Measure, units: dict[str, Unit]) -> dict[str, Any]:
    """The fields of a line."""
    return {
        "id": measure.id,
        "number": measure.number,
        "revision": measure.revision,
        "state": _state(MEASURE, measure.state),
        "kind": coded(measure.target.kind, KINDS[measure.target.kind]),
        "target": measure.target.mask,
        "effect": coded(measure.effect, EFFECTS[measure.effect]),
        "ground": ground(measure),
        "area": unit(units.get(measure.area, measure.unit)),
        "begins_at": measure.term.begins_at,
        "ends_at": measure.term.ends_at,
        "remedy": remedy(measure),
        "automatic": measure.automatic,
        "protected": measure.protected,
        "approvals": len(measure.approvals),
        "approvals_needed": measure.approvals_needed,
        "proposed_by": measure.proposed_display,
        "created_at": measure.created_at,
        "updated_at": measure.updated_at,
        "decide_by": measure.decide_by,
        "note": measure.note,
    }


def hits(found: HitsOf) -> dict[str, Any]:
    """The fields of what a measure did on a wire."""
    effect = Effect(found.effect.name.lower())
    return {
        "wire": found.wire,
        "effect": coded(effect, EFFECTS[effect]),
        "hits": found.hits,
        "last_at": found.last_at,
    }


def ground(measure: Measure) -> wire.GroundInfo:
    found = measure.ground
    return wire.GroundInfo(
        kind=found.kind.value, ref=found.ref, article=found.article, zh=found.zh, en=found.en
    )


def remedy(measure: Measure) -> wire.Remedy:
    found = measure.remedy
    pairs = zip(found.documents_zh, found.documents_en, strict=True)
    return wire.Remedy(
        channel=common.Words(zh=found.channel_zh, en=found.channel_en),
        documents=[common.Words(zh=zh, en=en) for zh, en in pairs],
    )


def deeds(rows: Iterable[Any]) -> list[wire.DeedLine]:
    words = {r.verb: (r.zh, r.en) for r in MEASURE.rules} | _VERBS_MADE
    lines = []
    for line in rows:
        detail = json.loads(line.body).get("detail", {})
        lines.append(
            wire.DeedLine(
                at=line.at,
                by=line.actor_display,
                verb=coded(line.verb, words.get(line.verb, (line.verb, line.verb))),
                note=str(detail.get("note") or detail.get("because") or ""),
            )
        )
    return lines


def appeal(found: Appeal, now: datetime) -> wire.AppealRow:
    return wire.AppealRow(**appeal_fields(found, now))


def appeal_fields(found: Appeal, now: datetime) -> dict[str, Any]:
    return {
        "id": found.id,
        "number": found.number,
        "revision": found.revision,
        "state": _state(APPEAL, found.state),
        "measure_id": found.measure_id,
        "measure_number": found.measure_number,
        "filed_at": found.filed_at,
        "updated_at": found.updated_at,
        "due_at": found.due_at,
        "late": found.due_at is not None and found.due_at < now,
        "decided_by": found.decided_display,
        "reasons": found.reasons,
        "note": found.note,
    }


def public(measure: Measure, newest: Appeal | None) -> wire.PublicMeasure:
    """What the holder of the notice is told."""
    return wire.PublicMeasure(
        code=codes.write(measure.code),
        number=measure.number,
        state=_state(MEASURE, measure.state),
        kind=coded(measure.target.kind, KINDS[measure.target.kind]),
        target=measure.target.mask,
        effect=coded(measure.effect, EFFECTS[measure.effect]),
        ground=ground(measure),
        begins_at=measure.term.begins_at,
        ends_at=measure.term.ends_at,
        remedy=remedy(measure),
        appeal=public_appeal(newest) if newest else None,
    )


def public_appeal(found: Appeal) -> wire.PublicAppeal:
    """The reasons are told once it is decided."""
    return wire.PublicAppeal(
        number=found.number,
        state=_state(APPEAL, found.state),
        filed_at=found.filed_at,
        due_at=found.due_at,
        reasons="" if found.state == FILED else found.reasons,
    )
