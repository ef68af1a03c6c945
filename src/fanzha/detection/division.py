"""Snapshots of a group's members as the state from which any other group may go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fanzha.detection.arrays import Array

__all__ = ["united"]

_WINDOWS = ".windows."


def united(snapshots: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """One state of all members' snapshots at one position, or of a lone scorer's.

    Windows are of each member's own keys: they stand side by side, numbered, and each heir takes
    what it owns (`features.shared`). All else every member knows alike: the first one's is taken.
    """
    state: dict[str, Array] = {}
    for number, snapshot in enumerate(snapshots):
        for name, array in snapshot.items():
            owner, windows, part = name.partition(_WINDOWS)
            if windows:
                state[f"{owner}{_WINDOWS}{number}@{part}"] = array
            elif number == 0:
                state[name] = array
    return state
