"""Calls: patterns of the caller, danger to the called side; look-alikes stay quiet."""

from __future__ import annotations

from typing import Any

import pytest

from fanzha.detection.finding import Role, Stage
from fanzha.values import reserved
from tests.detection.streams import DAY, HOUR, MINUTE, SECOND, Lone, Played, Tape

SUSPECT = reserved.mobile(1)


def alone(tape: Tape) -> Played:
    """The call channel over a tape."""
    return Played(tape, Lone())


def many(
    tape: Tape,
    count: int,
    *,
    caller: str = SUSPECT,
    first: int = 1_000,
    every: int = MINUTE,
    at: int = 0,
    callees: int | None = None,
    **how: object,
) -> Tape:
    """Calls to so many numbers (each its own unless `callees` says fewer)."""
    for n in range(count):
        callee = reserved.mobile(first + n % (callees or count))
        tape.call(at + n * every, caller, callee, **how)  # type: ignore[arg-type]
    return tape


def test_one_ring_and_gone() -> None:
    played = alone(many(Tape(), 30, talk_s=None, ring_s=2.0, cause="caller_hangup"))
    (found, *_) = played.about(SUSPECT)
    assert found.role is Role.SUSPECT
    assert found.subject == SUSPECT
    assert "one_ring" in {r.code for r in found.reasons}
    reason = next(r for r in found.reasons if r.code == "one_ring")
    assert "20" in reason.zh
    assert "20" in reason.en
    assert SUSPECT not in reason.zh


def test_a_long_ring_is_no_one_ring() -> None:
    played = alone(many(Tape(), 30, talk_s=None, ring_s=25.0, cause="caller_hangup"))
    assert played.codes(SUSPECT) == set()


def test_mass_calls_with_short_talks() -> None:
    codes = alone(many(Tape(), 80, talk_s=8.0)).codes(SUSPECT)
    assert {"calls_out_only", "calls_strangers", "short_talks", "hung_up_on"} <= codes


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"talk_s": 40.0}, "short_talks"),
        ({"cause": "caller_hangup"}, "hung_up_on"),
        ({"callees": 10}, "calls_out_only"),
        ({"every": 3 * MINUTE}, "burst"),
    ],
)
def test_what_no_longer_holds_is_no_longer_said(change: dict[str, object], gone: str) -> None:
    before = {"talk_s": 8.0, "every": 90 * SECOND}
    assert gone in alone(many(Tape(), 80, **before)).codes(SUSPECT)  # type: ignore[arg-type]
    after = {**before, **change}
    assert gone not in alone(many(Tape(), 80, **after)).codes(SUSPECT)  # type: ignore[arg-type]


def test_calls_at_night() -> None:
    told = {"talk_s": 8.0, "every": 4 * MINUTE}
    night = alone(many(Tape(), 60, at=11 * HOUR, **told))  # type: ignore[arg-type]
    assert "night_calls" in night.codes(SUSPECT)
    assert "night_calls" not in alone(many(Tape(), 60, **told)).codes(SUSPECT)  # type: ignore[arg-type]


def test_a_number_activated_this_week() -> None:
    def played(activated: int) -> set[str]:
        tape = Tape().add("line", activated, number=SUSPECT, action="activate")
        return alone(many(tape, 60, talk_s=8.0)).codes(SUSPECT)

    assert "new_number" in played(-2 * DAY)
    assert "new_number" not in played(-12 * DAY)


def test_one_handset_many_cards() -> None:
    device = reserved.imei(7, reserved.tac(3))
    tape = Tape()
    for card in range(6):
        caller = reserved.mobile(500 + card)
        how: dict[str, Any] = {"caller_imei": device, "caller_imsi": reserved.imsi(card)}
        many(tape, 6, caller=caller, at=card * HOUR, first=1_000 + 10 * card, **how)
    codes = alone(tape).codes(reserved.mobile(505))
    assert "shared_device" in codes


def test_a_number_abroad_that_calls_around() -> None:
    abroad = reserved.overseas(5)
    assert "overseas_mass" in alone(many(Tape(), 8, caller=abroad)).codes(abroad)
    few = alone(many(Tape(), 8, caller=abroad, callees=2, talk_s=200.0))
    assert few.codes(abroad) == set()


