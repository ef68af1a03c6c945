"""Four forms of files give the same rows; a broken one gives what it holds and says where."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.records import quarantine
from fanzha.records.door import admit
from fanzha.records.readers import FileKind, read_file, read_open
from fanzha.records.schemas import STREAMS
from tests.records.rows import row

N = 300


def rows_of(stream: str) -> list[dict[str, Any]]:
    return [row(stream, n) for n in range(1, N + 1)]


def as_parquet(rows: list[dict[str, Any]], path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


def as_arrow(rows: list[dict[str, Any]], path: Path) -> None:
    table = pa.Table.from_pylist(rows)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def as_csv(rows: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def as_ndjson(rows: list[dict[str, Any]], path: Path) -> None:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


WRITERS: dict[str, Callable[[list[dict[str, Any]], Path], None]] = {
    "rows.parquet": as_parquet,
    "rows.arrow": as_arrow,
    "rows.csv": as_csv,
    "rows.ndjson": as_ndjson,
}


def admitted(path: Path, stream: str) -> tuple[list[dict[str, Any]], list[quarantine.Refusal]]:
    batches, refused = [], []
    for chunk in read_file(path, stream, "test"):
        found = admit(stream, chunk.table, "test", rows=chunk.rows)
        batches.append(found.batch)
        refused += chunk.refused + found.refused
    rows = [r for b in batches if b.num_rows for r in b.to_pylist()]
    return rows, refused


@pytest.mark.parametrize("stream", STREAMS)
def test_four_forms_and_gzip_give_the_same_rows(stream: str, tmp_path: Path) -> None:
    read = []
    for name, write in WRITERS.items():
        path = tmp_path / name
        write(rows_of(stream), path)
        packed = tmp_path / f"{name}.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        read.append(admitted(path, stream))
        if not name.endswith(("parquet", "arrow")):
            read.append(admitted(packed, stream))
    for rows, refused in read:
        assert refused == []
        assert len(rows) == N
        assert rows == read[0][0]


@pytest.mark.parametrize("form", ["rows.csv", "rows.ndjson"])
def test_a_broken_line_is_refused_by_its_number_and_the_rest_is_read(
    form: str, tmp_path: Path
) -> None:
    path = tmp_path / form
    WRITERS[form](rows_of("visit"), path)
    lines = path.read_bytes().splitlines(keepends=True)
    head = 1 if form == "rows.csv" else 0
    lines[head + 6] = b'{"event_id": 7, "at": \n' if not head else b"7,test\n"
    lines[head + 9] = b"\xff\xfe{}\n"
    path.write_bytes(b"".join(lines))
    rows, refused = admitted(path, "visit")
    assert len(rows) == N - 2
    assert sorted(r.row for r in refused) in ([7, 10], [8, 11])
    for refusal in refused:
        assert refusal.zh
        assert refusal.en


def test_a_file_cut_short_says_after_which_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson.gz"
    body = "".join(json.dumps(r) + "\n" for r in rows_of("visit")).encode()
    path.write_bytes(gzip.compress(body)[:-200])
    rows, refused = admitted(path, "visit")
    assert 0 <= len(rows) < N
    [cut] = [r for r in refused if r.code == "file_broken"]
    assert cut.zh.endswith("：文件不完整")
    assert cut.en.endswith(": it breaks off before its end")
    broken = tmp_path / "rows.parquet"
    as_parquet(rows_of("visit"), broken)
    broken.write_bytes(broken.read_bytes()[:-100])
    [refusal] = admitted(broken, "visit")[1]
    assert refusal.code == "file_broken"
    assert "damaged, or not of this format" in refusal.en
    assert not re.search("[A-Z]", refusal.zh), "no name of an exception"


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be opened"):
        list(read_file(tmp_path / "none.csv", "call", "test"))
    with pytest.raises(Refused, match="no such stream"):
        list(read_file(tmp_path / "none.csv", "calls", "test"))


def test_a_refused_row_can_be_repaired_and_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    as_ndjson([row("transfer", 1, amount_fen=0)], path)
    _, refused = admitted(path, "transfer")
    out = io.StringIO()
    assert quarantine.write(out, refused) == 1
    ((stream, line),) = quarantine.to_send_again(out.getvalue().splitlines())
    repaired = {**json.loads(line), "amount_fen": 5_000}
    again = tmp_path / "again.ndjson"
    as_ndjson([repaired], again)
    rows, refused = admitted(again, stream)
    assert refused == []
    assert rows[0]["amount_fen"] == 5_000


@settings(max_examples=150)
@given(st.binary(max_size=400), st.sampled_from(list(FileKind)), st.sampled_from(STREAMS))
def test_bytes_of_any_kind_never_raise(data: bytes, kind: FileKind, stream: str) -> None:
    for chunk in read_open(io.BytesIO(data), stream, "test", kind=kind):
        found = admit(stream, chunk.table, "test", rows=chunk.rows)
        assert found.batch.num_rows + len(found.refused) == chunk.table.num_rows


@settings(max_examples=60)
@given(st.data())
def test_a_file_with_bytes_changed_never_raises(data: st.DataObject) -> None:
    table = pa.Table.from_pylist([row("call", n) for n in range(20)])
    sink = io.BytesIO()
    kind = data.draw(st.sampled_from([FileKind.PARQUET, FileKind.ARROW]))
    if kind is FileKind.PARQUET:
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    body = bytearray(sink.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    for chunk in read_open(io.BytesIO(bytes(body)), "call", "test", kind=kind):
        found = admit("call", chunk.table, "test", rows=chunk.rows)
        assert found.batch.num_rows + len(found.refused) == chunk.table.num_rows


@given(st.integers(0, 70), st.integers(1, 200))
def test_stray_quotes_in_csv_cost_their_own_lines_alone(before: int, between: int) -> None:
    lines = [f"{n},x" for n in range(before + between + 40)]
    lines[before], lines[before + between] = '0,an 8" pipe', '0,a 9" one'
    data = ("event_id,trunk\n" + "\n".join(lines)).encode()
    taken, refused = [], []
    for chunk in read_open(io.BytesIO(data), "call", "test", kind=FileKind.CSV):
        taken += chunk.rows.tolist()
        refused += [(one.row, one.code) for one in chunk.refused]
    assert refused == [(before + 2, "csv_quote"), (before + between + 2, "csv_quote")]
    assert sorted(taken) == sorted(set(range(2, len(lines) + 2)) - {row for row, _ in refused})
