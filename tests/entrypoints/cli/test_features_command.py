"""`fanzha features`: every feature is listed, chosen by stream and key, told in both languages."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from fanzha.detection.catalogue import catalogue
from fanzha.entrypoints.cli.features import features
from fanzha.errors import Refused
from tests.fixtures import POLICIES
from tools.features import BEGIN, END, written

ALL = catalogue(POLICIES)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(features, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_feature_in_every_form() -> None:
    rows = [json.loads(line) for line in _run("list", "--format", "json").splitlines()]
    assert [(r["channel"], r["name"]) for r in rows] == [(one.channel, one.name) for one in ALL]
    table = list(csv.DictReader(io.StringIO(_run("list", "--format", "csv"))))
    assert [r["name"] for r in table] == [r["name"] for r in rows]
    assert table[0].keys() == rows[0].keys()
    shown = _run("list")
    assert shown.count("\n") == len(ALL)
    assert "24 小时呼出次数" in shown
    assert "calls out within 24 h" in _run("list", "--lang", "en")


@pytest.mark.parametrize(
    ("arguments", "there", "absent"),
    [
        (("--key", "imei"), {"imsis_7d", "device_areas_1h"}, {"calls_24h"}),
        (("--key", "imsi_key"), {"imeis_7d"}, {"imsis_7d"}),
        (("--key", "cell"), {"cell_cards_1h", "here_out_24h"}, {"cells_24h"}),
        (("--stream", "call"), {"calls_24h", "out_share"}, {"in_n_24h"}),
        (("--stream", "transfer_payer"), {"left_share", "in_n_24h"}, {"moved_on", "calls_24h"}),
        (("--key", "pair"), {"pair_since_s", "own_device_24h"}, {"calls_24h"}),
        (("--stream", "pair"), {"pair_since_s"}, {"calls_24h"}),
        (("--stream", "person"), {"bank_on_call"}, {"calls_24h"}),
        (("--stream", "account", "--key", "name"), {"name_payers_30d"}, {"payee_names_30d"}),
    ],
)
def test_chosen_by_stream_and_key(
    arguments: tuple[str, ...], there: set[str], absent: set[str]
) -> None:
    lines = _run("list", *arguments, "--format", "json").splitlines()
    names = {json.loads(line)["name"] for line in lines}
    assert there <= names
    assert not absent & names


def test_one_feature_is_told_whole() -> None:
    told = _run("show", "strangers_24h")
    for words in (
        "24 小时呼叫的陌生号码次数", "contact circle", "caller_key", "24h", "4h", "stranger",
        "call_caller:calls_strangers",
    ):  # fmt: skip
        assert words in told, words
    made = _run("show", "out_share")
    assert "calls_24h / (calls_24h + received_24h)" in made
    both = _run("show", "night_share")
    assert "(call, live)" in both
    assert "(account, live)" in both


def test_what_is_not_there_is_refused_with_what_is_near() -> None:
    with pytest.raises(Refused) as refused:
        _run("show", "stranger_24h")
    assert "strangers_24h" in refused.value.en
    for arguments in (("--stream", "nowhere"), ("--key", "nobody")):
        with pytest.raises(Refused):
            _run("list", *arguments)


def test_the_page_has_the_table_as_it_stands() -> None:
    page = (POLICIES.parent / "docs" / "detection" / "features.md").read_text("utf-8")
    assert written(page, POLICIES) == page, (
        "run: python -m tools.features docs/detection/features.md"
    )
    for one in ALL:
        assert f"| `{one.name}` |" in page


def test_a_page_without_a_place_for_it_is_a_mistake() -> None:
    for page in ("# Features", f"{BEGIN}\n", f"{END}\n{BEGIN}"):
        with pytest.raises(ValueError, match="needs a line"):
            written(page, POLICIES)
