"""What is fuzzed among the ways in of rows (files, cells, HTTP, NATS), and the scoring of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fanzha.adapters.nats import wire
from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from fanzha.adapters.postgres.service_user import temporary
from fanzha.detection.engine import Engine
from fanzha.entrypoints.api.app import create_app
from fanzha.errors import Refused
from fanzha.records import batches
from fanzha.records.door import admit
from fanzha.records.readers import FileKind, read_open
from fanzha.records.schemas import COLUMNS, STREAMS
from tests import fixtures
from tests.browser.centre import centre_over
from tests.records.rows import row
from tools.soak.mutate import broken, like, text

Case = Callable[[Random], None]
_SOURCE = "soak"
_EDGES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**53, 2**63 - 1, -(2**63), 0.0, -0.0, 1e308, 5e-324,
    float("nan"), float("inf"), "", " ", "\0", "null", "9" * 400,
)  # fmt: skip


def _rows(chance: Random, stream: str, many: int, strange: float) -> list[dict[str, Any]]:
    """Rows of a stream, some cells of which hold what does not belong there."""
    rows = []
    for _ in range(many):
        found = row(stream, chance.randrange(1, 499))
        if chance.random() < strange:
            column = chance.choice(COLUMNS[stream])
            found[column.name] = _cell(chance, found.get(column.name))
        rows.append(found)
    return rows


def _cell(chance: Random, was: object) -> Any:
    match chance.randrange(3):
        case 0:
            return chance.choice(_EDGES)
        case 1:
            return text(chance, 30)
        case _:
            return like(chance, str(was))


def _written(chance: Random, stream: str) -> tuple[FileKind, bytes]:
    rows = _rows(chance, stream, chance.randint(1, 12), 0.0)
    sink = io.BytesIO()
    kind = chance.choice(list(FileKind))
    if kind is FileKind.CSV:
        lines = io.StringIO(newline="")
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        sink.write(lines.getvalue().encode())
    elif kind is FileKind.NDJSON:
        sink.write(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in rows))
    else:
        table = pa.Table.from_pylist(rows)
        if kind is FileKind.PARQUET:
            pq.write_table(table, sink, compression=chance.choice(("none", "snappy", "zstd")))
        else:
            make = chance.choice((pa.ipc.new_stream, pa.ipc.new_file))
            with make(sink, table.schema) as out:
                out.write_table(table)
    body = sink.getvalue()
    packed = kind in (FileKind.CSV, FileKind.NDJSON) and chance.random() < 0.2
    return kind, gzip.compress(body, 1) if packed else body


@contextmanager
def files() -> Iterator[Case]:
    """Files of four forms with broken bytes: every row that was read is let in or refused."""

    def case(chance: Random) -> None:
        stream = chance.choice(STREAMS)
        kind, body = _written(chance, stream)
        for chunk in read_open(io.BytesIO(broken(chance, body)), stream, _SOURCE, kind=kind):
            found = admit(stream, chunk.table, _SOURCE, rows=chunk.rows)
            assert found.batch.num_rows + len(found.refused) == chunk.table.num_rows
            json.dumps([r.raw for r in found.refused])

    yield case


@contextmanager
def cells() -> Iterator[Case]:
    """The door: each row passes or is refused, and what is kept of it can be written down."""

    def case(chance: Random) -> None:
        stream = chance.choice(STREAMS)
        rows = _rows(chance, stream, 8, 0.5)
        lines = b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in rows)
        seen = 0
        for chunk in read_open(io.BytesIO(lines), stream, _SOURCE, kind=FileKind.NDJSON):
            found = admit(stream, chunk.table, _SOURCE, rows=chunk.rows)
            seen += found.batch.num_rows + len(found.refused) + len(chunk.refused)
            json.dumps([r.raw for r in found.refused])
            found.batch.validate(full=True)
        assert seen == len(rows), "rows are missing"

    yield case


@contextmanager
def parcels() -> Iterator[Case]:
    """Arrow batches of NATS feeders with broken bytes: refused, or sound and through the door."""

    def case(chance: Random) -> None:
        stream = chance.choice(STREAMS)
        batch = pa.RecordBatch.from_pylist(_rows(chance, stream, chance.randint(1, 9), 0.0))
        try:
            found = wire.decode_foreign(broken(chance, batches.encode(batch)))
        except Refused:
            return
        found.validate(full=True)
        let = admit(stream, pa.Table.from_batches([found]), _SOURCE, own_source_only=True)
        assert let.batch.num_rows + len(let.refused) == found.num_rows

    yield case


@contextmanager
def scoring() -> Iterator[Case]:
    """Whatever the door lets in can be scored: no row may stop the scorer for good."""
    engine = Engine(fixtures.POLICIES)
    position = 0

    def case(chance: Random) -> None:
        nonlocal position
        stream = chance.choice(STREAMS)
        rows = _rows(chance, stream, 20, 0.7)
        for one in rows:
            one["event_id"] = chance.getrandbits(63)
        lines = b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in rows)
        for chunk in read_open(io.BytesIO(lines), stream, _SOURCE, kind=FileKind.NDJSON):
            batch = admit(stream, chunk.table, _SOURCE, rows=chunk.rows).batch
            position += 1
            outcome = engine.process(position, stream, batches.decode(batches.encode(batch)))
            for finding in outcome.findings:
                assert 0.0 <= finding.score <= 1.0
                assert finding.reasons

    yield case


@contextmanager
def events_over_http() -> Iterator[Case]:
    """`POST /v1/events/{stream}`: 202 with every row accounted for, never a 500."""
    from starlette.testclient import TestClient

    quick = {"fsync": "off", "synchronous_commit": "off"}
    with (
        temporary("fanzha-soak-") as place,
        EmbeddedPostgres(place / "postgres", settings=quick) as postgres,
        fixtures.fresh_database(postgres, fixtures.make_template(postgres)) as installed,
    ):
        centre = centre_over(installed)
        key = installed.operators.add_sender(_SOURCE, frozenset(STREAMS), fixtures.NOW)
        headers = {"Authorization": f"Bearer {key}"}
        app = create_app(centre)
        with TestClient(app, client=("127.0.0.1", 5), raise_server_exceptions=False) as client:
            yield lambda chance: _post(chance, client, headers)


def _post(chance: Random, client: Any, headers: dict[str, str]) -> None:
    stream = chance.choice(STREAMS)
    rows = _rows(chance, stream, chance.randint(1, 6), 0.5)
    body = b"\n".join(json.dumps(r, ensure_ascii=False).encode() for r in rows)
    if chance.random() < 0.5:
        body = broken(chance, body)
    answer = client.post(f"/v1/events/{stream}", content=body, headers=headers)
    assert answer.status_code == 202, f"{answer.status_code} {answer.text[:300]}"
    said = answer.json()
    lines = [x for x in body.split(b"\n") if x and not x.isspace()]
    assert said["received"] == said["accepted"] + len(said["refused"]), "rows are missing"
    assert said["received"] == len(lines), f"{said['received']} of {len(lines)} lines"
