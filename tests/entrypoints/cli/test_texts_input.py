"""`fanzha classify text` and whatever is thrown at it: every line is answered, in its place."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanzha.detection.model_file import write_model
from fanzha.detection.text.cascade import meanings
from fanzha.entrypoints.cli import texts
from fanzha.entrypoints.cli.texts import judging, options
from fanzha.errors import Refused

sys.path.insert(0, str(Path(__file__).parents[2] / "detection" / "text" / "cascade"))
from learning import Hashing, said, small_model

SCAM = said("FR", 97)


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


def answers(model: Path, folder: Path, data: bytes, name: str = "in.jsonl", **given: Any) -> Any:
    """What is said of a file of these bytes."""
    (folder / name).write_bytes(data)
    texts.classify(str(folder / name), str(folder / "out.jsonl"), model, **given)
    lines = (folder / "out.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def rows(*found: Any) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found).encode(
        "utf-8", "surrogatepass"
    )


def well_formed(row: dict[str, Any]) -> bool:
    """A score between 0 and 1, or an error in words; never both missing."""
    scored = row["score"] is not None
    return (0 <= row["score"] <= 1) if scored else bool(row["error"])


@pytest.mark.parametrize("turns", [False, True])
def test_wrong_types_are_answered_and_say_what_was_wrong(
    model: Path, tmp_path: Path, turns: bool
) -> None:
    data = rows(
        {"id": 1, "text": 5}, {"id": 2, "text": None}, {"id": 3, "text": True},
        {"id": 4}, {}, {"text": SCAM}, {"id": 1, "text": SCAM}, {"id": 1, "text": SCAM},
        {"id": 8, "text": SCAM, "unknown": {"a": [1]}, "label": 3}, [1], 7, "x", None,
        {"id": {"a": 1}, "text": SCAM}, {"id": 9, "turns": 5}, {"id": 10, "turns": {"a": 1}},
        {"id": 11, "turns": [1, 2]}, {"id": 12, "turns": [{"speaker": "a"}]},
        {"id": 13, "turns": []},
        {"id": 14, "channel": 5, "text": SCAM},
    )  # fmt: skip
    out = answers(model, tmp_path, data, turns=turns)
    assert len(out) == 20
    assert all(well_formed(row) for row in out)
    assert [row["id"] for row in out[5:9]] == [None, 1, 1, 8]
    assert out[13]["id"] == {"a": 1}
    assert all(
        row["score"] is None and row["error"] for row in (*out[1:5], *out[9:13], *out[14:18])
    )
    assert out[6]["score"] == out[7]["score"] == out[8]["score"] == out[5]["score"]


def test_lone_surrogates_binary_and_mixed_scripts_are_read(model: Path, tmp_path: Path) -> None:
    data = (
        b'{"id": 1, "text": "a\\ud800b"}\n'
        b'{"id": 2, "text": "\\udfff"}\n'
        b'{"id": "\\ud83d", "text": "x"}\n'
        b'{"id": 3, "text": "\xff\xfe\x00"}\n'
        + bytes(range(256)).replace(b"\n", b"") + b"\n"
        + rows({"id": 4, "text": "раypаl 支付宝 ログイン ١٢٣ \u202e\u200b\x00\x07" * 50},
               {"id": 5, "text": "𠀀" * 300}, {"id": 6, "text": "ａ\u0301" * 999})
    )  # fmt: skip
    out = answers(model, tmp_path, data)
    assert len(out) == 8
    assert all(well_formed(row) for row in out)
    assert [row["id"] for row in out[-3:]] == [4, 5, 6]
    assert all(row["score"] is not None for row in (out[0], out[-3], out[-1]))
    assert all("nothing to read" in row["error"] for row in (out[1], out[-2]))
    assert "4" in out[3]["error"]
    assert "5" in out[4]["error"]


@pytest.mark.parametrize("id_", ["\ud83d", "\udc00x", "😀", "\udc00\ud83d", "\\ud83d"])
def test_an_id_comes_back_as_it_came_half_characters_too(
    model: Path, tmp_path: Path, id_: str
) -> None:
    line = json.dumps({"id": id_, "text": "a" + id_}).encode() + b"\n"
    out = answers(model, tmp_path, line)
    assert [json.dumps(row["id"]) for row in out] == [json.dumps(id_)]
    assert out[0]["score"] is not None


def test_an_enormous_text_is_read_and_a_line_beyond_the_limit_is_answered(
    model: Path, tmp_path: Path
) -> None:
    data = rows({"id": 1, "text": SCAM * 90_000}, {"id": 2, "text": "好" * 5_000_000},
                {"id": 3, "text": SCAM}, {"id": 4, "text": ""})  # fmt: skip
    assert len(data) > 10_000_000
    out = answers(model, tmp_path, data)
    assert len(out) == 4
    assert out[0]["score"] > 0.5
    assert out[1]["id"] is None
    assert out[1]["error"]
    assert (out[2]["id"], out[3]["id"]) == (3, 4)
    assert out[2]["score"] > 0.5
    assert out[3]["score"] is None
    assert "nothing to read" in out[3]["error"]


@pytest.mark.parametrize(
    "form", ["bom", "crlf", "both", "gz", "gz named jsonl", "no last line end"]
)
def test_files_as_other_programs_write_them(model: Path, tmp_path: Path, form: str) -> None:
    plain = rows({"id": 1, "text": SCAM}, {"id": 2, "text": "您好"})
    expected = answers(model, tmp_path, plain)
    made = {
        "bom": b"\xef\xbb\xbf" + plain, "crlf": plain.replace(b"\n", b"\r\n"),
        "both": b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n"), "gz": gzip.compress(plain),
        "gz named jsonl": gzip.compress(b"\xef\xbb\xbf" + plain), "no last line end": plain[:-1],
    }[form]  # fmt: skip
    name = "in.jsonl.gz" if form == "gz" else "in.jsonl"
    found = answers(model, tmp_path, made, name)
    assert [row["id"] for row in found] == [1, 2]
    for row, other in zip(found, expected, strict=True):
        assert row["score"] == pytest.approx(other["score"], abs=1e-6)
        assert (row["scam_type"], row["error"]) == (other["scam_type"], None)


def test_standard_input_is_read(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = rows({"id": 1, "text": SCAM}, {"id": "b", "text": "您好"})
    expected = answers(model, tmp_path, plain)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(plain)))
    texts.classify("-", str(tmp_path / "out.jsonl"), model)
    out = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in out] == expected


def test_nothing_at_all_gives_an_empty_file(model: Path, tmp_path: Path) -> None:
    for data in (b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n"):
        assert answers(model, tmp_path, data) == []


@pytest.mark.parametrize("kept", [2, 3, 9, 10, 14, -9, -1])
@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "in.csv", "in"])
def test_an_archive_that_breaks_off_anywhere_is_refused_as_damaged(
    model: Path, tmp_path: Path, kept: int, name: str
) -> None:
    with pytest.raises(Refused) as told:
        answers(model, tmp_path, gzip.compress(rows({"id": 1, "text": SCAM}))[:kept], name=name)
    assert told.value.code == "gzip_damaged"
    assert not (tmp_path / "out.jsonl").exists()


def test_a_broken_archive_and_no_file_are_refused(model: Path, tmp_path: Path) -> None:
    whole = gzip.compress(rows(*({"id": k, "text": SCAM} for k in range(50))))
    with pytest.raises(Refused):
        answers(model, tmp_path, whole[: len(whole) // 2])
    with pytest.raises(Refused):
        texts.classify(str(tmp_path / "absent.jsonl"), "-", model)
    assert not (tmp_path / "out.jsonl").exists()


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.just(SCAM),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(), max_size=40),
    ),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["speaker", "text", "a"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
NAMES = st.sampled_from(["id", "text", "turns", "channel", "time", "sender", "recipient", "x"])
LINES = st.one_of(
    st.dictionaries(NAMES, VALUES, max_size=6).map(json.dumps).map(str.encode),
    st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"")),
    VALUES.map(json.dumps).map(str.encode),
)


@given(st.lists(LINES, max_size=12), st.booleans(), st.booleans())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_the_lines_are_each_is_answered(
    model: Path, tmp_path: Path, found: list[bytes], turns: bool, campaigns: bool
) -> None:
    beside = tmp_path / "campaigns.jsonl" if campaigns and not turns else None
    there = [line for line in found if line.strip()]
    if b"\n".join(found).startswith((b"\x1f\x8b", b"\xef\xbb\xbf")):
        return  # by its first bytes it is an archive, or marked
    out = None
    with contextlib.suppress(Refused):
        out = answers(model, tmp_path, b"\n".join(found), turns=turns, campaigns=beside)
    if out is None:  # no row has a column that is needed
        assert not any(b'"text"' in line or b'"turns"' in line for line in there)
        return
    assert len(out) == len(there)
    assert all(well_formed(row) for row in out)
    for line, row in zip(there, out, strict=True):
        try:
            told = json.loads(line.decode("utf-8"))
        except ValueError:
            told = None
        if isinstance(told, dict) and "id" in told:
            wanted = json.dumps(told["id"]).encode()
            assert json.dumps(row["id"]).encode() == wanted
    if beside is not None:
        for line in beside.read_text("utf-8").splitlines():
            assert json.loads(line)["texts"] >= 2


def test_the_command_itself_answers_on_standard_output(tmp_path: Path, model: Path) -> None:
    data = rows({"id": 1, "text": SCAM}) + b"broken\n"
    command = [sys.executable, "-m", "fanzha.entrypoints.cli.main", "classify", "text",
               "--in", "-", "--model", str(model)]  # fmt: skip
    done = subprocess.run(command, input=data, capture_output=True, timeout=120, check=True)
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in out] == [1, None]
    assert b"text-" in done.stderr


@pytest.mark.parametrize("turns", [False, True])
def test_what_holds_nothing_or_is_wrong_gets_no_score_but_words(
    model: Path, tmp_path: Path, turns: bool
) -> None:
    data = rows(
        {"id": 1, "text": ""}, {"id": 2, "text": "\u0007\u200b\t。"}, {"id": 3, "turns": []},
        {"id": 4, "turns": "abc"}, {"id": 5, "text": SCAM, "channel": "pigeon"},
        {"id": 6, "text": SCAM, "channel": "SMS"}, {"id": 7, "text": 12345},
    )  # fmt: skip
    out = answers(model, tmp_path, data, turns=turns)
    assert [row["id"] for row in out if row["score"] is None] == [1, 2, 3, 4, 5, 7]
    assert all(row["error"] and row["sure"] is None for row in out[:5])
    assert "nothing to read" in out[1]["error"]
    assert "turns" in out[3]["error"]
    assert "channel" in out[4]["error"]
    assert out[5]["error"] is None


def test_turns_answer_in_the_same_columns(model: Path, tmp_path: Path) -> None:
    data = rows({"id": 1, "text": SCAM})
    plain, by_turn = (answers(model, tmp_path, data, turns=turns)[0] for turns in (False, True))
    assert set(plain) <= set(by_turn)
    assert isinstance(by_turn["sure"], bool)


def test_turns_and_campaigns_together_are_refused_in_words(model: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="run twice"):
        answers(
            model, tmp_path, rows({"id": 1, "text": SCAM}), turns=True,
            campaigns=tmp_path / "c.jsonl",
        )  # fmt: skip
    assert not (tmp_path / "c.jsonl").exists()
