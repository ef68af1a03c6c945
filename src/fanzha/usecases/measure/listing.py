"""From a measure to the lines of the wires' list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fanzha.errors import Refused
from fanzha.lifecycles.measure.model import Effect as Done
from fanzha.lifecycles.measure.model import Measure
from fanzha.lifecycles.measure.policy import RegisterPolicy
from fanzha.lifecycles.measure.protected import Protected
from fanzha.lifecycles.measure.target import MeasureKind, Reach, Target
from fanzha.lists.expressions import expression, of_expression
from fanzha.lists.form import Effect, Kind, Match
from fanzha.lists.ranges import prefixes
from fanzha.ports.register import Entry
from fanzha.values import url

__all__ = ["entries_of", "not_too_wide", "protected_entries"]

_KINDS = {
    MeasureKind.NUMBER: Kind.NUMBER,
    MeasureKind.SENDER: Kind.SENDER,
    MeasureKind.NAME: Kind.NAME,
    MeasureKind.URL: Kind.URL,
    MeasureKind.APP: Kind.APP,
}
_EFFECTS = {Done.LABEL: Effect.LABEL, Done.WARN: Effect.WARN, Done.REFUSE: Effect.REFUSE}


def entries_of(measure: Measure) -> list[Entry]:
    """The lines a measure puts into the list: none for a notice, several for a range."""
    if measure.effect is Done.NOTICE:
        return []
    effect = _EFFECTS[measure.effect]
    ends_at = _seconds(measure.term.ends_at)
    return [
        Entry(kind, match, key, effect, measure.code, ends_at)
        for kind, match, key in _keys(measure.target)
    ]


def protected_entries(protected: Protected) -> list[Entry]:
    """The lines that let pass whatever else is said."""
    return [
        Entry(kind, match, key, Effect.ALLOW, 0, 0)
        for target in protected.targets()
        for kind, match, key in _keys(target)
    ]


def _keys(target: Target) -> Iterable[tuple[Kind, Match, bytes]]:
    kind = _KINDS[target.kind]
    match target.kind, target.reach:
        case MeasureKind.URL, _:
            yield kind, Match.EXACT, of_expression(expression(url.parse(target.text)))
        case MeasureKind.APP, _:
            yield kind, Match.EXACT, bytes.fromhex(target.text)
        case _, Reach.RANGE:
            for head, whole in prefixes(target.text, target.last):
                yield kind, Match.EXACT if whole else Match.PREFIX, head.encode()
        case _, Reach.PREFIX:
            yield kind, Match.PREFIX, target.text.encode()
        case _, Reach.BELOW:
            yield kind, Match.BELOW, target.text.encode()
        case _:
            yield kind, Match.EXACT, target.text.encode()


def not_too_wide(target: Target, policy: RegisterPolicy) -> bool:
    """Whether it is one thing only. Refused where it takes in more than any one measure may."""
    if target.reach is Reach.PREFIX and target.kind is MeasureKind.NUMBER:
        digits = len(target.text.removeprefix("+86").removeprefix("+"))
        if digits < policy.wide.digits_least:
            raise _wide(
                f"号段前缀至少 {policy.wide.digits_least} 位",
                f"a prefix of numbers has at least {policy.wide.digits_least} digits",
            )
    if (
        target.reach is Reach.PREFIX
        and target.kind is MeasureKind.SENDER
        and len(target.text) < policy.wide.sender_least
    ):
        raise _wide(
            f"发送方前缀至少 {policy.wide.sender_least} 个字符",
            f"the beginning of a sender has at least {policy.wide.sender_least} letters",
        )
    if target.reach is Reach.RANGE:
        first, last = (int(t.removeprefix("+")) for t in (target.text, target.last))
        if last - first >= policy.wide.numbers_most:
            raise _wide(
                f"号段至多 {policy.wide.numbers_most} 个号码",
                f"a range holds at most {policy.wide.numbers_most} numbers",
            )
    return target.reach in (Reach.EXACT, Reach.BELOW)


def _wide(zh: str, en: str) -> Refused:
    return Refused("too_wide", zh=zh, en=en, field="target")


def _seconds(at: datetime) -> int:
    """Rounded up: a measure does not end on a wire before it does in the register."""
    return -int(-at.timestamp() // 1)
