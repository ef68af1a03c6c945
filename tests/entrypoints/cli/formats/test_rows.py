"""Rows come in piece by piece and keep their ids; a faulty row is named, never dropped."""

from __future__ import annotations

import gzip
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanzha.entrypoints.cli import rows
from fanzha.entrypoints.cli.rows import ID, Writer, read_rows
from fanzha.errors import Refused

SHARED = [HealthCheck.function_scoped_fixture]
COLUMNS = {"id": ID, "text": pl.String}
IDS = st.one_of(
    st.none(), st.integers(-(2**70), 2**70), st.text(max_size=8), st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False), st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
)  # fmt: skip


def through(path: Path, out: Path) -> list[Any]:
    """Read and write again, and give the ids that come out."""
    with Writer(str(out)) as writer:
        for part in read_rows(str(path), COLUMNS):
            writer.write(part.frame)
    return [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()]


def written_in_part(path: Path) -> None:
    with Writer(str(path)) as writer:
        writer.write(pl.DataFrame({"a": [1]}))
        raise ValueError("stop")


@given(st.lists(IDS, min_size=1, max_size=6))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_ids_come_out_with_the_type_they_came_with(tmp_path: Path, ids: list[Any]) -> None:
    lines = [json.dumps({"id": one, "text": 'say "id": 3'}) for one in ids]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    out = through(path, tmp_path / "out.jsonl")
    assert out == ids
    assert [type(one) for one in out] == [type(one) for one in ids]


def test_whole_numbers_and_texts_alone_and_mixed(tmp_path: Path) -> None:
    for ids in ([1, 2, 3], ["1", "2"], [1, "1", None], [12345678901234567890], [True, 1.5]):
        path = tmp_path / "in.jsonl"
        path.write_text("".join(json.dumps({"id": i, "text": "a"}) + "\n" for i in ids))
        assert through(path, tmp_path / "out.jsonl") == ids


def test_a_faulty_line_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"id":1,"text":"a"}\nnot json\n[1]\n\n{"id":2}\n\xff\xfe\n')
    parts = list(read_rows(str(path), COLUMNS))
    assert [line for part in parts for line, _, _ in part.faults] == [2, 3, 6]
    assert [line for part in parts for line in part.lines] == [1, 5]
    assert parts[0].frame["text"].to_list() == ["a", None]


def test_a_line_too_long_is_skipped_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "LINE_MAX", 200)
    monkeypatch.setattr(rows, "_PIECE", 64)
    path = tmp_path / "in.jsonl"
    path.write_text(
        '{"id":1,"text":"a"}\n{"id":2,"text":"' + "b" * 900 + '"}\n{"id":3,"text":"c"}\n'
    )
    parts = list(read_rows(str(path), COLUMNS))
    assert [line for part in parts for line, _, _ in part.faults] == [2]
    assert [text for part in parts for text in part.frame["text"]] == ["a", "c"]


def test_gzip_csv_and_parquet_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"id":7,"text":"x"}\n'))
    pl.DataFrame({"id": [7], "text": ["x"]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"id": [7], "text": ["x"]}).write_csv(tmp_path / "a.csv")
    for name, wanted in (("a.jsonl.gz", 7), ("a.parquet", 7), ("a.csv", "7")):
        assert through(tmp_path / name, tmp_path / "out.jsonl") == [wanted], name


def test_csv_is_read_row_by_row_whatever_one_row_is(tmp_path: Path) -> None:
    """One row of too many cells, one that is no text, a stray quote: the others are read."""
    text = 'Text,id\n甲,1\na,b,c\n"x\ny",2\n\xff,3\nan 8" pipe,4\n,5\n7" and 9",6\n'
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1", "xmlcharrefreplace"))
    (part,) = read_rows(str(tmp_path / "a.csv"), COLUMNS)
    told = dict(zip(part.lines, part.frame.rows(), strict=True))
    assert told[2] == (b'"1"', "&#30002;")
    assert told[4] == (b'"2"', "x\ny")
    assert told[8] == (b'"5"', None)
    assert told[9] == (b'"6"', '7" and 9"')
    assert [line for line, *_ in part.faults] == [3, 6, 7]
    assert all(zh and en for _, zh, en in part.faults)


