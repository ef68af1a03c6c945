"""`fanzha up` as a process on a data folder of its own, watched from outside."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import psutil

from fanzha.entrypoints.supervisor.plans import free_port
from tests.entrypoints.cli.command import ARGV, Said, environment, fanzha

_PATIENCE_S = 180.0


class Centre:
    """One `fanzha up` at a time on one data folder."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "var"
        self.out = folder / "out.txt"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.family: list[psutil.Process] = []

    def start(self) -> None:
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [*ARGV, "up", "--data", str(self.data), "--port", str(self.port)],
                env=environment(), stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.wait(lambda: "started" in self.words or not self.running, "the start")
        assert self.running, self.words
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def words(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def child(self, name: str) -> psutil.Process:
        """The process of ours that runs this part."""
        assert self.process is not None
        for found in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if name in {Path(word).name for word in found.cmdline()}:
                    return found
        raise AssertionError(f"no {name} is running")

    def left(self) -> list[psutil.Process]:
        """Of everything that ran, what still does."""
        return [p for p in self.family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def fanzha(self, *arguments: str, settings: Mapping[str, str] | None = None) -> Said:
        return fanzha(*arguments, settings={"data": str(self.data), **(settings or {})})

    def wait(self, found: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not found():
            assert time.monotonic() < deadline, f"{what} never came; {self.words}"
            time.sleep(0.1)

    def metric(self, name: str) -> float:
        with contextlib.suppress(httpx.HTTPError):
            for line in httpx.get(f"{self.url}/metrics", timeout=30).text.splitlines():
                if line.startswith(name):
                    return float(line.rpartition(" ")[2])
        return -1.0
