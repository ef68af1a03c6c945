"""The process that scores: streams in, findings and warnings out, until it is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fanzha.bootstrap import Parts
from fanzha.entrypoints.ending import until_told
from fanzha.entrypoints.scorer.group.run import GroupScorer
from fanzha.entrypoints.scorer.group.snapshots import GroupSnapshots
from fanzha.entrypoints.scorer.measures import Measures
from fanzha.entrypoints.scorer.run import Scorer
from fanzha.entrypoints.scorer.snapshots import Snapshots
from fanzha.ports.event_log import EventLog


async def run(
    parts: Parts, ready: Callable[[], None] = lambda: None, member: str | None = None
) -> None:
    """Connect, load, score; as `member` of a group where a name is given.

    A lost event log or database ends it: its keeper starts it anew.
    """
    log = parts.log()
    await log.start()
    try:
        await asyncio.to_thread(parts.ensure_rules)
        scorer = await (_alone(parts, log) if member is None else _together(parts, log, member))
        await until_told(scorer.run(ready))
    finally:
        await log.close()


async def _alone(parts: Parts, log: EventLog) -> Scorer:
    engine = await asyncio.to_thread(parts.engine)
    return Scorer(
        log=log,
        engine=engine,
        office=parts.office,
        policies=parts.policies,
        snapshots=Snapshots(parts.snapshots_folder, version=engine.state_version),
        snapshot_every_s=parts.settings.snapshot_every_s,
        rules=parts.rule_feed(),
        measures=Measures(parts),
    )


async def _together(parts: Parts, log: EventLog, member: str) -> GroupScorer:
    version = (await asyncio.to_thread(parts.engine)).state_version
    return GroupScorer(
        me=member,
        membership=parts.membership(),
        exchange=parts.exchange(),
        snapshots=GroupSnapshots(parts.snapshots_folder, member, version=version),
        make_engine=parts.engine,
        log=log,
        office=parts.office,
        policies=parts.policies,
        snapshot_every_s=parts.settings.snapshot_every_s,
        rules=parts.rule_feed(),
        measures=Measures(parts),
    )
