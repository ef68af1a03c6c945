"""A city in pieces: one order of time, one count of ids, balances that add up, same bytes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fanzha.city.generate import default_behaviour
from fanzha.city.pieces import Written, hours_of, write_in_pieces
from fanzha.entrypoints.cli.city import commands as command
from fanzha.errors import Refused
from fanzha.records.door import admit
from fanzha.records.schemas import SCHEMAS, STREAMS
from tests.city.conftest import START, staged


def _write(out: Path, hours: float = 3.0) -> Written:
    return write_in_pieces(300, 0.6, 5, START, staged(), out, hours=hours)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pieces")
    done = _write(out)
    assert done.pieces == 5
    assert all(count > 0 for count in done.rows.values())
    assert done.scams > 20
    return out


def _frame(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"{name}.parquet")


def test_rows_stand_in_order_and_pass_the_door(folder: Path) -> None:
    ids = []
    for stream in STREAMS:
        table = pq.read_table(folder / f"{stream}.parquet")
        assert table.schema.equals(SCHEMAS[stream])
        assert admit(stream, table, "city").refused == []
        at = table["at"].to_pylist()
        assert at == sorted(at)
        ids += list(zip(at, table["event_id"].to_pylist(), strict=True))
    assert sorted(id for _, id in ids) == list(range(1, len(ids) + 1))
    by_id = [at for at, _ in sorted(ids, key=lambda row: row[1])]
    assert by_id == sorted(by_id)


def test_a_call_keeps_its_number_over_pieces(folder: Path) -> None:
    calls = _frame(folder, "call")
    phases = calls.group_by("call_id").agg(
        pl.col("phase").n_unique().alias("kinds"),
        pl.len().alias("rows"),
        pl.col("caller").n_unique(),
    )
    assert (phases["kinds"] == phases["rows"]).all()
    assert (phases["caller"] == 1).all()
    assert phases.filter(pl.col("rows") == 3).height > 100


def test_balances_add_up_over_all_pieces(folder: Path) -> None:
    opening = pl.read_parquet(folder / "truth" / "opening.parquet")
    held: dict[str, int] = dict(zip(opening["account"], opening["fen"], strict=True))
    said = 0
    for row in (
        _frame(folder, "transfer").filter(pl.col("status") == "booked").iter_rows(named=True)
    ):
        held[row["payer"]] -= row["amount_fen"]
        held[row["payee"]] += row["amount_fen"]
        assert held[row["payer"]] >= 0
        if row["payer_balance_fen"] is not None:
            assert row["payer_balance_fen"] == held[row["payer"]]
            said += 1
    assert said > 100


def test_truth_joins_over_all_pieces(folder: Path) -> None:
    told = pl.read_parquet(folder / "truth" / "truth_event.parquet")
    for stream in STREAMS:
        mine = told.filter(pl.col("stream") == stream)["event_id"]
        assert mine.is_in(_frame(folder, stream)["event_id"].implode()).all()
    incidents = pl.read_parquet(folder / "truth" / "truth_incident.parquet")
    assert set(told["incident_id"].drop_nulls()) <= set(incidents["incident_id"])
    paid = told.filter(pl.col("role") == "payment").join(_frame(folder, "transfer"), on="event_id")
    booked = paid.filter(pl.col("status") == "booked")["amount_fen"].sum()
    assert incidents["loss_fen"].sum() == booked > 0


def test_the_same_arguments_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    _write(tmp_path)
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.parquet"))
    assert names == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.parquet"))
    assert all((folder / n).read_bytes() == (tmp_path / n).read_bytes() for n in names)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [f"{stream}.parquet" for stream in STREAMS] + ["truth"]
    )


def test_pieces_hold_as_much_life_as_the_whole(tmp_path: Path, folder: Path) -> None:
    whole = write_in_pieces(300, 0.6, 5, START, staged(), tmp_path, hours=24.0)
    assert whole.pieces == 1
    for stream in ("call", "text", "visit"):
        assert _frame(folder, stream).height == pytest.approx(whole.rows[stream], rel=0.15)


def test_wages_are_paid_once(tmp_path: Path) -> None:
    """Employers pay on one day of the month, however many pieces that day is made of."""
    write_in_pieces(300, 1.0, 5, START, default_behaviour(), tmp_path, hours=2.0)
    moved = _frame(tmp_path, "transfer").filter(pl.col("channel") == "web")
    pairs = moved.filter(pl.col("amount_fen") > 200_000).group_by("payer", "payee").len()
    assert (pairs["len"] <= 2).all()


def test_a_piece_of_a_large_city_is_short() -> None:
    assert hours_of(1_000_000) == 1.0
    assert hours_of(100) == 24.0


def test_more_than_a_million_residents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="residents_out_of_range"):
        write_in_pieces(1_000_001, 0.1, 1, START, default_behaviour(), tmp_path)


def test_the_command_writes_in_pieces(tmp_path: Path) -> None:
    asked = ["--residents", "150", "--days", "0.2", "--piece-hours", "1", "--out", str(tmp_path)]
    done = CliRunner().invoke(command.app, asked)
    assert done.exit_code == 0, done.output
    assert {p.stem for p in tmp_path.glob("*.parquet")} == set(STREAMS)


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Written]:
    out = tmp_path_factory.mktemp("rough")
    behaviour = default_behaviour("rough")
    return out, write_in_pieces(300, 0.6, 5, START, behaviour, out, hours=3.0)


def test_records_come_in_late_and_twice_over_all_pieces(rough: tuple[Path, Written]) -> None:
    out, done = rough
    calls = _frame(out, "call")
    assert calls.height == done.rows["call"]
    assert admit("call", pq.read_table(out / "call.parquet"), "city").refused == []
    assert calls["source"].n_unique() > 2
    wait = calls["at"].cum_max() - calls["at"]
    assert (wait > timedelta(minutes=30)).any(), "a row comes in long after younger ones"
    assert calls.height > calls.select("source", "event_id").n_unique(), "some are sent again"
    lacks = calls.filter(pl.col("source").str.ends_with("-b"))
    assert lacks["caller_cell"].null_count() == lacks.height > 0


def test_what_is_told_again_joins_the_truth(rough: tuple[Path, Written]) -> None:
    out, _ = rough
    copies = pl.read_parquet(out / "truth" / "truth_copy.parquet")
    assert copies["event_id"].n_unique() == copies.height > 0
    told = pl.read_parquet(out / "truth" / "truth_event.parquet")
    again = told.filter(pl.col("event_id").is_in(copies["event_id"].implode()))
    first = again.join(copies, on="event_id").join(
        told, left_on="of", right_on="event_id", suffix="_first"
    )
    assert first.height == again.height
    assert (first["role"] == first["role_first"]).all()
    ids = pl.concat([_frame(out, stream)["event_id"] for stream in STREAMS])
    assert copies["event_id"].is_in(ids.implode()).all()
    assert copies["of"].is_in(ids.implode()).all()


def test_a_rough_city_in_pieces_is_the_same_again(
    rough: tuple[Path, Written], tmp_path: Path
) -> None:
    behaviour = default_behaviour("rough")
    write_in_pieces(300, 0.6, 5, START, behaviour, tmp_path, hours=3.0)
    for stream in STREAMS:
        name = f"{stream}.parquet"
        assert (tmp_path / name).read_bytes() == (rough[0] / name).read_bytes()
