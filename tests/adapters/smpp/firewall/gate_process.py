"""The firewall as a process of its own, for peers that are not ours and for kills."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from fanzha.entrypoints.edge.sms import TextWire, run

ROOT = Path(__file__).resolve().parents[4]


class GateProcess:
    """`with GateProcess(folder, to=port) as gate: gate.port`."""

    def __init__(self, folder: Path, to: int, *, port: int = 0, **wire: Any) -> None:
        self.folder = folder
        self._told = {
            "listen": f"127.0.0.1:{port}", "to": f"127.0.0.1:{to}", "data": str(folder),
            "policies": str(ROOT / "policies"), "keyring": str(folder / "keyring.json"), **wire,
        }  # fmt: skip
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, or start again on the same port."""
        self._told["listen"] = f"127.0.0.1:{self.port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.adapters.smpp.firewall.gate_process",
             json.dumps(self._told)],
            cwd=ROOT, stdout=subprocess.PIPE, env={"PYTHONPATH": "src", "PATH": ""},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        return self._end()

    def _end(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        status = self._process.wait(20)
        self._process.stdout.close()
        return status

    def __enter__(self) -> GateProcess:
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
    for name in ("data", "policies", "keyring"):
        told[name] = Path(told[name])
    run(TextWire(**told), ready=lambda port: print(port, flush=True))


if __name__ == "__main__":
    main(sys.argv[1])
