"""Features as they are declared: windows over keys, and what is counted in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fanzha.errors import Misconfigured

_SPAN = re.compile(r"(\d+)(ms|s|m|h|d)")
_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Kind(StrEnum):
    """What a feature computes."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    SHARE = "share"
    STD = "std"
    MAX = "max"
    MIN = "min"
    DISTINCT = "distinct"
    CHANGES = "changes"
    LAST = "last"
    SINCE = "since"
    TRAIL = "trail"


GAP = "<gap>"
"""In place of a column: seconds since the key's former row that counts for the feature, whole ms.

Rows older than the key's newest, and a key's first, have none. `Mean(…, of=GAP)` tells a rhythm,
`Std` how regular it is, `Max` the longest silence, `Share(…, below=5)` how much comes in bursts.
"""
OF_KEYS = (Kind.DISTINCT, Kind.CHANGES, Kind.TRAIL)
"""Kinds that look at identifiers."""
_OF_GAPS = (Kind.COUNT, Kind.SUM, Kind.MEAN, Kind.STD, Kind.SHARE, Kind.MAX, Kind.MIN)
TIMELESS = (Kind.LAST, Kind.SINCE, Kind.TRAIL)
"""Kinds that follow a key's newest rows, however long its window is."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about a key. Use the constructors below.

    `of` is the column looked at, `where` a SQL boolean over the columns (rows where it does not
    hold do not count for this feature). Numbers are kept as whole multiples of 1/`scale`, so that
    sums are exact; a null or NaN does not count.
    """

    kind: Kind
    name: str
    of: str | None = None
    where: str | None = None
    scale: int = 1
    below: float | None = None
    buckets: int = 0
    narrow: bool = False
    length: int = 0


def Count(name: str, *, of: str | None = None, where: str | None = None) -> Feature:
    """How many rows; with `of`, how many where that column is there."""
    return Feature(Kind.COUNT, name, of, where)


def Sum(name: str, *, of: str, where: str | None = None, scale: int = 1000) -> Feature:
    """Sum of a column, exact to 1/scale."""
    return Feature(Kind.SUM, name, of, where, scale)


def Mean(name: str, *, of: str, where: str | None = None, scale: int = 1000) -> Feature:
    """Mean of a column; null where no row counted."""
    return Feature(Kind.MEAN, name, of, where, scale)


def Std(name: str, *, of: str, where: str | None = None) -> Feature:
    """Standard deviation of a column over the rows that counted (n, not n − 1); null below two."""
    return Feature(Kind.STD, name, of, where, 1)


def Share(name: str, *, of: str, below: float, where: str | None = None) -> Feature:
    """Share of the rows whose column lies below a bound (exclusive); null where no row counted."""
    return Feature(Kind.SHARE, name, of, where, 1, below)


def Max(
    name: str, *, of: str, where: str | None = None, scale: int = 1000, narrow: bool = False
) -> Feature:
    """Greatest value; null where no row counted. `narrow`: times scale it fits 31 bits."""
    return Feature(Kind.MAX, name, of, where, scale, narrow=narrow)


def Min(
    name: str, *, of: str, where: str | None = None, scale: int = 1000, narrow: bool = False
) -> Feature:
    """Least value; null where no row counted."""
    return Feature(Kind.MIN, name, of, where, scale, narrow=narrow)


def Distinct(name: str, *, of: str, buckets: int = 64, where: str | None = None) -> Feature:
    """How many different values of a key column, by linear counting over `buckets` byte-stamps.

    Forgets what leaves the window. With 64 buckets the standard error is about 11 % up to one value
    a bucket, 15 % at two, 22 % at three; beyond that the row is marked truncated and the number is
    a lower bound. The error falls with the root of the buckets.
    """
    return Feature(Kind.DISTINCT, name, of, where, buckets=buckets)


def Changes(name: str, *, of: str, where: str | None = None) -> Feature:
    """How often a key column differed from its last value."""
    return Feature(Kind.CHANGES, name, of, where)


def Last(name: str, *, of: str, where: str | None = None, scale: int = 1000) -> Feature:
    """The newest value of a column, this row's own included; null while there was none."""
    return Feature(Kind.LAST, name, of, where, scale)


def Since(name: str, *, where: str | None = None) -> Feature:
    """Seconds since the key's newest earlier row that counted; null while there was none."""
    return Feature(Kind.SINCE, name, where=where)


