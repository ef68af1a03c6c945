"""Entries the scorer died of: counted over its lives in a small file, in the end set aside."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from fanzha.adapters.postgres.quarantine import RefusedRow
from fanzha.entrypoints.scorer.snapshots import flush
from fanzha.ports.event_log import LogEntry
from fanzha.records.schemas import COLUMNS

_log = logging.getLogger("fanzha.scorer.failures")
_NAME = "failures"
DEATHS_MAX = 3
"""So often an entry may end the scorer before it is set aside."""


class Failures:
    """Written only on the way out of a failure, and when an entry is set aside."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _NAME
        self._position = 0
        self._deaths = 0
        self._error = ""
        self._set_aside: set[int] = set()
        self._read()

    def is_set_aside(self, position: int) -> bool:
        """Whether this entry is left out of every replay."""
        return position in self._set_aside

    def is_hopeless(self, position: int) -> bool:
        """Whether the scorer has died of this entry often enough."""
        return position == self._position and self._deaths >= DEATHS_MAX

    @property
    def error(self) -> str:
        """The type of the exception that was last died of."""
        return self._error

    def died(self, position: int, error: Exception) -> None:
        """Remember a death; where even that fails, the failure itself matters more."""
        self._deaths = self._deaths + 1 if position == self._position else 1
        self._position, self._error = position, type(error).__name__
        _log.error("entry %s failed (%s), time %s", position, self._error, self._deaths)
        try:
            self._write()
        except OSError as unwritten:
            _log.error("the failure could not be noted: %s", type(unwritten).__name__)

    def set_aside(self, position: int) -> None:
        """Durable when this returns: a replay leaves the entry out as this run did."""
        self._set_aside.add(position)
        self._write()

    def _read(self) -> None:
        try:
            found = json.loads(self._file.read_text(encoding="ascii"))
            self._position, self._deaths = int(found["position"]), int(found["deaths"])
            self._error = str(found["error"])
            self._set_aside = {int(p) for p in found["set_aside"]}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("noted failures cannot be read: %s", type(error).__name__)

    def _write(self) -> None:
        aside = self._file.with_suffix(".part")
        noted = {
            "position": self._position,
            "deaths": self._deaths,
            "error": self._error,
            "set_aside": sorted(self._set_aside),
        }
        aside.write_text(json.dumps(noted), encoding="ascii")
        flush(aside)
        aside.replace(self._file)
        flush(self._file.parent)


def rows_as_received(entry: LogEntry) -> list[RefusedRow]:
    """The entry's rows by received column, to be sent again once the program is mended.

    Rows count from 1 within the entry; personal columns stay sealed as they are in the log.
    """
    received = {c.name for c in COLUMNS[entry.stream]}
    kept = entry.batch.select([n for n in entry.batch.schema.names if n in received])
    return [
        RefusedRow(
            stream=entry.stream,
            source=str(row.get("source") or entry.sender),
            row=n,
            code="not_scorable",
            field=None,
            zh="评分程序无法处理这一批，已搁置；程序修好后请重新发送",
            en="the scorer could not work on this batch and set it aside;"
            " send it again once the program is mended",
            raw={name: _plain(value) for name, value in row.items() if value is not None},
            batch=f"entry-{entry.position}",
        )
        for n, row in enumerate(kept.to_pylist(), 1)
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
