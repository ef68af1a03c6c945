"""What a generated city holds: sound rows, the same for the same seed, invented throughout."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from fanzha.city import files
from fanzha.city.generate import City, default_behaviour, generate
from fanzha.errors import Refused
from fanzha.records.door import Admitted, admit
from fanzha.records.schemas import COLUMNS, SCHEMAS, STREAMS, Identifier
from fanzha.values import reserved
from tests.city.conftest import START, staged


@pytest.fixture(scope="module")
def admitted(city: City) -> dict[str, Admitted]:
    return {stream: admit(stream, table, "city") for stream, table in city.streams.items()}


def test_every_stream_has_rows_in_its_schema(city: City) -> None:
    assert set(city.streams) == set(STREAMS)
    for stream, table in city.streams.items():
        assert table.schema.equals(SCHEMAS[stream])
        assert table.num_rows > 0


def test_the_door_refuses_no_row(admitted: dict[str, Admitted], city: City) -> None:
    for stream, found in admitted.items():
        assert found.refused == []
        assert found.unknown_columns == {}
        assert found.batch.num_rows == city.streams[stream].num_rows


_IS_RESERVED = {
    Identifier.NUMBER: reserved.is_reserved_number,
    Identifier.SENDER: reserved.is_reserved_number,
    Identifier.SUBSCRIBER: reserved.is_reserved_number,
    Identifier.IMSI: reserved.is_reserved_imsi,
    Identifier.IMEI: reserved.is_reserved_imei,
    Identifier.CELL: reserved.is_reserved_cell,
    Identifier.HOLDER: reserved.is_reserved_citizen_id,
    Identifier.DISTRICT: reserved.is_reserved_district,
}


def _account_is_invented(normal: str) -> bool:
    kind, _, rest = normal.partition(":")
    if kind == "wallet":
        return reserved.is_reserved_wallet(rest)
    return kind in ("cash", "merchant") or reserved.is_reserved_account(normal)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_identifier_is_invented(stream: str, admitted: dict[str, Admitted]) -> None:
    batch = admitted[stream].batch
    people = {reserved.person(n) for n in range(600)}
    for column in COLUMNS[stream]:
        # A name is nobody's alone: whose it is say the person and the account beside it.
        if column.identifier in (None, Identifier.NAME):
            continue
        values = batch.column(column.name).drop_null().unique().to_pylist()
        if column.identifier is Identifier.TOKEN:
            assert set(values) <= people
        elif column.identifier is Identifier.ACCOUNT:
            assert all(map(_account_is_invented, values))
        elif column.identifier is Identifier.URL:
            hosts = {v.split("//", 1)[-1].split("/")[0].split("?")[0] for v in values}
            assert all(map(reserved.is_reserved_dns_name, hosts))
        else:
            known = [v for v in values if not v.startswith("?")]
            assert all(map(_IS_RESERVED[column.identifier], known))
            assert len(known) == len(values) or column.name in ("caller", "sender")
    if "ip" in batch.schema.names:
        assert all(map(reserved.is_reserved_ip, batch.column("ip").drop_null().to_pylist()))


def test_links_in_texts_are_invented(city: City) -> None:
    bodies = pl.Series(city.streams["text"]["body"].to_pylist())
    hosts = bodies.str.extract_all(r"https?://[a-z0-9.-]+").explode().drop_nulls()
    assert len(hosts) > 20
    assert hosts.str.ends_with(reserved.DNS_SUFFIX).all()


def test_the_same_arguments_give_the_same_bytes(city: City, tmp_path: Path) -> None:
    again = generate(600, 1, 5, START, staged())
    first = files.write(city, tmp_path / "one")
    second = files.write(again, tmp_path / "two")
    assert [p.relative_to(tmp_path / "one") for p in first] == [
        p.relative_to(tmp_path / "two") for p in second
    ]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))
    other = generate(600, 1, 6, START, staged())
    assert not other.streams["call"].equals(city.streams["call"])


def test_event_ids_are_one_count_over_all_streams(city: City) -> None:
    ids = pa.concat_arrays([t["event_id"].combine_chunks() for t in city.streams.values()])
    total = sum(table.num_rows for table in city.streams.values())
    assert sorted(ids.to_pylist()) == list(range(1, total + 1))
    for table in city.streams.values():
        assert table["at"].to_pylist() == sorted(table["at"].to_pylist())


def test_a_call_rings_is_answered_and_ends_in_order(city: City) -> None:
    calls = pl.from_arrow(city.streams["call"])
    assert isinstance(calls, pl.DataFrame)
    wide = calls.pivot("phase", index="call_id", values="at", aggregate_function="first")
    both = wide.drop_nulls(["start", "answer"])
    assert (both["start"] <= both["answer"]).all()
    ended = wide.drop_nulls(["answer", "end"])
    assert (ended["answer"] <= ended["end"]).all()
    missed = calls.filter((pl.col("phase") == "end") & ~pl.col("answered"))
    assert missed["talk_s"].sum() == 0
    assert not missed["call_id"].is_in(both["call_id"].implode()).any()


def test_finished_calls_only() -> None:
    city = generate(200, 0.5, 3, START, default_behaviour(), call_phases="end")
    assert city.streams["call"]["phase"].unique().to_pylist() == ["end"]


def test_a_later_chapter_has_the_same_people_and_other_days(city: City) -> None:
    last = max(table["event_id"][-1].as_py() for table in city.streams.values())
    follows = START + timedelta(days=1)
    later = generate(600, 1, 5, follows, staged(), chapter=1, first_id=last + 1, registry=False)
    assert later.truth["truth_alias"].equals(city.truth["truth_alias"])
    assert later.streams["subject"].num_rows == 0
    for table in later.streams.values():
        if table.num_rows:
            assert table["at"][0].as_py() >= follows
            assert table["event_id"][0].as_py() > last
    known = set(city.streams["call"]["callee"].to_pylist())
    assert len(known & set(later.streams["call"]["callee"].to_pylist())) > 300
    assert later.streams["call"].num_rows != city.streams["call"].num_rows
    assert min(later.streams["call"]["call_id"].to_pylist()) == last + 1


@pytest.mark.parametrize(
    ("residents", "days", "phases", "code"),
    [
        (99, 1, "all", "residents_out_of_range"),
        (100_001, 1, "all", "residents_out_of_range"),
        (100, 0, "all", "days_out_of_range"),
        (100_000, 7, "all", "city_too_large"),
        (100, 1, "some", "bad_call_phases"),
    ],
)
def test_what_cannot_be_made_is_refused(
    residents: int, days: float, phases: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        generate(residents, days, 1, START, call_phases=phases)
    assert refused.value.code == code


def test_a_start_without_zone_is_refused() -> None:
    with pytest.raises(Refused, match="naive_instant"):
        generate(100, 1, 1, START.replace(tzinfo=None))
