"""The whole suite: brings the Debian packages that tests need, and names what did not run.

With REQUIRE_ALL=1 a test that did not run is a failure. Arguments are handed to pytest.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from tools import debian
from tools.steps import ROOT, step

MARKED = {
    "browser": ["chromium", "fonts-noto-cjk"],
    "peers": [
        "kamailio", "kamailio-python3-modules", "sip-tester", "unbound", "bind9",
        "bind9-dnsutils", "baresip-core", "espeak-ng",
    ],
}  # fmt: skip
"""Debian packages of the tests that carry a mark."""
_CLOSING = re.compile(r"\b(passed|failed|errors?|no tests ran)\b.* in [\d.]+s")


def main(arguments: list[str]) -> int:
    """Exit status of the suite."""
    required = os.environ.get("REQUIRE_ALL") == "1"
    absent = {mark: lacking for mark, names in MARKED.items() if (lacking := _brought(names))}
    report = ROOT / "build" / "tests.xml"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    choice = ["-m", " and ".join(f"not {mark}" for mark in absent)] if absent else []
    # Files with slow tests begin (tests/conftest.py): none is left over beside an idle worker.
    spread = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    status, closing = _pytest([*spread, f"--junitxml={report}", *choice, *arguments])
    unrun = _skipped(report)
    for mark, names in absent.items():
        unrun += [f"{t}  （缺少 needs {' '.join(names)}）" for t in _marked(mark, arguments)]
    if unrun:
        print(f"\n未运行的测试 tests not run: {len(unrun)}")
        print("\n".join(f"  {name}" for name in unrun))
    print(closing)
    if unrun and required and status == 0:
        print("REQUIRE_ALL=1: 有测试未运行，视为失败 tests that did not run count as failed")
        return 1
    return status


def _brought(packages: list[str]) -> list[str]:
    """Bring what is missing; what is still missing afterwards."""
    absent = debian.missing(packages)
    if not absent:
        return []
    with step(f"安装 {' '.join(absent)}", f"install {' '.join(absent)}"):
        return [] if debian.install(absent) else debian.missing(packages)


def _pytest(arguments: list[str]) -> tuple[int, str]:
    """Run it, pass its words on, remember its closing line."""
    closing = "pytest 没有结束语 pytest gave no closing line"
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if _CLOSING.search(line):
                closing = line.strip().strip("= ")
    return process.returncode, closing


def _skipped(report: Path) -> list[str]:
    if not report.is_file():
        return []
    tree = ET.parse(report)  # our own file, made a moment ago
    return [
        f"{case.get('classname')}::{case.get('name')}  ({skipped.get('message')})"
        for case in tree.iter("testcase")
        for skipped in case.findall("skipped")
        if skipped.get("type") == "pytest.skip"
    ]


def _marked(mark: str, arguments: list[str]) -> list[str]:
    asked = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", mark, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in asked.stdout.splitlines() if "::" in line]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
