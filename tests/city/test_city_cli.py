"""`fanzha city` as people type it: files, refusals in words, a feed that ends when told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from fanzha.city.behaviour import POLICIES
from fanzha.entrypoints.cli.city import commands as city
from fanzha.errors import FanzhaError
from fanzha.records.schemas import SCHEMAS, STREAMS

app = typer.Typer()
app.add_typer(city.app, name="city")
runner = CliRunner()


def test_a_city_is_written_with_the_truth_apart(tmp_path: Path) -> None:
    out = tmp_path / "city"
    asked = ["city", "--residents", "200", "--days", "0.5", "--seed", "3", "--out", str(out)]
    done = runner.invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert {p.stem for p in out.glob("*.parquet")} == set(STREAMS)
    for stream in STREAMS:
        assert pq.read_schema(out / f"{stream}.parquet").equals(SCHEMAS[stream])
        assert stream in done.output
    told = {p.stem for p in (out / "truth").glob("*.parquet")}
    assert told == {
            "truth_event", "truth_incident", "truth_entity", "truth_den", "truth_alias", "opening"
        }  # fmt: skip
    assert "模拟 simulated" in done.output


def test_another_behaviour_file_is_one_option_away(tmp_path: Path) -> None:
    rows = {}
    own = tmp_path / "own.yaml"
    (tmp_path / "default.yaml").write_bytes((POLICIES / "default.yaml").read_bytes())
    own.write_text("extends: default.yaml\nversion: own\nnet: {visits: 15.0}\n", encoding="utf-8")
    for name in ("default", str(own)):
        out = tmp_path / Path(name).stem
        asked = ["city", "--residents", "200", "--days", "0.5", "--out", str(out)]
        assert runner.invoke(app, [*asked, "--behaviour", name]).exit_code == 0
        rows[name] = pq.read_metadata(out / "visit.parquet").num_rows
    assert rows[str(own)] > 1.5 * rows["default"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "--out"),
        (["--out", "x", "--start", "2026-03-02T00:00:00"], "--start"),
        (["--out", "x", "--start", "soon"], "--start"),
        (["--out", "x", "--seed", "-1"], "--seed"),
    ],
)
def test_a_wrong_option_is_named(more: list[str], words: str) -> None:
    done = runner.invoke(app, ["city", "--residents", "200", *more])
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--residents", "5"], "residents_out_of_range"),
        (["--behaviour", "no-such"], "bad_behaviour"),
    ],
)
def test_what_cannot_be_made_raises_in_both_languages(
    more: list[str], code: str, tmp_path: Path
) -> None:
    done = runner.invoke(app, ["city", "--out", str(tmp_path), *more])
    assert isinstance(done.exception, FanzhaError)
    assert done.exception.code == code
    assert done.exception.zh
    assert done.exception.en


class _Centre(ThreadingHTTPServer):
    """Takes everything with the right key, but is away for every seventh body."""

    daemon_threads = True
    count: Counter[str]
    asked: int = 0
    keys: set[str]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Centre

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        if self.server.asked % 7 == 0:
            self._answer(503, {"code": "away", "zh": "稍后", "en": "later"})
            return
        self.server.keys.add(self.headers["Authorization"])
        rows = [json.loads(line) for line in body.splitlines()]
        self.server.count[self.path.rpartition("/")[2]] += len(rows)
        self._answer(202, {"accepted": len(rows), "received": len(rows)})

    def _answer(self, status: int, said: dict[str, object]) -> None:
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def centre() -> Iterator[_Centre]:
    server = _Centre(("127.0.0.1", 0), _Handler)
    server.count, server.keys = Counter(), set()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_city_on_the_air_ends_on_sigterm(centre: _Centre) -> None:
    started = (
        "import typer; from fanzha.entrypoints.cli.city import commands as city\n"
        "app = typer.Typer(); app.add_typer(city.app, name='city'); app()"
    )
    address = f"http://127.0.0.1:{centre.server_address[1]}"
    asked = ["city", "stream", "--to", address, "--key", "k", "--residents", "300"]
    with subprocess.Popen(
        [sys.executable, "-c", started, *asked, "--history-hours", "12"],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if "live" in line:
                    break
            child.send_signal(signal.SIGTERM)
            assert child.wait(timeout=20) == 0
        finally:
            child.kill()
    assert centre.keys == {"Bearer k"}
    assert centre.count["subject"] > 400
    assert centre.count["call"] > 0
