"""Compile the kernels of features, detection and lists once, so that nobody need wait for them.

A small invented city passes through detection, a small list through the index and the frames of the
local socket; what Numba compiles on the way stays in its cache.
"""

from __future__ import annotations

import os
import sys

from tools.steps import ROOT, digest, run, step

SOURCE = ROOT / "src"
STAMP = ROOT / "build" / "kernels-compiled"
_COMPILED = ("features", "detection", "lists", "entrypoints/edge", "adapters/smpp/firewall")
_LISTS = """
from fanzha.adapters.smpp.firewall.dialect import Smpp
from fanzha.entrypoints.edge.frames import question, read
from fanzha.lists.form import Kind
from fanzha.lists.index import Standing
from fanzha.testing.lists import MemoryLists, entry

lists = MemoryLists([entry(Kind.NUMBER, "95588")])
standing = Standing.build(lists.whole().entries, 1)
lists.put(entry(Kind.NAME, "bad.example"))
changes = lists.changes(1, 0)
standing.apply(changes.entries, changes.version)
standing.dump()
standing.senders(["95588"], 0)
Smpp()
standing.written(read(question([(Kind.NUMBER, b"95588")]), 1).questions, 0)
"""


def main() -> None:
    """Nothing is done when nothing changed."""
    places = [SOURCE / "fanzha" / name for name in _COMPILED]
    files = [p for place in places for p in (place.rglob("*.py") if place.is_dir() else [place])]
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
    with step("编译线上核心", "compile the kernels of lists and wires"):
        run([sys.executable, "-c", _LISTS], env={**os.environ, "PYTHONPATH": str(SOURCE)})
    STAMP.parent.mkdir(exist_ok=True)
    STAMP.write_text(made_from)


if __name__ == "__main__":
    main()
