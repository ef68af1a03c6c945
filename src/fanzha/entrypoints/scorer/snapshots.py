"""Snapshots of the engine: plain files, written aside, flushed, renamed."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

State = Mapping[str, npt.NDArray[np.generic]]
_log = logging.getLogger("fanzha.scorer.snapshots")
_KEPT = 2


@dataclass(frozen=True)
class Snapshot:
    """The engine's state as it stood after the entry at `position`."""

    position: int
    state: dict[str, npt.NDArray[np.generic]]


class Snapshots:
    """A folder of snapshots: each an .npz and a small file with its checksum, written last."""

    def __init__(self, folder: Path, *, version: str) -> None:
        self.folder = folder
        self._version = version
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def save(self, position: int, state: State) -> None:
        """Durable when this returns; older ones beyond two are removed, and what a crash left.

        OSError where it cannot be written; nothing of it is left then.
        """
        name = f"{position:020d}"
        try:
            self._write(name, position, state)
        except OSError:
            for end in ("part", "npz"):
                (self.folder / f"{name}.{end}").unlink(missing_ok=True)
            raise
        for old in sorted(self.folder.glob("*.json"))[:-_KEPT]:
            old.unlink()
        for left in (*self.folder.glob("*.npz"), *self.folder.glob("*.part")):
            if not left.with_suffix(".json").exists():
                left.unlink(missing_ok=True)

    def _write(self, name: str, position: int, state: State) -> None:
        data = self.folder / f"{name}.npz"
        aside = self.folder / f"{name}.part"
        with aside.open("wb") as file:
            np.savez(file, **state)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        aside.replace(data)
        mark = {"position": position, "version": self._version, "sha256": _digest(data)}
        aside.write_text(json.dumps(mark), encoding="ascii")
        flush(aside)
        aside.replace(self.folder / f"{name}.json")
        flush(self.folder)

    def newest(self) -> Snapshot | None:
        """The newest whole snapshot of this version; a damaged one is passed over and said."""
        for position in sorted(self.positions(), reverse=True):
            found = self.at(position)
            if found is not None:
                return found
        return None

    def positions(self) -> set[int]:
        """Of which there are snapshots, usable or not."""
        return {int(mark.stem) for mark in self.folder.glob("*.json") if mark.stem.isdigit()}

    def at(self, position: int) -> Snapshot | None:
        """The snapshot of a position; None where it is damaged or of another version, and said."""
        mark = self.folder / f"{position:020d}.json"
        data = mark.with_suffix(".npz")
        try:
            about = json.loads(mark.read_text(encoding="ascii"))
            if about["version"] != self._version:
                _log.warning("snapshot %s is of another version; passed over", mark.stem)
                return None
            if _digest(data) != about["sha256"]:
                raise ValueError("checksum differs")
            with np.load(data, allow_pickle=False) as arrays:
                return Snapshot(about["position"], {k: arrays[k] for k in arrays.files})
        except (OSError, ValueError, KeyError) as error:
            _log.warning("snapshot %s cannot be used: %s", mark.stem, type(error).__name__)
        return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """On disk when this returns: a file, or a folder's list of names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
