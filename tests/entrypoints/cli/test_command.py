"""The command as such: help in both languages, wrong settings and wrong words told, not traced."""

from __future__ import annotations

from pathlib import Path

import pytest

import fanzha as package
from tests.entrypoints.cli.command import fanzha

COMMANDS = (
    "up", "demo", "serve", "work", "scorer", "smsc", "run", "city", "audit", "keys", "operators",
    "senders", "version",
)  # fmt: skip


def test_help_names_every_command_in_both_languages() -> None:
    said = fanzha("--help")
    assert said.code == 0
    for command in COMMANDS:
        line = next(row for row in said.out.splitlines() if f" {command} " in row)
        assert any("\u4e00" <= sign <= "\u9fff" for sign in line), line
        assert any("a" <= sign <= "z" for sign in line.partition(command)[2]), line


def test_version() -> None:
    assert fanzha("version").out.strip() == package.__version__


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"prot": "8000"}, "FANZHA_PROT"),
        ({"port": "70000"}, "port"),
        ({"snapshot_every_s": "soon"}, "snapshot_every_s"),
    ],
)
def test_a_wrong_setting_is_named_in_both_languages(
    settings: dict[str, str], field: str, tmp_path: Path
) -> None:
    said = fanzha("up", "--data", tmp_path / "var", settings=settings)
    assert said.code == 78
    zh, en = said.err.splitlines()
    assert field in zh
    assert field in en
    assert any("\u4e00" <= sign <= "\u9fff" for sign in zh)
    assert not (tmp_path / "var").exists(), "nothing was begun"


def test_a_demo_is_refused_off_this_machine(tmp_path: Path) -> None:
    said = fanzha("demo", "--host", "0.0.0.0", "--data", tmp_path / "var")
    assert said.code == 78
    assert "demo_not_loopback" in said.err


def test_a_sender_of_an_unknown_stream_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    said = fanzha(
        "senders", "add", "a", "--streams", "call,letters", settings={"data": str(tmp_path)}
    )
    assert said.code == 2
    assert "letters" in said.err


def test_a_password_may_come_from_the_environment(tmp_path: Path) -> None:
    said = fanzha(
        "operators", "add", "a", "--role", "dissuader", "--unit", "470100",
        settings={"data": str(tmp_path), "new_password": "short"},
    )  # fmt: skip
    assert "password_short" in said.err, "read, and found too short"
