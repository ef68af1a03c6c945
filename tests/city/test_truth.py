"""The truth about a city: scams walk their stages, money is conserved, look-alikes are none."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from fanzha.city.generate import City, ends_at
from fanzha.city.scam.roles import HOPS
from fanzha.city.scam.script import SCAM_TYPES
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


def test_all_types_walk_all_stages_in_order(incidents: list[dict[str, Any]]) -> None:
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
    # Whoever lends an account for ZP02 loses nothing: money of others passes through it.
    assert set(through) == set(SCAM_TYPES) - {"ZP02"}
    assert len(SCAM_TYPES) >= 26
    classes = {name.rstrip("0123456789") for name in SCAM_TYPES}
    assert classes == {
        "SD", "TZ", "DK", "ZX", "KF", "GJF", "LD", "JJ", "GW", "YX", "JY", "LL", "ZJ", "ZP", "XQ",
        "SH",
    }  # fmt: skip


def test_a_lent_account_passes_on_what_comes_in(moved: pl.DataFrame) -> None:
    came = moved.filter(pl.col("role") == "relay_in").select("incident_id", "amount_fen", "payee")
    went = moved.filter(pl.col("role") == "relay_out")
    assert came.height > 3
    assert set(went["payer"]) <= set(came["payee"])
    assert went["amount_fen"].sum() < came["amount_fen"].sum()


def test_victims_act_after_they_are_contacted(
    city: City, told: pl.DataFrame, incidents: list[dict[str, Any]]
) -> None:
    contact = {i["incident_id"]: i["contact_at"] for i in incidents}
    first_pay = {i["incident_id"]: i["first_pay_at"] for i in incidents}
    at = pl.concat([frame(city.streams[s]).select("event_id", "at") for s in STREAMS])
    for row in told.drop_nulls("incident_id").join(at, on="event_id").iter_rows(named=True):
        assert row["at"] >= contact[row["incident_id"]] - timedelta(minutes=3)
        if row["role"] in (*HOPS, "fee"):
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


def test_what_victims_pay_goes_on_through_five_layers(city: City, moved: pl.DataFrame) -> None:
    """All that comes in goes out by an exit, once the trail has had the time to end."""
    booked = moved.filter(pl.col("status") == "booked").drop_nulls("incident_id")
    hops = booked.filter(pl.col("role").is_in(HOPS))
    assert set(hops["role"]) == set(HOPS)
    out = hops["payee"].str.contains("^(cash|merchant|wallet):") | (hops["channel"] == "qr")
    paid = booked.filter((pl.col("role") == "payment") & ~pl.col("payee").str.contains("^wallet:"))
    whole = 0
    for incident, latest in booked.group_by("incident_id").agg(pl.col("at").max()).iter_rows():
        if latest > ends_at(city) - timedelta(hours=12):
            continue
        own = pl.col("incident_id") == incident
        left = int(hops.filter(out).filter(own)["amount_fen"].sum())
        left += int(booked.filter(own & (pl.col("role") == "fee"))["amount_fen"].sum())
        assert left == paid.filter(own)["amount_fen"].sum()
        whole += left > 0
    assert whole > 5
    exits = hops.filter(out)["payee"].str.split(":").list.first().unique()
    assert {"cash", "merchant", "wallet"} < set(exits)


def test_money_is_split_merged_and_rests_for_minutes_to_hours(moved: pl.DataFrame) -> None:
    hops = moved.filter(pl.col("role").is_in(HOPS))
    by = hops.group_by("incident_id", "payer").agg(
        pl.col("payee").n_unique().alias("to"), pl.col("at").min()
    )
    assert (by["to"] > 1).any()
    into = hops.group_by("incident_id", "payee").agg(pl.col("payer").n_unique().alias("of"))
    assert (into["of"] > 1).any()
    came = hops.group_by("incident_id", "payee").agg(pl.col("at").max().alias("came"))
    rests = by.join(came, left_on=["incident_id", "payer"], right_on=["incident_id", "payee"])
    rested = rests.select((pl.col("at") - pl.col("came")).dt.total_minutes()).to_series()
    minutes = sorted(rested.to_list())
    assert minutes[len(minutes) // 10] < 20
    assert minutes[-1] > 60


def test_dens_of_four_styles_live_as_their_style_does(city: City, told: pl.DataFrame) -> None:
    dens = frame(city.truth["truth_den"])
    entities = frame(city.truth["truth_entity"])
    assert set(dens["style"]) == {"goip", "sim_box", "modem_pool", "phone_bridge"}
    assert set(dens.filter(pl.col("kind") == "cell")["value"]) == set(
        entities.filter(pl.col("role") == "den_cell")["value"]
    )
    ends = frame(city.streams["call"]).filter(pl.col("phase") == "end")
    calls = ends.join(told, on="event_id")

    def of(style: str, kind: str) -> list[str]:
        mine = (pl.col("style") == style) & (pl.col("kind") == kind)
        values: list[str] = dens.filter(mine)["value"].to_list()
        return values

    def national(numbers: list[str]) -> list[str]:
        return [number.removeprefix("+86") for number in numbers]

    gateway = calls.filter(pl.col("caller").is_in(national(of("goip", "number"))))
    assert gateway.height > 100
    assert gateway["callee"].n_unique() > 0.5 * gateway.height
    assert gateway["caller"].n_unique() > gateway["caller_imei"].n_unique()
    assert len(of("goip", "cell")) <= 2

    box = national(of("sim_box", "number"))
    moved_on = calls.filter(pl.col("caller").is_in(box)).with_columns(
        (pl.col("at").dt.epoch("ms") // (75 * 60_000)).alias("slot")
    )
    together = moved_on.group_by("slot").agg(pl.col("caller_cell").n_unique())
    assert len(of("sim_box", "cell")) > 3
    assert together.filter(pl.col("caller_cell") == 1).height > 0.7 * together.height
    assert moved_on["callee"].is_in(box).any()

    pool = national(of("modem_pool", "number"))
    texts = frame(city.streams["text"]).filter(pl.col("recipient").is_in(pool))
    assert texts.height > 50
    assert texts["sender"].n_unique() > 10
    assert not ends["caller"].is_in(pool).any()

    pair = national(of("phone_bridge", "number"))
    held = calls.filter((pl.col("role") == "control_call") & pl.col("callee").is_in(pair))
    assert all(seconds > 300 for seconds in held["talk_s"].to_list())
    outer = calls.filter(pl.col("caller").is_in(pair))
    assert outer.height > 5
    assert set(held["callee_cell"]) & set(outer["caller_cell"])
    assert not set(held["callee"]) & set(outer["caller"])


def test_honest_places_resemble_dens(city: City, told: pl.DataFrame) -> None:
    ends = frame(city.streams["call"]).filter(pl.col("phase") == "end")
    honest = ends.join(told.select("event_id"), on="event_id", how="anti")
    sets = (
        honest.drop_nulls("caller_imei")
        .group_by("caller_imei")
        .agg(pl.col("caller").n_unique(), pl.col("callee").n_unique().alias("called"))
    )
    assert (sets["caller"] >= 3).any(), "courier stations and taxi firms share sets"
    meters = frame(city.streams["text"]).filter(pl.col("body").str.starts_with("RPT,"))
    assert meters.height > 5
    assert not ends["caller"].is_in(meters["sender"].implode()).any()


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
