"""Lists as response policy zones: which entry stands in which zone, and when it moves."""

from __future__ import annotations

import ipaddress
import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from fanzha.adapters.dns import owners, wire
from fanzha.adapters.dns.kept import Kept
from fanzha.adapters.dns.zone import Journal, Served, Zone
from fanzha.errors import Misconfigured, Refused
from fanzha.lists.form import Effect, Lists, Match
from fanzha.values import dns_name

__all__ = ["PolicySettings", "PolicyZones"]

_log = logging.getLogger("fanzha.dns")
_NAME_MAX, _ROOM_MIN = 255, 128
_PART = 50_000


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """`zone` is the name that the names of all zones end in. `warn_to`: addresses of the warning
    page, or one host name; empty: a warned name is refused."""

    zone: str = "rpz.fanzha"
    warn_to: tuple[str, ...] = ()
    timers: wire.Timers = field(default_factory=wire.Timers)
    journal: Journal = field(default_factory=Journal)
    fold_after_s: float = 300.0
    """How long a new name stands in the urgent zone alone."""
    settle_s: float = 120.0
    """How long it stands in both: resolvers load a large zone meanwhile."""
    urgent_max: int = 10_000
    """Names beyond it go to the main zone at once: so many are no matter of seconds."""


@dataclass(slots=True)
class _Tier:
    """The zones of one effect. `since`: urgent entries, when they came, in which state."""

    main: Zone
    urgent: Zone | None
    waiting: dict[bytes, float] = field(default_factory=dict)
    """In the urgent zone alone → when it came."""
    folded: dict[bytes, float] = field(default_factory=dict)
    """In both → when it went into the main zone."""

    @property
    def zones(self) -> list[Zone]:
        """In the order in which resolvers must ask them."""
        return [self.main] if self.urgent is None else [self.urgent, self.main]


