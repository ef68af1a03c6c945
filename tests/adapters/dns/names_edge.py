"""An edge for tests: the real primary and its writer, fed by hand, and lists to feed it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from fanzha.adapters.dns.access import keys_of, peers_of
from fanzha.adapters.dns.policy import PolicySettings
from fanzha.adapters.dns.primary import PrimarySettings
from fanzha.entrypoints.edge.dns import NamesSettings, serve
from fanzha.lists.form import CHANGES, ENTRIES, Effect, Kind, Lists, Match

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
KEY = f"carrier-a hmac-sha256 {SECRET}"
WARN_TO = ("192.0.2.80", "2001:db8::80")


def row(
    name: str, effect: Effect = Effect.REFUSE, match: Match = Match.BELOW, ends_at: int = 0
) -> dict[str, Any]:
    """An entry."""
    return {
        "kind": Kind.NAME, "match": match, "key": name.encode(), "effect": effect,
        "code": 0 if effect is Effect.ALLOW else 7, "ends_at": ends_at,
    }  # fmt: skip


def whole(rows: Iterable[dict[str, Any]], version: int = 1) -> Lists:
    return Lists(version, pa.Table.from_pylist(list(rows), schema=ENTRIES))


def changes(
    come: Iterable[dict[str, Any]] = (), gone: Iterable[dict[str, Any]] = (), since: int = 1
) -> Lists:
    rows = [r | {"gone": False} for r in come] + [r | {"gone": True} for r in gone]
    return Lists(since + 1, pa.Table.from_pylist(rows, schema=CHANGES), since)


class Edge:
    """`port` while it runs; `feed` as the centre would."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.feed: Callable[[Lists], None] = lambda lists: None


@contextmanager
def edge(
    folder: Path,
    peers: Sequence[str] = ("127.0.0.1",),
    *,
    keys: Sequence[str] = (),
    port: int = 0,
    policy: PolicySettings | None = None,
    primary: dict[str, Any] | None = None,
) -> Iterator[Edge]:
    """Runs in a thread of its own; ends in good order with the block."""
    found = keys_of(keys)
    settings = NamesSettings(
        peers_of(peers, found), folder / "dns.json", PrimarySettings(port=port, **(primary or {})),
        policy or PolicySettings(warn_to=WARN_TO),
    )  # fmt: skip
    running = Edge(0)
    started = threading.Event()
    ending: list[Callable[[], object]] = []
    errors: list[BaseException] = []

    @contextmanager
    def feeding(take: Callable[[Lists], None]) -> Iterator[None]:
        running.feed = take
        yield

    async def work() -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        assert task is not None
        ending.append(lambda: loop.call_soon_threadsafe(task.cancel))

        def ready(port: int) -> None:
            running.port = port
            started.set()

        try:
            await serve(settings, feeding, ready)
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            errors.append(error)
            started.set()

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    try:
        assert started.wait(20)
        if errors:
            raise errors[0]
        yield running
    finally:
        if thread.is_alive():
            ending[0]()
        thread.join(20)
        assert not thread.is_alive()
        if errors:
            raise errors[0]
