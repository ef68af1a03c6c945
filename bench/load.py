"""Ten thousand mixed events a second for a minute: on disk before the answer, warnings in time.

Everything is real but the senders: door, JetStream with a synced store, a scorer process and
PostgreSQL. Each second brings its share of people who are texted by a scammer and open the site;
each of them must have a warning at the end, and every event must be counted.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa

from bench.running.figure import Figure
from fanzha.adapters.postgres.service_user import temporary
from fanzha.bootstrap import Parts, utc_now
from fanzha.entrypoints.door import Door
from fanzha.records.chunk import Chunk
from fanzha.settings import Settings, environment_of
from fanzha.values import reserved

RATE = 10_000
VICTIMS_A_SECOND = 25
TICK_S = 0.5
PEOPLE = 200_000
_SHARES = {"call": 0.5, "visit": 0.25, "text": 0.1, "transfer": 0.1, "app": 0.05}
_SEED = 3
_ROOT = Path(__file__).resolve().parents[1]


def run(*, quick: bool = False) -> Figure:
    """95th percentile of the time from an event's arrival at the door to its warning's commit."""
    seconds = 5 if quick else 60
    with temporary("fanzha-load-") as folder:
        settings = Settings(data=folder, snapshot_every_s=20.0)
        parts = Parts(settings)
        assert parts.servers.postgres is not None
        assert parts.servers.nats is not None
        with parts.servers.postgres, parts.servers.nats:
            parts.prepare()
            _ = parts.keyring
            with _Scorer(parts) as ended:
                found = asyncio.run(_drive(parts, seconds))
                assert ended.poll() is None, "the scorer ended by itself"
            return _figure(parts, found, seconds)


@dataclass
class _Found:
    """What was sent, and when warnings came (seconds since the epoch, by id)."""

    sent: int = 0
    victims: int = 0
    heard: dict[str, float] = field(default_factory=dict)
    acknowledged_s: list[float] = field(default_factory=list)
    took_s: float = 0.0
    caught_up_s: float = 0.0


class _Scorer:
    """`fanzha scorer` as the process it is."""

    def __init__(self, parts: Parts) -> None:
        self._ready = parts.data / "ready"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fanzha.entrypoints.cli.main", "scorer",
             "--ready-file", str(self._ready)],
            env={**os.environ, **environment_of(parts.settings), "PYTHONPATH": str(_ROOT / "src")},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> subprocess.Popen[bytes]:
        while not self._ready.exists():
            assert self._process.poll() is None, "the scorer did not start"
            time.sleep(0.05)
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)


async def _drive(parts: Parts, seconds: int) -> _Found:
    found = _Found()
    log = parts.log()
    await log.start()
    door = Door(log, parts.quarantine, parts.keyring, utc_now)
    listening = asyncio.create_task(_listen(parts.database_url, found))
    traffic = Traffic()
    for stream, rows in traffic.warm_up():
        await door.take_in(stream, [rows], "load", f"warm-{stream}")
        found.sent += rows.table.num_rows
    await _until_counted(parts, found.sent)  # compiled and loaded, as a centre that runs is
    begun = time.monotonic()
    for tick in range(int(seconds / TICK_S)):
        await asyncio.sleep(max(0.0, begun + tick * TICK_S - time.monotonic()))
        batches = traffic.tick()
        await asyncio.gather(*(_send(door, stream, rows, tick, found) for stream, rows in batches))
    found.took_s = time.monotonic() - begun
    found.victims = traffic.victims
    await _until_counted(parts, found.sent)
    found.caught_up_s = time.monotonic() - begun - found.took_s
    await asyncio.sleep(1.0)
    listening.cancel()
    await log.close()
    return found


async def _send(door: Door, stream: str, rows: Chunk, tick: int, found: _Found) -> None:
    begun = time.monotonic()
    taken = await door.take_in(stream, [rows], "load", f"{tick}")
    assert not taken.refused, taken.refused[:1]
    found.sent += taken.accepted
    found.acknowledged_s.append(time.monotonic() - begun)


async def _listen(url: str, found: _Found) -> None:
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection:
        await connection.execute("LISTEN warning")
        async for note in connection.notifies():
            found.heard.setdefault(note.payload, time.time())


async def _until_counted(parts: Parts, sent: int) -> None:
    deadline = time.monotonic() + 300
    while await asyncio.to_thread(_counted, parts) < sent:
        assert time.monotonic() < deadline, "events were lost, or the scorer is far behind"
        await asyncio.sleep(0.2)


def _counted(parts: Parts) -> int:
    return int(_ask(parts, "SELECT coalesce(sum(n), 0) FROM fanzha.counter WHERE name = 'events'"
                    )[0][0])  # fmt: skip


def _ask(parts: Parts, query: str) -> list[tuple[Any, ...]]:
    assert parts.servers.postgres is not None
    with psycopg.connect(parts.servers.postgres.url()) as connection:
        return connection.execute(query.encode()).fetchall()


def _figure(parts: Parts, found: _Found, seconds: int) -> Figure:
    rows = _ask(parts, "SELECT id::text, event_at FROM fanzha.warning")
    late = sorted(
        found.heard[id] - event_at.timestamp() for id, event_at in rows if id in found.heard
    )
    assert len(rows) >= found.victims, f"{found.victims - len(rows)} warnings are missing"
    assert len(late) == len(rows), "a warning was never heard of"
    parts.close()
    acknowledged = sorted(found.acknowledged_s)
    return Figure(
        name="load",
        ours=late[int(0.95 * len(late))],
        unit="s from arrival to warning, p95",
        better="lower",
        also={
            "warning_p50_s": statistics.median(late),
            "warning_max_s": late[-1],
            "warnings": float(len(rows)),
            "warnings_a_second": len(rows) / found.took_s,
            "events": float(found.sent),
            "events_a_second": (found.sent - PEOPLE // 100) / found.took_s,
            "events_lost": float(found.sent - _counted(parts)),
            "acknowledged_p95_s": acknowledged[int(0.95 * len(acknowledged))],
            "caught_up_after_s": found.caught_up_s,
        },
        settings={
            "runs": "one",
            "order": "text and visit at once, in entries of their own: either may come first",
            "rate": RATE, "seconds": seconds, "victims_a_second": VICTIMS_A_SECOND,
            "tick_s": TICK_S, "people": PEOPLE, "processes": "feeder, scorer, NATS, PostgreSQL",
        },
    )  # fmt: skip


class Traffic:
    """Everyday events between invented people who know each other, and those who are cheated."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(_SEED)
        self._mobile = np.array([reserved.mobile(n) for n in range(PEOPLE)], dtype=object)
        bank = next(iter(reserved.BANKS))
        self._account = np.array(
            [reserved.bank_account(n, bank) for n in range(PEOPLE // 4)], dtype=object
        )
        self._sites = np.array(
            [f"https://{reserved.dns_name(f'shop{n}')}/item?id={n}" for n in range(5_000)],
            dtype=object,
        )
        self._next = 1
        self.victims = 0
        """Those who were texted and have been on the site: each must have a warning."""

    def warm_up(self) -> Iterator[tuple[str, Chunk]]:
        """A first batch of every stream: what is compiled on demand is compiled."""
        yield from self._everyday(PEOPLE // 100)

    def tick(self) -> list[tuple[str, Chunk]]:
        """The events of one tick, by stream, all of them at this instant."""
        batches = dict(self._everyday(int(RATE * TICK_S)))
        texts, visits = self._cheated(int(VICTIMS_A_SECOND * TICK_S + 0.5))
        batches["text"] = _chunk(pa.concat_tables([batches["text"].table, texts]))
        batches["visit"] = _chunk(pa.concat_tables([batches["visit"].table, visits]))
        return list(batches.items())

    def _everyday(self, rows: int) -> Iterator[tuple[str, Chunk]]:
        for stream, share in _SHARES.items():
            n = int(rows * share)
            who = self._rng.integers(PEOPLE // 2, size=n)
            friend = (who + self._rng.integers(1, 9, size=n)) % (PEOPLE // 2)
            columns = getattr(self, f"_{stream}")(who, friend, n)
            yield stream, _chunk(pa.table({**self._common(n), **columns}))

    def _common(self, n: int) -> dict[str, Any]:
        ids = np.arange(self._next, self._next + n, dtype=np.uint64)
        self._next += n
        at = datetime.now(UTC)
        return {"event_id": ids, "at": pa.array([at] * n, pa.timestamp("ms", tz="UTC"))}

    def _call(self, who: Any, friend: Any, n: int) -> dict[str, Any]:
        return {
            "call_id": np.arange(self._next, self._next + n, dtype=np.uint64),
            "phase": ["end"] * n,
            "caller": self._mobile[who],
            "callee": self._mobile[friend],
            "talk_s": self._rng.exponential(80, n).astype(np.float32),
            "ring_s": self._rng.uniform(2, 20, n).astype(np.float32),
            "end_cause": ["caller_hangup"] * n,
        }

    def _text(self, who: Any, friend: Any, n: int) -> dict[str, Any]:
        return {
            "sender": self._mobile[who],
            "recipient": self._mobile[friend],
            "body": [f"晚上一起吃饭吗？我大概{k % 5 + 5}点半到" for k in range(n)],
            "channel": ["sms"] * n,
        }

    def _visit(self, who: Any, friend: Any, n: int) -> dict[str, Any]:
        return {"subscriber": self._mobile[who], "url": self._sites[friend % len(self._sites)]}

    def _app(self, who: Any, friend: Any, n: int) -> dict[str, Any]:
        return {
            "subscriber": self._mobile[who],
            "package": ["example.notes"] * n,
            "action": ["open"] * n,
            "label": ["记账本"] * n,
        }

    def _transfer(self, who: Any, friend: Any, n: int) -> dict[str, Any]:
        size = len(self._account)
        return {
            "payer": self._account[who % size],
            "payee": self._account[friend % size],
            "amount_fen": self._rng.integers(500, 60_000, n),
            "status": ["booked"] * n,
            "payer_name": ["陈静"] * n,
        }

    def _cheated(self, n: int) -> tuple[pa.Table, pa.Table]:
        """People of the other half of the city, each once: texted, and on the site at once."""
        first = PEOPLE // 2 + self.victims
        self.victims += n
        who = self._mobile[first : first + n]
        sites = [f"http://gov-anquan-{k}.top/a" for k in range(first, first + n)]
        texts = {
            "sender": [reserved.port(k) for k in range(first, first + n)],
            "recipient": who,
            "body": [
                f"【公安局】您涉嫌洗钱案，请将资金转入安全账户配合清查，勿告知家人，点击 {s} 办理"
                for s in sites
            ],
            "channel": ["sms"] * n,
        }
        visits = {"subscriber": who, "url": sites}
        return pa.table({**self._common(n), **texts}), pa.table({**self._common(n), **visits})


def _chunk(table: pa.Table) -> Chunk:
    return Chunk(table, np.arange(1, table.num_rows + 1, dtype=np.int64))
