"""Keeps a set of processes: starts them in stages, tends them, ends all of them in time."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from fanzha.entrypoints.supervisor.child import Child, Plan
from fanzha.errors import Misconfigured

_TEND_S = 0.2


class Keeper:
    """`with Keeper(folder) as keeper: keeper.start(stage) …; keeper.tend()`.

    One keeper a data folder. SIGINT and SIGTERM end `tend`; leaving the block ends every child, the
    last started first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []
        self._told = False
        self._lock: IO[str] | None = None
        self._begun = time.monotonic()

    def __enter__(self) -> Keeper:
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / "keeper.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip()
            lock.close()
            raise Misconfigured(
                "already_running",
                zh=f"这个数据目录已有一个中心在运行（进程 {pid}）",
                en=f"a centre is already running on this data folder (process {pid})",
                field="data",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self._end_all()
        if self._lock is not None:
            self._lock.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._told = True

    def told(self) -> bool:
        """Whether somebody asked for the end."""
        return self._told

    def start(self, plans: Sequence[Plan]) -> None:
        """Start these at once and wait until each is ready; says when each was."""
        fresh = [Child(plan) for plan in plans]
        for child in fresh:
            child.start()
            self._children.append(child)
        for child in fresh:
            child.wait_ready(lambda: self._told)
            if not self._told:
                say(f"{self.seconds:6.1f} s  {child.plan.zh} {child.plan.en}")

    @contextmanager
    def step(self, zh: str, en: str) -> Iterator[None]:
        """Something that is done, not started; says when it was."""
        yield
        say(f"{self.seconds:6.1f} s  {zh} {en}")

    @property
    def seconds(self) -> float:
        """Since the keeper began."""
        return time.monotonic() - self._begun

    def tend(self, each: Callable[[], None] = lambda: None) -> None:
        """Until told to end: restart what dies, and say so."""
        while not self._told:
            for child in self._children:
                if (said := child.tend()) is not None:
                    say(f"! {said}")
            each()
            time.sleep(_TEND_S)

    def _end_all(self) -> None:
        if not self._children:
            return
        begun = time.monotonic()
        killed = []
        for child in reversed(self._children):
            child.ask_to_end()
            # What others stand on is asked last, when they are gone.
            if not child.end(time.monotonic() + child.plan.stop_s):
                killed.append(child.plan.name)
        words = f"，强制结束 killed {', '.join(killed)}" if killed else ""
        say(f"已全部结束 all ended: {time.monotonic() - begun:.1f} s{words}")


def say(line: str) -> None:
    """To whoever watches; a closed terminal is no reason to fail."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until we end
