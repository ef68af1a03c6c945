"""Answers are written whole or not at all; devices, pipes and links stay what they are."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fanzha.entrypoints import answers
from fanzha.entrypoints.answers import RAW, Writer
from fanzha.errors import Refused, Unavailable

ROWS = pl.DataFrame({"id": [1, 2], "score": [0.5, None], "reasons": [["a", "b"], []]})
FULL = Path("/dev/full")


def write(path: Path | str, *frames: pl.DataFrame) -> None:
    with Writer(str(path)) as writer:
        for frame in frames:
            writer.write(frame)


def test_a_device_stays_a_device() -> None:
    write("/dev/null", ROWS)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert not Path("/dev/null.part").exists()


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_full_device_is_told_in_words_and_stays(tmp_path: Path, suffix: str) -> None:
    link = tmp_path / f"out.{suffix}"
    link.symlink_to(FULL)
    with pytest.raises(Unavailable, match="output_failed"):
        write(link, ROWS)
    assert stat.S_ISCHR(FULL.stat().st_mode)
    assert os.listdir(tmp_path) == [link.name]


def test_a_link_keeps_pointing_where_the_answers_go(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.jsonl"
    link.symlink_to(tmp_path / "there" / "real.jsonl")
    write(link, ROWS)
    assert link.is_symlink()
    assert len((tmp_path / "there" / "real.jsonl").read_text().splitlines()) == 2
    assert os.listdir(tmp_path / "there") == ["real.jsonl"]


@pytest.mark.parametrize("name", ["fifo.jsonl", "fifo.parquet"])
def test_a_fifo_is_written_through(tmp_path: Path, name: str) -> None:
    fifo = tmp_path / name
    os.mkfifo(fifo)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()))
    reader.start()
    write(fifo, ROWS)
    reader.join()
    found = pl.read_parquet(io.BytesIO(got[0])) if "parquet" in name else pl.read_ndjson(got[0])
    assert found["id"].to_list() == [1, 2]
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
def test_standard_output_by_each_of_its_names(name: str, capfdbinary: Any) -> None:
    write(name, ROWS)
    assert len(capfdbinary.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    "name", ["", "folder", "a\0b", "none/there/x.jsonl", "x.xlsx", "x.jsonl.gz"]
)
def test_where_nothing_can_be_written_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(Refused):
        write(f"{tmp_path}/{name}", ROWS)
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"out.{suffix}"
    path.write_text("old")

    def broken(path: Path) -> None:
        with Writer(str(path)) as writer:
            writer.write(ROWS)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        broken(path)
    monkeypatch.setattr(answers.Path, "replace", _no_space)
    with pytest.raises(Unavailable):
        write(path, ROWS)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]


def _no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_csv_has_a_head_once_and_lists_as_json(tmp_path: Path) -> None:
    raw = ROWS.with_columns(pl.Series("id", [b'"7"', b"8"], dtype=RAW))
    write(tmp_path / "out.csv", raw.clear(), raw, raw)
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    assert [row["id"] for row in rows] == ["7", "8"] * 2
    assert json.loads(rows[0]["reasons"]) == ["a", "b"]


def test_no_answers_are_a_table_without_rows(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", ROWS.clear())
    assert pl.read_parquet(tmp_path / "a.parquet").schema == ROWS.schema
    write(tmp_path / "b.parquet")
    assert pl.read_parquet(tmp_path / "b.parquet").is_empty()
