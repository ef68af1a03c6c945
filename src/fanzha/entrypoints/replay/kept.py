"""A replay of history that goes on where it was cut off: its state, and its files cut to match."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fanzha.detection.engine import Engine
from fanzha.detection.state import packed, part, prefixed, unpacked
from fanzha.entrypoints.replay.files import private_file
from fanzha.entrypoints.scorer.snapshots import Snapshots

if TYPE_CHECKING:
    from fanzha.entrypoints.replay.history import Replayed

__all__ = ["Keeper", "continued", "opened"]


EVERY_S = 30.0
"""How much work may have to be done again."""


class Keeper:
    """Keeps a replay's state in a folder now and then, with how long its files were then.

    `about` says what is replayed: state that was kept of anything else is passed over.
    """

    def __init__(self, folder: Path, engine: Engine, about: str) -> None:
        self._engine = engine
        self._snapshots = Snapshots(folder, version=f"{engine.state_version}-{about}")
        self._saved = time.monotonic()

    def taken_up(self, files: Mapping[str, Path]) -> tuple[Mapping[str, Any], dict[str, int]]:
        """The counts that were kept, and how much of each file they tell of; both empty where
        there is nothing to go on from. Restores the engine."""
        found = self._snapshots.newest()
        if found is None:
            return {}, {}
        told = unpacked(found.state["replayed"])
        lengths: dict[str, int] = told.pop("lengths")
        if set(lengths) != set(files):
            return {}, {}
        if any(not path.is_file() or path.stat().st_size < lengths[name]
               for name, path in files.items()):  # fmt: skip
            return {}, {}
        self._engine.restore(part("engine", found.state))
        return told, lengths

    def keep(self, done: Replayed, files: Mapping[str, IO[str]]) -> None:
        """Save, if it is time to; what was written is on disk before."""
        if time.monotonic() - self._saved < EVERY_S:
            return
        lengths = {}
        for name, file in files.items():
            file.flush()
            os.fsync(file.fileno())
            lengths[name] = os.fstat(file.fileno()).st_size
        plain = {**vars(done), "lengths": lengths}
        state = {**prefixed("engine", self._engine.snapshot()), "replayed": packed(plain)}
        self._snapshots.save(done.position, state)
        self._saved = time.monotonic()


def continued(done: Replayed, kept: Mapping[str, Any]) -> None:
    """Take over counts that were kept."""
    for name, value in kept.items():
        setattr(done, name, Counter(value) if isinstance(value, dict) else value)


def opened(path: Path, length: int | None) -> IO[str]:
    """A file to write from its beginning, or cut to a length and written on."""
    if length is None:
        return private_file(path)
    file = open(path, "r+", encoding="utf-8")  # noqa: SIM115 the caller closes it
    file.truncate(length)
    file.seek(0, os.SEEK_END)
    return file
