"""A deliverer as a process, to be killed: `python -m tests.….worker_process JSON`."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.adapters.smpp.client import SmppSender, SmppSettings
from fanzha.entrypoints.worker.deliver import Deliverer
from fanzha.lifecycles.actor import NATION
from tests.adapters.smpp.centre_process import PASSWORD, SYSTEM_ID


async def main(given: dict[str, str]) -> None:
    office = PostgresOffice(Database(given["database"]), Keyring.load(Path(given["keyring"])))
    settings = SmppSettings(
        "127.0.0.1", int(given["port"]), SYSTEM_ID, PASSWORD, send_to=("+86154",), simulated=True
    )
    async with SmppSender(settings) as sender:
        deliverer = Deliverer(
            office,
            sender,
            NATION,
            from_number="96110",
            now=lambda: datetime.now(UTC),
            stranded_after=timedelta(seconds=float(given["stranded_s"])),
        )
        work = asyncio.create_task(deliverer.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
        await asyncio.wait([work])


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
