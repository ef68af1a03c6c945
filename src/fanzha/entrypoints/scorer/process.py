"""The process that scores: streams in, findings and warnings out, until it is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fanzha.bootstrap import Parts
from fanzha.entrypoints.ending import until_told
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.entrypoints.scorer.snapshots import Snapshots


async def run(parts: Parts, ready: Callable[[], None] = lambda: None) -> None:
    """Connect, load, score. A lost event log or database ends it: its keeper starts it anew."""
    log = parts.log()
    await log.start()
    try:
        engine = await asyncio.to_thread(parts.engine)
        await asyncio.to_thread(parts.ensure_rules)
        scorer = Scorer(
            log=log,
            engine=engine,
            office=parts.office,
            policies=parts.policies,
            snapshots=Snapshots(parts.snapshots_folder, version=engine.state_version),
            snapshot_every_s=parts.settings.snapshot_every_s,
            rules=parts.rule_feed(),
        )
        await until_told(scorer.run(ready))
    finally:
        await log.close()