def test_csv_is_read_as_it_comes(tmp_path: Path) -> None:
    """The rows before a break are given before anybody knows that there is one."""
    whole = gzip.compress(b"id,text\n" + b"".join(b"%d,text %d\n" % (n, n) for n in range(300_000)))
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) * 3 // 4])
    parts = read_rows(str(tmp_path / "a.csv.gz"), COLUMNS)
    first = next(parts)
    assert 0 < first.frame.height < 100_000
    with pytest.raises(Refused):
        list(parts)


def test_a_file_that_is_none_is_refused_and_nothing_half_written_stays(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        list(read_rows(str(tmp_path / "absent.jsonl"), COLUMNS))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1nothing")
    with pytest.raises(Refused):
        list(read_rows(str(tmp_path / "bad.parquet"), COLUMNS))
    with pytest.raises(ValueError, match="stop"):
        written_in_part(tmp_path / "out.jsonl")
    assert not list(tmp_path.glob("out*"))


def test_parquet_out_has_ids_as_text(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    with Writer(str(out)) as writer:
        writer.write(pl.DataFrame({"id": [b"1", b'"b"', None], "x": [1, 2, 3]}))
    assert pl.read_parquet(out)["id"].to_list() == ["1", "b", None]


@given(st.binary(max_size=300))
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(data)
    try:
        parts = list(read_rows(str(path), COLUMNS))
    except Refused:
        return
    told = [*(n for p in parts for n in p.lines), *(n for p in parts for n, _, _ in p.faults)]
    if data.startswith(b"\x1f\x8b"):
        return  # the first bytes of gzip: its lines are those inside
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    assert sorted(told) == [k for k, line in enumerate(lines, 1) if line.strip()]


def read_kinds(path: str) -> list[str | None]:
    """The texts of a file, whatever kind it is."""
    return [text for part in read_rows(path, COLUMNS) for text in part.frame["text"]]


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_is_known_by_its_first_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    frame = pl.DataFrame({"id": [1, 2], "text": ["a", "b"]})
    parquet = io.BytesIO()
    frame.write_parquet(parquet)
    marked = b"\xef\xbb\xbf" + frame.write_csv().encode()
    for data in (parquet.getvalue(), marked, frame.write_ndjson().encode()):
        given = gzip.compress(data) if packed else data
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        assert read_kinds("-") == ["a", "b"]
        (tmp_path / "file").write_bytes(given)
        assert read_kinds(str(tmp_path / "file")) == ["a", "b"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a"])
def test_damaged_gzip_is_refused(tmp_path: Path, name: str) -> None:
    lines = b"".join(b'{"id":%d,"text":"%d"}\n' % (i, i * i) for i in range(9999))
    whole = gzip.compress(lines)
    for damaged in (whole[:40] + bytes(200) + whole[240:], whole[: len(whole) // 2], whole[:11]):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(Refused):
            read_kinds(str(tmp_path / name))


@pytest.mark.parametrize(
    "values", [[["a"]], [b"\xff\x00"], [timedelta(days=1)], [{"a": "b"}]], ids=str
)
def test_a_column_of_a_type_without_texts_is_named(tmp_path: Path, values: list[Any]) -> None:
    path = tmp_path / "in.parquet"
    pl.DataFrame({"id": values, "text": ["a"]}).write_parquet(path)
    assert read_kinds(str(path)) == ["a"]
    assert [json.loads(v) for p in read_rows(str(path), COLUMNS) for v in p.frame["id"]] != []
    pl.DataFrame({"id": [1], "text": values}).write_parquet(path)
    with pytest.raises(Refused, match="column_type") as told:
        read_kinds(str(path))
    assert told.value.field == "text"


def test_a_file_without_rows_has_its_columns(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    pl.DataFrame({"id": [1], "text": ["a"]}).clear().write_parquet(tmp_path / "empty.parquet")
    for path in tmp_path.iterdir():
        parts = list(read_rows(str(path), COLUMNS))
        assert [part.frame.columns for part in parts] == [["id", "text"]]
