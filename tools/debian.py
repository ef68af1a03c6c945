"""Debian packages: which are missing, and installing them where we may. Standard library only."""

import os
import shutil
import subprocess


def missing(packages: list[str]) -> list[str]:
    """Those that dpkg does not know as installed; all of them where there is no dpkg."""
    return [p for p in packages if not _installed(p)]


def _installed(package: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() == "installed"


def install(packages: list[str]) -> bool:
    """Install them with apt-get where we may; whether they are there now."""
    prefix = _right()
    if prefix is None or shutil.which("apt-get") is None:
        return not missing(packages)
    get = [*prefix, "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    command = [*get, "install", "--yes", "--no-install-recommends", *packages]
    if not _quiet(command):
        _quiet([*get, "update"])  # a fresh machine has no lists yet
        _quiet(command)
    return not missing(packages)


def _right() -> "list[str] | None":
    """What to put before a command so that it runs as root; None where we may not."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and _quiet([sudo, "--non-interactive", "true"]):
        return [sudo, "--non-interactive"]
    return None


def _quiet(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    return done.returncode == 0
