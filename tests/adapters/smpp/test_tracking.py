"""Receipts of parts become one report a message; permission says whom a connection may text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.smpp.codec import Dlr
from fanzha.adapters.smpp.permission import Permission
from fanzha.adapters.smpp.tracking import Tracker
from fanzha.errors import Misconfigured, Refused
from fanzha.ports.short_message import DeliveryReport, Outcome, reference_of
from fanzha.values import reserved

FINAL = st.sampled_from(Outcome)
PHONE = "8615400000001"


@given(st.lists(FINAL, min_size=1, max_size=5), st.randoms(use_true_random=False), st.booleans())
def test_one_report_a_message_whatever_the_order(
    outcomes: list[Outcome], chance: object, repeated: bool
) -> None:
    tracker = Tracker()
    out = tracker.begin("m", PHONE, len(outcomes))
    dlrs = []
    for place, outcome in enumerate(outcomes):
        tracker.answered(out, place, f"id{place}")
        dlrs += [Dlr(f"id{place}", outcome, None, PHONE)] * (1 + repeated)
    chance.shuffle(dlrs)  # type: ignore[attr-defined]
    found = [r for d in dlrs if (r := tracker.take(d)) and r.id == "m"]
    last = f"id{len(outcomes) - 1}"
    assert len(found) == 1
    assert found[0].smsc_id == last
    if set(outcomes) == {Outcome.DELIVERED}:
        assert found[0].state is Outcome.DELIVERED
    else:
        assert found[0].state in set(outcomes) - {Outcome.DELIVERED}


def passed(smsc_id: str, number: str, reference: int | None) -> DeliveryReport:
    return DeliveryReport(smsc_id, Outcome.DELIVERED, to=f"+{number}", reference=reference)


def test_a_lost_answer_is_made_up_for_by_our_reference() -> None:
    tracker = Tracker()
    out = tracker.begin("m", PHONE, 1)
    ours, other = out.reference, "8615400000002"
    assert tracker.take(Dlr("x", Outcome.DELIVERED, ours, other)) == passed("x", other, ours)
    found = tracker.take(Dlr("y", Outcome.DELIVERED, ours, PHONE))
    assert found == DeliveryReport("y", Outcome.DELIVERED, "m")
    tracker.answered(out, 0, "y")  # the answer comes late: nothing is remembered for it
    assert tracker.take(Dlr("y", Outcome.DELIVERED, ours, PHONE)) == passed("y", PHONE, ours)


def test_a_reference_of_a_message_that_was_named_is_not_taken_for_it() -> None:
    tracker = Tracker()
    out = tracker.begin("new", PHONE, 1)
    tracker.answered(out, 0, "n")
    old = tracker.take(Dlr("old", Outcome.DELIVERED, out.reference, PHONE))
    assert old == passed("old", PHONE, out.reference)


def test_what_is_on_its_way_is_no_report() -> None:
    tracker = Tracker()
    out = tracker.begin("m", PHONE, 1)
    tracker.answered(out, 0, "a")
    assert tracker.take(Dlr("a", None, None, PHONE)) is None
    assert tracker.take(Dlr("a", Outcome.EXPIRED, None, PHONE)) is not None


def test_memory_is_bounded() -> None:
    tracker = Tracker()
    first = tracker.begin("first", PHONE, 1)
    tracker.answered(first, 0, "f")
    for n in range(100_000):
        tracker.begin(str(n), f"86154{n:08}", 1)
    assert tracker.take(Dlr("f", Outcome.DELIVERED, None, PHONE)) == passed("f", PHONE, None)


@given(st.text())
def test_references_fit_the_wire(id: str) -> None:
    assert 0 < reference_of(id) <= 0xFFFF


REAL = "+8613800000000"


def code(permission: Permission, number: str) -> str:
    with pytest.raises(Refused) as caught:
        permission.check(number)
    assert number not in str(caught.value)
    return caught.value.code


@given(st.integers(0, 10_000))
def test_an_empty_list_lets_nobody_through(n: int) -> None:
    assert code(Permission((), simulated=False, host="smsc.example"), REAL) == "not_on_allow_list"
    simulated = Permission((), simulated=True, host="127.0.0.1")
    assert code(simulated, reserved.mobile(n)) == "not_on_allow_list"


@given(st.integers(0, 10_000))
def test_living_and_invented_people_are_never_mixed(n: int) -> None:
    live = Permission(("+86",), simulated=False, host="smsc.example")
    simulated = Permission(("+86",), simulated=True, host="127.0.0.1")
    live.check(REAL)
    simulated.check(reserved.mobile(n))
    assert code(live, reserved.mobile(n)) == "reserved_number"
    assert code(simulated, REAL) == "only_invented_numbers"


def test_prefixes_and_numbers() -> None:
    permission = Permission(("+86138", "+8613912345678"), simulated=False, host="smsc.example")
    permission.check(REAL)
    permission.check("+8613912345678")
    assert code(permission, "+8613912345679") == "not_on_allow_list"


@pytest.mark.parametrize(
    "number", ["13800000000", "+86 138", "", "96110", "+0123456789", "+86138a"]
)
def test_what_is_no_phone_is_refused(number: str) -> None:
    with pytest.raises(Refused) as caught:
        Permission(("+86",), simulated=False, host="x").check(number)
    assert caught.value.code == "not_a_phone"


@pytest.mark.parametrize("entry", ["", "+", "86", "+86*", "*", "138", " +86"])
def test_a_list_that_would_let_everybody_through_is_refused(entry: str) -> None:
    with pytest.raises(Misconfigured):
        Permission((entry,), simulated=False, host="x")


@pytest.mark.parametrize("host", ["192.0.2.1", "smsc.example", "0.0.0.0", ""])
def test_simulated_means_this_machine(host: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Permission((), simulated=True, host=host)
    assert caught.value.code == "simulated_not_loopback"
