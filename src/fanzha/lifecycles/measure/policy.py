"""The register's policy: kinds, terms, approvals, the machine's bounds, remedies, clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, policy_reader
from fanzha.lifecycles.measure.model import Effect, Remedy
from fanzha.lifecycles.measure.target import MeasureKind

__all__ = ["AppealClocks", "AutomaticBounds", "KindPolicy", "RegisterPolicy", "load_register"]


@dataclass(frozen=True, slots=True)
class KindPolicy:
    """What may be done against one kind of target, and for how long."""

    effects: tuple[Effect, ...]
    articles: tuple[str, ...]
    term: timedelta
    longest: timedelta
    automatic: timedelta
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class Approvals:
    usual: int
    wide: int
    protected: int


@dataclass(frozen=True, slots=True)
class WideBounds:
    digits_least: int
    numbers_most: int
    sender_least: int


@dataclass(frozen=True, slots=True)
class AutomaticBounds:
    """When the machine may act. Reports of the public let a weaker finding suffice, for a milder
    effect; without a finding no number of reports does anything."""

    detectors: frozenset[str]
    not_with: frozenset[str]
    score_least: float
    effect: Mapping[MeasureKind, Effect]
    reports_least: int
    score_with_reports: float
    effect_with_reports: Mapping[MeasureKind, Effect]

    def effect_of(self, kind: MeasureKind, score: float, reports: int) -> Effect | None:
        """What may be done at once; None: nothing without a person."""
        if score >= self.score_least:
            return self.effect.get(kind)
        if score >= self.score_with_reports and reports >= self.reports_least:
            return self.effect_with_reports.get(kind)
        return None


@dataclass(frozen=True, slots=True)
class AppealClocks:
    accept: timedelta
    decide: timedelta
    again_after: float
    escalations_max: int
    words_most: int
    open_most: int


@dataclass(frozen=True, slots=True)
class RegisterPolicy:
    """`policies/measures/register.yaml`; its comments say what each number means."""

    version: str
    kinds: Mapping[MeasureKind, KindPolicy]
    approvals: Approvals
    proposal: timedelta
    wide: WideBounds
    automatic: AutomaticBounds
    appeal: AppealClocks
    keep_gone: timedelta
    licence: str
    files_hold: timedelta


_KEYS = {
    "version", "in_force_on", "kinds", "approvals", "proposal_hours", "wide", "automatic",
    "remedy", "appeal", "listing",
}  # fmt: skip


@policy_reader
def load_register(path: Path) -> RegisterPolicy:
    """Read and check the file; unknown keys are refused."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    _only(path.name, data, _KEYS)
    if not isinstance(data["in_force_on"], date):
        raise _bad("in_force_on", "is not a date")
    _only("kinds", data["kinds"], set(MeasureKind))
    _only("remedy", data["remedy"], {"channel", "documents"})
    _only("approvals", data["approvals"], {"usual", "wide", "protected"})
    approvals = Approvals(**data["approvals"])
    if approvals.protected < 2 or min(approvals.usual, approvals.wide) < 1:
        raise _bad("approvals", "needs at least 2 for what is protected and 1 otherwise")
    _only("wide", data["wide"], {"digits_least", "numbers_most", "sender_least"})
    listing = data["listing"]
    _only("listing", listing, {"keep_gone_days", "licence", "file_hours"})
    return RegisterPolicy(
        version=str(data["version"]),
        kinds={k: _kind(k, data["kinds"][k], data["remedy"]) for k in MeasureKind},
        approvals=approvals,
        proposal=timedelta(hours=_positive("proposal_hours", data["proposal_hours"])),
        wide=WideBounds(**{k: int(_positive(k, v)) for k, v in data["wide"].items()}),
        automatic=_automatic(data["automatic"]),
        appeal=_appeal(data["appeal"]),
        keep_gone=timedelta(days=_positive("keep_gone_days", listing["keep_gone_days"])),
        licence=str(listing["licence"]),
        files_hold=timedelta(hours=_positive("file_hours", listing["file_hours"])),
    )


def _kind(kind: MeasureKind, item: Any, remedy: Any) -> KindPolicy:
    where = f"kinds.{kind}"
    _only(where, item, {"effects", "articles", "term_days", "longest_days", "automatic_hours"})
    documents = remedy["documents"][kind]
    if not item["effects"] or not item["articles"]:
        raise _bad(where, "needs at least one effect and one article")
    found = KindPolicy(
        effects=tuple(Effect(e) for e in item["effects"]),
        articles=tuple(str(a) for a in item["articles"]),
        term=timedelta(days=_positive(where, item["term_days"])),
        longest=timedelta(days=_positive(where, item["longest_days"])),
        automatic=timedelta(hours=_positive(where, item["automatic_hours"])),
        remedy=Remedy(
            channel_zh=str(remedy["channel"]["zh"]),
            channel_en=str(remedy["channel"]["en"]),
            documents_zh=tuple(documents["zh"]),
            documents_en=tuple(documents["en"]),
        ),
    )
    if not found.automatic < found.term <= found.longest:
        raise _bad(where, "needs automatic_hours below term_days, and that below longest_days")
    return found


def _automatic(item: Any) -> AutomaticBounds:
    _only("automatic", item, {f.name for f in fields(AutomaticBounds)})
    found = AutomaticBounds(
        detectors=frozenset(map(str, item["detectors"])),
        not_with=frozenset(map(str, item["not_with"])),
        score_least=_positive("score_least", item["score_least"]),
        effect={MeasureKind(k): Effect(v) for k, v in item["effect"].items()},
        reports_least=int(_positive("reports_least", item["reports_least"])),
        score_with_reports=_positive("score_with_reports", item["score_with_reports"]),
        effect_with_reports={
            MeasureKind(k): Effect(v) for k, v in item["effect_with_reports"].items()
        },
    )
    if not 0.5 <= found.score_with_reports <= found.score_least <= 1:
        raise _bad("automatic", "needs 0.5 <= score_with_reports <= score_least <= 1")
    if Effect.REFUSE in found.effect_with_reports.values():
        raise _bad("automatic.effect_with_reports", "must refuse nothing: reports can be bought")
    return found


def _appeal(item: Any) -> AppealClocks:
    keys = {"accept_hours", "decide_hours", "again_after", "at_most", "words_most", "open_most"}
    _only("appeal", item, keys)
    return AppealClocks(
        accept=timedelta(hours=_positive("accept_hours", item["accept_hours"])),
        decide=timedelta(hours=_positive("decide_hours", item["decide_hours"])),
        again_after=_positive("again_after", item["again_after"]),
        escalations_max=int(_positive("at_most", item["at_most"])),
        words_most=int(_positive("words_most", item["words_most"])),
        open_most=int(_positive("open_most", item["open_most"])),
    )


def _positive(field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise _bad(field, "is no number above 0")
    return float(value)


def _only(where: str, item: Any, wanted: set[Any]) -> None:
    if not isinstance(item, dict) or set(item) != wanted:
        raise _bad(where, f"needs {sorted(map(str, wanted))}, nothing else")


def _bad(field: str, what: str) -> Misconfigured:
    return Misconfigured(
        "policy_invalid",
        zh=f"政策文件有误：{what}",
        en=f"the policy file is wrong: {what}",
        field=field,
    )
