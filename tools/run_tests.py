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

BROWSER = ["chromium", "fonts-noto-cjk"]
"""Packages of the tests marked `browser`."""
_CLOSING = re.compile(r"\b(passed|failed|errors?|no tests ran)\b.* in [\d.]+s")


def main(arguments: list[str]) -> int:
    """Exit status of the suite."""
    required = os.environ.get("REQUIRE_ALL") == "1"
    absent = debian.missing(BROWSER)
    if absent:
        with step(f"安装 {' '.join(absent)}", f"install {' '.join(absent)}"):
            absent = [] if debian.install(absent) else debian.missing(BROWSER)
    report = ROOT / "build" / "tests.xml"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    choice = ["-m", "not browser"] if absent else []
    status, closing = _pytest(
        ["-n", "2", "--dist", "loadfile", f"--junitxml={report}", *choice, *arguments]
    )
    unrun = _skipped(report)
    if absent:
        unrun += [f"{t}  （缺少 needs {' '.join(absent)}）" for t in _marked_browser(arguments)]
    if unrun:
        print(f"\n未运行的测试 tests not run: {len(unrun)}")
        print("\n".join(f"  {name}" for name in unrun))
    print(closing)
    if unrun and required and status == 0:
        print("REQUIRE_ALL=1: 有测试未运行，视为失败 tests that did not run count as failed")
        return 1
    return status


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


def _marked_browser(arguments: list[str]) -> list[str]:
    asked = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "browser", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in asked.stdout.splitlines() if "::" in line]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
