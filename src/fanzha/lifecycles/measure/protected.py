"""The protected list: emergency lines, filed numbers, government and banks' names and senders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from fanzha.errors import Misconfigured, Refused, policy_reader
from fanzha.lifecycles.measure.target import MeasureKind, Reach, Target
from fanzha.values import dns_name, phone_number
from fanzha.values.writing import fold

__all__ = ["Protected", "load_protected"]

_WRITTEN_OUT = 10_000
"""A series of at most so many numbers is told one by one, a longer one by its prefix."""


@dataclass(frozen=True)
class Protected:
    """What is protected, in normal forms. `series` are (beginning, digits in all)."""

    numbers: frozenset[str]
    series: tuple[tuple[str, int], ...]
    names: frozenset[str]
    senders: frozenset[str]

    def touches(self, target: Target) -> bool:
        """Whether a measure against the target would take in anything protected."""
        match target.kind:
            case MeasureKind.NUMBER:
                return self._number(target)
            case MeasureKind.SENDER:
                return any(_overlaps(target, s) for s in self.senders)
            case MeasureKind.NAME:
                below = target.reach is Reach.BELOW
                return self._name(target.text) or (
                    below and any(p.endswith("." + target.text) for p in self.names)
                )
            case MeasureKind.URL:
                return self._name(target.text.partition("/")[0])
        return False

    def _number(self, target: Target) -> bool:
        if target.reach is Reach.EXACT:
            return target.text in self.numbers or any(
                len(target.text) == digits and target.text.startswith(head)
                for head, digits in self.series
            )
        if target.reach is Reach.PREFIX:
            return any(n.startswith(target.text) for n in self.numbers) or any(
                head.startswith(target.text) or target.text.startswith(head)
                for head, _ in self.series
            )
        size = len(target.text)
        return any(len(n) == size and target.text <= n <= target.last for n in self.numbers) or any(
            digits == size
            and target.text <= head.ljust(size, "9")
            and head.ljust(size, "0") <= target.last
            for head, digits in self.series
        )

    def _name(self, host: str) -> bool:
        labels = host.split(".")
        return any(".".join(labels[n:]) in self.names for n in range(len(labels)))

    def targets(self) -> Iterator[Target]:
        """What the wires are told to let pass, whatever else they hear."""
        for number in sorted(self.numbers):
            yield Target(MeasureKind.NUMBER, Reach.EXACT, number)
        for head, digits in self.series:
            open_digits = digits - len(head)
            if 10**open_digits > _WRITTEN_OUT:
                yield Target(MeasureKind.NUMBER, Reach.PREFIX, head)
                continue
            for rest in range(10**open_digits):
                number = head + (f"{rest:0{open_digits}d}" if open_digits else "")
                if number not in self.numbers:
                    yield Target(MeasureKind.NUMBER, Reach.EXACT, number)
        for name in sorted(self.names):
            yield Target(MeasureKind.NAME, Reach.BELOW, name)
        for sender in sorted(self.senders):
            yield Target(MeasureKind.SENDER, Reach.EXACT, sender)


def _overlaps(target: Target, sender: str) -> bool:
    if target.reach is Reach.PREFIX:
        return sender.startswith(target.text)
    return sender == target.text


@policy_reader
def load_protected(path: Path, filed: Path, names: Iterable[str] = ()) -> Protected:
    """The protected list: its own file, the filed numbers, and names of organisations."""
    own = _read(path, {"version", "in_force_on", "numbers", "names", "senders"})
    lines = _read(filed, {"version", "in_force_on", "numbers", "prefixes"})
    numbers = [*own["numbers"], *lines["numbers"]]
    try:
        return Protected(
            numbers=frozenset(phone_number.parse(str(n)).normal for n in numbers),
            series=tuple((str(p["prefix"]), int(p["digits"])) for p in lines["prefixes"]),
            names=frozenset(dns_name.parse(str(n)).normal for n in [*own["names"], *names]),
            senders=frozenset(fold(str(s)).lower() for s in own["senders"]),
        )
    except Refused as error:
        raise Misconfigured(
            "policy_invalid", zh=error.zh, en=error.en, field=f"{path.name}: {error.field}"
        ) from error


def _read(path: Path, keys: set[str]) -> dict[str, Any]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or set(data) != keys or not isinstance(data["in_force_on"], date):
        raise Misconfigured(
            "policy_invalid",
            zh=f"政策文件有误：须且仅须有 {sorted(keys)}",
            en=f"the policy file is wrong: it needs {sorted(keys)}, nothing else",
            field=path.name,
        )
    return data
