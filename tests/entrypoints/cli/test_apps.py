"""`fanzha classify app`, `train app`, `evaluate app`, run as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.adapters.apk.building import apk, key, manifest
from tests.entrypoints.cli.command import fanzha

GOOD = {"package": "com.tencent.mm", "label": "微信", "version": "8.0.49", "min_sdk": 23,
        "target_sdk": 31, "permissions": ["android.permission.CAMERA"]}  # fmt: skip
BAD = {"package": "com.gsyh.app", "label": "中国工商银行", "version": "1.0", "min_sdk": 16,
       "target_sdk": 22, "permissions": ["READ_SMS", "RECEIVE_SMS", "READ_CONTACTS"]}  # fmt: skip


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


def test_facts_are_answered_row_by_row(tmp_path: Path) -> None:
    source = _written(tmp_path / "f.jsonl", [{"id": "a", **GOOD}, {"id": "b", **BAD}, {"id": "c"}])
    with source.open("a", encoding="utf-8") as file:
        file.write("no json\n" + json.dumps({"id": 5, "package": "org.a.b"}) + "\n")
    out = tmp_path / "g.jsonl"
    said = fanzha("classify", "app", "--in", source, "--out", out)
    assert said.code == 0
    assert "app/static@" in said.err
    a, b, c, d, e = _lines(out.read_text("utf-8"))
    assert [row["id"] for row in (a, b, c, d, e)] == ["a", "b", "c", None, 5]
    assert a["score"] < 0.1 < 0.9 < b["score"]
    assert (a["verdict"], b["verdict"], b["imitates"]) == ("可信", "仿冒", "icbc")
    assert a["missing"] == b["missing"] == []
    assert {"code", "zh", "en", "part"} == set(b["reasons"][0])
    assert c["score"] is None
    assert c["error"]
    assert (d["line"], d["score"], bool(d["error"])) == (4, None, True)
    assert e["missing"] == ["label", "version", "min_sdk", "target_sdk", "permissions"]


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    rows = [{"id": "a", **GOOD}, {"id": "b", **BAD}]
    frame = pl.DataFrame(rows)
    frame.write_parquet(tmp_path / "f.parquet")
    frame.with_columns(pl.col("permissions").list.join(";")).write_csv(tmp_path / "f.csv")
    _written(tmp_path / "f.jsonl", rows)
    answers = []
    for name in ("f.jsonl", "f.csv", "f.parquet"):
        said = fanzha("classify", "app", tmp_path / name, "--out", tmp_path / "out.parquet")
        assert said.code == 0
        # The line is the file's own: a CSV has its head above the first row.
        answers.append(pl.read_parquet(tmp_path / "out.parquet").drop("line"))
    assert answers[0].equals(answers[1])
    assert answers[0].equals(answers[2])


def test_files_and_folders_of_apks(tmp_path: Path) -> None:
    folder = tmp_path / "apks" / "deep"
    folder.mkdir(parents=True)
    bad = manifest("com.gsyh.app", "中国工商银行", "1.0", 16, 22, ["android.permission.READ_SMS"])
    (folder / "bank.apk").write_bytes(apk(bad, v2=key("Android Debug")))
    (folder / "broken.APK").write_bytes(b"PK nothing")
    (folder / "notes.txt").write_text("not looked at")
    single = tmp_path / "other.bin"
    single.write_bytes(apk(manifest("org.fine.notes", "笔记", "3.2.8", 24, 34)))
    facts = tmp_path / "facts.jsonl"
    gone = tmp_path / "gone.apk"
    said = fanzha("classify", "app", tmp_path / "apks", single, gone, "--facts", facts)
    assert said.code == 0
    rows = {Path(row["id"]).name: row for row in _lines(said.out)}
    assert set(rows) == {"bank.apk", "broken.APK", "other.bin", "gone.apk"}
    assert rows["bank.apk"]["verdict"] == "仿冒"
    assert "debug_key" in {reason["code"] for reason in rows["bank.apk"]["reasons"]}
    assert rows["broken.APK"]["error"].startswith("apk_no_archive")
    assert rows["gone.apk"]["error"].startswith("file_unreadable")
    assert rows["other.bin"]["score"] < 0.5
    (tmp_path / "bare").mkdir()
    assert "bare：没有 .apk" in fanzha("classify", "app", tmp_path / "bare").err
    # The facts read are facts to be judged again.
    again = fanzha("classify", "app", "--in", facts)
    for row in _lines(again.out):
        assert row["score"] == rows[Path(row["id"]).name]["score"]


def test_training_and_measuring(tmp_path: Path) -> None:
    rows = []
    for n in range(60):
        rows.append({"id": f"g{n}", **GOOD, "package": f"org.local.n{n}", "malicious": 0})
        parts = [f"com.bad.n{n}.{part}" for part in ("A", "B", "C", "D", "E")]
        rows.append({"id": f"b{n}", **BAD, "package": f"com.bad.n{n}", "malicious": 1,
                     "components": parts, "family": "假工行"})  # fmt: skip
    source = _written(tmp_path / "own.jsonl", [*rows, {"id": "unlabelled", **GOOD}])
    model = tmp_path / "own.model"
    said = fanzha("train", "app", "--in", source, "--model", model)
    assert said.code == 0, said.err
    first = model.read_bytes()
    fanzha("train", "app", "--in", source, "--model", model)
    assert model.read_bytes() == first
    measured = fanzha("evaluate", "app", "--in", source, "--model", model)
    (found,) = _lines(measured.out)
    assert found["auc"]["value"] == 1.0
    assert (found["apps"], found["malicious"], found["skipped"]) == (120, 60, 1)
    new = {"id": "n", **GOOD, "package": "cn.new", "components": [f"cn.new.{p}" for p in "ABCDE"]}
    path = _written(tmp_path / "n.jsonl", [new])
    (row,) = _lines(fanzha("classify", "app", "--in", path, "--model", model).out)
    assert row["family"] == "假工行"
    assert row["likeness"] > 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        ("classify", "app"),
        ("classify", "app", "--in", "/no/such.jsonl"),
        ("classify", "app", "x.apk", "--model", "/no/such.model"),
        ("classify", "app", "x.apk", "--facts", "/no/such/folder/f.jsonl"),
        ("evaluate", "app", "--in", "/dev/null"),
        ("train", "app", "--in", "/dev/null", "--model", "m"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: tuple[str, ...], tmp_path: Path) -> None:
    said = fanzha(*arguments, cwd=tmp_path)
    assert said.code != 0
    assert "✗" in said.err
    assert "Traceback" not in said.err
