"""`fanzha replay`: the findings of `fanzha run`, the features of live rows; from files and log."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from fanzha.adapters.nats.log import JetStreamLog, LogSettings
from fanzha.adapters.nats.server import USER, NatsServer
from fanzha.city.generate import City, default_behaviour, generate
from fanzha.detection.engine import Engine
from fanzha.detection.reading import Reading
from fanzha.entrypoints.replay.files import finding_row, read_admitted
from fanzha.entrypoints.replay.history import Outputs, from_files, joined, replay, risk_row
from fanzha.entrypoints.replay.rehearse import Entry
from fanzha.entrypoints.replay.report import Tally
from fanzha.records.door import admit
from fanzha.records.quarantine import Refusal
from fanzha.records.schemas import STREAMS, admitted_schema
from fanzha.settings import Settings
from tests.entrypoints.cli.command import Said, fanzha
from tests.fixtures import POLICIES

START = datetime(2026, 3, 2, tzinfo=UTC)
SETTINGS = Settings(policies=POLICIES)


@pytest.fixture(scope="module")
def city() -> City:
    return generate(250, 0.08, 11, START, default_behaviour("demo"))


@pytest.fixture(scope="module")
def files(city: City, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    written = {}
    for stream in STREAMS:
        written[stream] = folder / f"{stream}.parquet"
        pq.write_table(city.streams[stream], written[stream])
    return written


@pytest.fixture(scope="module")
def replayed(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Said, Path]:
    folder = tmp_path_factory.mktemp("replay")
    said = fanzha(
        "replay", *arguments(files), "--features", "told", "--findings", "f.ndjson",
        "--risks", "r.ndjson", cwd=folder,
    )  # fmt: skip
    assert said.code == 0, said.err
    return said, folder


def arguments(files: dict[str, Path]) -> list[str | Path]:
    return [part for stream, path in files.items() for part in (f"--{stream}s", path)]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_findings_of_run(files: dict[str, Path], replayed: tuple[Said, Path]) -> None:
    said, folder = replayed
    live = fanzha("run", *arguments(files), "--findings", folder / "run.ndjson", cwd=folder)
    assert live.code == 0, live.err
    found = (folder / "f.ndjson").read_bytes()
    assert found.count(b"\n") >= 10
    assert found == (folder / "run.ndjson").read_bytes()
    assert f"命中 findings {found.count(bytes([10])):,}" in said.out
    assert "replayed" in said.err


def test_every_row_has_its_features_and_no_identifier(
    city: City, replayed: tuple[Said, Path]
) -> None:
    _, folder = replayed
    assert {p.name for p in (folder / "told").iterdir()} == {
        f"{s}.parquet" for s in ("app", "call", "text", "transfer", "visit")
    }
    for path in (folder / "told").iterdir():
        told, stream = pl.read_parquet(path), path.stem
        sent = city.streams[stream]
        assert sorted(told["event_id"]) == sorted(sent["event_id"].to_pylist())
        assert told["at"].is_sorted()
        received = set(admitted_schema(stream).names)
        assert set(told.columns) & received == {"event_id", "source", "at"}
    calls = pl.read_parquet(folder / "told" / "call.parquet")
    assert (calls["calls_24h"] > 0).any()
    for name in ("f.ndjson", "r.ndjson"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_risks_rest_on_findings(replayed: tuple[Said, Path]) -> None:
    _, folder = replayed
    found = rows(folder / "r.ndjson")
    assert found
    for risk in found:
        assert sum(r["part"] for r in risk["reasons"]) == pytest.approx(risk["score"], abs=1e-4)
        assert risk["events"]
        assert risk["finding_ids"]


# ── the order of a log: late, repeated, clocks set back, cut anyhow ─────────────────────────────


def arriving(city: City, seed: int) -> list[Entry]:
    """The city as a bad day brings it: rows late, some sent twice, a sender's clock days off."""
    chance = random.Random(seed)
    entries: list[Entry] = []
    for stream in STREAMS:
        batch = admit(stream, city.streams[stream], "carrier").batch
        n = batch.num_rows
        late = np.array([chance.choice([0, 0, 0, chance.random() * 3600_000]) for _ in range(n)])
        order = np.argsort(batch.column("at").cast(pa.int64()).to_numpy() + late, kind="stable")
        order = np.repeat(order, [chance.choice([1, 1, 1, 2]) for _ in range(n)])
        batch = shifted(pa.Table.from_batches([batch]).take(order), chance)
        size = max(1, n // 12)
        pieces = [batch.slice(k, size) for k in range(0, batch.num_rows, size)]
        entries += [(k, stream, piece) for k, piece in enumerate(pieces)]
    entries.sort(key=lambda entry: entry[0])
    return entries


def shifted(table: pa.Table, chance: random.Random) -> pa.RecordBatch:
    """Some rows of another sender, whose clock stands two days ahead or behind."""
    off = np.array([chance.choice([0, 0, 0, 0, -2, 2]) for _ in range(table.num_rows)])
    at = table["at"].cast(pa.int64()).to_numpy() + off * 86_400_000
    source = pa.array(["carrier" if days == 0 else f"clock {days}" for days in off])
    for name, values in (("at", pa.array(at).cast(table["at"].type)), ("source", source)):
        table = table.set_column(table.column_names.index(name), name, values)
    return table.combine_chunks().to_batches()[0]


def live(entries: Sequence[Entry], seed: int) -> tuple[dict[str, pl.DataFrame], list[Any]]:
    """What a scorer says whose feeds cut the same rows anyhow, down to one a time."""
    chance, told, said = random.Random(seed), {}, []

    def observe(reading: Reading) -> None:
        told.setdefault(reading.stream, []).append(reading.frame)

    engine = Engine(POLICIES, observe=observe)
    for position, (_, stream, batch) in enumerate(entries):
        cuts = sorted({0, batch.num_rows, *(chance.randrange(batch.num_rows) for _ in range(2))})
        for a, b in itertools.pairwise(cuts):
            outcome = engine.process(position, stream, batch.slice(a, b - a))
            said += [*map(finding_row, outcome.findings), *map(risk_row, outcome.risks)]
    return {stream: pl.concat(frames) for stream, frames in told.items()}, said


@pytest.mark.parametrize("seed", [1, 2])
def test_a_hostile_log_is_told_as_live(city: City, seed: int, tmp_path: Path) -> None:
    entries = arriving(city, seed)
    outputs = Outputs(tmp_path / "told", tmp_path / "f", tmp_path / "r")
    done = replay(SETTINGS, entries, outputs)
    assert done.duplicates > 50
    assert done.late > 50
    told, said = live(entries, seed)
    key = lambda row: json.dumps(row, sort_keys=True)  # noqa: E731
    found = [*rows(tmp_path / "f"), *rows(tmp_path / "r")]
    assert sorted(map(key, found)) == sorted(map(key, said))
    assert len(found) > 10
    for path in (tmp_path / "told").iterdir():
        replayed = pl.read_parquet(path)
        alike = told[path.stem].select(replayed.columns)
        assert_frame_equal(replayed, alike, check_exact=True, categorical_as_str=True)


def test_neighbours_are_joined_and_nothing_else_moves() -> None:
    def entry(position: int, stream: str, n: int) -> Entry:
        return position, stream, pa.record_batch({"n": list(range(position, position + n))})

    given = [entry(1, "call", 2), entry(3, "call", 2), entry(5, "text", 1), entry(6, "call", 3),
             entry(9, "call", 1)]  # fmt: skip
    found = [(p, s, b.column("n").to_pylist()) for p, s, b in joined(given, rows=3)]
    assert found == [
        (1, "call", [1, 2]), (3, "call", [3, 4]), (5, "text", [5]), (6, "call", [6, 7, 8]),
        (9, "call", [9]),
    ]  # fmt: skip
    found = [(p, s, b.num_rows) for p, s, b in joined(given, rows=4)]
    assert found == [(3, "call", 4), (5, "text", 1), (9, "call", 4)]


# ── the log, and what is refused ────────────────────────────────────────────────────────────────


def test_the_log_says_what_its_files_say(
    files: dict[str, Path], replayed: tuple[Said, Path], tmp_path: Path
) -> None:
    chosen = {stream: [files[stream]] for stream in STREAMS}
    entries = list(from_files(chosen, tmp_path, Tally(), lambda refused: None))

    async def append(settings: LogSettings) -> list[int]:
        log = JetStreamLog(settings)
        await log.start()
        places = [await log.append(s, batch, f"entry-{n}") for n, s, batch in entries]
        await log.close()
        return places

    with NatsServer(tmp_path / "data" / "nats") as server:
        places = asyncio.run(append(LogSettings(server.url, USER, server.password)))
    options = {"data": str(tmp_path / "data")}
    said = fanzha("replay", "--from-log", "--findings", "f", cwd=tmp_path, settings=options)
    assert said.code == 0, said.err
    assert (tmp_path / "f").read_bytes() == (replayed[1] / "f.ndjson").read_bytes()
    assert f"位置 position {places[-1]:,}" in said.out
    later = fanzha(
        "replay", "--from-log", "--after", str(places[-3]), cwd=tmp_path, settings=options
    )
    assert f"行 rows {sum(batch.num_rows for _, _, batch in entries[-2:]):,}" in later.out


def wrong() -> Iterator[tuple[tuple[str, ...], str]]:
    yield (), "--from-log"
    yield ("--calls", "x.csv", "--from-log"), "--from-log"
    yield ("--calls", "x.csv", "--after", "3"), "--after"
    yield ("--calls", "nothing.csv"), "file_unreadable"
    yield ("--calls", "x.csv", "--features", "x.csv"), "cannot_write"


@pytest.mark.parametrize(("given", "named"), wrong())
def test_what_cannot_be_done_is_said(given: tuple[str, ...], named: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("event_id\n1\n")
    said = fanzha("replay", *given, cwd=tmp_path)
    assert said.code == 2
    assert named in said.err


def test_spoilt_rows_are_kept_apart(tmp_path: Path) -> None:
    at = (START + timedelta(hours=1)).isoformat()
    lines = [{"event_id": 1, "at": "never"}, {"event_id": -1, "at": at}, []]
    (tmp_path / "x.ndjson").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    said = fanzha("replay", "--calls", "x.ndjson", "--features", "told", cwd=tmp_path)
    assert said.code == 2
    assert "nothing_usable" in said.err
    assert [r["row"] for r in rows(tmp_path / "refused.ndjson")] == [1, 2, 3]
    assert list((tmp_path / "told").iterdir()) == []


def test_what_is_still_to_come_is_refused_unless_asked_for(tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    table = {
        "event_id": [1, 2, 3],
        "at": [START.isoformat(), later.isoformat(), "9999-01-01T00:00:00Z"],
        "phase": ["start"] * 3,
        "call_id": [1, 2, 3],
        "caller": ["10086"] * 3,
        "callee": ["10010"] * 3,
    }
    pl.DataFrame(table).write_csv(tmp_path / "x.csv")
    told, ahead = Tally(), Tally()
    refused: list[Refusal] = []
    paths = [tmp_path / "x.csv"]
    list(read_admitted("call", paths, told, refused.extend))
    assert told.rows["call"] == 1, refused
    assert sorted(one.row for one in refused) == [3, 4]  # lines of the file
    list(read_admitted("call", paths, ahead, refused.extend, ahead=True))
    assert ahead.rows["call"] == 3
