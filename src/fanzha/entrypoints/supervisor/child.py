"""One process under care: started, seen ready, restarted with growing patience, ended in time."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fanzha.adapters.postgres.service_user import group_of
from fanzha.errors import Unavailable

_PR_SET_PDEATHSIG = 1
_LONGEST_WAIT_S = 30.0
_STEADY_S = 60.0


@dataclass(frozen=True)
class Plan:
    """How a process is run. `prepare` comes before each start; `ready` is asked until it is so."""

    name: str
    zh: str
    en: str
    argv: Callable[[], Sequence[str]]
    ready: Callable[[], bool]
    log: Path
    prepare: Callable[[], None] = lambda: None
    stop_with: signal.Signals = signal.SIGTERM
    start_s: float = 60.0
    stop_s: float = 15.0
    user: str | None = None
    environment: Mapping[str, str] | None = None
    aloud: bool = False
    """Its words go to our own output instead of a file."""


@dataclass
class Child:
    """A plan at work."""

    plan: Plan
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    again_at: float = field(default=0.0)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it; it ends by itself when this process does, whatever kills us."""
        plan = self.plan
        plan.prepare()
        plan.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        out = None if plan.aloud else plan.log.open("ab")
        try:
            self.process = subprocess.Popen(
                list(plan.argv()),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/" if plan.user else None,
                env=None if plan.environment is None else dict(plan.environment),
                start_new_session=True,
                user=plan.user,
                group=group_of(plan.user),
                extra_groups=[] if plan.user else None,
                preexec_fn=_ends_with(os.getpid(), plan.stop_with),
            )
        finally:
            if out is not None:
                out.close()
        self.started_at = time.monotonic()

    def wait_ready(self, interrupted: Callable[[], bool]) -> None:
        """Unavailable when it ends, or does not become ready in its time."""
        deadline = time.monotonic() + self.plan.start_s
        while not self.plan.ready():
            if interrupted():
                return
            if not self.alive or time.monotonic() > deadline:
                raise Unavailable(
                    "not_started",
                    zh=f"{self.plan.zh}未能启动，详见 {self.plan.log}{self._last_words()}",
                    en=f"{self.plan.en} did not start; see {self.plan.log}{self._last_words()}",
                )
            time.sleep(0.03)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.plan.log.read_text(errors="replace").strip().splitlines()
            if lines:
                return f": {lines[-1][:300]}"
        return ""

    def tend(self) -> str | None:
        """Restart it where it has died; what happened, in words, when something did."""
        if self.process is None or self.process.poll() is None:
            if self.failures and time.monotonic() - self.started_at > _STEADY_S:
                self.failures = 0
            return None
        now = time.monotonic()
        if not self.again_at:
            self.failures += 1
            wait = min(0.2 * 2 ** (self.failures - 1), _LONGEST_WAIT_S)
            self.again_at = now + wait
            code = self.process.returncode
            return f"{self.plan.zh}已退出（{code}），{wait:.1f} 秒后重启 {self.plan.en} ended"
        if now < self.again_at:
            return None
        self.again_at = 0.0
        self.start()
        return f"{self.plan.zh}已重新启动 {self.plan.en} started again"

    def ask_to_end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.plan.stop_with)

    def end(self, deadline: float) -> bool:
        """Wait until the deadline (monotonic), then insist. False when it had to be killed."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
            return True
        except subprocess.TimeoutExpired:
            # Its own session: whatever it started goes with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return False


def _ends_with(parent: int, number: signal.Signals) -> Callable[[], None]:
    """Runs in the child between fork and exec: the kernel signals it when its parent dies."""
    library = ctypes.CDLL(None, use_errno=True)

    def bind() -> None:
        library.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)  # the parent died before the request

    return bind
