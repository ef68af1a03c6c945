"""Chats turn by turn, campaigns beside the verdicts, the table by type, as commands give them."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.detection.model_file import write_model
from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.cascade import meanings
from fanzha.detection.text.v1.evaluate import by_type
from fanzha.detection.text.v1.train import Settings
from fanzha.entrypoints.cli import texts
from fanzha.entrypoints.cli.texts import judging, measuring, options
from fanzha.entrypoints.cli.texts.campaigns import instant
from fanzha.errors import Refused

sys.path.insert(0, str(Path(__file__).parents[2] / "detection" / "text" / "cascade"))
from learning import POLICIES, Hashing, said, small_model

ROOT = Path(__file__).parents[3]
SCAM = said("FR", 97)
HONEST = ("读书会这周改在图书馆", "下午见面聊聊吧", "好的，到时候见")
SMALL = Settings(head_bits=12, class_bits=10, type_bits=10, variants=2, epochs=2, folds=2)


LOADED = cache(options.load_cascade)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.fzm"
    with pytest.MonkeyPatch.context() as patch:
        write_model(path, small_model(patch).to_file())
    return path


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that needs no weights, and a model that is not read anew for each file."""
    monkeypatch.setattr(meanings, "sentence_encoder", Hashing)
    monkeypatch.setattr(judging, "load_cascade", LOADED)


def asked(model: Path, folder: Path, found: list[Any], **given: Any) -> list[dict[str, Any]]:
    source = folder / "in.jsonl"
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), "utf-8")
    texts.classify(str(source), str(folder / "out.jsonl"), model, **given)
    return read(folder / "out.jsonl")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# -- turns -----------------------------------------------------------------------------------------


def test_a_talk_is_scored_after_each_turn_and_the_first_warning_is_named(
    model: Path, tmp_path: Path
) -> None:
    call = [*HONEST, SCAM, "知道了"]
    spoken = [{"speaker": "a" if k % 2 else "b", "text": text} for k, text in enumerate(call)]
    out = asked(
        model, tmp_path,
        [{"id": 1, "turns": call, "channel": "transcript"}, {"id": 2, "turns": spoken},
         {"id": 3, "turns": list(HONEST)}, {"id": 4, "text": SCAM}, {"id": 5, "turns": [SCAM]}],
        turns=True,
    )  # fmt: skip
    for row in out[:2]:
        assert len(row["scores"]) == 5
        assert row["scores"] == sorted(row["scores"])
        assert row["score"] == row["scores"][-1]
        assert row["warned"] == 4
        assert row["scam_type"] == "FR"
        assert row["reasons"]
    assert out[2]["warned"] is None
    assert len(out[3]["scores"]) == len(out[4]["scores"]) == 1
    assert out[3]["warned"] == out[4]["warned"] == 1
    assert all(row["error"] is None for row in out)


def test_what_is_still_to_be_said_changes_nothing_that_was_said(
    model: Path, tmp_path: Path
) -> None:
    call = [HONEST[0], SCAM, HONEST[1], SCAM, HONEST[2]]
    talks = [{"id": k, "turns": call[: k + 1]} for k in range(len(call))]
    out = asked(model, tmp_path, talks, turns=True)
    for k, row in enumerate(out):
        assert row["scores"] == pytest.approx(out[-1]["scores"][: k + 1], abs=1e-6)


def test_who_speaks_is_told_apart(model: Path, tmp_path: Path) -> None:
    """Half of a sentence from each: together it is a scam's, apart it is less so."""
    half = len(SCAM) // 2
    parts = [SCAM[:half], SCAM[half:]]
    out = asked(
        model, tmp_path,
        [{"id": 1, "turns": [{"speaker": "a", "text": p} for p in parts]},
         {"id": 2, "turns": [{"speaker": s, "text": p} for s, p in zip("ab", parts, strict=True)]}],
        turns=True,
    )  # fmt: skip
    assert out[0]["score"] != out[1]["score"]


def test_too_many_turns_are_cut_and_it_is_said(model: Path, tmp_path: Path) -> None:
    out = asked(model, tmp_path, [{"id": 1, "turns": ["嗯"] * 2_500}], turns=True)
    assert len(out[0]["scores"]) == 2_000
    assert "2,000" in out[0]["error"]


# -- campaigns -------------------------------------------------------------------------------------


def many(text: str, times: int, first: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"{first}-{k}", "text": f"{text}{k}", **more} for k in range(times)]


