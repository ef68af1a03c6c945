"""The habits that are checked: each fault is seen, and what is well is let be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.tidy import faults, of_file

INNER = "src/fanzha/lifecycles/thing.py"
OPEN = '"""A thing."""\n'


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (INNER, "x = 1\n", "opening sentence"),
        (INNER, OPEN + "y = 1\n" * 400, "401 lines"),
        ("tests/test_thing.py", OPEN + "y = 1\n" * 600, "601 lines"),
        (INNER, OPEN + "def f():\n" + "    x = 1\n" * 70, "f has 71 lines"),
        (INNER, OPEN + "class SmsSession:\n    pass\n", "“session”"),
        (INNER, OPEN + "class A:\n    domains: int\n", "“domains”"),
        (INNER, OPEN + "def block_call():\n    pass\n", "“block”"),
        (INNER, OPEN + "from datetime import datetime\nx = datetime.now()\n", "clock"),
        (INNER, OPEN + "import datetime\nx = datetime.date.today()\n", "clock"),
        (
            "src/fanzha/ports/p.py",
            OPEN + "class P(Protocol):\n" + "".join(f"    def f{n}(self): ...\n" for n in range(6)),
            "6 methods",
        ),
    ],
)
def test_a_fault_is_seen(name: str, text: str, words: str) -> None:
    [fault] = of_file(name, text)
    assert words in str(fault)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (INNER, ""),
        (INNER, OPEN + "def f():\n" + "    x = 1\n" * 69),
        (INNER, OPEN + "class Blockade:\n    now: int\n"),
        (INNER, OPEN + "def f(clock):\n    return clock.now()\n"),
        ("src/fanzha/entrypoints/e.py", OPEN + "from datetime import datetime\ndatetime.now()\n"),
    ],
)
def test_what_is_well_is_let_be(name: str, text: str) -> None:
    assert of_file(name, text) == []


def test_test_modules_of_one_name_are_a_fault(tmp_path: Path) -> None:
    for place in ("tests/a/test_one.py", "tests/b/test_one.py", "tests/b/test_two.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(OPEN)
    assert [fault.path for fault in faults(tmp_path)] == ["tests/b/test_one.py"]
