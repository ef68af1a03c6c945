"""The packaged PostgreSQL as a child process, under our own care.

The package's own manager believes any live process that has an old server's pid, and as root it
widens the permissions of every parent folder; so we run `initdb` and `postgres` ourselves.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote, urlencode

import psycopg

from fanzha.adapters.postgres.service_user import (
    NOTE,
    begin,
    copy_for_service,
    end_all_in,
    group_of,
    may,
    package,
    service_user,
    short,
)
from fanzha.errors import Misconfigured, Unavailable

SUPERUSER = "postgres"
DATABASE = "fanzha"
_START_S = 30.0
_STOP_S = 20.0
_SOCKET_PATH_MAX = 90
_HBA = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"


class EmbeddedPostgres:
    """One server over one folder. `with EmbeddedPostgres(folder) as server: … server.url(role)`.

    Listens on a unix socket, and on loopback where a port is given; every role signs in with a
    password of its own, made here and kept in the folder for its owner only.
    The first process that starts it owns it and ends it; others meanwhile are guests and only
    use it. Started by root it runs as the system user `fanzha`, because PostgreSQL refuses root.
    """

    def __init__(
        self, folder: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder.resolve()
        self._port = port
        self._settings = dict(settings or {})
        self._user = service_user() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner: IO[bytes] | None = None
        self._program, self._data = self._places()

    @property
    def pid(self) -> int | None:
        """The server's process, if it is ours and alive."""
        alive = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and alive else None

    @property
    def user(self) -> str | None:
        """The operating system's user to run `argv` as; None: whoever we are."""
        return self._user

    def password(self, role: str) -> str:
        """The password of a role; made when first asked for."""
        path = self._folder / "passwords.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if role not in known:
            known[role] = secrets.token_hex(16)
            _write_private(path, json.dumps(known))
        return str(known[role])

    def url(self, role: str = SUPERUSER, database: str = DATABASE) -> str:
        """For libpq and SQLAlchemy. The role must exist; ours are made by the migrations."""
        where = {"host": str(self._socket_folder), "port": str(self._port or 5432)}
        return f"postgresql://{quote(role)}:{self.password(role)}@/{database}?{urlencode(where)}"

    @property
    def argv(self) -> list[str]:
        """The command that runs the server in the foreground, once it is prepared."""
        settings = {
            "listen_addresses": "127.0.0.1" if self._port else "",
            "port": str(self._port or 5432),
            "unix_socket_directories": str(self._socket_folder),
            "unix_socket_permissions": "0777",
            "password_encryption": "scram-sha-256",
            "max_connections": "200",
            "log_timezone": "UTC",
            "timezone": "UTC",
            **self._settings,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self._program / "postgres"), "-D", str(self._data), *options]

    def own(self) -> bool:
        """Become the owner of the folder; False while another process is."""
        if self._owner is not None:
            return True
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = (self._folder / "owner.lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._owner = lock
        return True

    def prepare(self) -> None:
        """Everything before the start: ownership, no old server, a data folder, no stale file."""
        if not self.own():
            raise Misconfigured(
                "postgres_in_use",
                zh="另一个进程正在使用这个数据库目录",
                en="another process is using this database folder",
                field="data",
            )
        self._end_leftovers()
        if not (self._data / "PG_VERSION").exists():
            self._initdb()
        (self._data / "pg_hba.conf").write_text(_HBA, encoding="ascii")
        # Whoever left it is gone (see above); a living process of the same number is a stranger.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self._make_folder(self._socket_folder)

    def ready(self) -> bool:
        """Whether the superuser can sign in and the database is there; makes it if it is not."""
        try:
            with psycopg.connect(
                self.url(database="postgres"), connect_timeout=2, autocommit=True
            ) as connection:
                made = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
                ).fetchone()
                if made is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}".encode())
                return True
        except psycopg.Error:
            return False

    def start(self) -> None:
        """Start and wait until ready. Starting a running server does nothing."""
        if self.pid is not None:
            return
        if not self.own():
            self._wait_as_guest()
            return
        try:
            self._start_patiently()
        except BaseException:
            self.stop()
            raise

    def _start_patiently(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self._started(deadline):
            if time.monotonic() > deadline:
                raise self._not_started()
            time.sleep(0.2)

    def _started(self, deadline: float) -> bool:
        """One attempt at start and connection together: a dying server can spoil either."""
        self.prepare()
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                user=self._user,
                group=group_of(self._user),
                extra_groups=[] if self._user else None,
            )
        while self._process.poll() is None and time.monotonic() < deadline:
            if self.ready():
                return True
            time.sleep(0.02)
        return False

    def _wait_as_guest(self) -> None:
        deadline = time.monotonic() + _START_S
        while not self.ready():
            if time.monotonic() > deadline:
                raise self._not_started()
            time.sleep(0.1)

    def stop(self) -> None:
        """End every connection and the server; insist where it does not. A guest leaves it."""
        if self._process is not None:
            for sent in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                self._process.send_signal(sent)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_STOP_S)
                    break
            self._process = None
        if self._owner is not None:
            self._end_leftovers()
            self._owner.close()
            self._owner = None

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ── places ──────────────────────────────────────────────────────────────────────────────────

    def _places(self) -> tuple[Path, Path]:
        """(programs, data): in our own folders, or where the service user can reach them."""
        programs = package() / "bin"
        if self._user is None:
            return programs, self._folder / "data"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not may(self._user, "-x", programs / "postgres"):
            programs = copy_for_service() / "bin"
        return programs, self._data_place(self._user)

    def _data_place(self, user: str) -> Path:
        """Decided once: a folder that changes its permissions must not look like lost data."""
        data, note = self._folder / "data", self._folder / NOTE
        if note.exists():
            return Path(note.read_text(encoding="utf-8").strip())
        if may(user, "-x", self._folder):
            return data
        if data.exists():
            raise Misconfigured(
                "data_out_of_reach",
                zh=f"用户 {user} 无法进入 {self._folder}",
                en=f"the user {user} cannot enter {self._folder}",
                field="data",
            )
        with (self._folder / "begun.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not note.exists():
                begin(self._folder)
        return Path(note.read_text(encoding="utf-8").strip())

    @property
    def _socket_folder(self) -> Path:
        """Beside the data, unless that path is too long for a socket."""
        beside = self._data.parent / f"{self._data.name}-socket"
        if len(str(beside)) <= _SOCKET_PATH_MAX:
            return beside
        return Path(f"/tmp/fanzha-{os.getuid()}-{short(self._folder)}")  # noqa: S108

    def _make_folder(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = path.lstat()  # what a link of somebody else's points at must not become ours
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), self._uid):
            raise Misconfigured(
                "foreign_folder",
                zh=f"目录 {path} 属于别的用户",
                en=f"the folder {path} belongs to another user",
                field="data",
            )
        os.chown(path, self._uid, -1)
        path.chmod(0o700)

    @property
    def _uid(self) -> int:
        return pwd.getpwnam(self._user).pw_uid if self._user else os.geteuid()

    def _initdb(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)  # what an interrupted initdb left
        self._make_folder(self._data)
        password = self._data.with_name(f"{self._data.name}-password")
        _write_private(password, self.password(SUPERUSER))
        os.chown(password, self._uid, -1)
        made = subprocess.run(
            [
                str(self._program / "initdb"),
                f"--pgdata={self._data}",
                f"--username={SUPERUSER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--data-checksums",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            user=self._user,
            group=group_of(self._user),
            extra_groups=[] if self._user else None,
            check=False,
        )
        password.unlink()
        if made.returncode:
            shutil.rmtree(self._data, ignore_errors=True)
            raise Misconfigured(
                "initdb_failed",
                zh=f"无法建立数据库：{made.stderr.decode(errors='replace')[-500:]}",
                en=f"initdb failed: {made.stderr.decode(errors='replace')[-500:]}",
            )

    # ── what earlier runs left ──────────────────────────────────────────────────────────────────

    def _end_leftovers(self) -> None:
        """End what works in our data folder still."""
        process = self._process
        end_all_in(self._data, (lambda: None) if process is None else process.poll)

    def _not_started(self) -> Unavailable:
        return Unavailable(
            "postgres_not_started",
            zh=f"PostgreSQL 未能启动，详见 {self._folder / 'server.log'}",
            en=f"PostgreSQL did not start; see {self._folder / 'server.log'}",
        )


def _write_private(path: Path, text: str) -> None:
    """Written aside and renamed; readable by its owner only from the first byte."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    aside.rename(path)
