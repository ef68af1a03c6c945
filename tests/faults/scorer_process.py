"""One scorer as a process, to be killed: `python -m tests.faults.scorer_process JSON`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path

from fanzha.adapters.nats.exchange import NatsExchange
from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.group import PostgresMembership
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.sealing.keyring import Keyring
from fanzha.detection.engine import Engine
from fanzha.entrypoints.ending import until_told
from fanzha.entrypoints.scorer.group.run import GroupScorer
from fanzha.entrypoints.scorer.group.snapshots import GroupSnapshots
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.entrypoints.scorer.snapshots import Snapshots
from tests.fixtures import POLICIES, policies


async def main(given: dict[str, str]) -> None:
    log = JetStreamLog(LogSettings(given["nats"], given["user"], given["password"]))
    await log.start()
    office = PostgresOffice(Database(given["database"]), Keyring.load(Path(given["keyring"])))
    engine = Engine(POLICIES)
    folder, version = Path(given["snapshots"]), engine.state_version
    common = {"log": log, "office": office, "policies": policies(), "snapshot_every_s": 1.0}
    scorer: Scorer | GroupScorer
    if member := given.get("member"):
        scorer = GroupScorer(
            me=member,
            membership=PostgresMembership(office.database),
            exchange=NatsExchange(LogSettings(given["nats"], given["user"], given["password"])),
            snapshots=GroupSnapshots(folder, member, version=version),
            make_engine=lambda features: Engine(POLICIES, features=features),
            **common,
        )
    else:
        scorer = Scorer(engine=engine, snapshots=Snapshots(folder, version=version), **common)
    await until_told(scorer.run(ready=lambda: print("ready", flush=True)))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(json.loads(sys.argv[1])))
