"""Feeders over NATS: what they publish goes through the door once, whatever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import nats
import pyarrow as pa
import pytest

from fanzha.adapters.nats.intake import Intake, Parcel
from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.adapters.postgres.quarantine import Quarantine
from fanzha.bootstrap import utc_now
from fanzha.entrypoints.api import intake as taking
from fanzha.entrypoints.door import Door
from tests.fixtures import Installed
from tests.records.rows import row

FEEDER = "carrier-a"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with NatsServer(tmp_path / "nats") as found:
        yield found


def calls(*rows: dict[str, object]) -> bytes:
    table = pa.Table.from_pylist([{**r, "source": None} for r in rows])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


class Centre:
    """A log, a door and the loop that takes parcels in."""

    def __init__(self, server: NatsServer, installed: Installed) -> None:
        self.settings = LogSettings(server.url, USER, server.password)
        self.log = JetStreamLog(self.settings)
        self.installed = installed
        self.quarantine = Quarantine(installed.database, installed.keyring)
        self.door = Door(self.log, self.quarantine, installed.keyring, utc_now)

    def run(self) -> asyncio.Task[None]:
        return asyncio.create_task(
            taking.run(Intake(self.settings), self.door, self.installed.operators, self.quarantine)
        )

    async def rows(self, wanted: int) -> list[tuple[str, int]]:
        """(sender, event) of what is in the log, once there are so many."""
        found: list[tuple[str, int]] = []

        async def gather() -> None:
            async for entry in self.log.read(0):
                ids = entry.batch["event_id"].to_pylist()
                found.extend((entry.sender, int(e)) for e in ids)
                if len(found) >= wanted:
                    return

        await asyncio.wait_for(gather(), 30)
        return found


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def waited(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(300):
        if await condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("waited in vain")


def test_a_feeders_batch_is_admitted_and_what_is_wrong_with_it_is_kept(
    server: NatsServer, installed: Installed
) -> None:
    installed.operators.add_sender(FEEDER, frozenset({"call"}), utc_now())
    password = server.add_feeder(FEEDER)

    async def work() -> None:
        centre = Centre(server, installed)
        await centre.log.start()
        taking_in = centre.run()
        await asyncio.sleep(0.5)
        client = await nats.connect(server.url, user=FEEDER, password=password,
                                    inbox_prefix=f"_INBOX_{FEEDER}")  # fmt: skip
        stream = client.jetstream()
        good = calls(row("call", 1), row("call", 2, phase="?"), row("call", 3))
        for _ in range(2):  # not sure of the answer: the same again
            await stream.publish(f"in.call.{FEEDER}", good, headers={"Nats-Msg-Id": "a"})
        await stream.publish(f"in.call.{FEEDER}", b"no arrow at all")
        await stream.publish(f"in.text.{FEEDER}", calls(row("call", 9)))
        assert await centre.rows(2) == [(FEEDER, 1), (FEEDER, 3)]

        async def kept() -> bool:
            return len(centre.quarantine.page(None, 50)[0]) == 3

        await waited(kept)
        codes = {(k.code, k.row) for k in centre.quarantine.page(None, 50)[0]}
        assert codes == {("enumeration", 2), ("not_arrow", 0), ("stream_not_yours", 0)}
        await ended(taking_in)
        await client.close()
        await centre.log.close()

    asyncio.run(work())


def test_a_parcel_taken_twice_is_stored_once(server: NatsServer, installed: Installed) -> None:
    """The process dies between the append and the word that it was taken."""
    installed.operators.add_sender(FEEDER, frozenset({"call"}), utc_now())
    password = server.add_feeder(FEEDER)

    async def work() -> None:
        centre = Centre(server, installed)
        await centre.log.start()
        intake = Intake(centre.settings)
        await intake.start()
        client = await nats.connect(server.url, user=FEEDER, password=password,
                                    inbox_prefix=f"_INBOX_{FEEDER}")  # fmt: skip
        payload = calls(row("call", 1), row("call", 2, phase="?"))
        await client.jetstream().publish(f"in.call.{FEEDER}", payload)
        parcel: Parcel = await anext(aiter(intake.read()))
        for _ in range(3):
            await taking._take_in(parcel, centre.door, installed.operators, centre.quarantine)
        await intake.taken(parcel)
        assert await centre.log.last() == 1
        assert len(centre.quarantine.page(None, 50)[0]) == 1
        await client.close()
        await intake.close()
        await centre.log.close()

    asyncio.run(work())
