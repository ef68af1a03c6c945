"""What the firewall has to tell the centre, sealed on disk until the centre has it.

A process writes segments of its own, `<mark>-<number>.sealed`, under a lock `<mark>.lock`; the
segments of a process that is gone are anybody's. One sealed event a line. A refusal is answered
after its line is written, so a killed process has told what it did; a power cut may cost a second.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fanzha.adapters.smpp.firewall.settings import Recorded
from fanzha.errors import FanzhaError, Unavailable
from fanzha.ports.sealer import Sealer

__all__ = ["Journal", "event_of"]

_CONTEXT = "edge.texts"
_SEGMENT = 4 * 1024 * 1024
_BATCH = 2_000
_LONGEST = 65_536


def event_of(told: Recorded, at: datetime, basis: str, event_id: int) -> dict[str, Any]:
    """A row of the stream `text`. A refused text reached nobody: it is told as one without a
    recipient (`post`), so that what is found in it is about its sender and nobody is warned."""
    refused = told.verdict.refuse
    return {
        "event_id": event_id,
        "at": at.isoformat(timespec="milliseconds"),
        "sender": told.said.sender or "unknown",
        "recipient": None if refused else told.said.recipient or "unknown",
        "body": told.said.text[:_LONGEST].encode("utf-8", "replace").decode(),
        "channel": "post" if refused else "sms",
        "lawful_basis": basis,
        "trunk": told.account or None,
    }


class Journal:
    """`write` may be called from the wire's loop; `ship` from one other thread."""

    def __init__(
        self,
        folder: Path,
        sealer: Sealer,
        *,
        basis: str,
        octets_max: int,
        now: Callable[[], float],
    ) -> None:
        """OSError where the folder cannot be written."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._sealer = sealer
        self._basis = basis
        self._octets_max = octets_max
        self._now = now
        self.mark = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = _locked(folder / f"{self.mark}.lock")
        self._turning = threading.Lock()
        self._number = 0
        self._file: int | None = None
        self._octets = 0
        self._closed: dict[Path, int] = {}
        self.lost = 0
        """Events not written because the journal is full or the disk is."""
        self.told = 0
        """Events the centre has."""
        self.problem: str | None = None
        """Why the last shipping failed; None: it did not."""

    @property
    def waiting(self) -> int:
        """Octets of this process's events that the centre has not got."""
        return self._octets + sum(self._closed.values())

    def write(self, told: Sequence[Recorded]) -> None:
        """On disk for everybody who reads it, though not flushed. What has no room is counted."""
        if not self._basis:
            return
        at = datetime.fromtimestamp(self._now(), UTC)
        lines = b"".join(self._line(one, at) for one in told)
        with self._turning:
            if self.waiting + len(lines) > self._octets_max:
                self.lost += len(told)
                return
            try:
                self._append(lines)
            except OSError:
                self.lost += len(told)

    def ship(self, post: Callable[[bytes], None]) -> None:
        """Give the centre what waits, this process's and that of processes that are gone. `post`
        takes NDJSON and raises Unavailable or Refused; what it raised for stays."""
        with self._turning:
            self._turn()
        try:
            for path in [*self._closed, *self._orphans()]:
                self._ship(path, post)
                self._closed.pop(path, None)
            self.problem = None
        except FanzhaError as error:
            self.problem = error.code

    def close(self) -> None:
        with self._turning:
            self._turn()
            os.close(self._lock)
        if not self._closed:
            (self._folder / f"{self.mark}.lock").unlink(missing_ok=True)

    def _line(self, told: Recorded, at: datetime) -> bytes:
        event = event_of(told, at, self._basis, secrets.randbits(63))
        plain = json.dumps(event, ensure_ascii=False)
        return base64.b64encode(self._sealer.seal(plain, _CONTEXT)) + b"\n"

    def _append(self, lines: bytes) -> None:
        if self._file is None:
            self._number += 1
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
            self._file = os.open(self._path, flags, 0o600)
        done = os.write(self._file, lines)
        self._octets += done
        if done < len(lines):
            self._turn()  # a torn line ends this segment
            raise OSError("the disk is full")
        if self._octets >= _SEGMENT:
            self._turn()

    @property
    def _path(self) -> Path:
        return self._folder / f"{self.mark}-{self._number:08}.sealed"

    def _turn(self) -> None:
        """End the segment that is written to."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fdatasync(self._file)
            os.close(self._file)
            self._closed[self._path] = self._octets
            self._file, self._octets = None, 0

    def _orphans(self) -> list[Path]:
        """Segments whose process is gone."""
        found: list[Path] = []
        for lock in sorted(self._folder.glob("*.lock")):
            if lock.stem == self.mark:
                continue
            with contextlib.suppress(OSError):
                held = _locked(lock)
                try:
                    segments = sorted(self._folder.glob(f"{lock.stem}-*.sealed"))
                    if not segments:
                        lock.unlink(missing_ok=True)
                    found += segments
                finally:
                    os.close(held)
        return found

    def _ship(self, path: Path, post: Callable[[bytes], None]) -> None:
        try:
            lines = path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return  # another process was quicker
        for first in range(0, len(lines), _BATCH):
            rows = [row for line in lines[first : first + _BATCH] if (row := self._open(line))]
            if rows:
                post("".join(row + "\n" for row in rows).encode())
                self.told += len(rows)
        path.unlink(missing_ok=True)

    def _open(self, line: bytes) -> str | None:
        """The event of a line; None for a torn or foreign one, which is counted."""
        try:
            return self._sealer.open(base64.b64decode(line, validate=True), _CONTEXT)
        except (ValueError, FanzhaError):
            self.lost += 1
            return None


def _locked(path: Path) -> int:
    """OSError where another process holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file


def unavailable(what: str) -> Unavailable:
    """The centre does not take events now."""
    return Unavailable(
        "centre_away",
        zh="反诈中心暂时不接收事件，记录留在本机稍后再送",
        en=f"the centre takes no events now ({what}); they stay here and are sent later",
    )