def test_clusters_are_written_beside_the_verdicts(model: Path, tmp_path: Path) -> None:
    found = [
        *({**row, "time": f"2026-11-0{1 + k % 9}T08:00:00+08:00", "sender": f"s{k % 12}",
           "recipient": f"r{k}"} for k, row in enumerate(many(SCAM, 40, 1))),
        *({**row, "sender": "s99", "recipient": f"r{k}"}
          for k, row in enumerate(many(HONEST[0], 5, 2))),
        {"id": "alone", "text": "明天上午九点开会，请带上季度报表"},
        {"id": "short", "text": "好"}, {"id": "x"},
    ]  # fmt: skip
    out = asked(model, tmp_path, found, campaigns=tmp_path / "c.jsonl")
    told = read(tmp_path / "c.jsonl")
    assert [row["texts"] for row in told] == [40, 5]
    one = told[0]
    assert one["example_id"] == "1-0"
    assert one["scam_type"] == "FR"
    assert one["suspected"] == 40
    assert one["senders"] == pytest.approx(12, abs=1)
    assert (one["first"], one["last"]) == ("2026-11-01T00:00:00Z", "2026-11-09T00:00:00Z")
    assert one["score"] > 0.5
    assert "campaign" in {reason["code"] for reason in one["reasons"]}
    assert told[1]["reasons"] == []
    assert told[1]["first"] is None
    assert {row["cluster"] for row in out[:40]} == {one["cluster"]}
    assert {row["cluster"] for row in out[40:45]} == {told[1]["cluster"]}
    assert [row["cluster"] is None for row in out[45:]] == [False, True, True]


def test_without_senders_and_times_clusters_have_none(model: Path, tmp_path: Path) -> None:
    asked(model, tmp_path, many(SCAM, 6, 1), campaigns=tmp_path / "c.jsonl")
    told = read(tmp_path / "c.jsonl")
    assert len(told) == 1
    assert told[0]["texts"] == 6
    unknown = ("senders", "recipients", "first", "last", "score", "reasons")
    assert all(told[0][name] is None for name in unknown)


def test_clusters_may_be_written_as_parquet_and_verdicts_stay_the_same(
    model: Path, tmp_path: Path
) -> None:
    import polars as pl

    plain = asked(model, tmp_path, many(SCAM, 6, 1))
    beside = asked(model, tmp_path, many(SCAM, 6, 1), campaigns=tmp_path / "c.parquet")
    assert [{k: v for k, v in row.items() if k != "cluster"} for row in beside] == plain
    assert pl.read_parquet(tmp_path / "c.parquet")["texts"].to_list() == [6]


@given(st.integers(-62_000_000_000, 90_000_000_000))
def test_a_time_may_be_seconds(seconds: int) -> None:
    assert instant(str(seconds)) == seconds * 1000


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2026-01-01 08:00:00+08:00", 1_767_225_600_000),
        ("2026-01-01", 1_767_225_600_000), ("1767225600000", 1_767_225_600_000), (None, None),
        ("", None), ("yesterday", None), ("9" * 30, None), ("99999999999999999", None),
        ("nan", None), ("1e9", None),
    ],
)  # fmt: skip
def test_a_time_is_read_or_is_none(said: str | None, meant: int | None) -> None:
    assert instant(said) == meant


# -- by type ---------------------------------------------------------------------------------------


def test_each_type_has_its_line_on_messages_not_trained_on() -> None:
    folds: list[int] = []
    found = by_type.by_type(POLICIES, folds=2, settings=SMALL, tell=folds.append)
    assert folds == [1, 2]
    taxonomy = load_taxonomy(POLICIES / TAXONOMY_FILE)
    wanted = [code for code, kind in taxonomy.types.items() if kind.main != "BH"]
    assert [line.code for line in found.lines] == wanted
    assert len(wanted) == 76
    for line in found.lines:
        assert line.messages >= 20
        assert line.found.of == line.recall.of == line.messages
        assert line.recall.hits + sum(n for _, n in line.mistakes) == line.messages
        assert line.precision.hits == line.recall.hits
    assert found.exact.share > 0.1
    assert found.main.hits >= found.exact.hits
    page = by_type.page(found)
    assert all(f"| {code} |" in page for code in wanted)


def test_the_page_has_a_line_for_each_of_the_types() -> None:
    page = (ROOT / "docs" / "detection" / "texts.md").read_text(encoding="utf-8")
    table = page.split(measuring.BEGIN)[1].split(measuring.END)[0]
    lines = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    counted = {one[1].strip(): int(one[3]) for one in lines[1:]}
    taxonomy = load_taxonomy(POLICIES / TAXONOMY_FILE)
    assert set(counted) == {c for c, kind in taxonomy.types.items() if kind.main != "BH"}
    assert min(counted.values()) >= 20


def test_the_table_goes_between_the_marks_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{measuring.BEGIN}\nold\n{measuring.END}\nafter\n", "utf-8")
    measuring._write_between(page, "| new |\n")
    assert (
        page.read_text("utf-8") == f"before\n{measuring.BEGIN}\n| new |\n{measuring.END}\nafter\n"
    )
    page.write_text("no marks", "utf-8")
    with pytest.raises(Refused):
        measuring._write_between(page, "x")
    assert page.read_text("utf-8") == "no marks"


def test_neither_a_file_nor_by_type_is_refused() -> None:
    with pytest.raises(Refused):
        texts.evaluate()
