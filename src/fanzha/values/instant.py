"""Instants: aware, UTC, to the millisecond."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fanzha.values.writing import fold, is_digits, refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
#: 0001-01-01 to 9999-12-31, what a datetime can hold.
_FIRST_MS = -62_135_596_800_000
_LAST_MS = 253_402_300_799_999
_WRITTEN = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(Z|z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """Milliseconds since 1970-01-01 UTC."""

    ms: int

    @property
    def at(self) -> datetime:
        return _EPOCH + self.ms * _MILLISECOND

    @property
    def normal(self) -> str:
        """`2026-11-24T16:00:00.000Z`."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.").zfill(20) + f"{self.ms % 1000:03d}Z"

    @property
    def mask(self) -> str:
        """Times are open to those who hold the task: shown in full."""
        return self.normal


def from_datetime(at: datetime) -> Instant:
    """`at` must know its zone: a local time without one is refused."""
    if at.utcoffset() is None:
        raise refused("instant_naive", "时间缺少时区", "the time has no zone", "instant")
    return Instant((at - _EPOCH) // _MILLISECOND)


def parse(text: str, *, zone_needed: bool = True) -> Instant:
    """Takes ISO 8601 and epoch milliseconds; without `zone_needed`, a bare time counts as UTC."""
    written = fold(text)
    digits = written.removeprefix("-")
    if is_digits(digits) and len(digits) <= 15 and _FIRST_MS <= int(written) <= _LAST_MS:
        return Instant(int(written))
    match = _WRITTEN.fullmatch(written)
    if match is None or not written.isascii():
        raise refused(
            "instant_form",
            "时间须为 ISO 8601 或毫秒数",
            "a time is ISO 8601 or epoch milliseconds",
            "instant",
        )
    if match[1] is None and zone_needed:
        raise refused("instant_naive", "时间缺少时区", "the time has no zone", "instant")
    try:
        at = datetime.fromisoformat(written.upper().replace(",", ".").replace(" +", "+"))
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return Instant((at - _EPOCH) // _MILLISECOND)
    except (ValueError, OverflowError):
        pass
    raise refused("instant_date", "没有这样的日期或时刻", "no such date or time of day", "instant")
