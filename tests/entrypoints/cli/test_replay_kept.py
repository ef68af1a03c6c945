"""`fanzha replay --keep`: cut off anywhere, it goes on and writes what it would have written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fanzha.city.generate import default_behaviour, generate
from fanzha.entrypoints.replay import kept
from fanzha.entrypoints.replay.history import Outputs, from_files, replay
from fanzha.entrypoints.replay.rehearse import Entry
from fanzha.entrypoints.replay.report import Tally
from fanzha.records.schemas import STREAMS
from fanzha.settings import Settings
from tests.entrypoints.cli.command import fanzha
from tests.fixtures import POLICIES

_START = datetime(2026, 3, 2, tzinfo=UTC)
_SETTINGS = Settings(policies=POLICIES)
_SLICE_MS = 3 * 3_600_000


class _CutOffError(Exception):
    pass


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    city = generate(120, 0.1, 5, _START, default_behaviour("demo"))
    folder = tmp_path_factory.mktemp("files")
    for stream in STREAMS:
        pq.write_table(city.streams[stream], folder / f"{stream}.parquet")
    return {stream: folder / f"{stream}.parquet" for stream in STREAMS}


def _entries(files: dict[str, Path], spill: Path, upto: int = 10**9) -> Iterator[Entry]:
    spill.mkdir(exist_ok=True)
    paths = {stream: [path] for stream, path in files.items()}
    for entry in from_files(paths, spill, Tally(), lambda refused: None, _SLICE_MS, ahead=True):
        if entry[0] > upto:
            raise _CutOffError
        yield entry


def _outputs(folder: Path) -> Outputs:
    return Outputs(findings=folder / "f.ndjson", risks=folder / "r.ndjson")


def test_what_was_cut_off_goes_on(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    at_one_go = replay(_SETTINGS, _entries(files, tmp_path / "spill"), _outputs(whole))
    assert at_one_go.position > 12
    assert sum(at_one_go.findings.values()) > 0
    monkeypatch.setattr(kept, "EVERY_S", 0.0)
    keep = tmp_path / "keep", "these"
    for upto in (6, 13):
        with pytest.raises(_CutOffError):
            replay(_SETTINGS, _entries(files, tmp_path / "spill", upto), _outputs(parts), keep=keep)
        # What was written after the state was kept must not stand twice.
        with (parts / "f.ndjson").open("a", encoding="utf-8") as file:
            file.write("half a li")
    heard: list[int] = []
    done = replay(
        _SETTINGS, _entries(files, tmp_path / "spill"), _outputs(parts), heard.append, keep
    )
    assert vars(done) == vars(at_one_go)
    assert sum(heard) < sum(done.rows.values()) + done.duplicates
    for name in ("f.ndjson", "r.ndjson"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()


def test_state_of_other_entries_or_without_its_files_is_of_no_use(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "EVERY_S", 0.0)
    keep = tmp_path / "keep"
    spill = tmp_path / "spill"
    with pytest.raises(_CutOffError):
        replay(_SETTINGS, _entries(files, spill, 8), _outputs(tmp_path), keep=(keep, "these"))
    for about, lost in (("others", False), ("these", True)):
        if lost:
            (tmp_path / "r.ndjson").unlink()
        heard: list[int] = []
        done = replay(
            _SETTINGS, _entries(files, spill), _outputs(tmp_path), heard.append, (keep, about)
        )
        assert sum(heard) == sum(done.rows.values()) + done.duplicates


def test_keep_goes_with_files_and_without_features(tmp_path: Path) -> None:
    said = fanzha("replay", "--from-log", "--keep", tmp_path / "k", cwd=tmp_path)
    assert said.code == 2
    assert "--keep" in said.err
