"""Follows a centre's lists: from this machine's disk at once, then from the centre, for ever.

An edge goes on with what it has while the centre is away: entries with an end still end in time.
Where it has nothing it answers that nothing stands, so that calls and texts pass.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from fanzha.entrypoints.edge.kept import KeptLists
from fanzha.errors import FanzhaError, Refused
from fanzha.lists.form import Lists
from fanzha.lists.index import Standing
from fanzha.ports.list_feed import ListFeed

__all__ = ["Follower"]

_log = logging.getLogger("fanzha.edge")
_WAIT_S = 25.0
_BACK_OFF_S = (0.5, 60.0)
_LEAVE_S = 2.0


class Follower:
    """A thread that keeps `standing` up to date while its block is entered.

    `kept` is a folder of this edge's own. `on_change` is told each list as it comes, from that
    thread: a whole one (`since` None) replaces everything, changes lead on from `since`.
    """

    def __init__(
        self,
        feed: ListFeed,
        kept: Path,
        on_change: Callable[[Lists], None] | None = None,
        *,
        wait_s: float = _WAIT_S,
        back_off_s: tuple[float, float] = _BACK_OFF_S,
    ) -> None:
        self._feed = feed
        self._kept = KeptLists(kept)
        self._on_change = on_change
        self._wait_s = wait_s
        self._back_off_s = back_off_s
        self._seed = secrets.randbits(128)
        self._standing: Standing | None = None
        self._heard: float | None = None
        self._stop = threading.Event()
        self._loaded = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lists", daemon=True)

    @property
    def standing(self) -> Standing | None:
        """What stands, as far as is known here; None before anything is."""
        return self._standing

    @property
    def version(self) -> int | None:
        standing = self._standing
        return None if standing is None else standing.version

    @property
    def age_s(self) -> float | None:
        """Seconds since the centre last said what stands; None: not yet since this began."""
        heard = self._heard
        return None if heard is None else time.monotonic() - heard

    def loaded(self, timeout_s: float) -> bool:
        """Waits until the disk has been read; whether it has."""
        return self._loaded.wait(timeout_s)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Asks the thread to end. One that waits for the centre's answer ends with the process."""
        self._stop.set()
        self._thread.join(_LEAVE_S)

    def _run(self) -> None:
        self._load()
        least, most = self._back_off_s
        whole, pause = self._standing is None, 0.0
        while not self._stop.wait(pause):
            try:
                self._hear(whole)
                whole, pause = False, 0.0
                continue
            except Refused as refused:
                # Told once for the changes; a whole list that is refused too is waited for.
                again = not whole and refused.code in ("too_old", "list_goes_back")
                whole = whole or again
                _log.warning("the lists: %s", refused)
                if again:
                    continue
            except FanzhaError as error:
                _log.warning("the lists: %s", error)
            except Exception:
                _log.exception("a list could not be taken in; the whole one is asked for")
                whole = True
            pause = min(most, max(least, 2 * pause))

    def _hear(self, whole: bool) -> None:
        standing = self._standing
        if whole or standing is None:
            self._take(self._feed.whole(), keep=True)
        else:
            changes = self._feed.changes(standing.version, self._wait_s)
            if changes is not None:
                self._take(changes, keep=True)
        self._heard = time.monotonic()

    def _load(self) -> None:
        try:
            for lists in self._kept.load():
                self._take(lists, keep=False)
        except Exception:
            _log.exception("what is on disk could not be taken in; the centre is asked for all")
            self._standing = None
        self._loaded.set()

    def _take(self, lists: Lists, *, keep: bool) -> None:
        standing = self._standing
        if lists.since is None:
            standing = Standing.build(lists.entries, lists.version, self._seed)
        elif standing is None or lists.since != standing.version:
            raise Refused(
                "too_old",
                zh="变更与现有名单不衔接",
                en="the changes do not lead on from what stands here",
                field="since",
            )
        else:
            standing.apply(lists.entries, lists.version)
        self._standing = standing
        if keep:
            self._keep(lists, standing)
        if self._on_change is not None:
            self._on_change(lists)
        _log.info(
            "list %d: %s entries, %s changed, %.0f MB", lists.version, f"{len(standing):,}",
            "all" if lists.since is None else f"{lists.entries.num_rows:,}", standing.nbytes / 1e6,
        )  # fmt: skip

    def _keep(self, lists: Lists, standing: Standing) -> None:
        """A full disk costs a longer start next time, nothing now."""
        try:
            if lists.since is None:
                self._kept.whole(lists)
            else:
                self._kept.changes(lists)
                if self._kept.is_long(len(standing)):
                    self._kept.whole(standing.dump())
        except OSError as error:
            _log.warning("the list cannot be kept on disk: %s", error.strerror)
