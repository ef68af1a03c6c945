"""Hostile rule files are refused in words, at once; a plain one is read as it stands."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanzha.entrypoints.rule_file import read_rule
from fanzha.errors import Refused

PLAIN = """\
id: many_hours
channel: transfer_payer
when: |
  amount > 1 元
score: 0.5
title_zh: 题
title_en: title
zh: 因
en: why
"""
BOMB = "scam_type: &a [x, x]\nstage: &b [*a, *a]\nid: &c [*b, *b]\n"


def test_a_plain_rule_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rule.yaml").write_text(PLAIN, encoding="utf-8")
    rule = read_rule(str(tmp_path / "rule.yaml"))
    assert (rule.id, rule.when, rule.score) == ("many_hours", "amount > 1 元", 0.5)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    assert read_rule("-") == rule


@pytest.mark.parametrize(
    "text",
    [
        BOMB + PLAIN.replace("id: many_hours\n", ""), PLAIN.replace("0.5", "&a 0.5"),
        PLAIN + "stage: *a\n", "[" * 20_000, "{a: " * 20_000, "- " * 20_000, PLAIN + "#" * 70_000,
        PLAIN.replace("题", "[a, b]"), PLAIN.replace("题", "{a: b}"),
        PLAIN.replace("题", "!!binary aGFsbG8="), PLAIN.replace("题", "!!set {a}"),
        PLAIN.replace("many_hours", ""), PLAIN.replace("题", "null"), PLAIN.replace("因", "~"),
        PLAIN.replace("|\n  amount > 1 元", ""),
        PLAIN.replace("0.5", ".nan"), PLAIN.replace("0.5", "true"), PLAIN.replace("0.5", "x"),
        PLAIN + "!!python/object/apply:os.system [ls]: 1\n", "? [a]\n: b\n", "", "7", "\0",
    ],
)  # fmt: skip
def test_what_is_no_plain_rule(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rule.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused):
        read_rule(str(path))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: (PLAIN + t).encode()))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "rule.yaml"
    path.write_bytes(data)
    try:
        rule = read_rule(str(path))
    except Refused:
        return
    assert rule.id == "many_hours"
