"""The notice of a measure: why, until when, where to turn, what to bring, with which code."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader
from fanzha.lifecycles.measure.model import Effect, Measure
from fanzha.lifecycles.measure.target import MeasureKind, Reach
from fanzha.lifecycles.message.content import NotSendable, check_notice
from fanzha.lists import code as codes
from fanzha.ports.outbox import Message
from fanzha.values import phone_number
from fanzha.values.phone_number import NumberKind

__all__ = ["NoticeWording", "notice"]

_SERIES = uuid.UUID("1f2f0f5e-3a55-4a1b-8d0e-5d6f2a7b9c10")
_BEIJING = timezone(timedelta(hours=8))
_KEYS = {
    "version", "in_force_on", "approved_by", "signature", "parts_max", "ground_most",
    "ground_else", "effects", "begins", "ends",
}  # fmt: skip


@dataclass(frozen=True)
class NoticeWording:
    """`policies/wording/measure_notice.yaml`."""

    signature: Mapping[str, str]
    parts_max: int
    ground_most: int
    ground_else: Mapping[str, str]
    effects: Mapping[Effect, Mapping[str, str]]
    begins: Mapping[str, str]
    ends: Mapping[str, str]

    @classmethod
    @policy_reader
    def load(cls, path: Path) -> NoticeWording:
        """Read and check the file: a notice as long as one may be must be sendable."""
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or set(data) != _KEYS:
            raise _bad(path.name, f"needs {sorted(_KEYS)}, nothing else")
        if not isinstance(data["in_force_on"], date):
            raise _bad("in_force_on", "is not a date")
        made = cls(
            signature=_both(data["signature"], "signature"),
            parts_max=int(data["parts_max"]),
            ground_most=int(data["ground_most"]),
            ground_else=_both(data["ground_else"], "ground_else"),
            effects={Effect(k): _both(v, f"effects.{k}") for k, v in data["effects"].items()},
            begins=_both(data["begins"], "begins"),
            ends=_both(data["ends"], "ends"),
        )
        for language in ("zh", "en"):
            longest = made.text(
                language, made.begins,
                {"ground": "诈" * made.ground_most, "article": "反电信网络诈骗法第三十二条",
                 "effect": made.effects[Effect.LABEL][language], "until": "2026-11-26 08:00",
                 "code": codes.write(codes.MOST), "phone": "96110",
                 "documents": "机主身份证件、号码用途说明"},
            )  # fmt: skip
            try:
                check_notice(longest, made.parts_max)
            except NotSendable as error:
                raise Misconfigured(
                    error.code, zh=error.zh, en=error.en, field=f"begins.{language}"
                ) from error
        return made

    def text(self, language: str, template: Mapping[str, str], values: Mapping[str, str]) -> str:
        """Signature and words; a template that asks for anything else is refused when read."""
        body = template[language].format_map(dict(values))
        if language == "zh":
            return f"【{self.signature['zh']}】{body}"
        return f"[{self.signature['en']}] {body}"


def notice(
    measure: Measure, wording: NoticeWording, phone: str, step: str, now: datetime,
    language: str = "zh",
) -> Message | None:  # fmt: skip
    """The text to the subscriber when a measure `begins` or `ends`; None where nobody can be
    reached by it: only one mobile number of this country is. Others learn it from the card of the
    refused call, the warning page, the refused text's sender account."""
    target = measure.target
    if target.kind is not MeasureKind.NUMBER or target.reach is not Reach.EXACT:
        return None
    if phone_number.parse(target.text).kind is not NumberKind.MOBILE:
        return None
    zh = language == "zh"
    ground = measure.ground.zh if zh else measure.ground.en
    documents = measure.remedy.documents_zh if zh else measure.remedy.documents_en
    values = {
        "ground": _plain(ground)[: wording.ground_most],
        "article": measure.ground.article,
        "effect": wording.effects[measure.effect][language],
        "until": f"{measure.term.ends_at.astimezone(_BEIJING):%Y-%m-%d %H:%M}",
        "code": codes.write(measure.code),
        "phone": phone,
        "documents": ("、" if zh else ", ").join(documents),
    }
    template = wording.begins if step == "begins" else wording.ends
    body = wording.text(language, template, values)
    try:
        check_notice(body, wording.parts_max)
    except NotSendable:
        values["ground"] = wording.ground_else[language]
        body = wording.text(language, template, values)
    return Message(
        id=uuid.uuid5(_SERIES, f"{measure.id}|{step}|{measure.revision}"),
        warning_id=None,
        measure_id=measure.id,
        channel="sms",
        to=target.text,
        body=body,
        created_at=now,
        unit=measure.unit,
    )


def _plain(words: str) -> str:
    """Without what would make the notice look like, or be taken for, something else."""
    return "".join(c for c in words if c.isprintable() and c not in "【】[]@/\\").strip("。；;. ")


def _both(item: Any, where: str) -> Mapping[str, str]:
    if not isinstance(item, dict) or set(item) != {"zh", "en"}:
        raise _bad(where, "needs zh and en, nothing else")
    return {k: str(v).strip() for k, v in item.items()}


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "wording_invalid",
        zh=f"通知文案文件有误：{what}",
        en=f"the file of notices is wrong: {what}",
        field=field,
    )
