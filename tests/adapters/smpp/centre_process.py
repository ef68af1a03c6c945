"""The local message centre as a process of its own, for tests that kill, starve or watch it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from fanzha.adapters.smpp.smsc import Faults, SmscSettings
from fanzha.entrypoints.smsc.run import run

SYSTEM_ID = "fanzha"
PASSWORD = "s3cret"


class CentreProcess:
    """`with CentreProcess(folder, throttle=3) as centre: centre.port`. Faults by keyword."""

    def __init__(self, folder: Path, *, port: int = 0, **faults: Any) -> None:
        self.path = folder / "messages.ndjson"
        self._port = port
        self._faults = faults
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The same after a restart."""
        return self._port

    def start(self, **faults: Any) -> None:
        """Start, or start again on the same port with other faults."""
        told = {"port": self._port, "store": str(self.path), "faults": faults or self._faults}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.adapters.smpp.centre_process", json.dumps(told)],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": "src", "PATH": ""},
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())

    def stop(self) -> int:
        """SIGTERM; gives the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._end()

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._end()

    def _end(self) -> int:
        assert self._process is not None
        status = self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return status

    def lines(self) -> list[dict[str, Any]]:
        """All whole lines of the store."""
        if not self.path.exists():
            return []
        return [json.loads(x) for x in self.path.read_bytes().split(b"\n")[:-1] if x]

    def messages(self) -> list[dict[str, Any]]:
        """What reached phones: whole messages, parts joined."""
        return [line for line in self.lines() if line["kind"] == "message"]

    def __enter__(self) -> CentreProcess:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self.stop()


def main(text: str) -> None:
    told = json.loads(text)
    settings = SmscSettings(
        SYSTEM_ID,
        PASSWORD,
        Path(told["store"]),
        port=told["port"],
        deliver_after_s=0.05,
        full_numbers=True,
        faults=Faults(**told["faults"]),
    )
    asyncio.run(run(settings, ready=lambda port: print(port, flush=True)))


if __name__ == "__main__":
    main(sys.argv[1])
