"""Ask for a rehearsal: a replay of a version over the centre's own log, beside what is live."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Rehearsal, RehearsalState, RuleVersion
from fanzha.ports.workshop import WorkshopUnit

__all__ = ["ask"]


def ask(work: WorkshopUnit, version: RuleVersion, actor: Actor, now: datetime) -> Rehearsal:
    """One at a time for a version. Refused while one is under way."""
    newest = work.rehearsals.newest(version.rule, version.version)
    if newest and newest.state in (RehearsalState.ASKED, RehearsalState.RUNNING):
        raise Refused("replay_running", zh="回放正在进行", en="a replay is under way")
    live = next((v for v in work.rules.of(version.rule) if v.state == states.LIVE), None)
    asked = Rehearsal(
        id=uuid4(),
        rule=version.rule,
        version=version.version,
        against=live.version if live and live.version != version.version else None,
        state=RehearsalState.ASKED,
        done_share=0.0,
        asked_by=actor.display,
        asked_at=now,
        finished_at=None,
        source="log",
    )
    work.rehearsals.ask(asked)
    return asked
