"""Planted dens are found, named and located; honest places that look like them are not."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanzha.detection.call.filed import load_filed_numbers
from fanzha.detection.den.find import Den, DenKind, Dens
from fanzha.detection.den.place import Place
from fanzha.values import reserved
from tests.detection.den.planted import DAY, HOUR, Town
from tests.detection.streams import POLICIES

DENS = Dens.load(POLICIES / "detection")
FILED = load_filed_numbers(POLICIES / "detection" / "filed-numbers.yaml").holds(pl.col("number"))
STYLES = {
    "goip": DenKind.GOIP,
    "sim_box": DenKind.SIM_BOX,
    "modem_pool": DenKind.MODEM_POOL,
    "phone_bridge": DenKind.PHONE_BRIDGE,
}
HOMES = {"goip": {100, 101, 102}, "sim_box": {200, 201, 202}, "modem_pool": {300, 301, 302},
         "phone_bridge": {400}}  # fmt: skip


@cache
def city() -> tuple[Town, dict[str, list[str]], dict[str, list[str]]]:
    """The town, the numbers of its honest places, and those of its dens."""
    town = Town(1)
    honest = {
        "residents": town.residents(150), "taxis": town.taxis(), "school": town.school(5_000),
        "dormitory": town.dormitory(5_100), "centre": town.filed_centre(),
        "sales": town.sales_office(5_200), "cold": town.cold_callers(5_300),
        "meters": town.meters(53),
        "family": town.family(5_400), "couriers": town.couriers(),
    }  # fmt: skip
    dens = {
        "goip": town.goip(100), "sim_box": town.sim_box((200, 201, 202)),
        "modem_pool": town.modem_pool(300), "phone_bridge": town.phone_bridge(400),
    }  # fmt: skip
    return town, honest, dens


def found(*without: str) -> list[Den]:
    """What is found in the town when the sender leaves these columns out."""
    calls, lines, texts = city()[0].frames(*without)
    return DENS.find(calls, lines, texts, filed=FILED)


def den_of(dens: list[Den], members: list[str]) -> Den | None:
    """The den that holds most of these numbers."""
    return next((d for d in dens if 2 * len(set(d.members) & set(members)) > len(members)), None)


def cells_of(den: Den) -> set[int]:
    return {int(cell.rpartition("-")[2]) for cell in den.place.area}


@pytest.mark.parametrize("style", STYLES)
def test_each_style_is_found_named_and_located(style: str) -> None:
    members = city()[2][style]
    den = den_of(found(), members)
    assert den is not None
    assert (den.kind, set(den.members)) == (STYLES[style], set(members))
    assert den.score >= 0.6
    assert cells_of(den) <= HOMES[style]
    assert sum(p for _, p in den.place.cells) == pytest.approx(1.0)
    assert den.place.area_holds >= 0.9 - 1e-9
    assert sum(r.part for r in den.reasons) == pytest.approx(den.score)
    assert all(r.zh and r.en for r in den.reasons)


def test_nobody_honest_is_a_member() -> None:
    honest = {number: place for place, many in city()[1].items() for number in many}
    assert {honest.get(m) for den in found() for m in den.members} == {None}


@pytest.mark.parametrize(
    ("without", "still"),
    [
        (("caller_imei", "sender_imei"), {"goip", "sim_box", "modem_pool", "phone_bridge"}),
        (("outlet",), {"goip", "sim_box", "modem_pool", "phone_bridge"}),
        (("caller_cell", "callee_cell", "sender_cell"), {"goip", "sim_box", "modem_pool"}),
        (("caller_cell", "callee_cell", "sender_cell", "caller_imei"),
         {"goip", "sim_box", "modem_pool"}),
    ],
)  # fmt: skip
def test_partial_records(without: tuple[str, ...], still: set[str]) -> None:
    """What cannot be known is said, and nobody honest is named for it."""
    dens, honest = found(*without), {n for many in city()[1].values() for n in many}
    planted = city()[2]
    assert {s for s in STYLES if den_of(dens, planted[s])} == still
    assert not honest & {m for den in dens for m in den.members}
    for den in dens:
        missing = {name for name in without if name in ("caller_imei", "caller_cell", "outlet")}
        assert missing <= set(den.missing)
        assert den.place.known or "caller_cell" in without
        if not den.place.known:
            assert (den.place.area, den.place.area_holds) == ((), 0.0)


def test_calls_alone_are_enough_for_what_calls() -> None:
    calls, _, _ = city()[0].frames()
    dens = DENS.find(calls, filed=FILED)
    assert {s for s in STYLES if den_of(dens, city()[2][s])} >= {"goip", "sim_box", "phone_bridge"}
    assert all("outlet" in den.missing for den in dens)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1_000))
def test_neither_order_nor_repeats_matter(seed: int) -> None:
    """Rows shuffled, and a part of them come twice."""
    calls, lines, texts = city()[0].frames()
    assert lines is not None
    assert texts is not None
    want = DENS.find(calls, lines, texts, filed=FILED)
    mixed = [
        pl.concat([f, f.sample(fraction=0.2, seed=seed)]).sample(
            fraction=1.0, shuffle=True, seed=seed
        )
        for f in (calls, texts)
    ]
    told = lines.sample(fraction=1.0, shuffle=True, seed=seed)
    assert DENS.find(mixed[0], told, mixed[1], filed=FILED) == want


def test_a_den_that_is_still_warm_comes_first() -> None:
    town = Town(3)
    cold, warm = town.goip(700), town.goip(710)
    for row in town.calls:
        if row["caller"] in set(cold):
            row["at"] -= timedelta(days=6)
    first, second = DENS.find(*town.frames())
    assert (set(first.members), set(second.members)) == (set(warm), set(cold))
    assert first.urgency > second.urgency


def test_a_filed_number_is_no_member() -> None:
    town = Town(4)
    cards = town.goip(800)
    everyone = pl.col("number").is_in(cards)
    assert DENS.find(*town.frames(), filed=everyone) == []


def test_whom_a_den_calls_again_and_again_is_no_member() -> None:
    town = Town(11)
    cards, (victim,) = town.goip(100), town.numbers(1)
    for n in range(14):
        town.call(n * HOUR, victim, town.stranger(), 60.0, caller_cell=reserved.cell(1, n))
        town.call(n * HOUR + HOUR / 2, cards[n % 3], victim, 30.0)
        town.text(n * HOUR, reserved.mobile(60_000_000), victim, "晚上一起吃饭吗")
    (den,) = DENS.find(*town.frames())
    assert set(den.members) == set(cards)


def test_dens_that_share_a_card_are_one_and_lose_no_member() -> None:
    """The phone beside the cable goes through a port of the gateway: a card of both."""
    town = Town(3)
    gateway, pair = town.goip(100), town.phone_bridge(100)
    port = next(row["caller_imei"] for row in town.calls if row["caller"] == gateway[0])
    for row in town.calls:
        if row["caller"] == pair[1]:
            row["caller_imei"] = port
    (den,) = DENS.find(*town.frames())
    assert set(den.members) == {*gateway, *pair}
    assert den.reached == len({r["callee"] for r in town.calls if r["caller"] in den.members})


def test_a_couple_at_home_is_no_bridge() -> None:
    """She talks to the daughter abroad; he calls this and that person now and then, all day."""
    town = Town(5)
    she, he = town.numbers(2)
    where = reserved.cell(1, 900)
    for day in range(3):
        town.call(day * DAY + 12 * HOUR, reserved.overseas(77), she, 2_400.0, callee_cell=where)
        for n in range(8):
            town.call(day * DAY + n * 1.7 * HOUR, he, town.stranger(), 90.0, caller_cell=where)
    assert DENS.find(*town.frames()) == []


def test_cards_that_share_neither_device_nor_outlet_nor_order() -> None:
    """Nothing but place, pace and want of life ties them; at a slower pace they are like a firm."""
    town = Town(9)
    cards = town.hidden(970)
    (den,) = DENS.find(*town.frames())
    assert len(set(den.members) & set(cards)) >= 10
    assert "machine_pace" in {r.code for r in den.reasons}
    slow = Town(9)
    slow.hidden(970, gap_s=(30, 90))
    assert DENS.find(*slow.frames()) == []


def test_two_dens_in_one_cell_with_devices_of_their_own() -> None:
    """One place to raid: they may be told as one den or two, but all their cards are told."""
    town = Town(6)
    cards = [*town.goip(950), *town.sim_box((950, 951))]
    dens = DENS.find(*town.frames())
    assert {m for den in dens for m in den.members} == set(cards)


VOID = ["", "0", "-1", "null", "NaN,NaN", "🗼", "460-00-1-1;DROP", "460-00-0-1", "460-00-65535-7",
        "460-00-7-0", "460-00-7-268435455", "460-00-99999999999-1",
        "460-00-99999999-99999999", "460-00-7-99999999999", "460-00-١-1"]  # fmt: skip


def test_what_is_no_cell_is_no_place() -> None:
    town = Town(21)
    cards = [*town.sim_box((200, 201, 202)), *town.goip(100)]
    calls, lines, texts = town.frames("caller_cell", "callee_cell", "sender_cell")
    void = pl.Series([VOID[n % len(VOID)] for n in range(calls.height)])
    dens = DENS.find(calls.with_columns(caller_cell=void), lines, texts)
    assert {m for den in dens for m in den.members} == set(cards)
    assert [(den.place, den.place.known) for den in dens] == [(Place(), False)] * len(dens)
    assert [den.score for den in dens] == [den.score for den in DENS.find(calls, lines, texts)]


def test_a_den_heard_in_many_cells_alike_is_not_located() -> None:
    town = Town(22)
    cards = set(town.goip(100))
    for n, row in enumerate(town.calls):
        if row["caller"] in cards:
            row["caller_cell"] = reserved.cell(1, 500 + n % 10)
    (den,) = DENS.find(*town.frames())
    assert set(den.members) == cards
    assert (den.place.known, den.place.area, den.place.area_holds) == (False, (), 0.0)
    assert len(den.place.cells) == 10, "where it was heard is still told"
    assert den.place.latest is not None
    assert den.urgency <= den.score / 2


@pytest.mark.parametrize("step", [DAY, HOUR, None], ids=["dates", "hours", "one instant"])
def test_a_file_of_dates_makes_no_bridges_and_no_pace(step: int | None) -> None:
    """Where all is said to be at one time, everything seems to be within everything."""
    calls, lines, texts = city()[0].frames()
    at = pl.col("at").dt.epoch("ms")
    coarse = at.min() + 1_234 if step is None else at // step * step
    dated = calls.with_columns(coarse.cast(pl.Datetime("ms", "UTC")).alias("at"))
    dens = DENS.find(dated, lines, texts, filed=FILED)
    assert DenKind.PHONE_BRIDGE not in {den.kind for den in dens}
    assert not {"machine_pace", "cards_relay", "many_at_once"} & {
        r.code for den in dens for r in den.reasons
    }
    honest = {n for many in city()[1].values() for n in many}
    assert not honest & {m for den in dens for m in den.members}


def test_hundreds_of_cards_behind_one_device_are_told() -> None:
    """Each calls too little to be suspected, and together they are too many to be tied."""
    town = Town(23)
    town.residents(60)
    where, device = reserved.cell(1, 700), town.device()
    cards = town.numbers(600)
    for n, card in enumerate(cards):
        for k in range(3):
            town.call(
                n * 60_000 + k * DAY + 7, card, town.stranger(), 20.0, caller_cell=where,
                caller_imei=device,
            )  # fmt: skip
    (den,) = DENS.find(*town.frames())
    assert set(den.members) == set(cards)
    assert den.devices == (device,)
    assert {"hundreds_in_a_device", "cards_share_a_device"} <= {r.code for r in den.reasons}
    assert den.place.area == (where,)


@pytest.mark.parametrize("nothing", ["000000000000000", "111111111111111", "123456789012345",
                                     "357000080000000"])  # fmt: skip
def test_a_placeholder_is_no_device(nothing: str) -> None:
    town = Town(24)
    where = reserved.cell(1, 700)
    for n, card in enumerate(town.numbers(300)):
        town.call(n * 60_000 + 7, card, town.stranger(), 20.0, caller_cell=where)
    calls, lines, texts = town.frames()
    dens = DENS.find(calls.with_columns(caller_imei=pl.lit(nothing)), lines, texts)
    assert dens == []


def test_nothing_to_find() -> None:
    town = Town(7)
    town.residents(20)
    calls, _, texts = town.frames()
    assert texts is not None
    assert DENS.find(calls, None, texts) == []
    assert DENS.find(calls.clear(), None, texts.clear()) == []


_KINDS = st.sampled_from(["start", "answer", "end"])
_NUMBERS = st.sampled_from([reserved.mobile(n) for n in range(6)] + ["anonymous", "?x", "95588"])


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(_NUMBERS, _NUMBERS, _KINDS, st.integers(0, 5 * 86_400_000),
                  st.none() | st.floats(-1e9, 1e9), st.none() | st.integers(0, 3),
                  st.none() | st.integers(0, 3)),
        max_size=40,
    )
)  # fmt: skip
def test_whatever_the_door_lets_in_is_read(rows: list[tuple]) -> None:  # type: ignore[type-arg]
    frame = pl.DataFrame(
        {
            "event_id": list(range(len(rows))),
            "source": ["x"] * len(rows),
            "at": [r[3] for r in rows],
            "call_id": [n // 2 for n in range(len(rows))],
            "caller": [r[0] for r in rows],
            "callee": [r[1] for r in rows],
            "caller_kind": ["mobile"] * len(rows),
            "callee_kind": [None if r[5] else "mobile" for r in rows],
            "phase": [r[2] for r in rows],
            "talk_s": [r[4] for r in rows],
            "caller_cell": [None if r[5] is None else reserved.cell(1, r[5]) for r in rows],
            "caller_imei": [None if r[6] is None else "12" * r[6] for r in rows],
        },
        schema={
            "event_id": pl.UInt64, "source": pl.String, "at": pl.Int64, "call_id": pl.UInt64,
            "caller": pl.String, "callee": pl.String, "caller_kind": pl.String,
            "callee_kind": pl.String, "phase": pl.String, "talk_s": pl.Float64,
            "caller_cell": pl.String, "caller_imei": pl.String,
        },
    ).with_columns(pl.col("at").cast(pl.Datetime("ms", "UTC")))  # fmt: skip
    for den in DENS.find(frame):
        assert 0.6 <= den.score < 1.0
