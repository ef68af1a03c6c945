"""Compile the kernels of features and detection once, so that the first event need not wait.

A small invented city passes through detection; what Numba compiles on the way stays in its cache.
"""

from __future__ import annotations

import os
import sys

from tools.steps import ROOT, digest, run, step

SOURCE = ROOT / "src"
STAMP = ROOT / "build" / "kernels-compiled"
_COMPILED = ("features", "detection")


def main() -> None:
    """Nothing is done when nothing changed."""
    files = [p for name in _COMPILED for p in (SOURCE / "fanzha" / name).rglob("*.py")]
    made_from = digest(files, str(ROOT), sys.version)
    if STAMP.is_file() and STAMP.read_text() == made_from:
        print("· 检测核心无变化 detection kernels unchanged")
        return
    STAMP.unlink(missing_ok=True)
    city = ["city", "score", "--residents", "300", "--days", "0.2", "--behaviour", "demo", "--json"]
    with step("编译检测核心", "compile the kernels of detection"):
        run(
            [sys.executable, "-m", "fanzha.entrypoints.cli.main", *city],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
    STAMP.parent.mkdir(exist_ok=True)
    STAMP.write_text(made_from)


if __name__ == "__main__":
    main()