def test_a_fixed_line_that_comes_in_from_abroad() -> None:
    fixed = reserved.fixed(3)
    assert "spoofed_domestic" in alone(Tape().call(0, fixed, SUSPECT, trunk="intl-1")).codes(fixed)
    assert alone(Tape().call(0, fixed, SUSPECT, trunk="city-1")).codes(fixed) == set()


def test_a_number_that_is_not_the_one_asserted() -> None:
    shown, asserted = reserved.fixed(3), reserved.mobile(9)
    found = alone(Tape().call(0, shown, SUSPECT, asserted_caller=asserted))
    assert "changed_number" in found.codes(shown)
    assert alone(Tape().call(0, shown, SUSPECT, asserted_caller=shown)).codes(shown) == set()


def test_a_courier_stays_quiet() -> None:
    """Many strangers in a day, short talks, but called back, by day, in many cells."""
    courier, tape = reserved.mobile(2), Tape()
    for n in range(60):
        resident = reserved.mobile(3_000 + n)
        cell = reserved.cell(1, n % 20)
        tape.call(n * 6 * MINUTE, courier, resident, talk_s=20.0, caller_cell=cell)
        if n % 4 == 0:
            tape.call(n * 6 * MINUTE + 3 * MINUTE, resident, courier, talk_s=25.0)
    assert alone(tape).findings == []


def test_a_filed_call_centre_stays_quiet() -> None:
    filed = reserved.service(10)
    assert alone(many(Tape(), 80, caller=filed, talk_s=8.0)).findings == []


def test_a_withheld_number_is_nobody() -> None:
    played = alone(many(Tape(), 60, caller="anonymous", talk_s=8.0))
    assert [f for f in played.findings if f.role is Role.SUSPECT] == []


def test_who_answers_a_suspect_is_at_risk() -> None:
    victim = reserved.mobile(8)
    tape = many(Tape(), 80, talk_s=8.0).call(100 * MINUTE, SUSPECT, victim, talk_s=300.0)
    found = alone(tape).about(victim, "call/v1")
    assert [f.role for f in found] == [Role.AT_RISK, Role.AT_RISK]
    assert found[-1].stage is Stage.TRUST
    assert found[-1].related[0].value == SUSPECT
    why = next(r for r in found[0].reasons if r.code == "answered_suspect")
    assert "80" in why.zh or "81" in why.zh
    assert SUSPECT not in why.en
    missed = many(Tape(), 80, talk_s=8.0).call(100 * MINUTE, SUSPECT, victim, talk_s=None)
    assert alone(missed).about(victim) == []


def test_a_long_talk_with_a_stranger_abroad() -> None:
    abroad, victim = reserved.overseas(9), reserved.mobile(8)
    long = alone(Tape().call(0, abroad, victim, talk_s=1_500.0))
    assert "long_strange_overseas" in long.codes(victim)
    assert alone(Tape().call(0, abroad, victim, talk_s=900.0)).codes(victim) == set()
    known = Tape().call(-3 * DAY, abroad, victim, talk_s=60.0)
    assert alone(known.call(0, abroad, victim, talk_s=1_500.0)).codes(victim) == set()


def test_finished_calls_alone_are_enough() -> None:
    """A sender with call records only sends the end of each call."""
    codes = alone(many(Tape(), 80, talk_s=8.0, phases=("end",))).codes(SUSPECT)
    assert {"calls_out_only", "short_talks"} <= codes


def test_parts_add_up_and_what_is_missing_is_named() -> None:
    played = alone(many(Tape(), 80, talk_s=8.0))
    for found in played.findings:
        assert sum(r.part for r in found.reasons) == pytest.approx(found.score)
        assert 0.0 < found.score < 1.0
        assert found.reasons == tuple(sorted(found.reasons, key=lambda r: -r.part))
    (found, *_) = played.about(SUSPECT)
    assert {"caller_imei", "caller_imsi", "trunk", "asserted_caller"} <= set(found.missing)
    device = reserved.imei(7, reserved.tac(3))
    told = alone(many(Tape(), 80, talk_s=8.0, caller_imei=device, caller_imsi=reserved.imsi(1)))
    assert "caller_imei" not in told.about(SUSPECT)[0].missing


def test_a_finding_comes_when_it_grows_graver_not_with_each_call() -> None:
    found = alone(many(Tape(), 150, talk_s=8.0)).about(SUSPECT)
    assert len(found) <= 4
    assert [f.score for f in found] == sorted(f.score for f in found)
