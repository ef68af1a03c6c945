"""Leads that point to one place join by themselves; leads that only look alike do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.detection.den.find import Dens
from fanzha.detection.den.leads import JoinedLeads, Lead, join_leads
from fanzha.values import reserved
from tests.detection.den.planted import DAY, HOUR, START, Town
from tests.detection.streams import POLICIES

DENS = Dens.load(POLICIES / "detection")
HOTEL = "望海区 海云路18号 海云酒店"


def lead(n: int, **told: object) -> Lead:
    number = str(told.pop("number", reserved.mobile(n)))
    return Lead(f"L{n}", number, at=START, **told)  # type: ignore[arg-type]


def joined(*leads: Lead) -> list[JoinedLeads]:
    return join_leads(leads, measures=DENS.measures)


def test_a_mobile_and_a_fixed_line_lead_to_one_hotel() -> None:
    (place,) = joined(
        lead(1, address=HOTEL + " 1203房", cell=reserved.cell(1, 7)),
        lead(2, number=reserved.fixed(4), address="望海区海云路１８号，海云酒店1205室"),
        lead(3, address="柳桥区长堤街3号"),
    )
    assert place.leads == ("L1", "L2")
    assert [code for code, _, _ in place.why] == ["address"]
    assert all(zh and en for _, zh, en in place.why)
    assert place.cells == (reserved.cell(1, 7),)


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ({"imei": "000001"}, {"imei": "000001"}, "device"),
        ({"linked": (reserved.mobile(2),)}, {}, "number"),
        ({"linked": (reserved.mobile(9),)}, {"linked": (reserved.mobile(9),)}, "number"),
        ({"cell": "c1"}, {"cell": "c1"}, "cell"),
    ],
)
def test_what_joins_two_leads(one: dict[str, object], other: dict[str, object], code: str) -> None:
    (place,) = joined(lead(1, **one), lead(2, **other))
    assert (place.leads, [c for c, _, _ in place.why]) == (("L1", "L2"), [code])


def test_what_does_not_join_them() -> None:
    assert joined(lead(1), lead(2)) == []
    assert joined(lead(1, address="18号"), lead(2, address="18号")) == [], "no street, no place"
    assert joined(lead(1, address=HOTEL), lead(2, address="望海区海云路180号")) == []
    days = Lead("L2", reserved.mobile(2), at=START + 9 * DAY, cell="c1")
    assert joined(lead(1, cell="c1"), days) == [], "one cell, but a week apart"
    untimed = [Lead(f"L{n}", reserved.mobile(n), cell="c1") for n in (1, 2)]
    assert joined(*untimed) == [], "one cell, but nobody knows when"


def test_leads_hang_together_through_a_third() -> None:
    (place,) = joined(lead(1, address=HOTEL), lead(2, cell="c1"), lead(3, address=HOTEL, cell="c1"))
    assert place.leads == ("L1", "L2", "L3")
    assert {code for code, _, _ in place.why} == {"address", "cell"}


def test_leads_find_the_den_they_belong_to() -> None:
    town = Town(8)
    cards = town.goip(100)
    dens = DENS.find(*town.frames())
    assert len(dens) == 1
    leads = [
        lead(1, number=cards[3]),
        lead(2, number=reserved.fixed(6), imei=dens[0].devices[0]),
        Lead("L3", reserved.fixed(7), at=START + DAY, cell=reserved.cell(1, 100)),
        Lead("L4", reserved.fixed(8), at=START + DAY, cell=reserved.cell(1, 990)),
        Lead("L5", reserved.fixed(9), at=START + 60 * DAY, cell=reserved.cell(1, 100)),
    ]
    (place,) = join_leads(leads, dens, measures=DENS.measures)
    assert (place.leads, place.dens) == (("L1", "L2", "L3"), (0,))
    assert {code for code, _, _ in place.why} == {"den", "den_device", "den_area"}
    assert place.cells[0] == dens[0].place.area[0]


@given(
    st.lists(
        st.builds(
            Lead,
            st.uuids().map(str),
            st.sampled_from([reserved.mobile(n) for n in range(40)]),
            at=st.integers(0, 10 * HOUR),
            address=st.none() | st.text(max_size=30),
            cell=st.none() | st.sampled_from(["a", "b", "c"]),
            imei=st.none() | st.sampled_from(["1", "2"]),
        ),
        max_size=12,
    )
)
def test_a_lead_is_in_one_group_and_order_does_not_matter(leads: list[Lead]) -> None:
    places = joined(*leads)
    told = [name for place in places for name in place.leads]
    assert len(told) == len(set(told))
    assert all(len(place.leads) > 1 and place.why for place in places)
    turned = joined(*reversed(leads))
    assert {frozenset(p.leads) for p in turned} == {frozenset(p.leads) for p in places}
