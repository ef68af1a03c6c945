"""The packaged nats-server as a child process: loopback, a password of its own, every write synced.

The default sync interval of JetStream loses acknowledged data when the power is cut, so this one
is told `sync_interval: always`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO

from fanzha.adapters.nats.wire import token
from fanzha.errors import Misconfigured, Unavailable

USER = "fanzha"
MAX_PAYLOAD = 8 << 20
_STOP_S = 10.0
_START_S = 20.0


@dataclass(frozen=True, slots=True)
class Access:
    """Where the server listens and who may sign in; kept in the data folder, for its owner only."""

    port: int
    password: str
    feeders: Mapping[str, str] = field(default_factory=dict)
    """Name of the sender -> password. A feeder may publish `in.<stream>.<its own name>` only."""
    room: int = 0
    """Bytes the store may take; decided at the start, because a reload must not lower it."""


class NatsServer:
    """One server over one folder. `with NatsServer(folder) as server: … server.url`.

    The first process that starts it owns it and ends it; others meanwhile are guests and only
    use it. A server left behind by an owner that was killed is stopped before a new one starts.
    """

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", port: int | None = None) -> None:
        self._folder = folder.resolve()
        self._host = host
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._owner: IO[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://{self._host}:{self.access().port}"

    @property
    def password(self) -> str:
        return self.access().password

    @property
    def pid(self) -> int | None:
        """The running server's process, if it is ours and alive."""
        alive = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and alive else None

    def access(self) -> Access:
        """Made at the first call, then read from the folder."""
        path = self._folder / "access.json"
        if path.exists():
            return Access(**json.loads(path.read_text(encoding="utf-8")))
        access = Access(port=self._port or _free_port(self._host), password=secrets.token_hex(16))
        self._keep(access)
        return access

    def add_feeder(self, sender: str) -> str:
        """Let a feeder publish batches; gives its password. Takes effect at once, whoever owns."""
        password = secrets.token_hex(16)
        access = self.access()
        self._keep(replace(access, feeders={**access.feeders, token(sender, "sender"): password}))
        self._configure()
        if (running := self._running()) is not None:
            os.kill(running, signal.SIGHUP)
        return password

    def own(self) -> bool:
        """Become the owner of the folder; False while another process is."""
        if self._owner is not None:
            return True
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (self._folder / "owner.lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._owner = lock
        return True

    def prepare(self) -> None:
        """Everything before the start: ownership, configuration, no old server, a free port."""
        if not self.own():
            raise Misconfigured(
                "nats_in_use",
                zh="另一个进程正在使用这个 NATS 数据目录",
                en="another process is using this NATS folder",
                field="data",
            )
        self._end_leftover()
        access = self.access()
        if self._port is not None and access.port != self._port:
            access = replace(access, port=self._port)
        if _taken(self._host, access.port):
            if self._port is not None:
                raise Misconfigured(
                    "port_taken",
                    zh=f"端口 {access.port} 已被其他程序占用",
                    en=f"port {access.port} is taken by another program",
                    field="nats_port",
                )
            access = replace(access, port=_free_port(self._host))
        store = self._folder / "store"
        store.mkdir(exist_ok=True, mode=0o700)
        self._keep(replace(access, room=_room(store)))
        self._configure()

    @property
    def argv(self) -> list[str]:
        """The command that runs the server in the foreground, once it is prepared."""
        return [str(binary()), "--config", str(self._folder / "nats.conf")]

    def ready(self) -> bool:
        """Whether the server takes connections (it does so after it has recovered its streams)."""
        try:
            with socket.create_connection((self._host, self.access().port), 1.0) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False

    def start(self) -> None:
        """Start and wait until ready. Starting a running server does nothing."""
        if self.pid is not None:
            return
        if not self.own():
            self._wait_ready()
            return
        self.prepare()
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._wait_ready()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self.ready():
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                raise Unavailable(
                    "nats_not_started",
                    zh=f"NATS 未能启动，详见 {self._folder / 'server.log'}",
                    en=f"NATS did not start; see {self._folder / 'server.log'}",
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end, wait, then insist. The data stays. A guest leaves it running."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._owner is not None:
            self._owner.close()
            self._owner = None

    def restart(self) -> None:
        """Start again after a crash, or over: the same port, the same data."""
        self.stop()
        self.start()

    def __enter__(self) -> NatsServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _keep(self, access: Access) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(self._folder / "access.json", json.dumps(asdict(access)))

    def _configure(self) -> None:
        text = configuration(self.access(), self._host, self._folder)
        _write_private(self._folder / "nats.conf", text)

    def _running(self) -> int | None:
        """The process in the pid file, if it is a server on this folder and not a stranger."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self._folder / "server.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if str(self._folder / "nats.conf").encode() in command:
                return pid
        return None

    def _end_leftover(self) -> None:
        """Stop the server of an owner that was killed."""
        deadline = time.monotonic() + _STOP_S
        while (pid := self._running()) is not None:
            late = time.monotonic() > deadline
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            time.sleep(0.05)


def configuration(access: Access, host: str, folder: Path) -> str:
    """The server's configuration file."""
    users = [f'    {{ user: "{USER}", password: "{access.password}" }}']
    users += [
        f'    {{ user: "{name}", password: "{password}", permissions: {{'
        f' publish: ["in.*.{name}"], subscribe: ["_INBOX_{name}.>"] }} }}'
        for name, password in sorted(access.feeders.items())
    ]
    return "\n".join(
        [
            'server_name: "fanzha"',
            f'listen: "{host}:{access.port}"',
            f"max_payload: {MAX_PAYLOAD}",
            "max_pending: 268435456",
            f'pid_file: "{folder / "server.pid"}"',
            "jetstream {",
            f'  store_dir: "{folder / "store"}"',
            "  sync_interval: always",
            f"  max_file_store: {access.room}",
            "  max_memory_store: 67108864",
            "}",
            "authorization {",
            "  users: [",
            *users,
            "  ]",
            "}",
            "",
        ]
    )


def binary() -> Path:
    """The packaged server, or the one of the system."""
    packaged = Path(sys.executable).parent / "nats-server"
    if packaged.is_file():
        return packaged
    found = shutil.which("nats-server")
    if found is None:
        raise Misconfigured(
            "no_nats_server",
            zh="找不到 nats-server，请运行 make install",
            en="nats-server is not installed: run make install",
        )
    return Path(found)


def _room(store: Path) -> int:
    """Bytes the store may take: what it has, and three quarters of what is free."""
    used = sum(f.stat().st_size for f in store.rglob("*") if f.is_file())
    return used + shutil.disk_usage(store).free * 3 // 4


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        return int(probe.getsockname()[1])


def _taken(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port)):
            return False
    except OSError:
        return True


def _write_private(path: Path, text: str) -> None:
    """Written aside and renamed; readable by its owner only from the first byte."""
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    aside.rename(path)
