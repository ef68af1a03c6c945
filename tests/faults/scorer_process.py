"""One scorer as a process, to be killed: `python -m tests.faults.scorer_process JSON`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path

from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.detection.engine import Engine
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.entrypoints.scorer.snapshots import Snapshots
from tests.fixtures import POLICIES, policies


async def main(given: dict[str, str]) -> None:
    log = JetStreamLog(LogSettings(given["nats"], given["user"], given["password"]))
    await log.start()
    engine = Engine(POLICIES)
    office = PostgresOffice(Database(given["database"]), Keyring.load(Path(given["keyring"])))
    scorer = Scorer(
        log=log,
        engine=engine,
        office=office,
        policies=policies(),
        snapshots=Snapshots(Path(given["snapshots"]), version=engine.version),
        snapshot_every_s=1.0,
    )
    await scorer.run(ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(json.loads(sys.argv[1])))
