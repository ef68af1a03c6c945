"""`fanzha classify|train|evaluate link` from file to file, bad rows among them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.entrypoints.cli.command import fanzha

WORDS = ("garden", "school", "river", "museum", "bakery", "cycling", "library", "weather")
BAITS = ("claim", "verify", "wallet", "airdrop", "unlock", "refund", "secure", "bonus")


def _written(path: Path, rows: list[Any]) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_addresses_are_answered_row_by_row(tmp_path: Path) -> None:
    source = _written(
        tmp_path / "f.jsonl",
        [
            {"id": 7, "url": "https://www.icbc.com.cn/icbc/html/login.aspx"},
            {"id": "b", "url": "icbc-kefu.example/h5"},
            {"id": "c", "url": "not an address"},
            {"id": "d"},
            "no json",
            {"id": "f", "url": "https://hello.github.io/"},
            {"id": "g", "url": "http://tinyurl.com/abc"},
        ],
    )
    out = tmp_path / "g.jsonl"
    said = fanzha("classify", "link", "--in", source, "--out", out)
    assert said.code == 0, said.err
    assert "link-" in said.err
    found = {row["id"]: row for row in _rows(out)}
    assert list(found) == [7, "b", "c", "d", None, "f", "g"]
    assert found[7]["score"] < found["b"]["score"]
    assert found["b"]["looks_like"]["en"] == "ICBC"
    assert found["b"]["registrable"] == "icbc-kefu.example"
    assert {"code", "zh", "en"} == set(found["b"]["reasons"][0])
    assert "on_platform" in {r["code"] for r in found["f"]["reasons"]}
    assert "shortened" in {r["code"] for r in found["g"]["reasons"]}
    for row in (found["c"], found["d"], found[None]):
        assert row["score"] is None
        assert row["error"]
    assert all(row["error"] is None for key, row in found.items() if key in (7, "b", "f", "g"))


def test_other_links_and_long_ones_are_called_what_they_are(tmp_path: Path) -> None:
    urls = ["tel:110", "mailto:a@b.example", "localhost:8080", "hxxp://a[.]b.example/x",
            "http://long.example/" + "a" * 9_000]  # fmt: skip
    source = _written(tmp_path / "f.jsonl", [{"id": k, "url": url} for k, url in enumerate(urls)])
    said = fanzha("classify", "link", "--in", source, "--out", tmp_path / "g.jsonl")
    assert said.code == 0, said.err
    found = _rows(tmp_path / "g.jsonl")
    for row in found[:2]:
        assert row["score"] is None
        assert "no web address" in row["error"]
    assert [row["error"] for row in found[2:]] == [None] * 3
    assert found[3]["registrable"] == "b.example"
    assert "cut" in {reason["code"] for reason in found[4]["reasons"]}


def test_train_classify_evaluate_on_ones_own_rows(tmp_path: Path) -> None:
    good = [{"url": f"{a}{b}{c}.example", "label": "正常"} for a in WORDS for b in WORDS
            for c in ("", "s", "club")]  # fmt: skip
    bad = [{"url": f"http://{a}-{b}{n}.top/x", "label": "Phishing", "set": "made"} for a in BAITS
           for b in BAITS for n in (1, 22)]  # fmt: skip
    odd = [{"url": "x.example", "label": "perhaps"}, {"label": "scam"}, "no json"]
    first = _written(tmp_path / "good.jsonl", [*good, *odd])
    second = _written(tmp_path / "bad.jsonl", bad)
    model = tmp_path / "m.model"
    said = fanzha("train", "link", "--in", first, "--in", second, "--model", model)
    assert said.code == 0, said.err
    assert "3 left out" in said.err
    fresh = _written(
        tmp_path / "fresh.jsonl",
        [{"url": f"{a}lake.example", "label": 0} for a in WORDS]
        + [{"url": f"{a}-now7.top", "label": 1, "set": "made"} for a in BAITS],
    )
    said = fanzha("evaluate", "link", "--in", fresh, "--model", model)
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["names_seen_in_training"] == 0.0
    names = found["sets"]["names, never trained on"]
    assert (names["scam"], names["ordinary"]) == (8, 8)
    assert names["auc"] > 0.9
    assert names["auc_ci95"][0] <= names["auc"] <= names["auc_ci95"][1]
    out = tmp_path / "g.jsonl"
    said = fanzha("classify", "link", "--in", fresh, "--out", out, "--model", model)
    assert said.code == 0, said.err
    assert found["model"] in said.err


def test_what_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    source = _written(tmp_path / "f.jsonl", [{"url": "a.example", "label": "perhaps"}])
    said = fanzha("train", "link", "--in", source, "--model", tmp_path / "m")
    assert said.code != 0
    assert "unlabelled" in said.err or "label" in said.err
    assert not (tmp_path / "m").exists()
    said = fanzha("classify", "link", "--in", source, "--model", tmp_path / "absent")
    assert said.code != 0
