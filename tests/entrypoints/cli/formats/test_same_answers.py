"""The same rows in any kind of file are the same answers; what is wrong is said early."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fanzha.detection.account.batch.economy import Economy, invent
from fanzha.detection.account.batch.learn import labels_of
from fanzha.detection.account.batch.model import features_of, see
from fanzha.detection.account.batch.transfers import transfers_of
from fanzha.entrypoints.cli import accounts, links
from fanzha.entrypoints.cli.rows import ID, in_place, read_rows
from fanzha.entrypoints.cli.whole import apart, whole
from fanzha.entrypoints.encoding import encoded
from fanzha.errors import Refused


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def moved() -> pl.DataFrame:
    """Transfers between accounts whose numbers begin with zeros, some alike but for those, with
    many at one instant."""
    frame, _ = invent(Economy(accounts=300, groups=8), 3)
    names = {k: f"{k // 2:0{4 + k % 2}d}" for k in range(10_000)}
    return frame.with_columns(
        pl.col("payer", "payee").replace_strict(names, return_dtype=pl.String),
        time=pl.col("time") // 7,
    )


def test_accounts_are_texts_in_every_kind_of_file(moved: pl.DataFrame, tmp_path: Path) -> None:
    moved.write_csv(tmp_path / "t.csv")
    moved.write_csv(tmp_path / "t.tsv", separator="\t")
    moved.write_ndjson(tmp_path / "t.jsonl")
    moved.write_parquet(tmp_path / "t.parquet")
    answers = []
    for kind in ("csv", "tsv", "jsonl", "parquet"):
        accounts.score(str(tmp_path / f"t.{kind}"), str(tmp_path / f"{kind}.jsonl"))
        answers.append((tmp_path / f"{kind}.jsonl").read_bytes())
    assert len(set(answers)) == 1
    named = {row["account"] for row in read(tmp_path / "csv.jsonl")}
    assert named == set(moved["payer"]) | set(moved["payee"])


def test_labels_of_a_csv_keep_their_zeros(moved: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("account,label\n0001,1\n00001,0\n")
    known = labels_of("x", transfers_of(moved), whole(str(tmp_path / "l.csv"), ("account",)), False)
    names = known.seen.transfers.accounts.to_list()
    assert (known.label[names.index("0001")], known.label[names.index("00001")]) == (1, 0)


def test_names_say_nothing(moved: pl.DataFrame) -> None:
    """Whatever the accounts are called, features are the same; but which rings a bounded search
    finds where all are busy hangs on where it begins."""
    names = pl.concat([moved["payer"], moved["payee"]]).unique().sort()
    other = dict(zip(names, np.random.default_rng(5).permutation(len(names)), strict=True))
    renamed = moved.with_columns(
        pl.col("payer", "payee").replace_strict(other, return_dtype=pl.Int64)
    )
    one, two = (see(transfers_of(frame), False) for frame in (moved, renamed))
    place = {name: k for k, name in enumerate(two.transfers.accounts)}
    at = [place[other[name]] for name in one.transfers.accounts]
    kept = [k for k, f in enumerate(features_of(False)) if not f.name.startswith("ring_")]
    np.testing.assert_allclose(one.conduct[:, kept], two.conduct[at][:, kept], rtol=1e-9)


def test_numbers_and_texts_stand_in_one_order() -> None:
    frame = pl.DataFrame({"payer": [10, 9, 2], "payee": [9, 100, 10], "time": [1, 1, 1]})
    texts = frame.with_columns(pl.col("payer", "payee").cast(pl.String))
    one, two = transfers_of(frame), transfers_of(texts)
    assert one.accounts.cast(pl.String).to_list() == two.accounts.to_list()
    assert one.payer.tolist() == two.payer.tolist()


def test_other_encodings_are_read_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "id,url,备注\n1,http://例子.cn/登录,好\n2,example.com,您\n"
    for name, codec in (("a", "utf-8"), ("b", "gb18030"), ("c", "utf-16")):
        (tmp_path / f"{name}.csv").write_bytes(text.encode(codec))
        links.classify(str(tmp_path / f"{name}.csv"), str(tmp_path / f"{name}.jsonl"))
    told = capsys.readouterr().err
    assert "read as GB18030" in told
    assert "read as UTF-16" in told
    assert read(tmp_path / "a.jsonl") == read(tmp_path / "b.jsonl") == read(tmp_path / "c.jsonl")
    (tmp_path / "d.csv").write_bytes(text.encode("big5", "replace"))
    encoded(links.classify)(str(tmp_path / "d.csv"), str(tmp_path / "d.jsonl"), encoding="big5")
    assert len(read(tmp_path / "d.jsonl")) == 2
    (tmp_path / "t.csv").write_bytes("payer,payee,time\n甲,乙,1\n".encode("gb18030"))
    assert whole(str(tmp_path / "t.csv")).row(0) == ("甲", "乙", 1)


def test_lines_are_those_of_an_editor_and_ragged_rows_keep_their_id(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text('id,text\n1,"a\nb"\n\n7,x,y\n8,fine\n')
    (part,) = read_rows(str(tmp_path / "r.csv"), {"id": ID, "text": pl.String})
    told = in_place(part)
    assert told["line"].to_list() == [2, 5, 6]
    assert told["id"].to_list() == [b'"1"', b'"7"', b'"8"']


def test_columns_needed_and_found_are_named_and_no_row_is(tmp_path: Path) -> None:
    wanted = {"id": ID, "url": pl.String}
    (tmp_path / "a.csv").write_text("id,address\n1,x\n")
    (tmp_path / "b.jsonl").write_text('{"id": 1, "address": "x"}\n')
    pl.DataFrame({"id": [1], "address": ["x"]}).write_parquet(tmp_path / "c.parquet")
    for name in ("a.csv", "b.jsonl", "c.parquet"):
        with pytest.raises(Refused, match="no column url; it has id, address"):
            list(read_rows(str(tmp_path / name), wanted, needed=[("url",)]))
    (tmp_path / "d.csv").write_text("13800138000,请把钱转到安全账户，否则冻结您的全部资产和信用\n")
    with pytest.raises(Refused, match="it has …, …"):
        list(read_rows(str(tmp_path / "d.csv"), wanted, needed=[("url",)]))


def test_what_is_not_there_or_not_that_is_said_in_its_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = {"url": pl.String}
    (tmp_path / "a.parquet").write_text("url\nx\n")
    for reader in (lambda path: list(read_rows(path, wanted)), whole):
        for path, words in (
            (tmp_path / "a.parquet", "PAR1"), (tmp_path / "no.csv", "no such file"),
            (tmp_path, "folder"),
        ):  # fmt: skip
            with pytest.raises(Refused, match=words):
                reader(str(path))
    for path, words in ((tmp_path / "no.csv", "no such file"), (tmp_path, "folder")):
        with pytest.raises(Refused, match=words):
            apart("-", path)
    with pytest.raises(Refused, match="mkdir"):
        apart(tmp_path / "nowhere" / "x.jsonl", tmp_path / "a.parquet")
    for kind in ("csv", "jsonl", "parquet", "txt"):
        (tmp_path / f"empty.{kind}").write_bytes(b"")
        (part,) = read_rows(str(tmp_path / f"empty.{kind}"), wanted, needed=[("url",)])
        assert part.frame.height == 0
        assert "is empty" in capsys.readouterr().err


def test_a_wrong_file_is_refused_before_a_model_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_judge", lambda _: pytest.fail("the model was read"))
    (tmp_path / "a.csv").write_text("id,address\n1,x\n")
    with pytest.raises(Refused, match="url"):
        links.classify(str(tmp_path / "a.csv"), str(tmp_path / "o.jsonl"))


def test_a_line_too_long_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(b'{"url": "' + b"a" * (11 << 20) + b'"}\n{"url": "b.com"}\n')
    parts = list(read_rows(str(path), {"url": pl.String}))
    (fault,) = [fault for part in parts for fault in part.faults]
    assert fault[0] == 1
    assert "longer than 8 MiB" in fault[2]
    assert [one for part in parts for one in part.frame["url"]] == ["b.com"]


def test_columns_in_capitals_are_found_in_csv(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("TX_TIME,x\n5,1\n")
    (part,) = read_rows(str(tmp_path / "a.csv"), {"TX_TIME": pl.String}, needed=[("TX_TIME",)])
    assert part.frame["TX_TIME"].to_list() == ["5"]


def test_a_last_line_without_an_end_may_be_the_only_one_with_a_column(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{}\n{"url": "a.com"}')
    parts = list(read_rows(str(tmp_path / "a.jsonl"), {"url": pl.String}, needed=[("url",)]))
    assert [url for part in parts for url in part.frame["url"]] == [None, "a.com"]
