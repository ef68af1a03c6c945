"""The list as an edge keeps it on its own disk: a whole one, and each set of changes since.

A folder of files, each written aside, flushed and renamed, each with its own digest at its end:

    whole-00000000000000000007.list              everything that stood at version 7
    changes-00000000000000000009-00…07.list      what changed from version 7 to 9

Whatever is killed while it writes leaves the folder as it was. What is damaged, or leads on from no
version that is here, is left out.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from fanzha.adapters.lists.packing import pack, unpack
from fanzha.errors import Refused
from fanzha.lists.form import Lists

__all__ = ["KeptLists"]

_log = logging.getLogger("fanzha.edge")
_WHOLE = re.compile(r"whole-(\d{20})\.list")
_CHANGES = re.compile(r"changes-(\d{20})-(\d{20})\.list")
_DIGEST = 32
_ASIDE = ".aside"
_FILES, _ENTRIES_A_FILE = 64, 10_000
_ROWS, _SHARE = 10_000, 8


class KeptLists:
    """One folder; one process at a time writes to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = 0
        self._rows = 0

    def load(self) -> Iterator[Lists]:
        """The newest whole list that can be read, then the changes that lead on from it."""
        self._files = self._rows = 0
        if not self._folder.is_dir():
            return
        names = [path.name for path in self._folder.iterdir()]
        for name in names:
            if name.startswith(_ASIDE):
                (self._folder / name).unlink(missing_ok=True)
        wholes = sorted((n for n in names if _WHOLE.fullmatch(n)), reverse=True)
        whole = next(filter(None, map(self._read, wholes)), None)
        if whole is None:
            return
        yield whole
        version = whole.version
        for name in sorted(n for n in names if _CHANGES.fullmatch(n)):
            found = _CHANGES.fullmatch(name)
            assert found is not None
            if int(found[1]) <= version:
                continue
            changes = self._read(name)
            if changes is None or changes.since != version:
                return
            self._files, self._rows = self._files + 1, self._rows + changes.entries.num_rows
            version = changes.version
            yield changes

    def whole(self, lists: Lists) -> None:
        """Keep a whole list in place of everything that is here. Raises OSError."""
        name = f"whole-{lists.version:020}.list"
        self._write(name, lists)
        for path in self._folder.iterdir():
            if path.name != name and (_WHOLE.fullmatch(path.name) or _CHANGES.fullmatch(path.name)):
                path.unlink(missing_ok=True)
        self._files = self._rows = 0

    def changes(self, lists: Lists) -> None:
        """Keep a set of changes beside what is here. Raises OSError."""
        self._write(f"changes-{lists.version:020}-{lists.since:020}.list", lists)
        self._files += 1
        self._rows += lists.entries.num_rows

    def is_long(self, entries: int) -> bool:
        """Whether it is time to keep a whole list again, of so many entries."""
        many = self._files > _FILES + entries // _ENTRIES_A_FILE
        return many or self._rows > _ROWS + entries // _SHARE

    def _read(self, name: str) -> Lists | None:
        try:
            data = (self._folder / name).read_bytes()
            body, digest = data[:-_DIGEST], data[-_DIGEST:]
            if hashlib.sha256(body).digest() == digest:
                return unpack(body).lists
        except (OSError, Refused):
            pass
        _log.warning("%s cannot be read and is left out", name)
        return None

    def _write(self, name: str, lists: Lists) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        body = pack(lists, made_at=0, centre="")
        aside = self._folder / f"{_ASIDE}-{os.getpid()}"
        try:
            with aside.open("wb") as file:
                file.write(body)
                file.write(hashlib.sha256(body).digest())
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._folder / name)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
