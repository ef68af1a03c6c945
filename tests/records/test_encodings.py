"""In what encoding a CSV is: told by its mark or its first block, whatever is cut where."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.records.csv_rows import read_csv
from fanzha.records.encodings import as_utf_8

HEAD = "id,text\n"
ROWS = "".join(f"{k},您的包裹已到，请点击第{k}个链接“领取”\n" for k in range(40))


def texts(data: bytes, encoding: str | None = None) -> tuple[list[str], list[str], int]:
    """The second column, what was heard of the encoding, and how many rows were refused."""
    heard: list[str] = []
    chunks = list(
        read_csv(io.BufferedReader(io.BytesIO(data)), "", "f", encoding=encoding,
                 heard=heard.append)
    )  # fmt: skip
    found = [one for chunk in chunks for one in chunk.table.column(1).to_pylist()]
    return found, heard, sum(len(chunk.refused) for chunk in chunks)


@pytest.mark.parametrize(
    ("encoding", "heard"),
    [("utf-8", []), ("utf-8-sig", []), ("gb18030", ["gb18030"]), ("gbk", ["gb18030"]),
     ("utf-16", ["utf-16-le"])],
)  # fmt: skip
def test_it_is_recognised(encoding: str, heard: list[str]) -> None:
    expected = texts((HEAD + ROWS).encode())[0]
    assert len(expected) == 40
    assert texts((HEAD + ROWS).encode(encoding)) == (expected, heard, 0)


def test_a_mark_of_big_endian_utf_16_is_read() -> None:
    data = codecs.BOM_UTF16_BE + (HEAD + ROWS).encode("utf-16-be")
    assert texts(data) == (texts((HEAD + ROWS).encode())[0], ["utf-16-be"], 0)
    assert as_utf_8(data) == ((HEAD + ROWS).encode(), "utf-16-be")


def test_it_shows_late_where_all_before_was_plain() -> None:
    plain = "".join(f"{k},hello there {k}\n" for k in range(60_000))
    found, heard, refused = texts((HEAD + plain + ROWS).encode("gb18030"))
    assert (found[-1], heard, refused) == (texts((HEAD + ROWS).encode())[0][-1], ["gb18030"], 0)


def test_one_damaged_line_does_not_make_it_another_encoding() -> None:
    lines = (HEAD + ROWS).encode().split(b"\n")
    lines[7] = lines[7][:8] + lines[7][9:]
    found, heard, refused = texts(b"\n".join(lines))
    assert (len(found), heard, refused) == (39, [], 1)


def test_what_is_asked_for_is_used_and_what_is_no_encoding_is_refused() -> None:
    assert texts((HEAD + ROWS).encode("big5", "replace"), "big5")[2] == 0
    assert texts((HEAD + ROWS).encode("gbk"), "utf-8")[2] == 40
    assert texts((HEAD + ROWS).encode("utf-16-le"), "utf-16-le")[0][-1].startswith("您的")
    for name in ("no-such", "hex", "utf-7", ""):
        with pytest.raises(Refused, match="gb18030"):
            texts(b"a,b\n1,2\n", name)
    with pytest.raises(Refused):
        as_utf_8(ROWS.encode("gbk"), "utf-16")


@given(st.binary(max_size=300), st.sampled_from([None, "utf-16", "gb18030"]))
def test_any_bytes_end_in_rows_or_refusals(data: bytes, encoding: str | None) -> None:
    for chunk in read_csv(io.BufferedReader(io.BytesIO(data)), "", "f", encoding=encoding):
        assert chunk.table.num_rows == len(chunk.rows)
