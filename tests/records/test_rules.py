"""The words of broken rules read well in both languages, for every column there is."""

from __future__ import annotations

import re

import pytest

from fanzha.records import rules
from fanzha.records.schemas import COLUMNS

ALL = {c.name: c for columns in COLUMNS.values() for c in columns}
_CLASH = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")


@pytest.mark.parametrize("code", sorted(rules._WORDS))
def test_chinese_stands_apart_from_digits_and_letters(code: str) -> None:
    for column in ALL.values():
        said = rules.words(code, column).zh
        assert not _CLASH.search(said), said
        assert "  " not in said


def test_a_type_is_named() -> None:
    assert rules.words("type", ALL["event_id"]).zh == "event_id 须为 0 至 2^64-1 的整数"
    assert rules.words("type", ALL["at"]).zh == "at 须为 ISO 8601 时间或毫秒数"
