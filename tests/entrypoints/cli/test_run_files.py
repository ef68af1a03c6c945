"""`fanzha run`: files of every kind down the road of live events, and what bad ones get."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fanzha.city.generate import City, default_behaviour, generate
from fanzha.records.schemas import STREAMS
from tests.entrypoints.cli.command import Said, fanzha

START = datetime(2026, 3, 2, tzinfo=UTC)
FINDING = {
    "at", "detector", "subject_kind", "subject", "scam_type", "score", "event_ids", "reasons",
}  # fmt: skip
WARNING = {"at", "person", "grade", "scam_type"}
GRADES = {"critical", "high", "medium", "low"}


@pytest.fixture(scope="module")
def city() -> City:
    return generate(400, 0.12, 5, START, default_behaviour("demo"))


def plain_rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for row in table.to_pylist():
        yield {
            k: v.isoformat() if isinstance(v, datetime) else v
            for k, v in row.items()
            if v is not None
        }


def write(table: pa.Table, path: Path) -> Path:
    """In the kind of file that the name says."""
    match path.suffixes:
        case [".parquet"]:
            pq.write_table(table, path)
        case [".arrow"]:
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as out:
                out.write_table(table)
        case [".ndjson", ".gz"]:
            with gzip.open(path, "wt", encoding="utf-8") as out:
                out.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in plain_rows(table))
        case [".csv"]:
            with path.open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, table.column_names)
                writer.writeheader()
                writer.writerows(plain_rows(table))
    return path


@pytest.fixture(scope="module")
def ran(city: City, tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Path]:
    """One run over all eight streams in four kinds of files, five rows of it spoilt."""
    folder = tmp_path_factory.mktemp("run")
    kinds = [".parquet", ".arrow", ".ndjson.gz", ".csv"]
    given: list[str | Path] = []
    for n, stream in enumerate(STREAMS):
        table = city.streams[stream]
        path = write(table, folder / f"{stream}{kinds[n % 4]}")
        given += [f"--{stream}s", path]
    spoilt = [
        {"event_id": 1, "at": "no time at all"},
        {"event_id": 2, "at": START.isoformat()},
        {"event_id": -1, "at": START.isoformat()},
    ]
    path = folder / "spoilt.ndjson"
    path.write_text("\n".join([*map(json.dumps, spoilt), "[]", "{"]), encoding="utf-8")
    said = fanzha(
        "run", *given, "--calls", path,
        "--findings", folder / "f.ndjson", "--warnings", folder / "w.ndjson", cwd=folder,
    )  # fmt: skip
    return said, folder


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_row_is_counted(ran: tuple[Said, Path], city: City) -> None:
    said, _ = ran
    assert said.code == 0, said.err
    for stream in STREAMS:
        count = city.streams[stream].num_rows
        assert f"  {stream:<10}{count:>12,}" in said.out.splitlines(), stream


def test_findings_and_warnings_are_written_in_the_agreed_shape(ran: tuple[Said, Path]) -> None:
    said, folder = ran
    findings, warnings = rows(folder / "f.ndjson"), rows(folder / "w.ndjson")
    assert len(findings) >= 10
    assert len(warnings) >= 3
    assert f"命中 findings {len(findings):,}" in said.out
    assert f"预警 warnings {len(warnings):,}" in said.out
    for finding in findings:
        assert set(finding) == FINDING
        assert 0 < finding["score"] < 1
        assert finding["event_ids"]
        parts = sum(reason["part"] for reason in finding["reasons"])
        assert parts == pytest.approx(finding["score"], abs=1e-4)
        assert all(reason["zh"] and reason["en"] for reason in finding["reasons"])
    for warning in warnings:
        assert set(warning) == WARNING
        assert warning["grade"] in GRADES
        at = datetime.fromisoformat(warning["at"])
        assert START.timestamp() - 86400 <= at.timestamp() <= START.timestamp() + 86400


def test_what_holds_numbers_in_the_clear_is_private(ran: tuple[Said, Path]) -> None:
    for name in ("f.ndjson", "w.ndjson", "refused.ndjson"):
        assert (ran[1] / name).stat().st_mode & 0o777 == 0o600, name


def test_refused_rows_are_where_the_report_says(ran: tuple[Said, Path]) -> None:
    said, folder = ran
    refused = rows(folder / "refused.ndjson")
    assert "被拒 refused 5 → refused.ndjson" in said.out
    told = sorted((r["stream"], r["source"], r["row"]) for r in refused)
    assert told == [("call", "spoilt.ndjson", n) for n in range(1, 6)]
    assert all(r["code"] and r["zh"] and r["en"] for r in refused)
    assert next(r for r in refused if r["row"] == 2)["raw"] == {
        "event_id": 2, "at": START.isoformat(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--calls", "nothing.parquet"), "file_unreadable"),
        (("--calls", "."), "file_unreadable"),
        (("--calls", "here.csv", "--findings", "here.csv/f"), "cannot_write"),
    ],
)
def test_what_cannot_be_opened_is_named(
    arguments: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    (tmp_path / "here.csv").write_text("event_id\n1\n")
    said = fanzha("run", *arguments, cwd=tmp_path)
    assert said.code == 2
    assert code in said.err
    assert len(said.err.strip().splitlines()) == 2


def test_no_file_at_all_and_an_unknown_option_are_told() -> None:
    assert fanzha("run").code == 2
    assert fanzha("run", "--letters", "x").code == 2


def test_files_that_are_not_what_they_say_end_in_a_report(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(range(256)) * 9)
    (tmp_path / "b.ndjson.gz").write_bytes(gzip.compress(b'{"event_id": 1}\n' * 99)[:-20])
    (tmp_path / "c.csv").write_bytes(b"\xff\xfe\x00garbage\x00,\n\x00")
    (tmp_path / "d.arrow").write_bytes(b"ARROW1\0\0" + b"\0" * 64)
    (tmp_path / "e.ndjson").write_bytes(b"")
    said = fanzha(
        "run", "--calls", "a.parquet", "--texts", "b.ndjson.gz", "--visits", "c.csv",
        "--apps", "d.arrow", "--lines", "e.ndjson", cwd=tmp_path,
    )  # fmt: skip
    assert said.code == 2
    assert "nothing_usable" in said.err
    codes = {(r["stream"], r["code"]) for r in rows(tmp_path / "refused.ndjson")}
    assert {("call", "file_broken"), ("text", "file_broken"), ("app", "file_broken")} <= codes
    assert "预警 warnings 0" in said.out
