"""JetStream under the event log: kills, full disks, losses, strangers."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fanzha.adapters.nats.intake import Intake, Parcel
from fanzha.adapters.nats.log import STREAM, JetStreamLog, LogSettings, connect
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.errors import Misconfigured, Refused, Unavailable
from fanzha.ports.event_log import LogEntry, LogLost

_KILLS = 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as running:
        yield running


def run(work: Awaitable[None]) -> None:
    asyncio.run(asyncio.wait_for(work, 120))  # type: ignore[arg-type]


def at(server: NatsServer, **changes: float) -> LogSettings:
    return LogSettings(server.url, USER, server.password, **changes)  # type: ignore[arg-type]


async def started(settings: LogSettings) -> JetStreamLog:
    log = JetStreamLog(settings)
    await log.start()
    return log


def batch(*values: int) -> pa.RecordBatch:
    return pa.record_batch({"value": pa.array(values, pa.int64())})


async def take(log: JetStreamLog, after: int, count: int) -> list[LogEntry]:
    taken: list[LogEntry] = []
    async for entry in log.read(after):
        taken.append(entry)
        if len(taken) == count:
            break
    return taken


def test_killed_ten_times_nothing_acknowledged_is_lost_or_doubled(server: NatsServer) -> None:
    acknowledged: dict[int, int] = {}
    killing = True

    async def send(log: JetStreamLog, sender: int) -> None:
        number = sender * 1_000_000
        while killing:
            position = await log.append("call", batch(number), f"n{number}", f"s{sender}")
            acknowledged[number] = position
            number += 1

    async def kill() -> None:
        nonlocal killing
        chance = random.Random(11)
        for _ in range(_KILLS):
            before = len(acknowledged)
            while len(acknowledged) < before + 20:
                await asyncio.sleep(0.005)
            await asyncio.sleep(chance.random() * 0.1)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.to_thread(server.restart)
        killing = False

    async def read(log: JetStreamLog, seen: list[LogEntry]) -> None:
        async for entry in log.read(0):
            seen.append(entry)

    async def work() -> None:
        log = await started(at(server, try_s=0.3))
        seen: list[LogEntry] = []
        reader = asyncio.create_task(read(log, seen))
        await asyncio.gather(kill(), *(send(log, s) for s in range(4)))
        last = await log.last()
        while not seen or seen[-1].position < last:
            await asyncio.sleep(0.02)
        reader.cancel()
        await log.close()
        positions = {e.batch["value"][0].as_py(): e.position for e in seen}
        assert len(positions) == len(seen) == len(acknowledged), "each exactly once"
        assert positions == acknowledged
        assert [e.position for e in seen] == sorted(acknowledged.values())
        for sender in range(4):
            own = [e.batch["value"][0].as_py() for e in seen if e.sender == f"s{sender}"]
            assert own == sorted(own), "each sender in its own order"

    run(work())


def test_a_full_log_refuses_and_raises_an_alarm(server: NatsServer) -> None:
    noise = pa.record_batch({"n": pa.array(np.random.default_rng(1).integers(0, 2**62, 10_000))})

    async def work() -> None:
        log = await started(at(server, max_bytes=300_000))

        async def fill() -> None:
            for i in range(10):
                await log.append("call", noise, str(i))

        with pytest.raises(Unavailable, match="log_full"):
            await fill()
        assert log.alarm is not None
        stored = await log.last()
        assert 0 < stored < 10
        await log.trim("call", datetime.now(UTC) + timedelta(hours=1))
        assert await log.append("call", noise, "again") == stored + 1
        assert log.alarm is None
        await log.close()

    run(work())


def test_an_emptied_log_is_a_loss(server: NatsServer, tmp_path: Path) -> None:
    async def work() -> None:
        log = await started(at(server))
        position = await log.append("call", batch(1), "1")
        await log.append("call", batch(2), "2")
        await log.close()
        server.stop()
        shutil.rmtree(tmp_path / "nats" / "store")
        server.start()
        log = await started(at(server))
        await log.append("call", batch(3), "3")
        with pytest.raises(LogLost):
            await take(log, position + 1, 1)
        await log.close()

    run(work())


def test_a_loss_under_a_waiting_reader_is_noticed(server: NatsServer, tmp_path: Path) -> None:
    async def work() -> None:
        log = await started(at(server))
        await log.append("call", batch(1), "1")
        reader = asyncio.create_task(take(log, 0, 2))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(server.stop)
        shutil.rmtree(tmp_path / "nats" / "store")
        await asyncio.to_thread(server.start)
        with pytest.raises(LogLost):
            await reader
        await log.close()

    run(work())


def test_an_entry_that_nobody_trimmed_is_missed(server: NatsServer) -> None:
    async def work() -> None:
        log = await started(at(server))
        positions = [await log.append("call", batch(i), str(i)) for i in range(3)]
        client = await connect(at(server))
        await client.jetstream().delete_msg(STREAM, positions[1])
        await client.close()
        with pytest.raises(LogLost) as caught:
            await take(log, 0, 2)
        assert (caught.value.after, caught.value.found) == (positions[0], positions[2])
        await log.close()

    run(work())


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as gone:
        settings = at(gone, patience_s=0.5)

    async def work() -> None:
        with pytest.raises(Unavailable):
            await started(settings)

    run(work())


def test_a_wrong_password_is_a_mistake_of_the_installation(server: NatsServer) -> None:
    async def work() -> None:
        with pytest.raises(Misconfigured, match="log_refuses_us"):
            await started(LogSettings(server.url, USER, "wrong", patience_s=1.0))

    run(work())


def test_appends_wait_for_a_server_that_restarts(server: NatsServer) -> None:
    async def work() -> None:
        log = await started(at(server))
        await asyncio.to_thread(server.stop)
        waiting = asyncio.create_task(log.append("call", batch(1), "1"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await asyncio.to_thread(server.start)
        assert await waiting == 1
        await log.close()

    run(work())


def test_trimming_waits_for_another_time_while_the_server_is_away(server: NatsServer) -> None:
    """The worker tries again by and by: a server that restarts must not end it."""

    async def work() -> None:
        log = await started(at(server, patience_s=0.5, try_s=0.5))
        await log.append("call", batch(1), "1")
        await asyncio.to_thread(server.stop)
        with pytest.raises(Unavailable):
            await log.trim("call", datetime.now(UTC))
        await asyncio.to_thread(server.start)
        await log.close()

    run(work())


def test_what_feeders_send_waits_until_it_is_taken(server: NatsServer) -> None:
    from fanzha.records.batches import encode

    async def parcels(intake: Intake, count: int) -> list[Parcel]:
        got: list[Parcel] = []
        async for parcel in intake.read():
            got.append(parcel)
            if len(got) == count:
                break
        return got

    async def work() -> None:
        password = server.add_feeder("carrier-a")
        intake = Intake(at(server))
        await intake.start()
        feeder = await connect(LogSettings(server.url, "carrier-a", password))
        jetstream = feeder.jetstream()
        for i, payload in enumerate([encode(batch(1, 2)), b"not arrow", encode(batch(3))]):
            await jetstream.publish(
                "in.call.carrier-a", payload, headers={"Nats-Msg-Id": f"carrier-a-{i}"}
            )
        await jetstream.publish(
            "in.call.carrier-a", encode(batch(1, 2)), headers={"Nats-Msg-Id": "carrier-a-0"}
        )
        first, broken, third = await parcels(intake, 3)
        assert (first.stream, first.sender) == ("call", "carrier-a")
        assert first.open()["value"].to_pylist() == [1, 2]
        with pytest.raises(Refused, match="not_arrow"):
            broken.open()
        await intake.taken(first)
        await intake.taken(first)
        await intake.taken(broken)
        await asyncio.to_thread(server.restart)
        assert [p.key for p in await parcels(intake, 1)] == [third.key]
        assert len({first.key, broken.key, third.key}) == 3
        await feeder.close()
        await intake.close()

    run(work())


def test_closed_while_the_server_is_away_nothing_keeps_running(server: NatsServer) -> None:
    async def work() -> None:
        for pause_s in (0.0, 0.15, 0.35):
            log = await started(at(server))
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(pause_s)
            await log.close()
            await asyncio.sleep(0.05)
            left = [t for t in asyncio.all_tasks() if "reconnect" in repr(t.get_coro())]
            assert left == []
            await asyncio.to_thread(server.start)

    run(work())
