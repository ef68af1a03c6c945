"""`fanzha score dens`: records in, dens out, located and ranked; bad rows are answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from typer.testing import CliRunner

from fanzha.entrypoints.cli.detect import score
from fanzha.records.schemas import SCHEMAS
from tests.detection.den.planted import Town


def _written(folder: Path, town: Town) -> dict[str, str]:
    paths = {}
    for stream, rows in (("call", town.calls), ("line", town.lines), ("text", town.texts)):
        path = folder / f"{stream}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS[stream]), path)
        paths[stream] = str(path)
    return paths


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(score, ["dens", *arguments])
    assert result.exit_code == 0, result.output
    return result.stderr


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_dens_and_leads(tmp_path: Path) -> None:
    town = Town(2)
    town.residents(30)
    cards, pool = town.goip(100), town.modem_pool(300)
    paths = _written(tmp_path, town)
    leads, out = tmp_path / "leads.jsonl", tmp_path / "dens.jsonl"
    told = [
        {"lead": "K-1", "number": cards[0][3:], "address": "海云路18号海云酒店"},
        {"lead": "K-2", "number": "0362-61000003", "address": "海云路18号海云酒店1203房"},
        {"lead": "K-3", "number": "no number"},
        # Read by its digits, this one would take longer than anybody waits.
        {"lead": "K-4", "number": cards[1][3:], "address": "1" * 400_000},
    ]
    leads.write_text("\n".join(json.dumps(one) for one in told), "utf-8")
    said = _run("--calls", paths["call"], "--lines", paths["line"], "--texts", paths["text"],
                "--leads", str(leads), "--out", str(out))  # fmt: skip
    assert "den/v1" in said
    rows = _rows(out)
    dens = [row for row in rows if row["what"] == "den"]
    assert {row["kind"]: set(row["members"]) for row in dens} == {
        "goip": set(cards), "modem_pool": set(pool)
    }  # fmt: skip
    assert [row["rank"] for row in dens] == [1, 2]
    goip = next(row for row in dens if row["kind"] == "goip")
    assert goip["leads"] == ["K-1", "K-2"]
    assert goip["located"]
    assert goip["cells"][0]["cell"] == goip["area"][0]
    (group,) = [row for row in rows if row["what"] == "leads"]
    assert (group["leads"], group["dens"]) == (["K-1", "K-2"], [goip["rank"]])
    faults = [row for row in rows if row["error"]]
    assert [(row["file"], row["line"]) for row in faults] == [
        ("leads.jsonl", 3),
        ("leads.jsonl", 4),
    ]


def test_calls_alone_and_a_row_that_is_none(tmp_path: Path) -> None:
    town = Town(2)
    cards = town.goip(100)
    path, out = tmp_path / "calls.jsonl", tmp_path / "dens.parquet"
    lines = [json.dumps({**row, "at": row["at"].isoformat()}) for row in town.calls]
    path.write_text("\n".join([*lines, '{"phase": 7}', "not json"]), "utf-8")
    _run("--calls", str(path), "--out", str(out))
    rows = pq.read_table(out).to_pylist()
    assert set(rows[0]["members"]) == set(cards)
    assert "outlet" in rows[0]["missing"]
    assert sum(row["error"] is not None for row in rows) == 2