class PolicyZones:
    """Five zones: `allow`, `refuse-urgent`, `refuse`, `warn-urgent`, `warn`, in that order.

    One effect a zone and the stronger first: where several entries match a name, the resolver's
    first match is the one that `Effect` says wins. One thread changes them; `Served` may go
    anywhere. Instants: `now` in seconds since 1970, `beat` of a clock that is never set.
    """

    def __init__(self, settings: PolicySettings, kept: Kept) -> None:
        self._settings = settings
        self._suffix = _as_name(settings.zone, "dns_zone")
        self._kept = kept
        ttl = settings.timers.ttl
        refusing = wire.nxdomain(ttl)
        self._tiers = {
            Effect.ALLOW: _Tier(self._zone("allow", wire.passthru(ttl)), None),
            Effect.REFUSE: self._tier("refuse", refusing),
            Effect.WARN: self._tier("warn", _leading(settings.warn_to, ttl) or refusing),
        }
        hosts = [h for h in settings.warn_to if not _is_address(h)]
        self._own = [owners.entry(_as_name(h, "dns_warn_to"), Match.EXACT) for h in hosts]
        self.room = _NAME_MAX - max(len(wire.encoded(name)) for name in self.names)
        """Bytes that an owner may take before the longest name of a zone."""
        if self.room < _ROOM_MIN:
            raise Misconfigured(
                "dns_zone",
                zh="dns_zone 太长，放不下域名",
                en="dns_zone leaves no room for names",
                field="dns_zone",
            )
        self.refused: dict[str, int] = {}
        self._moved = -math.inf

    def _tier(self, label: str, tails: tuple[bytes, ...]) -> _Tier:
        return _Tier(self._zone(label, tails), self._zone(f"{label}-urgent", tails))

    def _zone(self, label: str, tails: tuple[bytes, ...]) -> Zone:
        name = f"{label}.{self._suffix}"
        return Zone(
            name, tails, self._settings.timers, self._kept.serial_after(name),
            self._settings.journal,
        )  # fmt: skip

    @property
    def names(self) -> list[str]:
        """The zones, in the order in which resolvers must ask them."""
        return [zone.name for tier in self._tiers.values() for zone in tier.zones]

    @property
    def standing(self) -> dict[str, int]:
        """Zone → entries."""
        return {z.name: len(z.pages) for tier in self._tiers.values() for z in tier.zones}

    def take(self, lists: Lists, now: int, beat: float) -> list[Served]:
        """A whole list or changes; the zones that have a new version."""
        read = owners.read(lists.entries, self.room)
        self._tell(read.refused)
        # The warning page's own host is never rewritten, whatever a list says of it.
        rows = read.rows.filter(~pl.col("entry").is_in(self._own))
        if lists.since is not None:
            return self._change(rows, now, beat)
        own = _rows(self._own, int(Effect.ALLOW), gone=False)
        rows = pl.concat([rows, own]).unique("entry")
        if self._tiers[Effect.REFUSE].main.serial is None:
            return self._begin(rows, now, beat)
        return self._change(self._turned(rows), now, beat)

    def tick(self, now: int, beat: float) -> list[Served]:
        """What ends by itself, and urgent names that are due to move; call it every second."""
        found: dict[str, Served] = {}
        for tier in self._tiers.values():
            if tier.main.serial is None:
                return []
            self._move(tier, now, beat, found)
            for zone in tier.zones:
                _put(found, zone.change({}, now))
        return list(found.values())

    def end(self) -> None:
        """An orderly end: the next run need not make resolvers fetch again what they have."""
        self._kept.urgent = self._urgent()
        zones = [z for tier in self._tiers.values() for z in tier.zones if z.serial is not None]
        self._kept.settled({zone.name: zone.served().digest for zone in zones})

    def _begin(self, rows: pl.DataFrame, now: int, beat: float) -> list[Served]:
        """Everything, with what was urgent in the last run still urgent."""
        found = []
        for effect, tier in self._tiers.items():
            mine = rows.filter(pl.col("effect") == int(effect)).sort("entry")
            if tier.urgent is not None:
                kept = self._kept.urgent.get(tier.main.name, ())
                in_both = {owners.entry(name, match): both for name, match, both in kept}
                urgent = mine.filter(pl.col("entry").is_in(list(in_both)))
                for entry in urgent["entry"]:
                    (tier.folded if in_both[entry] else tier.waiting)[entry] = beat
                mine = mine.filter(~pl.col("entry").is_in(list(tier.waiting)))
                before = self._kept.before(tier.urgent.name)
                found.append(tier.urgent.fill(_pairs(urgent), now, before))
            before = self._kept.before(tier.main.name)
            found.append(tier.main.fill(_pairs(mine), now, before))
        return found

    def _change(self, rows: pl.DataFrame, now: int, beat: float) -> list[Served]:
        """Urgent zones first: they are what a resolver shows within a second."""
        entries = rows["entry"].to_list()
        plans = []
        for effect, tier in self._tiers.items():
            plan = _Plan(tier.main.pages.among(entries))
            comes = ((pl.col("effect") == int(effect)) & ~pl.col("gone")).alias("comes")
            for entry, end, mine in rows.select("entry", "ends_at", comes).iter_rows():
                if mine:
                    self._place(tier, plan, entry, end, beat)
                else:
                    _take_out(tier, plan, entry)
            plans.append((tier, plan))
        self._kept.urgent = self._urgent()
        found: dict[str, Served] = {}
        for tier, plan in plans:
            if tier.urgent is not None:
                _put(found, tier.urgent.change(plan.urgent, now))
        for tier, plan in plans:
            _put(found, tier.main.change(plan.main, now))
        return list(found.values())

    def _place(self, tier: _Tier, plan: _Plan, entry: bytes, end: int, beat: float) -> None:
        """Into the urgent zone what is new, so far as it has room."""
        held = entry in tier.waiting or entry in tier.folded
        has_room = len(tier.waiting) + len(tier.folded) < self._settings.urgent_max
        if tier.urgent is not None and has_room and not held and entry not in plan.in_main:
            tier.waiting[entry] = beat
            held = True
        if held:
            plan.urgent[entry] = end
        if entry not in tier.waiting:
            plan.main[entry] = end

    def _move(self, tier: _Tier, now: int, beat: float, found: dict[str, Served]) -> None:
        """Urgent names into the main zone; out of the urgent one when resolvers had time."""
        if tier.urgent is None:
            return
        gone = [e for e, at in tier.folded.items() if beat >= at + self._settings.settle_s]
        # One large zone at a time: a resolver works each in on a thread that new names want too.
        due = beat >= self._moved + self._settings.settle_s and any(
            beat >= at + self._settings.fold_after_s for at in tier.waiting.values()
        )
        ends = tier.urgent.pages.among(tier.waiting) if due else {}
        for entry in gone:
            del tier.folded[entry]
        if due:
            self._moved = beat
            tier.folded |= dict.fromkeys(tier.waiting, beat)
            tier.waiting.clear()
        if gone or due:
            self._kept.urgent = self._urgent()
            _put(found, tier.urgent.change(dict.fromkeys(gone), now))
            _put(found, tier.main.change(dict(ends), now))

    def _turned(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What a whole list changes in what stands."""
        standing = pl.concat(
            [
                _rows(list(found), int(effect), gone=True, ends_at=list(found.values()))
                for effect, tier in self._tiers.items()
                for zone in tier.zones
                for found in [dict(zone.pages.pairs())]
            ]
        )
        come = rows.join(standing, on=["entry", "effect", "ends_at"], how="anti")
        return pl.concat([come, standing.unique("entry").join(rows, on="entry", how="anti")])

    def _urgent(self) -> dict[str, list[tuple[str, int, bool]]]:
        """What is urgent, for the next run."""
        return {
            tier.main.name: [
                (*owners.name_of(entry), entry in tier.folded)
                for entry in (*tier.waiting, *tier.folded)
            ]
            for tier in self._tiers.values()
            if tier.urgent is not None
        }

    def _tell(self, refused: Mapping[str, int]) -> None:
        for reason, count in refused.items():
            self.refused[reason] = self.refused.get(reason, 0) + count
            zh, en = owners.REASONS[reason]
            _log.warning("%d 个域名未写入：%s names not written: %s", count, zh, en)


@dataclass(slots=True)
class _Plan:
    """Changes of the two zones of a tier, and what the main one already holds."""

    in_main: Mapping[bytes, int]
    urgent: dict[bytes, int | None] = field(default_factory=dict)
    main: dict[bytes, int | None] = field(default_factory=dict)


def _take_out(tier: _Tier, plan: _Plan, entry: bytes) -> None:
    waited = tier.waiting.pop(entry, None)
    folded = tier.folded.pop(entry, None)
    if waited is not None or folded is not None:
        plan.urgent[entry] = None
    if entry in plan.in_main:
        plan.main[entry] = None


def _put(found: dict[str, Served], served: Served | None) -> None:
    if served is not None:
        found[served.name] = served


def _rows(
    entries: list[bytes], effect: int, *, gone: bool, ends_at: list[int] | int = 0
) -> pl.DataFrame:
    """Rows as `owners.read` gives them."""
    frame = pl.DataFrame({"entry": pl.Series(entries, dtype=pl.Binary)})
    ends = ends_at if isinstance(ends_at, int) else pl.Series(ends_at, dtype=pl.UInt32)
    return frame.select(
        effect=pl.lit(effect, pl.UInt8),
        ends_at=pl.lit(ends, pl.UInt32),
        gone=pl.lit(gone),
        entry="entry",
    )


def _pairs(rows: pl.DataFrame) -> Iterator[tuple[bytes, int]]:
    """Entries and ends, a part at a time: all at once they would be most of the memory."""
    for part in rows.iter_slices(_PART):
        yield from zip(part["entry"].to_list(), part["ends_at"].to_list(), strict=True)


def _leading(warn_to: tuple[str, ...], ttl: int) -> tuple[bytes, ...]:
    """What a warned name is answered with."""
    hosts = [one for one in warn_to if not _is_address(one)]
    if not hosts:
        return wire.addresses(warn_to, ttl)
    if len(warn_to) > 1:
        raise Misconfigured(
            "dns_warn_to",
            zh="警示页要么是若干地址，要么是一个主机名",
            en="the warning page is some addresses, or one host name",
            field="dns_warn_to",
        )
    return wire.target(_as_name(hosts[0], "dns_warn_to"), ttl)


def _as_name(text: str, setting: str) -> str:
    try:
        return dns_name.parse(text).normal
    except Refused as error:
        raise Misconfigured(
            setting, zh=f"{setting} 不是域名", en=f"{setting} is no DNS name", field=setting
        ) from error


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
