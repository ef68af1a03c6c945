"""What a rule set adds to one channel: live signals that weigh, shadow ones that are counted."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.rules.names import Catalogue, Channel
from fanzha.detection.rules.rule import signal_of
from fanzha.detection.rules.ruleset import Look, Mode, Ruled, RuleSet
from fanzha.detection.rules.tally import Counted, Hit, Looked, Tally, bucket_of
from fanzha.detection.signals import Rows, Scored, Signal
from fanzha.errors import FanzhaError

__all__ = ["Watch", "watches"]

_log = logging.getLogger("fanzha.rules")
Floats = npt.NDArray[np.float64]
_HOUR, _DAY = 3_600_000, 86_400_000
_WORDS = 300


@dataclass(frozen=True, eq=False)
class Watch:
    """One channel's rules in force, live ones first, and where what they do is counted."""

    channel: Channel
    rules: tuple[Ruled, ...]
    signals: tuple[Signal, ...]
    live: int
    """How many of them are live."""
    look: Look | None
    tally: Tally
    area_of: Callable[[int], str | None]
    spread: tuple[str, ...]
    """Names whose values are counted by day: those that rules in force read."""

    def mute(self, weights: Floats, rows: Rows) -> None:
        """Take the weight from rules where they are snoozed. `weights[row, rule]`."""
        for k, ruled in enumerate(self.rules):
            for mute in ruled.mutes:
                held = (weights[:, k] > 0) & (rows.at < mute.until)
                if mute.key is not None:
                    held &= rows.keys == np.uint64(mute.key)
                if mute.area is not None:
                    held &= self._within(mute.area, rows.keys, held)
                weights[held, k] = 0.0

    def _within(
        self, area: str, keys: npt.NDArray[np.uint64], asked: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        inside = np.zeros(len(keys), np.bool_)
        for row in np.flatnonzero(asked).tolist():
            inside[row] = (self.area_of(int(keys[row])) or "").startswith(area)
        return inside

    def count(self, scored: Scored, weights: Floats, rows: Rows) -> None:
        """Count what held. `weights[row, rule]` are this watch's own; nothing is changed."""
        counted = self.tally.counted
        score, order = scored.score, rows.order
        days = rows.at // _DAY
        for k, ruled in enumerate(self.rules):
            held = order[weights[order, k] > 0]
            if len(held):
                self._hits(counted, scored, ruled, k, weights[:, k], held, rows)
        for day in np.unique(days).tolist():
            mine = days == day
            counted.spread(self.channel.code, "score", day, bucket_of(score[mine]))
            for name in self.spread:
                if name in scored.frame.columns:
                    values = scored.frame[name].cast(pl.Float64).to_numpy()[mine]
                    counted.spread(self.channel.code, name, day, bucket_of(values))
        if self.look is not None:
            self._draw(counted, scored, rows, self.look)

    def _hits(
        self, counted: Counted, scored: Scored, ruled: Ruled, k: int, weights: Floats,
        held: npt.NDArray[np.intp], rows: Rows,
    ) -> None:  # fmt: skip
        ref = ruled.ref
        scores = scored.score[held]
        if ruled.mode is Mode.SHADOW:
            # 1 − (1 − s)·e^−w: what the row would score if the rule spoke.
            scores = -np.expm1(np.log1p(-scores) - weights[held])
        for row, score in zip(held.tolist(), scores.tolist(), strict=True):
            at, key = int(rows.at[row]), int(rows.keys[row])
            hour = (ref, ruled.mode.value, at // _HOUR)
            counted.hits[hour] += 1
            if not self.tally.is_new(ref, key, at):
                continue
            counted.cases[hour] += 1
            bucket = bucket_of(np.array([score]))
            counted.spread(self.channel.code, f"rule:{ref}", at // _DAY, bucket)
            if self.tally.keep_found:
                values = scored.row(row)
                signal = self.signals[k]
                counted.found.append(
                    Hit(ref, at, *rows.event(values), rows.subject(values), key, score,
                        signal.zh.fill(values), signal.en.fill(values))
                )  # fmt: skip

    def _draw(self, counted: Counted, scored: Scored, rows: Rows, look: Look) -> None:
        """Draw rows below the threshold by a keyed hash of the event: the same ones in a replay."""
        below = scored.score < scored.signals.threshold
        held = scored.weights.any(axis=1)
        for share, mine in ((look.faint, below & held), (look.quiet, below & ~held)):
            if share <= 0 or "event_id" not in scored.frame.columns:
                continue
            ids = scored.frame["event_id"].to_numpy()
            salt = _salt(f"{look.salt}|{self.channel.code}")
            drawn = mine & (_mixed(ids ^ salt) < np.uint64(min(share * 2.0**64, 2.0**64 - 2048)))
            for row in np.flatnonzero(drawn).tolist():
                counted.looks.append(self._looked(scored, rows, row, share))

    def _looked(self, scored: Scored, rows: Rows, row: int, share: float) -> Looked:
        values: dict[str, Any] = scored.row(row)
        source, event_id = rows.event(values)
        reasons = scored.reasons(row, _Absent())[:3]
        return Looked(
            self.channel.code, scored.signals.detector, int(rows.at[row]), self.channel.stream,
            source, event_id, rows.subject(values), share, float(scored.score[row]),
            "；".join(r.zh for r in reasons)[:_WORDS], "; ".join(r.en for r in reasons)[:_WORDS],
        )  # fmt: skip


class _Absent(dict[str, Any]):
    """Words in two languages that only a finding's maker has: they read as a dash."""


def watches(
    rules: RuleSet, catalogue: Catalogue, tally: Tally, area_of: Callable[[int], str | None]
) -> dict[str, Watch]:
    """One watch a channel of the catalogue."""
    tally.keep_only(frozenset(r.ref for r in rules.rules))
    found = {}
    for code, channel in catalogue.channels.items():
        mine = [r for r in rules.rules if r.rule.channel == code and _fits(r, catalogue)]
        ordered = sorted(mine, key=lambda r: (r.mode is not Mode.LIVE, r.rule.id, r.version))
        signals = tuple(signal_of(r.rule, r.version, catalogue) for r in ordered)
        names = {n for s in signals for n in s.columns}
        numbers = sorted(n for n in names if channel.names[n].type.measure is not None)
        found[code] = Watch(
            channel=channel,
            rules=tuple(ordered),
            signals=signals,
            live=sum(r.mode is Mode.LIVE for r in ordered),
            look=rules.look,
            tally=tally,
            area_of=area_of,
            spread=tuple(numbers),
        )
    return found


def _fits(ruled: Ruled, catalogue: Catalogue) -> bool:
    """A rule whose names are published no more says nothing; scoring goes on without it."""
    try:
        signal_of(ruled.rule, ruled.version, catalogue)
    except FanzhaError as error:
        _log.error("rule %s cannot be gone by: %s", ruled.ref, error.code)
        return False
    return True


def _salt(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()))


def _mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser: event ids that count up are spread evenly."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed
