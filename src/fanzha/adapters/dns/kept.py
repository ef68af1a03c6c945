"""What the primary keeps on disk between runs: serials, what they stood for, what was urgent."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fanzha.adapters.dns import wire

__all__ = ["Kept"]

_log = logging.getLogger("fanzha.dns")


@dataclass
class _Zone:
    serial: int
    digest: str | None = None


@dataclass
class Kept:
    """A serial is on disk before anybody hears it, so that no later run begins below it. Where the
    disk takes nothing, serials still follow the clock and the run goes on; it is logged."""

    path: Path
    clock: Callable[[], float]
    _zones: dict[str, _Zone] = field(default_factory=dict)
    urgent: dict[str, list[tuple[str, int, bool]]] = field(default_factory=dict)
    """Zone → (name, match, whether it is in the main zone too)."""

    @classmethod
    def read(cls, path: Path, clock: Callable[[], float]) -> Kept:
        """What a former run left; nothing where there was none, or where it cannot be read."""
        kept = cls(path, clock)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            zones = {
                name: _Zone(int(one["serial"]), one["digest"])
                for name, one in found["zones"].items()
            }
            urgent = {
                name: [(str(n), int(m), bool(f)) for n, m, f in rows]
                for name, rows in found["urgent"].items()
            }
        except FileNotFoundError:
            return kept
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            _log.error("%s cannot be read: serials begin at the clock's time", path.name)
            return kept
        kept._zones, kept.urgent = zones, urgent
        return kept

    def before(self, zone: str) -> tuple[int, str] | None:
        """The last serial of a zone, and the digest of what it stood for (`""`: not known)."""
        one = self._zones.get(zone)
        return None if one is None else (one.serial, one.digest or "")

    def serial_after(self, zone: str) -> Callable[[int | None], int]:
        """The next serial of `zone`, written down before it is given."""

        def after(before: int | None) -> int:
            last = self._zones.get(zone)
            if last is not None and (before is None or wire.newer(last.serial, before)):
                before = last.serial
            serial = wire.next_serial(before, int(self.clock()))
            self._zones[zone] = _Zone(serial)
            self.write()
            return serial

        return after

    def settled(self, digests: Mapping[str, str]) -> None:
        """Write down what the present serials stand for: before an orderly end."""
        for name, digest in digests.items():
            if name in self._zones:
                self._zones[name].digest = digest
        self.write()

    def write(self) -> None:
        """Aside, then renamed."""
        whole: dict[str, Any] = {
            "zones": {n: {"serial": z.serial, "digest": z.digest} for n, z in self._zones.items()},
            "urgent": self.urgent,
        }
        aside = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with aside.open("w", encoding="utf-8") as file:
                json.dump(whole, file)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.path)
        except OSError as error:
            _log.error("serials are not on disk: %s", error)
