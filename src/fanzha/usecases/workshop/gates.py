"""The gates a draft must have passed before somebody else may publish it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import RuleVersion
from fanzha.lifecycles.rule.policy import WorkshopPolicy

__all__ = ["Gate", "Shown", "gates"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a draft has shown so far; None where it is not known."""

    replay_days: float | None = None
    replay_rows: int | None = None
    judged: int = 0
    """Cases judged by people or outcome."""
    false_share: float | None = None
    elder_false_share: float | None = None
    calls_more: float | None = None
    """Calls a day more than with the live version."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One line of the list: whether it is passed, and by what."""

    code: str
    met: bool
    zh: str
    en: str
    shown_zh: str
    shown_en: str


def gates(policy: WorkshopPolicy, version: RuleVersion, shown: Shown, now: datetime) -> list[Gate]:
    """Every gate of the policy in its order, then the second person, who is no matter of policy:
    the database asks for one too. What is not known is not met."""
    wanted = policy.gates
    by = version.published_display
    return [
        _days(
            "replay_days", wanted.replay_days, shown.replay_days,
            ("回放", "days replayed"), ("已回放", "replayed"),
        ),
        _days(
            "shadow_days", wanted.shadow_days, _shadow_days(version, now),
            ("影子", "days in shadow"), ("已影子", "in shadow for"),
        ),
        Gate(
            "judged", shown.judged >= wanted.judged,
            f"核过不少于 {wanted.judged:.0f} 条", f"{wanted.judged:.0f} cases judged at least",
            f"{shown.judged} 条", f"{shown.judged} judged",
        ),
        _elders(wanted.elders_age, wanted.elders_excess, shown),
        _desk(wanted.desk_calls_a_day, shown),
        Gate(
            "second_person", version.state == states.LIVE, "第二人复核", "a second person",
            f"{by} 已签" if by else "提请后由他人签",
            f"signed by {by}" if by else "somebody else signs after it is submitted",
        ),
    ]  # fmt: skip


def _shadow_days(version: RuleVersion, now: datetime) -> float | None:
    if version.shadow_since is None:
        return None
    return (now - version.shadow_since).total_seconds() / 86_400


def _days(
    code: str, wanted: float, shown: float | None, what: tuple[str, str], done: tuple[str, str]
) -> Gate:
    days = shown or 0.0
    return Gate(
        code, shown is not None and shown >= wanted,
        f"{what[0]}不少于 {wanted:.0f} 日", f"{wanted:.0f} {what[1]} at least",
        f"{done[0]} {days:.1f} 日", f"{done[1]} {days:.1f} days",
    )  # fmt: skip


def _elders(age: float, excess: float, shown: Shown) -> Gate:
    elders, everybody = shown.elder_false_share, shown.false_share
    known = elders is not None and everybody is not None
    met = elders is not None and everybody is not None and elders <= everybody + excess
    return Gate(
        "elders", met,
        f"{age:.0f} 岁以上误报不高于总体", f"false alarms over {age:.0f} no more than overall",
        f"{elders:.1%} 对 {everybody:.1%}" if known else "样本不足",
        f"{elders:.1%} against {everybody:.1%}" if known else "too few cases",
    )  # fmt: skip


def _desk(room: float, shown: Shown) -> Gate:
    more = shown.calls_more
    return Gate(
        "desk", more is not None and more <= room,
        "劝阻台接得住", "the desk can take it",
        f"余量 {room:.0f} 通，需 {more:.1f} 通" if more is not None else "尚未回放",
        f"room for {room:.0f} calls a day, needs {more:.1f}" if more is not None
        else "not replayed yet",
    )  # fmt: skip
