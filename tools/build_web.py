"""Build the console with the locked Node.js of `.venv`; nothing is done when nothing changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tools.steps import ROOT, digest, run, step

WEB = ROOT / "web"
STATIC = ROOT / "src" / "fanzha" / "entrypoints" / "api" / "static"
BUILT_STAMP = ROOT / "build" / "web-built"
PACKAGES_STAMP = WEB / "node_modules" / ".fanzha-installed"
_NOT_SOURCES = {"node_modules", "dist"}


def main() -> None:
    """Install the locked packages, then build into the API's static folder."""
    packages = digest([WEB / "package.json", WEB / "package-lock.json"], str(ROOT))
    sources = digest(_sources())
    if (STATIC / "index.html").is_file() and _reads(BUILT_STAMP, sources):
        print("· 控制台无变化 console unchanged")
        return
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = str(binaries / "npm")
    if not _reads(PACKAGES_STAMP, packages):
        with step("安装控制台的依赖", "install the console's packages"):
            run([npm, "ci", "--no-audit", "--no-fund"], cwd=WEB, env=environment)
            PACKAGES_STAMP.write_text(packages)
    with step("构建控制台", "build the console"):
        BUILT_STAMP.unlink(missing_ok=True)
        run([npm, "run", "build"], cwd=WEB, env=environment)
        BUILT_STAMP.parent.mkdir(exist_ok=True)
        BUILT_STAMP.write_text(sources)


def _sources() -> list[Path]:
    found: list[Path] = []
    for folder, names, files in os.walk(WEB):
        names[:] = [n for n in names if n not in _NOT_SOURCES]
        found += [Path(folder) / name for name in files]
    return found


def _reads(stamp: Path, text: str) -> bool:
    return stamp.is_file() and stamp.read_text() == text


if __name__ == "__main__":
    main()
