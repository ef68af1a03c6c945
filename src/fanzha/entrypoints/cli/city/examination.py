"""Takes a city's streams down the road of live events, and notes what warnings came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa

from fanzha import bootstrap, settings
from fanzha.adapters.memory.office import MemoryOffice
from fanzha.city.generate import City
from fanzha.city.marking.answers import Mention, Warned, truth_of
from fanzha.city.marking.mark import Mark, mark
from fanzha.detection.engine import Engine
from fanzha.detection.person.risk import Risk
from fanzha.records.door import admit
from fanzha.records.merge import merge
from fanzha.records.schemas import STREAMS
from fanzha.usecases.warning.issue import warning_id
from fanzha.usecases.warning.policies import WarningPolicies
from fanzha.usecases.warning.take_in import Taken, instant, take_in
from fanzha.usecases.warning.tiers import load_units

SLICE_MS = 30_000
"""How much stream time one entry of the log holds, as from senders that post twice a minute."""
_CHUNK_ROWS = 65_536
Tell = Callable[[int, int, int], None]


@dataclass(slots=True)
class _Notebook:
    """Who was warned, and every mention."""

    person: dict[UUID, str] = field(default_factory=dict)
    mentions: dict[UUID, list[Mention]] = field(default_factory=dict)

    def note(self, risks: tuple[Risk, ...], taken: Taken) -> None:
        by_id = {warning.id: warning for warning in taken.warnings}
        for risk in risks:
            id = warning_id(risk.person, risk.episode)
            warning = by_id[id]
            self.person[id] = risk.person
            events = frozenset(event.event_id for event in risk.events)
            mention = Mention(risk.at, warning.grade.code, warning.case.scam_type, events)
            self.mentions.setdefault(id, []).append(mention)

    def warnings(self) -> list[Warned]:
        return [Warned(self.person[id], tuple(said)) for id, said in self.mentions.items()]


def marked(city: City, tell: Tell) -> Mark:
    """What this installation's detection and policies make of the city, against the truth."""
    wired = settings.load()
    policies = bootstrap.warning_policies(wired, load_units(bootstrap.units_file(wired)))
    with tempfile.TemporaryDirectory() as spill:
        came = by_arrival(city) if city.arrival else None
        warnings = examine(
            city.streams, Engine(wired.policies), policies, Path(spill), tell, came=came
        )
    truth = truth_of(city.truth, city.streams["transfer"], city.residents, city.days)
    return mark(warnings, truth)


def examine(
    streams: Mapping[str, pa.Table],
    engine: Engine,
    policies: WarningPolicies,
    spill: Path,
    tell: Tell = lambda at, rows, warnings: None,
    *,
    came: Iterator[Mapping[str, pa.RecordBatch]] | None = None,
) -> list[Warned]:
    """All warnings of the streams, in the order in which they were issued.

    Rows pass the door, are merged by time, scored and taken in by an office in memory; its clock is
    the stream's. `spill` is an empty folder for sorted runs. `tell` hears stream time (ms UTC),
    rows and warnings so far. `came` gives the entries where rows do not come in as they happened. A
    refused row is a fault of the city and raises `ValueError`.
    """
    office, notes = (
        MemoryOffice(list(policies.tiers.by_code.values()), keep_deeds=False),
        _Notebook(),
    )
    position = rows = 0
    for piece in _happened(streams, spill) if came is None else came:
        newest = 0
        for stream in STREAMS:
            if (batch := piece.get(stream)) is None:
                continue
            outcome = engine.process(position + 1, stream, batch)
            if outcome.findings or outcome.risks:
                taken = take_in(
                    office, policies, outcome.findings, outcome.risks,
                    before=position, position=position + 1, now=lambda risk: instant(risk.at),
                )  # fmt: skip
                notes.note(outcome.risks, taken)
                position += 1
            newest = max(newest, outcome.newest_at or 0)
        rows += sum(batch.num_rows for batch in piece.values())
        tell(newest, rows, len(notes.mentions))
    return notes.warnings()


def _happened(
    streams: Mapping[str, pa.Table], spill: Path
) -> Iterator[Mapping[str, pa.RecordBatch]]:
    batches = {stream: _admitted(stream, table) for stream, table in streams.items()}
    for piece in merge(batches, spill, slice_ms=SLICE_MS):
        yield piece.batches


def by_arrival(city: City) -> Iterator[Mapping[str, pa.RecordBatch]]:
    """Entries of the log as a city's rows come in: late ones late, doubled ones twice."""
    admitted = {
        stream: pa.Table.from_batches(_admitted(stream, table)).combine_chunks()
        for stream, table in city.streams.items()
        if table.num_rows
    }
    slots = {stream: city.arrival[stream] // SLICE_MS for stream in admitted}
    for slot in np.unique(np.concatenate(list(slots.values()))).tolist():
        piece = {}
        for stream, table in admitted.items():
            low, high = np.searchsorted(slots[stream], [slot, slot + 1]).tolist()
            if high > low:
                piece[stream] = table.slice(low, high - low).to_batches()[0]
        yield piece


def _admitted(stream: str, table: pa.Table) -> Iterator[pa.RecordBatch]:
    for first in range(0, table.num_rows, _CHUNK_ROWS):
        found = admit(stream, table.slice(first, _CHUNK_ROWS), "city")
        if found.refused:
            raise ValueError(f"the door refused {found.refused[0].code} in {stream}")
        yield found.batch
