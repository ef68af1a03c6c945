"""A real Kamailio with our configuration as a private process: for tests, benchmarks and demos."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from fanzha.errors import Unavailable

DEPLOY = Path(__file__).resolve().parents[3] / "deploy" / "kamailio"
_START_S = 15.0


class Kamailio:
    """`with Kamailio(folder, next_hop, {"socket": path}) as kamailio: kamailio.port`.

    Listens on 127.0.0.1, UDP and TCP. `ini` are settings of the hook; None: without the hook.
    """

    def __init__(
        self,
        folder: Path,
        next_hop: int,
        ini: Mapping[str, str] | None,
        *,
        children: int = 2,
        memory_mb: int = 64,
        hook: Path = DEPLOY / "fanzha_kemi.py",
        environment: Mapping[str, str] | None = None,
        defined: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self._next_hop = next_hop
        self._ini = ini
        self._children = children
        self._memory_mb = memory_mb
        self._hook = hook
        self._environment = dict(environment or {})
        self._defined = [word for name in defined for word in ("-A", name)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "kamailio.log").read_text(encoding="utf-8", errors="replace")

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def counted(self) -> dict[str, int]:
        """The hook's counters, over all workers: `asked`, `refused`, …"""
        at = f"unixs:{self.folder}/kamailio_ctl"
        told = subprocess.run(
            ["kamcmd", "-s", at, "stats.get_statistics", "script:"],
            capture_output=True, text=True, check=True, timeout=20,
        ).stdout  # fmt: skip
        pairs = (line.split(" = ") for line in told.splitlines() if "fanzha_" in line)
        return {name.partition("fanzha_")[2]: int(value) for name, value in pairs}

    def start(self) -> None:
        """Raises `Unavailable` where it does not come up; its log says why."""
        program = shutil.which("kamailio", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise _down("not installed")
        self.folder.mkdir(parents=True, exist_ok=True)
        here = f"127.0.0.1:{self.port}"
        command = [
            program, "-DD", "-E", "-m", str(self._memory_mb), "-n", str(self._children), "-N", "1",
            "-Y", str(self.folder), "-f", str(DEPLOY / "kamailio.cfg"), "-l", f"udp:{here}",
            "-l", f"tcp:{here}", "-A", f'NEXT_HOP="sip:127.0.0.1:{self._next_hop}"',
            "-A", f'FANZHA_KEMI="{self._hook}"', *self._defined,
        ]  # fmt: skip
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment |= self._environment | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}
        if self._ini is None:
            command += ["-A", "WITHOUT_FANZHA"]
        else:
            written = self.folder / "fanzha.ini"
            lines = [f"{name} = {value}" for name, value in self._ini.items()]
            written.write_text("\n".join(["[fanzha]", *lines, ""]), encoding="utf-8")
            environment["KAMAILIO_FANZHA_INI"] = str(written)
        with (self.folder / "kamailio.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                cwd=self.folder, env=environment, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + _START_S
        while not self.answers():
            if not self.alive or time.monotonic() > until:
                self.stop()
                raise _down(self.log[-2000:])

    def answers(self, wait_s: float = 0.3) -> bool:
        """Whether it answers OPTIONS."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.bind(("127.0.0.1", 0))
            link.settimeout(wait_s)
            port = link.getsockname()[1]
            link.sendto(_options(port, self.port), ("127.0.0.1", self.port))
            try:
                return link.recv(4096).startswith(b"SIP/2.0 200")
            except OSError:
                time.sleep(0.05)
                return False

    def stop(self) -> None:
        """Ends it and its workers, in time or by force."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(8)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def __enter__(self) -> Kamailio:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, UDP nor TCP, as of now; below those that systems
    hand out by themselves, so that nobody is given it before it is used."""
    while True:
        port = 12_000 + secrets.randbelow(20_000)
        try:
            with (
                socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
            ):
                stream.bind(("127.0.0.1", port))
                datagram.bind(("127.0.0.1", port))
            return port
        except OSError:
            continue


def _options(port: int, to: int) -> bytes:
    return (
        f"OPTIONS sip:127.0.0.1:{to} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{port}.{time.monotonic_ns()}\r\n"
        f"Max-Forwards: 5\r\nFrom: <sip:here@127.0.0.1>;tag={port}\r\nTo: <sip:127.0.0.1:{to}>\r\n"
        f"Call-ID: {time.monotonic_ns()}@127.0.0.1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _down(why: str) -> Unavailable:
    return Unavailable(
        "kamailio_down", zh=f"Kamailio 未能启动：{why}", en=f"Kamailio did not come up: {why}"
    )