def Trail(name: str, *, of: str, length: int = 3, where: str | None = None) -> Feature:
    """The last `length` values of a key column, in order, as one number that can be compared.

    Equal to the newest, a value changes nothing. Told as a whole number of 53 bits, which a float
    holds: equal for keys that went the same way, and fit for a key when cast to uint64; null while
    there were fewer. Two ways get one number once in 9 · 10^15.
    """
    return Feature(Kind.TRAIL, name, of, where, length=length)


@dataclass(frozen=True)
class Window:
    """Features of one key over the last `over`, in panes of `step`.

    `key` names one or several uint64 columns; a row with a key of 0 has no features. `where` says
    which rows may count at all; a row that counts for none of the features leaves no trace and
    only reads. `forget`: a key silent for longer is a new key.

    `calendar`: one pane, begun anew at its edge, as a day is (`at` local time); without it one pane
    holds only what does not end with a window (`TIMELESS`). `before`: told as it stood before the
    row itself. `apart`: in a table of its own, for windows that few of the stream's keys have;
    others of one stream, key and `keys_max` lie side by side and are found by one look-up.
    """

    name: str
    stream: str
    key: tuple[str, ...]
    over: str
    step: str
    features: Sequence[Feature]
    where: str | None = None
    forget: str = "30d"
    lateness: str = "5m"
    keys_max: int = 4_000_000
    zh: str = ""
    en: str = ""
    calendar: bool = False
    before: bool = False
    apart: bool = False
    step_ms: int = field(init=False)
    panes: int = field(init=False)
    forget_ms: int = field(init=False)
    lateness_ms: int = field(init=False)

    def __post_init__(self) -> None:
        over, step = span_ms(self.over, self.name), span_ms(self.step, self.name)
        object.__setattr__(self, "step_ms", step)
        object.__setattr__(self, "panes", over // step)
        object.__setattr__(self, "forget_ms", span_ms(self.forget, self.name))
        object.__setattr__(self, "lateness_ms", span_ms(self.lateness, self.name))
        if over % step or not 1 <= self.panes <= 254:
            raise _bad(self.name, "over must be 1 to 254 whole steps")
        if self.forget_ms < over:
            raise _bad(self.name, "forget must not be shorter than over")
        if self.lateness_ms > over:
            raise _bad(self.name, "lateness must not be longer than over")
        if not 1 <= self.keys_max < 2**31:
            raise _bad(self.name, "keys_max must be 1 to 2,147,483,647")
        self._check_panes()
        self._check_features()

    def _check_panes(self) -> None:
        counted = any(f.kind not in TIMELESS for f in self.features)
        if self.calendar and self.panes > 1:
            raise _bad(self.name, "a calendar window is one pane")
        if self.panes == 1 and counted and not self.calendar:
            raise _bad(
                self.name, "in one pane a count falls to nought at its edge: more, or calendar=True"
            )

    def _check_features(self) -> None:
        names = [f.name for f in self.features]
        if len(set(names)) != len(names) or not all(_NAME.fullmatch(n) for n in names):
            raise _bad(self.name, "feature names must be lower_case and unique")
        if not self.key or not names:
            raise _bad(self.name, "needs a key and features")
        for f in self.features:
            if not 1 <= f.scale <= 10**9:
                raise _bad(self.name, "a scale must be 1 to 1,000,000,000")
            if f.kind is Kind.DISTINCT and not 1 <= f.buckets <= 65_536:
                raise _bad(self.name, "a distinct has 1 to 65,536 buckets")
            if f.kind is Kind.TRAIL and not 2 <= f.length <= 16:
                raise _bad(self.name, "a trail has 2 to 16 values")
            if f.of == GAP and (f.kind not in _OF_GAPS or f.narrow):
                raise _bad(self.name, "gaps are counted, summed or compared, and never narrow")


def span_ms(text: str, where: str) -> int:
    """`90s`, `10m`, `1h`, `30d` in ms."""
    found = _SPAN.fullmatch(text)
    if not found or int(found[1]) == 0:
        raise _bad(where, "a span is a whole number and ms, s, m, h or d")
    return int(found[1]) * _UNITS_MS[found[2]]


def _bad(where: str, what: str) -> Misconfigured:
    return Misconfigured(
        "feature_invalid",
        zh=f"特征声明有误（{where}）：{what}",
        en=f"the feature declaration is wrong ({where}): {what}",
        field=where,
    )
