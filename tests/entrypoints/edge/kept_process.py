"""Keeps lists in a folder and dies by SIGKILL at the n-th renaming, before or after it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from fanzha.entrypoints.edge.kept import KeptLists
from fanzha.lists.form import Kind
from fanzha.testing.lists import MemoryLists, entry

RENAME = Path.replace


def main(folder: Path, nth: int, after: bool) -> None:
    renamed = 0

    def rename(path: Path, to: Path) -> Path:
        nonlocal renamed
        renamed += 1
        if renamed == nth and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = RENAME(path, to)
        if renamed == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    Path.replace = rename  # type: ignore[assignment,method-assign]
    lists, kept = MemoryLists([entry(Kind.NUMBER, "95588")]), KeptLists(folder)
    kept.whole(lists.whole())
    for n in range(3):
        lists.put(entry(Kind.NUMBER, str(95_000 + n)))
        changes = lists.changes(lists.version - 1, 0)
        assert changes is not None
        kept.changes(changes)
    kept.whole(lists.whole())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "after")
