"""Licences: what is refused, what stands apart, and that the page in docs/ is of today's lock."""

from __future__ import annotations

import pytest

from tools.licences import Package, console, packages, page, stated
from tools.steps import ROOT


@pytest.mark.parametrize(
    "licence",
    ["GPL-3.0-only", "AGPL-3.0-or-later", "GNU General Public License v2", "MIT AND GPL-2.0", ""],
)
def test_gpl_and_silence_are_refused(licence: str) -> None:
    with pytest.raises(SystemExit):
        page([Package("a", "1", licence)], [])
    with pytest.raises(SystemExit):
        page([], [Package("a", "1", licence)])


def test_lgpl_stands_apart() -> None:
    text = page([Package("a", "1", "MIT"), Package("b", "2", "LGPL-3.0-only")], [])
    free, _, lesser = text.partition("Under the LGPL")
    assert "| a | 1 | MIT |" in free
    assert "| b | 2 | LGPL-3.0-only |" in lesser


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "found"),
    [
        ("MIT", "anything", ["License :: OSI Approved :: BSD License"], "MIT"),
        ("", "long " * 100, ["License :: OSI Approved :: MIT License"], "MIT"),
        ("", "BSD-3-Clause", ["Topic :: Software"], "BSD-3-Clause"),
        ("", "long " * 100, [], ""),
    ],
)
def test_how_a_licence_is_read(
    expression: str, text: str, classifiers: list[str], found: str
) -> None:
    assert stated(expression, text, classifiers) == found


def test_the_page_is_of_this_lock() -> None:
    assert (ROOT / "docs/licences.md").read_text(encoding="utf-8") == page(packages(), console())
