"""Real resolvers as processes, configured by deploy/, and an upstream that always answers."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

from fanzha.entrypoints.supervisor.plans import free_port
from tests.adapters.dns.secondary import UPSTREAM

_DEPLOY = Path(__file__).parents[3] / "deploy"
_WAIT_S = 25.0
Answer = tuple[str, list[str]]


def until(holds: Callable[[], bool], what: str = "", wait_s: float = _WAIT_S) -> None:
    """Until it holds; says what did not come to hold."""
    end = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Upstream:
    """Answers every name with the same address: a time-out is then never taken for a verdict."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port: int = self._socket.getsockname()[1]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Upstream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(20)
        self._socket.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                data, source = self._socket.recvfrom(4096)
                query = dns.message.from_wire(data)
            except (TimeoutError, OSError, dns.exception.DNSException):
                continue
            response = dns.message.make_response(query)
            question = query.question[0]
            if question.rdtype == dns.rdatatype.A:
                response.answer.append(dns.rrset.from_text(question.name, 0, "IN", "A", UPSTREAM))
            self._socket.sendto(response.to_wire(), source)


class Resolver:
    """A process that answers on `port`; `start`, `stop` and `kill` as often as one likes."""

    program = ""

    def __init__(self, folder: Path, primary: int, upstream: int, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._primary = primary
        self._upstream = upstream
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def configured(self) -> list[str]:
        """Write the configuration; the command that runs it in the foreground."""
        raise NotImplementedError

    def start(self) -> None:
        command = self.configured()
        program = shutil.which(command[0], path="/usr/sbin:/usr/bin:/usr/local/sbin")
        assert program is not None, f"{command[0]} is not installed"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, *command[1:]], cwd=self.folder, stdout=log, stderr=log
            )
        until(lambda: self._up(), f"{self.program} does not answer:\n{self.log[-3000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def __enter__(self) -> Resolver:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def ask(self, name: str, kind: str = "A") -> Answer:
        """(rcode, addresses, following an alias); asked again where nothing came."""
        query = dns.message.make_query(name, kind)
        for _ in range(3):
            with contextlib.suppress(dns.exception.Timeout):
                response = dns.query.udp(query, "127.0.0.1", timeout=2, port=self.port)
                found = [
                    one.to_text()
                    for rrset in response.answer
                    if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
                    for one in rrset
                ]
                return dns.rcode.to_text(response.rcode()), sorted(found)
        return "TIMEOUT", []

    def _up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"{self.program} ended:\n{self.log[-3000:]}"
        query = dns.message.make_query("up.example", "A")
        with contextlib.suppress(dns.exception.Timeout, OSError):
            dns.query.udp(query, "127.0.0.1", timeout=0.2, port=self.port)
            return True
        return False


class Unbound(Resolver):
    """deploy/unbound as it is, but for ports."""

    program = "unbound"

    def configured(self) -> list[str]:
        ours = (_DEPLOY / "unbound" / "fanzha.conf").read_text(encoding="utf-8")
        assert "zonefile:" not in ours.replace("`zonefile:`", "")
        (self.folder / "fanzha.conf").write_text(ours.replace("@5300", f"@{self._primary}"))
        (self.folder / "unbound.conf").write_text(
            f"""
server:
    directory: "{self.folder}"
    chroot: ""
    username: ""
    pidfile: "{self.folder}/unbound.pid"
    interface: 127.0.0.1
    port: {self.port}
    do-daemonize: no
    use-syslog: no
    verbosity: 2
    num-threads: 1
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{self._upstream}
include: "{self.folder}/fanzha.conf"
"""
        )
        return ["unbound", "-d", "-c", str(self.folder / "unbound.conf")]


class Bind(Resolver):
    """deploy/bind as it is, but for ports."""

    program = "named"

    def configured(self) -> list[str]:
        for name in ("fanzha-options.conf", "fanzha-zones.conf"):
            ours = (_DEPLOY / "bind" / name).read_text(encoding="utf-8")
            (self.folder / name).write_text(ours.replace("port 5300", f"port {self._primary}"))
        (self.folder / "named.conf").write_text(
            f"""
options {{
    directory "{self.folder}";
    pid-file "{self.folder}/named.pid";
    session-keyfile "{self.folder}/local.key";
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    forward only;
    forwarders {{ 127.0.0.1 port {self._upstream}; }};
    dnssec-validation no;
    include "{self.folder}/fanzha-options.conf";
}};
controls {{ }};
include "{self.folder}/fanzha-zones.conf";
"""
        )
        # At least two threads: with one, a small zone waits until a large one is worked in.
        return ["named", "-g", "-n", "2", "-c", str(self.folder / "named.conf")]
