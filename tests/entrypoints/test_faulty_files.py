"""Files that are damaged, lack a column or hold values of another kind: said by name, way out."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fanzha.detection.rules.names import load_catalogue
from fanzha.entrypoints.cli import accounts, apps, cards, dens, features, links, texts
from fanzha.entrypoints.cli import main as command
from fanzha.entrypoints.cli.admitted import admitted
from fanzha.entrypoints.cli.rows import ID, Progress, at_line, read_rows
from fanzha.entrypoints.cli.workshop import files as rules
from fanzha.entrypoints.rule_file import read_rule
from fanzha.errors import Refused
from fanzha.values import reserved
from tests.fixtures import POLICIES

ROW = {"id": 1, "text": "您好", "url": "a.example", "payer": 1, "payee": 2, "time": 3,
       "package": "com.a"}  # fmt: skip
LINES = b"".join(json.dumps({**ROW, "id": n, "n": n * n}).encode() + b"\n" for n in range(3000))
WHOLE = gzip.compress(LINES)
DAMAGED = {
    "breaks off": WHOLE[: len(WHOLE) // 2],
    "another sum": WHOLE[:-8] + bytes(4) + WHOLE[-4:],
    "another length": WHOLE[:-4] + b"\1\0\0\0",
    "overwritten": WHOLE[:500] + bytes(50) + WHOLE[550:],
    "something behind it": WHOLE + b"more",
}
COMMANDS: dict[str, Callable[[str, str], None]] = {
    "text": lambda path, out: texts.classify(path, out),
    "link": lambda path, out: links.classify(path, out),
    "app": lambda path, out: apps.classify(source=path, out=out),
    "accounts": lambda path, out: accounts.score(path, out),
    "cards": lambda path, out: cards.score(Path(path), out=out),
    "dens": lambda path, out: dens.score(Path(path), out=out),
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("name", COMMANDS)
def test_damaged_gzip_is_refused_by_name_with_a_way_out(
    tmp_path: Path, name: str, damage: str
) -> None:
    path, out = tmp_path / "monthly.jsonl.gz", tmp_path / "out.jsonl"
    path.write_bytes(DAMAGED[damage])
    with pytest.raises(Refused) as told:
        COMMANDS[name](str(path), str(out))
    assert told.value.field == "monthly.jsonl.gz"
    assert "get it again" in told.value.en
    assert "重新取得" in told.value.zh
    assert not out.exists()


@pytest.mark.parametrize("name", ["text", "link", "app", "accounts"])
def test_bytes_named_gzip_that_are_none_are_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / "monthly.jsonl.gz"
    path.write_bytes(bytes(range(256)) * 9)
    with pytest.raises(Refused, match="gzip_none") as told:
        COMMANDS[name](str(path), str(tmp_path / "out.jsonl"))
    assert told.value.field == "monthly.jsonl.gz"


def test_plain_lines_named_gzip_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(LINES)
    assert sum(p.frame.height for p in read_rows(str(tmp_path / "a.jsonl.gz"), {"n": pl.Int64}))


@pytest.mark.parametrize("name", ["text", "link", "accounts"])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_file_without_a_needed_column_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / f"in.{kind}"
    frame = pl.DataFrame({"id": [1, 2], "payer": [1, 2]})
    getattr(frame, {"jsonl": "write_ndjson"}.get(kind, f"write_{kind}"))(path)
    with pytest.raises(Refused, match="columns_absent") as told:
        COMMANDS[name](str(path), str(tmp_path / "out.jsonl"))
    assert {"text": "text or turns", "link": "url", "accounts": "payee"}[name] in told.value.en


def parts_of(path: Path, data: bytes) -> list[Any]:
    path.write_bytes(data)
    kinds = {"id": ID, "text": pl.String}
    parts = list(read_rows(str(path), kinds, needed=[("text",)], texts=("text",)))
    return [text for part in parts for text in part.frame["text"]]


@pytest.mark.parametrize("value", [7, 1.5, True, ["a"], {"a": "b"}, None, [1, 2]])
def test_only_a_text_is_a_text(tmp_path: Path, value: Any) -> None:
    data = b"".join(
        json.dumps({"id": n, "text": text}).encode() + b"\n" for n, text in enumerate(["a", value])
    )
    assert parts_of(tmp_path / "a.jsonl", data) == ["a", None]
    assert parts_of(tmp_path / "a.jsonl", data.replace(b'"text"', b'"t\\u0065xt"')) == ["a", None]


def test_a_text_may_hold_what_looks_like_a_name(tmp_path: Path) -> None:
    said = ['{"text": 7}', '"text": [1]', "text"]
    data = b"".join(json.dumps({"text": one}).encode() + b"\n" for one in said)
    assert parts_of(tmp_path / "a.jsonl", data) == said


def test_a_column_of_numbers_is_no_column_of_texts(tmp_path: Path) -> None:
    pl.DataFrame({"id": [1], "text": [7]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(Refused, match="column_type"):
        list(read_rows(str(tmp_path / "a.parquet"), {"text": pl.String}, texts=("text",)))


def test_a_row_without_id_is_known_by_its_line() -> None:
    answers = pl.DataFrame(
        {"id": [b"1", None, None], "error": ["wrong", "wrong", None]},
        schema={"id": ID, "error": pl.String},
    )
    told = at_line(answers, pl.Series([3, 4, 5]))
    assert told.to_list() == ["wrong", "第 4 行 line 4: wrong", None]


def test_numbers_and_addresses_within_are_no_links_to_judge(tmp_path: Path) -> None:
    given = ["7", "1.5", "http://0x7f.1/", "http://192.168.1.1/admin", "http://[::1]/", 7]
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text("".join(json.dumps({"url": one}) + "\n" for one in [*given, "http://8.8.8.8"]))
    links.classify(str(path), str(out))
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["score"] for row in found[:-1]] == [None] * 6
    assert [f"line {n}: " in row["error"] for n, row in enumerate(found[:-1], 1)] == [True] * 6
    assert found[-1]["score"] > 0.5
    assert found[-1]["reasons"][0]["code"] == "bare_address"


def test_a_name_with_escapes_is_the_name_a_browser_reads(tmp_path: Path) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    urls = ["http://icbc%2Ecom%2Ecn%2eevil.example/", "http://icbc.com.cn.evil.example/"]
    path.write_text("".join(json.dumps({"url": one}) + "\n" for one in urls))
    links.classify(str(path), str(out))
    one, two = (json.loads(line) for line in out.read_text().splitlines())
    assert one == two
    assert one["registrable"] == "evil.example"


def test_progress_counts_rows_that_are_refused_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"event_id": 1, "source": "x", "at": "2026-11-20T12:00:00Z", "action": "activate",
           "number": reserved.mobile(1)}  # fmt: skip
    path = tmp_path / "l.jsonl"
    path.write_text(f"{json.dumps(row)}\n{{broken\n{json.dumps({**row, 'number': 5})}\n")
    faults: list[dict[str, Any]] = []
    progress = Progress("记录", "records")
    assert admitted(path, "line", faults, progress).height == 1
    assert len(faults) == 2
    assert progress.rows == 3


def test_rows_that_cannot_be_read_are_answered_in_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"id":1,"url":"a.example"}\n{broken\n{"id":3,"url":"b.example"}\n')
    links.classify(str(path), str(out))
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in found] == [1, None, 3]
    assert "line 2: " in found[1]["error"]
    assert found[1]["score"] is None
    assert "1 rows not judged" in capsys.readouterr().err


@pytest.mark.parametrize("name", [one for one in COMMANDS if one != "app"])
def test_answers_never_take_the_place_of_the_input(tmp_path: Path, name: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(LINES)
    (tmp_path / "link.jsonl").symlink_to(path)
    for out in (path, tmp_path / "link.jsonl"):
        with pytest.raises(Refused, match="out_is_in"):
            COMMANDS[name](str(path), str(out))
    assert path.read_bytes() == LINES


# ── words of other commands ──────────────────────────────────────────────────────────────────────


def test_no_name_in_a_channel_names_the_channels_that_have_it() -> None:
    channels = load_catalogue(POLICIES / "workshop" / "names.yaml").channels
    only = {
        name: code
        for code, channel in channels.items()
        for name in channel.names
        if sum(name in other.names for other in channels.values()) == 1
    }
    name, code = next((n, c) for n, c in only.items() if c != "transfer_payer")
    with pytest.raises(Refused) as told:
        rules.complete_(name, "transfer_payer")
    assert "--channel" in told.value.en
    assert "transfer_payer" in told.value.en
    assert code in told.value.en
    with pytest.raises(Refused, match="--channel"):
        rules.complete_("nosuchname", "transfer_payer")


def test_an_unknown_feature_leads_to_the_list() -> None:
    with pytest.raises(Refused) as told:
        features.show("nosuch")
    assert "nosuch" in told.value.en
    assert "fanzha features list" in told.value.en
    assert told.value.field is None


def test_a_rule_file_is_told_what_it_lacks_and_what_nobody_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = {"id": "r", "channel": "c", "when": "x", "score": 0.5, "title_zh": "a",
             "title_en": "a", "zh": "a", "en": "a"}  # fmt: skip
    lacking = {k: v for k, v in whole.items() if k not in ("zh", "score")} | {"colour": "red"}
    data = json.dumps(lacking).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    with pytest.raises(Refused) as told:
        read_rule("-")
    assert told.value.en == "it lacks score, zh; there is no field colour"


def test_a_field_that_the_words_name_is_not_said_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise Refused("x", zh="缺少列：payee", en="lacks payee", field="payee")

    monkeypatch.setattr(command, "app", refuse)
    assert command.main() == 2
    assert capsys.readouterr().err.splitlines()[0] == "✗ 缺少列：payee"


def test_summaries_are_not_said_to_be_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"event_id": 1, "source": "x", "at": "2026-11-20T12:00:00Z", "duration_s": 9,
           "caller": reserved.mobile(1), "callee": reserved.mobile(2)}  # fmt: skip
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(row) + "\n")
    dens.score(path, out=str(tmp_path / "o.jsonl"))
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("窝点 dens ")
