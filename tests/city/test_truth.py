"""The truth about a city: scams walk their stages, money is conserved, look-alikes are none."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from fanzha.city.behaviour import SCAM_TYPES
from fanzha.city.generate import City, ends_at
from fanzha.records.schemas import STREAMS

_ORDER = ("contact", "trust", "operation", "transfer", "after")


def frame(table: Any) -> pl.DataFrame:
    out = pl.from_arrow(table)
    assert isinstance(out, pl.DataFrame)
    return out


@pytest.fixture(scope="module")
def told(city: City) -> pl.DataFrame:
    return frame(city.truth["truth_event"])


@pytest.fixture(scope="module")
def incidents(city: City) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = city.truth["truth_incident"].to_pylist()
    return rows


@pytest.fixture(scope="module")
def moved(city: City, told: pl.DataFrame) -> pl.DataFrame:
    """Transfers with what the truth says of them."""
    return frame(city.streams["transfer"]).join(
        told.filter(pl.col("stream") == "transfer"), on="event_id", how="left"
    )


def test_truth_speaks_of_events_that_exist(
    city: City, told: pl.DataFrame, incidents: list[dict[str, Any]]
) -> None:
    for stream in STREAMS:
        ids = told.filter(pl.col("stream") == stream)["event_id"]
        known = frame(city.streams[stream])["event_id"]
        assert ids.is_in(known.implode()).all()
    assert told["event_id"].is_unique().all()
    assert set(told["incident_id"].drop_nulls()) <= {i["incident_id"] for i in incidents}


def test_all_six_types_walk_all_stages_in_order(incidents: list[dict[str, Any]]) -> None:
    through = Counter[str]()
    for incident in incidents:
        names = [stage["stage"] for stage in incident["stages"]]
        places = [_ORDER.index(name) for name in names]
        assert places == sorted(set(places))
        assert names[0] == "contact"
        instants = [stage["at"] for stage in incident["stages"]]
        assert instants == sorted(instants)
        assert instants[0] == incident["contact_at"]
        if "transfer" in names and incident["loss_fen"] > 0:
            through[incident["scam_type"]] += 1
    assert set(through) == set(SCAM_TYPES)


def test_victims_act_after_they_are_contacted(
    city: City, told: pl.DataFrame, incidents: list[dict[str, Any]]
) -> None:
    contact = {i["incident_id"]: i["contact_at"] for i in incidents}
    first_pay = {i["incident_id"]: i["first_pay_at"] for i in incidents}
    at = pl.concat([frame(city.streams[s]).select("event_id", "at") for s in STREAMS])
    for row in told.drop_nulls("incident_id").join(at, on="event_id").iter_rows(named=True):
        assert row["at"] >= contact[row["incident_id"]] - timedelta(minutes=3)
        if row["role"] in ("hop_l1", "hop_l2", "fee"):
            assert row["at"] > first_pay[row["incident_id"]]


def test_a_loss_is_the_sum_of_its_booked_payments(
    moved: pl.DataFrame, incidents: list[dict[str, Any]]
) -> None:
    paid = moved.filter((pl.col("role") == "payment") & (pl.col("status") == "booked"))
    lost = dict(paid.group_by("incident_id").agg(pl.col("amount_fen").sum()).iter_rows())
    first = dict(paid.group_by("incident_id").agg(pl.col("at").min()).iter_rows())
    assert len(lost) > 5
    for incident in incidents:
        assert incident["loss_fen"] == lost.get(incident["incident_id"], 0)
        assert incident["first_pay_at"] == first.get(incident["incident_id"])


def test_money_is_conserved_and_no_account_is_overdrawn(city: City) -> None:
    held: dict[str, int] = dict(
        zip(city.opening["account"].to_pylist(), city.opening["fen"].to_pylist(), strict=True)
    )
    before = sum(held.values())
    said = 0
    for row in frame(city.streams["transfer"]).iter_rows(named=True):
        if row["status"] != "booked":
            assert row["payer_balance_fen"] is None
            continue
        held[row["payer"]] -= row["amount_fen"]
        held[row["payee"]] += row["amount_fen"]
        assert held[row["payer"]] >= 0
        for side in ("payer", "payee"):
            if row[f"{side}_balance_fen"] is not None:
                assert row[f"{side}_balance_fen"] == held[row[side]]
                said += 1
    assert sum(held.values()) == before
    assert said > 500


def test_what_victims_pay_goes_on_through_two_layers(city: City, moved: pl.DataFrame) -> None:
    """Each layer passes on all it gets, once the trail has had the time to end."""
    booked = moved.filter(pl.col("status") == "booked").drop_nulls("incident_id")
    sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    newest: dict[int, Any] = {}
    for row in booked.iter_rows(named=True):
        sums[row["incident_id"]][row["role"]] += row["amount_fen"]
        newest[row["incident_id"]] = row["at"]
    whole = 0
    for incident, roles in sums.items():
        if "payment" not in roles or newest[incident] > ends_at(city) - timedelta(hours=3):
            continue
        assert roles["hop_l1"] == roles["payment"]
        assert roles["hop_l2"] + roles["fee"] == roles["hop_l1"]
        whole += 1
    assert whole > 5
    exits = booked.filter(pl.col("role") == "hop_l2")["payee"].str.split(":").list.first()
    assert set(exits) == {"cash", "merchant", "wallet"}


def test_the_den_runs_many_cards_in_few_sets_and_cells(city: City, told: pl.DataFrame) -> None:
    calls = frame(city.streams["call"]).filter(pl.col("phase") == "end")
    entities = frame(city.truth["truth_entity"])
    cells = entities.filter(pl.col("role") == "den_cell")["value"].to_list()
    cards = entities.filter(pl.col("role") == "goip_card").height
    devices = entities.filter(pl.col("role") == "goip_device").height
    assert 1 <= len(cells) <= 2
    assert cards > devices > 0
    den = calls.join(told, on="event_id").filter(pl.col("caller_cell").is_in(cells))
    assert den.height > 100
    assert den["callee"].n_unique() > 0.5 * den.height
    assert den["caller"].n_unique() > den["caller_imei"].n_unique()


def test_honest_neighbours_look_like_scammers(city: City, told: pl.DataFrame) -> None:
    """Without them a high precision would mean nothing."""
    guilty = told.select("event_id")

    def honest(stream: str) -> pl.DataFrame:
        return frame(city.streams[stream]).join(guilty, on="event_id", how="anti")

    calls = honest("call").filter(pl.col("phase") == "end")
    fans = calls.group_by("caller").agg(pl.col("callee").n_unique()).sort("callee")
    assert fans["callee"][-1] >= 40, "couriers and call centres that call dozens of strangers"
    foreign = calls.filter(pl.col("trunk").str.starts_with("intl-"))
    assert foreign.height > 0, "relatives who call from abroad"
    apps = honest("app")
    assert apps.filter(pl.col("action") == "screen_share_on").height > 5
    assert apps.filter(pl.col("installer").is_in(["browser", "files"])).height > 0
    texts = honest("text")
    assert texts.filter(pl.col("body").str.contains("贷")).height > 5, "honest loan adverts"
    assert texts.filter(pl.col("body").str.contains("退款|赔付|理赔")).height > 5
    money = honest("transfer").filter(pl.col("status") == "booked")
    assert money.filter(pl.col("amount_fen") >= 300_000).height > 5
    busy = money.group_by("payee").agg(pl.col("payer").n_unique()).sort("payer")
    assert busy["payer"][-1] >= 5, "shops and group buyers whom many pay"


def test_truth_stays_out_of_the_records(city: City) -> None:
    """No column says who is a scammer: sources are one, ids and numbers are shuffled."""
    for table in city.streams.values():
        assert table["source"].unique().to_pylist() == ["city5"]
    cards = frame(city.truth["truth_entity"]).filter(pl.col("role") == "goip_card")
    mobiles = sorted(
        a["value"] for a in city.truth["truth_alias"].to_pylist() if a["kind"] == "number"
    )
    inside = [mobiles[0] < card < mobiles[-1] for card in cards["value"].to_list()]
    assert sum(inside) >= 0.8 * len(inside)
