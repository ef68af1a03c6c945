"""Snapshots of a group: every member's part at one position; good only when all are there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from fanzha.detection.division import united
from fanzha.entrypoints.scorer.snapshots import Snapshot, Snapshots, State
from fanzha.ports.scorer_group import Epoch

__all__ = ["GroupSnapshots"]

_NAME = re.compile(r"epoch-(\d+)-(\d+)-of-(\d+)")


class GroupSnapshots:
    """A folder that all members reach. A lone scorer's snapshots in it count as a group of one.

    `folder` is the member's own, where it notes what it died of.
    """

    def __init__(self, shared: Path, me: str, *, version: str) -> None:
        self._shared = shared
        self._version = version
        self.folder = shared / f"member-{me}"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._own: Snapshots | None = None

    def join(self, epoch: Epoch, me: str) -> None:
        """From now on save as this epoch's member."""
        name = f"epoch-{epoch.number}-{epoch.members.index(me)}-of-{len(epoch.members)}"
        self._own = Snapshots(self._shared / name, version=self._version)

    def save(self, position: int, state: State) -> None:
        """This member's part. Durable when it returns."""
        assert self._own is not None
        self._own.save(position, state)

    def newest(self) -> Snapshot | None:
        """The newest position of which every part is whole, as one state."""
        found = sorted(self._complete(), key=lambda item: item[0], reverse=True)
        for position, parts in found:
            read = [part.at(position) for part in parts]
            whole = [snapshot.state for snapshot in read if snapshot is not None]
            if len(whole) == len(parts):
                return Snapshot(position, united(whole))
        return None

    def _complete(self) -> list[tuple[int, list[Snapshots]]]:
        lone = Snapshots(self._shared, version=self._version)
        complete = [(position, [lone]) for position in lone.positions()]
        for parts in self._groups().values():
            common = set.intersection(*(part.positions() for part in parts))
            complete += [(position, parts) for position in common]
        return complete

    def _groups(self) -> dict[int, list[Snapshots]]:
        """By epoch, the parts in order of the members; groups with a part missing are left out."""
        folders: dict[int, dict[int, Path]] = {}
        sizes: dict[int, int] = {}
        for folder in self._shared.glob("epoch-*"):
            if (named := _NAME.fullmatch(folder.name)) is not None:
                epoch, place, size = (int(n) for n in named.groups())
                folders.setdefault(epoch, {})[place] = folder
                sizes[epoch] = size
        return {
            epoch: [Snapshots(places[p], version=self._version) for p in range(sizes[epoch])]
            for epoch, places in folders.items()
            if len(places) == sizes[epoch]
        }

    def forget_before(self, epoch: int) -> None:
        """Remove what earlier epochs left, once this one has a whole snapshot of its own."""
        parts = self._groups().get(epoch)
        if not parts or not set.intersection(*(part.positions() for part in parts)):
            return
        for folder in self._shared.glob("epoch-*"):
            named = _NAME.fullmatch(folder.name)
            if named is not None and int(named[1]) < epoch:
                shutil.rmtree(folder, ignore_errors=True)
