"""`fanzha … text` on files: each row is answered in its place with the id it came with."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fanzha.detection.model_file import write_model
from fanzha.detection.text.cascade import ground, meanings
from fanzha.detection.text.cascade import train as training
from fanzha.entrypoints.cli import texts
from fanzha.errors import FanzhaError, Refused

sys.path.insert(0, str(Path(__file__).parents[2] / "detection" / "text" / "cascade"))
from learning import SMALL, Hashing, few_built_in, said, small_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.fzm"
    with pytest.MonkeyPatch.context() as patch:
        write_model(path, small_model(patch).to_file())
    return path


def lines(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return str(path)


def answered(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_rows_are_answered_in_their_places(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.jsonl"
    lines(source, [
        {"id": 7, "text": said("FR", 97)}, {"id": "7"}, {"id": None, "text": said("AD", 97)},
        {"id": 8, "turns": ["喂您好", said("FR", 96)], "channel": "transcript"},
        {"id": 9, "text": ["no", "text"]}, {"id": 10, "text": ""},
    ])  # fmt: skip
    with source.open("ab") as file:
        file.write(b"broken\n")
    texts.classify(str(source), str(tmp_path / "out.jsonl"), model)
    out = answered(tmp_path / "out.jsonl")
    assert [row["id"] for row in out] == [7, "7", None, 8, 9, 10, None]
    assert out[0]["score"] > 0.5 > out[2]["score"]
    assert out[0]["scam_type"] == "FR"
    assert out[0]["reasons"]
    assert out[1]["score"] is None
    assert "text" in out[1]["error"]
    assert out[3]["error"] is None
    assert out[5]["score"] is None
    assert "nothing to read" in out[5]["error"]
    assert "7" in out[6]["error"]
    err = capsys.readouterr().err
    assert "text-" in err
    assert "10% or 200" in err


def test_train_then_evaluate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ground, "built_in", few_built_in)
    monkeypatch.setattr(meanings, "sentence_encoder", Hashing)
    whole = training.train
    monkeypatch.setattr(
        training, "train",
        lambda samples, classes, fraud, policies, tell, count: whole(
            samples, classes, fraud, policies, SMALL, tell, count
        ),
    )  # fmt: skip
    rows = [
        {"text": said(name, k), "label": name} for name in ("FR", "AD", "Other") for k in range(30)
    ]
    source = lines(tmp_path / "own.jsonl", [*rows, {"text": "no label"}])
    texts.train([source], tmp_path / "m.fzm")
    told = json.loads((tmp_path / "m.fzm.report.json").read_text("utf-8"))
    assert told["left_out"] == 1
    assert told["labels"] == {"AD": False, "FR": True, "Other": False}
    assert re.search(r"编码 encoded: ([\d,]+) / \1 ", capsys.readouterr().err)
    texts.evaluate([source], tmp_path / "m.fzm")
    found = json.loads(capsys.readouterr().out)
    assert found["fraud"]["f1"][0] > 0.9
    assert set(found["types"]["classes"]) <= {"AD", "FR", "Other"}


def test_labels_of_the_row_before_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "train", stop)
    names = np.where(np.random.default_rng(1).random(200) < 0.5, "FR", "AD").tolist()
    rows = [{"text": said(name, k), "label": name} for k, name in enumerate(names)]
    moved = [{**row, "label": names[k - 1], "source": "moved"} for k, row in enumerate(rows)]
    for given, warned in ((rows, False), (moved, True)):
        with pytest.raises(Stopped):
            texts.train([lines(tmp_path / "own.jsonl", given)], tmp_path / "m.fzm")
        assert ("off by one" in capsys.readouterr().err) == warned


class Stopped(Exception):
    pass


def stop(*_: object, **__: object) -> None:
    raise Stopped


@pytest.mark.parametrize("prior", ["0", "1", "-3", "nan"])
def test_a_share_of_fraud_that_is_none_is_refused(tmp_path: Path, prior: str) -> None:
    source = lines(tmp_path / "in.jsonl", [{"id": 1, "text": "a"}])
    with pytest.raises(Refused):
        texts.classify(source, str(tmp_path / "out.jsonl"), prior=float(prior))


@pytest.mark.parametrize(
    "rows", [[], [{"text": "a"}], [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]]
)
def test_what_cannot_teach_is_refused(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    with pytest.raises(FanzhaError):
        texts.train([lines(tmp_path / "in.jsonl", rows)], tmp_path / "m.fzm")
    assert not (tmp_path / "m.fzm").exists()


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", [{"id": 1, "text": "a"}])
    with pytest.raises(Refused):
        texts.classify(source, str(tmp_path / "out.jsonl"), tmp_path / "absent.fzm")
