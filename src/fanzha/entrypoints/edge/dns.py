"""`fanzha edge dns`: what stands, as policy zones that a carrier's resolvers fetch from us."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fanzha.adapters.dns.access import Access, keys_of, peers_of
from fanzha.adapters.dns.kept import Kept
from fanzha.adapters.dns.policy import PolicySettings, PolicyZones
from fanzha.adapters.dns.primary import Primary, PrimarySettings
from fanzha.adapters.dns.zone import Served
from fanzha.entrypoints.edge.following import following
from fanzha.entrypoints.ending import until_told
from fanzha.lists.form import Lists
from fanzha.settings import Settings

__all__ = ["NamesSettings", "Writer", "names_of", "run", "serve"]

_log = logging.getLogger("fanzha.dns")
_TICK_S = 1.0
_FROM_DISK_S = 600.0

Feeding = Callable[[Callable[[Lists], None]], AbstractContextManager[object]]
"""Begins to hand over what stands, the whole list first, until its block is left."""


@dataclass(frozen=True, slots=True)
class NamesSettings:
    """`state` is the file in which serials outlive us."""

    access: Access
    state: Path
    primary: PrimarySettings = field(default_factory=PrimarySettings)
    policy: PolicySettings = field(default_factory=PolicySettings)


class Writer:
    """The one thread that changes zones: lists as they come, and what time alone changes.

    Changes may come before the whole list that they lead on from (what is on disk is read in
    another thread): they wait for it, and what the whole list holds already is passed over.
    """

    def __init__(self, zones: PolicyZones, publish: Callable[[Served], None]) -> None:
        self._zones = zones
        self._publish = publish
        self._coming: queue.SimpleQueue[Lists | None] = queue.SimpleQueue()
        self._version: int | None = None
        self._early: list[Lists] = []

    def take(self, lists: Lists) -> None:
        """From any thread; done soon."""
        self._coming.put(lists)

    def end(self) -> None:
        self._coming.put(None)

    def run(self) -> None:
        """Until `end`. What is wrong here ends the process: zones that stand still are worse."""
        while True:
            try:
                lists = self._coming.get(timeout=_TICK_S)
            except queue.Empty:
                pass
            else:
                if lists is None:
                    self._zones.end()
                    return
                self._hear(lists)
            self._show(self._zones.tick(int(time.time()), time.monotonic()))

    def _hear(self, lists: Lists) -> None:
        if lists.since is not None and self._version is None:
            self._early.append(lists)
            return
        if lists.since is None or self._version is None or lists.version > self._version:
            self._show(self._zones.take(lists, int(time.time()), time.monotonic()))
            self._version = lists.version
            standing = self._zones.standing.items()
            words = ", ".join(f"{name} {count:,}" for name, count in standing)
            _log.info("list %d: %s", lists.version, words)
        early, self._early = self._early, []
        for one in early:
            self._hear(one)

    def _show(self, found: Iterable[Served]) -> None:
        for served in found:
            self._publish(served)


async def serve(
    settings: NamesSettings, feeding: Feeding, ready: Callable[[int], None] | None = None
) -> None:
    """Serve until cancelled. `ready` is told the port once questions are answered; before the
    first list they are answered SERVFAIL, and resolvers keep what they have."""
    zones = PolicyZones(settings.policy, Kept.read(settings.state, time.time))
    loop = asyncio.get_running_loop()
    async with Primary(settings.primary, settings.access, zones.names) as primary:

        def publish(served: Served) -> None:
            loop.call_soon_threadsafe(primary.publish, served)

        writer = Writer(zones, publish)
        running = loop.run_in_executor(None, writer.run)
        try:
            with feeding(writer.take):
                _log.info("policy zones on port %d: %s", primary.port, ", ".join(zones.names))
                if ready is not None:
                    ready(primary.port)
                await asyncio.shield(running)
        finally:
            writer.end()
            await asyncio.shield(running)


def run(settings: Settings, ready: Callable[[int], None] | None = None) -> None:
    """Until SIGTERM or SIGINT. Misconfigured where a setting cannot be meant so; OSError where the
    port is taken."""
    names = names_of(settings)
    asyncio.run(until_told(serve(names, lambda take: _followed(settings, take), ready)))


def names_of(settings: Settings) -> NamesSettings:
    """The settings of this edge, checked."""
    secret = settings.dns_keys.get_secret_value() if settings.dns_keys else ""
    access = peers_of(settings.dns_peers, keys_of(filter(str.strip, secret.split(","))))
    if not access.peers:
        _log.warning("dns_peers is empty: nobody may fetch the zones")
    return NamesSettings(
        access,
        settings.data.resolve() / "edge" / "dns" / "zones.json",
        PrimarySettings(settings.dns_host, settings.dns_port),
        PolicySettings(settings.dns_zone, settings.dns_warn_to),
    )


@contextmanager
def _followed(settings: Settings, take: Callable[[Lists], None]) -> Iterator[None]:
    """What is on disk in one piece, as it stands after all its changes; then what comes."""

    def heard(lists: Lists) -> None:
        if follower.loaded(0):
            take(lists)

    def from_disk() -> None:
        follower.loaded(_FROM_DISK_S)
        if (standing := follower.standing) is not None:
            take(standing.dump())

    follower = following(settings, "dns", heard)
    with follower:
        threading.Thread(target=from_disk, name="from disk", daemon=True).start()
        yield
