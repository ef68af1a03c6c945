"""What the API is given: the wired parts of one centre."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fanzha.adapters.postgres.database import Database
from fanzha.adapters.postgres.desk import Desk
from fanzha.adapters.postgres.office import PostgresOffice
from fanzha.adapters.postgres.operators import Operators
from fanzha.adapters.postgres.quarantine import Quarantine
from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.entrypoints.api.bus import Bus
from fanzha.entrypoints.api.measures.parts import MeasureParts
from fanzha.entrypoints.api.present import Presenter
from fanzha.entrypoints.api.scripts import Scripts
from fanzha.entrypoints.door import Door
from fanzha.ports.event_log import EventLog
from fanzha.settings import Settings
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.usecases.workshop.act import Bench


@dataclass(frozen=True)
class Centre:
    """Everything a request may need. The event log is connected when the server starts."""

    settings: Settings
    database: Database
    office: PostgresOffice
    desk: Desk
    operators: Operators
    quarantine: Quarantine
    workshop: PostgresWorkshop
    bench: Bench
    policies: WarningPolicies
    presenter: Presenter
    scripts: Scripts
    measures: MeasureParts
    log: EventLog
    door: Door
    bus: Bus
    now: Callable[[], datetime]
