"""The rules that a demo begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanzha.detection.rules.rule import check
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.entrypoints.rule_file import read_rule
from tests.fixtures import POLICIES
from tests.usecases.workshop.given import bench

EXAMPLES = sorted((POLICIES.parent / "examples" / "rules").glob("*.yaml"))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_is_in_order_and_named_as_its_file(path: Path) -> None:
    rule = read_rule(str(path))
    taxonomy = load_taxonomy(POLICIES / TAXONOMY_FILE)
    check(rule, bench().catalogue, frozenset([*taxonomy.main_classes, *taxonomy.types]))
    assert rule.id == path.stem
