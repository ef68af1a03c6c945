"""Hand-made streams: rows said in one line, taken in at the door, played in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fanzha.detection.account.v1.channel import AccountChannel
from fanzha.detection.arrays import frame_of, instants, keys_of
from fanzha.detection.call.v1.channel import CallChannel
from fanzha.detection.engine import Engine, Outcome
from fanzha.detection.finding import Finding
from fanzha.detection.person.risk import Risk
from fanzha.records.door import admit
from fanzha.records.schemas import SCHEMAS, STREAMS
from fanzha.values import reserved

__all__ = ["DAY", "HOUR", "MINUTE", "NOON", "POLICIES", "SECOND", "Lone",
           "Played", "Tape", "account_of"]  # fmt: skip

POLICIES = Path(__file__).parents[2] / "policies"
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
NOON = 1_795_147_200_000
"""2026-11-20 12:00 in China."""
_BANK = next(iter(reserved.BANKS))

Row = tuple[str, dict[str, Any]]


def account_of(n: int) -> str:
    """The n-th invented account."""
    return reserved.bank_account(n, _BANK)


class Tape:
    """Rows of all streams, each with an id of its own. Instants are ms after `NOON`."""

    def __init__(self, source: str = "test") -> None:
        self._source = source
        self.rows: list[Row] = []
        self._next = 1

    def add(self, stream: str, at: int, **columns: Any) -> Tape:
        event = self._next
        self._next += 1
        when = datetime.fromtimestamp((NOON + at) / 1000, UTC)
        row = {"event_id": event, "source": self._source, "at": when, **columns}
        self.rows.append((stream, row))
        return self

    def call(
        self,
        at: int,
        caller: str,
        callee: str,
        *,
        talk_s: float | None = 30.0,
        ring_s: float = 10.0,
        phases: Sequence[str] = ("start", "answer", "end"),
        cause: str | None = None,
        **columns: Any,
    ) -> Tape:
        """One call; `talk_s` of None means that nobody picked up."""
        call_id = self._next
        common = {"call_id": call_id, "caller": caller, "callee": callee, **columns}
        picked_up = at + int(1000 * ring_s)
        if "start" in phases:
            self.add("call", at, phase="start", **common)
        if talk_s is not None and "answer" in phases:
            self.add("call", picked_up, phase="answer", **common)
        if "end" in phases:
            self.add(
                "call",
                picked_up + int(1000 * (talk_s or 0.0)),
                phase="end",
                ring_s=ring_s,
                talk_s=talk_s or 0.0,
                answered=talk_s is not None,
                end_cause=cause or ("callee_hangup" if talk_s is not None else "no_answer"),
                **common,
            )
        return self

    def pay(self, at: int, payer: str, payee: str, yuan: float, **columns: Any) -> Tape:
        amount = round(100 * yuan)
        return self.add(
            "transfer", at, payer=payer, payee=payee, amount_fen=amount, status="booked", **columns
        )

    def person(self, n: int, at: int = -DAY) -> Tape:
        """The registry ties the n-th number and the n-th account to the n-th person."""
        return self.add(
            "subject",
            at,
            person=reserved.person(n),
            number=reserved.mobile(n),
            account=account_of(n),
            district="470102",
            birth_year=1959,
        )

    def without(self, keep: Callable[[str, dict[str, Any]], bool]) -> Tape:
        """The rows that this holds for, with the ids they have."""
        other = Tape(self._source)
        other._next = self._next
        other.rows = [(stream, row) for stream, row in self.rows if keep(stream, row)]
        return other

    def sorted(self) -> list[Row]:
        """In the total order of a replay."""
        return sorted(self.rows, key=lambda r: (r[1]["at"], STREAMS.index(r[0]), r[1]["event_id"]))

    def batches(self, cuts: Iterable[int] = ()) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Neighbours of one stream together, and cut before the rows numbered in `cuts`."""
        wanted = set(cuts)
        part = 0
        parts = []
        for number, (stream, row) in enumerate(self.sorted()):
            part += number in wanted
            parts.append((stream, part, row))
        for (stream, _), group in groupby(parts, key=lambda p: (p[0], p[1])):
            yield stream, admitted(stream, [row for _, _, row in group])


def admitted(stream: str, rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    """Rows as the log carries them; a refused one is a mistake in the test."""
    table = pa.Table.from_pylist(list(rows), schema=SCHEMAS[stream])
    taken = admit(stream, table, "test")
    assert not taken.refused, taken.refused[0].en
    return taken.batch


class Lone:
    """One channel by itself, where a test needs nothing of the others."""

    def __init__(self) -> None:
        folder = POLICIES / "detection"
        self._calls, self._accounts = CallChannel(folder), AccountChannel(folder)

    def process(self, position: int, stream: str, batch: pa.RecordBatch) -> Outcome:
        frame = frame_of(batch)
        match stream:
            case "line":
                self._calls.read_lines(frame)
                return Outcome()
            case "call":
                reading = self._calls.read(frame, np.zeros(frame.height))
            case "account":
                reading = self._accounts.read_accounts(frame)
            case _:
                nobody = self._calls.on_line(
                    keys_of(frame, "payer_key") * np.uint64(0), instants(frame)
                )
                reading = self._accounts.read(frame, nobody)
        return Outcome(findings=tuple(finding for _, finding in reading.findings))


class Played:
    """What an engine said of a tape."""

    def __init__(self, tape: Tape | None = None, engine: Engine | Lone | None = None) -> None:
        self.engine = engine or Engine(POLICIES)
        self.outcomes: list[Outcome] = []
        if tape is not None:
            self.play(tape)

    def play(self, tape: Tape, cuts: Iterable[int] = ()) -> Played:
        for stream, batch in tape.batches(cuts):
            self.outcomes.append(self.engine.process(len(self.outcomes) + 1, stream, batch))
        return self

    @property
    def findings(self) -> list[Finding]:
        return [finding for outcome in self.outcomes for finding in outcome.findings]

    @property
    def risks(self) -> list[Risk]:
        return [risk for outcome in self.outcomes for risk in outcome.risks]

    def about(self, subject: str, detector: str | None = None) -> list[Finding]:
        """Findings about a number or an account, in order."""
        return [
            f
            for f in self.findings
            if f.subject == subject and (detector is None or f.detector == detector)
        ]

    def codes(self, subject: str) -> set[str]:
        """Codes of all reasons given for a subject."""
        return {reason.code for finding in self.about(subject) for reason in finding.reasons}

    def told(self, person: str) -> set[str]:
        """Codes of all reasons of a person's risks."""
        return {r.code for risk in self.risks if risk.person == person for r in risk.reasons}
