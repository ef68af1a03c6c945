"""The frame of the benchmarks: figures found, described and written; no timing is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.peers.stream import Stream
from bench.running import registry
from bench.running.figure import Figure
from bench.running.page import page

KEYS = {"name", "ours", "unit", "peers", "ratio", "machine", "settings"}


def figure(better: str, ours: float, **peers: float) -> Figure:
    return Figure("x", ours, "events/s", {"a_b": 1}, peers=peers, better=better)  # type: ignore[arg-type]


def test_every_module_is_a_figure_and_says_what_it_is() -> None:
    assert {"features", "features_24_panes", "growth"} <= set(registry.names())
    for name in registry.names():
        assert registry.about(name).endswith(".")


@pytest.mark.parametrize(
    ("found", "ratio"),
    [
        (figure("higher", 300, slow=10, quick=100), 3),
        (figure("lower", 10, slow=300, quick=5), 0.5),
        (figure("higher", 10), None),
    ],
)
def test_the_ratio_is_to_the_best_peer(found: Figure, ratio: float | None) -> None:
    assert found.as_json()["ratio"] == ratio
    assert set(found.as_json()) >= KEYS


def test_the_page_shows_each_figure_and_the_command_that_repeats_it() -> None:
    found = figure("higher", 3_141_592.6, polars=1000).as_json()
    text = page([found], {"x": "About x."}, "2026-01-02")
    for part in ("3,142,000", "polars", "2026-01-02", "-m bench x --json", "a b: 1", "About x."):
        assert part in text


def test_a_name_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "no_such"])
    assert main() == 2
    assert "no_such" in capsys.readouterr().err


def test_a_failed_figure_leaves_the_page_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(name: str, *, quick: bool) -> None:
        raise subprocess.CalledProcessError(1, name)

    where = tmp_path / "page.md"
    where.write_text("as it was", encoding="utf-8")
    monkeypatch.setattr(registry, "run_apart", fails)
    monkeypatch.setattr(sys, "argv", ["bench", "growth", "--write", str(where)])
    assert main() == 1
    assert where.read_text(encoding="utf-8") == "as it was"


@pytest.mark.slow
def test_a_figure_runs_and_prints_one_object() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "growth", "--json", "--quick"],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert set(found) >= KEYS
    assert found["ours"] > 0
    assert found["peers"]["Python dict"] > 0


def test_the_stream_meets_every_key_once_before_it_draws() -> None:
    parts = Stream(1000).everyone(300)
    assert sorted(n for part in parts for n in part.tolist()) == list(range(1000))
