"""Make `.venv` from the lock files: every package with its hash, no address anywhere.

Runs with any Python 3 and the standard library only: `python3 -m tools.bootstrap`. It finds Python
3.11, makes the environment (Debian may lack the module for that), installs uv by a lock of its
own, lets uv bring everything else, and makes the project importable and its command runnable.
Nothing is done twice: a stamp in `.venv` remembers what it was made from.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tools import debian
from tools.steps import ROOT, Failed, digest, run, step

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "fanzha-installed"
REQUIREMENTS = ROOT / "requirements"
WANTED = (3, 11)

COMMAND = """#!/bin/sh
exec '{python}' -c '
import sys
sys.argv[0] = "fanzha"
from fanzha.entrypoints.cli.main import main
sys.exit(main())' "$@"
"""


def main() -> None:
    """Install, or say in one line that everything is in place."""
    begun = time.monotonic()
    made_from = _made_from()
    if STAMP.is_file() and STAMP.read_text() == made_from and PYTHON.exists():
        print("· 环境无变化 environment unchanged")
        return
    STAMP.unlink(missing_ok=True)
    if not _usable():
        with step("建立 Python 3.11 环境", "make the Python 3.11 environment"):
            _make(_python())
    with step("安装 uv", "install uv"):
        _install_uv()
    with step("按锁定文件安装软件包", "install the packages of the lock"):
        run([str(VENV / "bin" / "uv"), "pip", "sync", "--quiet", "--python", str(PYTHON),
             "--require-hashes", str(REQUIREMENTS / "dev.lock")])  # fmt: skip
    _link_project()
    STAMP.write_text(made_from)
    print(f"· 安装完成 installed: {time.monotonic() - begun:.1f} s")


def _made_from() -> str:
    files = [REQUIREMENTS / "bootstrap.lock", REQUIREMENTS / "dev.lock", Path(__file__).resolve()]
    return digest(files, str(ROOT))


def _usable() -> bool:
    """Whether `.venv` is here, of the wanted version, and made for this folder."""
    return PYTHON.exists() and _version(str(PYTHON)) == WANTED and str(VENV) == _prefix()


def _prefix() -> str:
    asked = subprocess.run(
        [str(PYTHON), "-c", "import sys; print(sys.prefix)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return asked.stdout.strip()


def _python() -> str:
    for candidate in _candidates():
        if _version(candidate) == WANTED:
            return candidate
    if debian.install(["python3.11"]) and (found := shutil.which("python3.11")):
        return found
    raise Failed(
        "需要 Python 3.11，但没有找到；可设置 PYTHON=/path/to/python3.11",
        "Python 3.11 is needed and was not found; set PYTHON=/path/to/python3.11",
    )


def _candidates() -> Iterator[str]:
    if given := os.environ.get("PYTHON"):
        yield given
    yield sys.executable
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield str(Path(folder) / "python3.11")
    yield from ("/usr/bin/python3.11", "/usr/local/bin/python3.11")
    for home in (Path.home() / ".pyenv" / "versions", Path.home() / ".local/share/uv/python"):
        if home.is_dir():
            yield from (str(p) for p in sorted(home.glob("*3.11*/bin/python3.11"), reverse=True))


def _version(python: str) -> "tuple[int, ...] | None":
    """(major, minor) of an interpreter that really runs; None for anything else."""
    with contextlib.suppress(OSError, ValueError):
        asked = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if asked.returncode == 0:
            return tuple(int(n) for n in asked.stdout.split())
    return None


def _make(python: str) -> None:
    """Debian keeps the module that puts pip into an environment in a package of its own."""
    probe = [python, "-c", "import ensurepip, venv"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        debian.install(["python3.11-venv"])
        if subprocess.run(probe, capture_output=True, check=False).returncode:
            raise Failed(
                "缺少 python3.11-venv，请先运行：sudo apt-get install python3.11-venv",
                "python3.11-venv is missing; run: sudo apt-get install python3.11-venv",
            )
    shutil.rmtree(VENV, ignore_errors=True)
    run([python, "-m", "venv", str(VENV)])


def _install_uv() -> None:
    lock = REQUIREMENTS / "bootstrap.lock"
    run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--require-hashes", "--no-deps", "--requirement", str(lock)])  # fmt: skip


def _link_project() -> None:
    """The project from its own folder: a path file and a command, nothing to build."""
    packages = next((VENV / "lib").glob("python3*")) / "site-packages"
    (packages / "fanzha-src.pth").write_text(f"{ROOT / 'src'}\n")
    command = VENV / "bin" / "fanzha"
    command.write_text(COMMAND.format(python=str(PYTHON).replace("'", "'\\''")))
    command.chmod(0o755)


if __name__ == "__main__":
    main()
