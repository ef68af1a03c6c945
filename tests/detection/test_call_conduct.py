"""Calls by conduct: planted scam callers are named among legitimate look-alikes, which are not."""

from __future__ import annotations

from typing import Any

from fanzha.values import reserved
from tests.detection.streams import DAY, HOUR, MINUTE, SECOND, Tape
from tests.detection.test_call_channel import SUSPECT, alone, many

MORNING = -3 * HOUR
"""09:00 of the Friday on which the tapes begin."""
MONDAY = -4 * DAY + MORNING


def test_a_dozen_short_talks_with_strangers_who_hang_up() -> None:
    codes = alone(many(Tape(), 12, talk_s=6.0)).codes(SUSPECT)
    assert {"quick_strangers", "calls_strangers"} <= codes


def test_a_dozen_short_talks_of_a_courier() -> None:
    """Who says where the parcel lies hangs up himself, and moves from street to street."""
    hangs_up = many(Tape(), 12, talk_s=6.0, cause="caller_hangup")
    assert alone(hangs_up).findings == []
    moves = Tape()
    for n in range(12):
        moves.call(n * 6 * MINUTE, SUSPECT, reserved.mobile(1_000 + n), talk_s=6.0,
                   caller_cell=reserved.cell(1, n // 2))  # fmt: skip
    assert not alone(moves).codes(SUSPECT) - {"calls_strangers"}
    called_back = many(Tape(), 12, talk_s=6.0).call(2 * MINUTE, reserved.mobile(1_000), SUSPECT)
    assert alone(called_back).codes(SUSPECT) == set()


def _shift(tape: Tape, start: int, calls: int, every: int, first: int, **how: object) -> Tape:
    return many(tape, calls, at=start, every=every, first=first, **how)  # type: ignore[arg-type]


def test_bursts_with_silence_between() -> None:
    tape, talk = Tape(), {"talk_s": 40.0, "cause": "caller_hangup"}
    for n in range(4):
        _shift(tape, n * 6 * HOUR, 20, 2 * MINUTE, 1_000 + 20 * n, **talk)
    assert "bursts_then_silence" in alone(tape).codes(SUSPECT)
    spread = _shift(Tape(), 0, 80, 18 * MINUTE, 1_000, **talk)
    assert "bursts_then_silence" not in alone(spread).codes(SUSPECT)


def test_the_same_number_of_calls_every_day() -> None:
    def week(counts: list[int]) -> set[str]:
        tape = Tape()
        for day, count in enumerate(counts):
            _shift(tape, MONDAY + day * DAY, count, 9 * MINUTE, 1_000 + 100 * day, talk_s=30.0,
                   cause="caller_hangup")  # fmt: skip
        return alone(tape).codes(SUSPECT)

    capped = week([30, 30, 30, 30, 30])
    assert {"daily_cap", "calls_strangers"} <= capped
    assert "daily_cap" not in week([12, 44, 25, 38, 17])


def test_a_caller_who_keeps_office_hours() -> None:
    def played(first: int) -> set[str]:
        tape = Tape()
        for day in range(4):
            _shift(tape, first + day * DAY, 40, 9 * MINUTE, 1_000 + 100 * day, talk_s=8.0)
        return alone(tape).codes(SUSPECT)

    assert "office_hours" in played(MONDAY)
    assert "office_hours" not in played(-6 * DAY + MORNING), "the weekend is among the days"
    assert "office_hours" not in played(MONDAY + 8 * HOUR), "it goes on in the evening"


def test_five_cards_in_a_device_that_does_not_move() -> None:
    device = reserved.imei(7, reserved.tac(3))

    def played(cells: int) -> set[str]:
        tape = Tape()
        for card in range(6):
            for n in range(6):
                caller = reserved.mobile(500 + card)
                where = reserved.cell(1, n % cells)
                tape.call(card * HOUR + n * MINUTE, caller, reserved.mobile(1_000 + 10 * card + n),
                          caller_imei=device, caller_imsi=reserved.imsi(card),
                          caller_cell=where)  # fmt: skip
        return alone(tape).codes(reserved.mobile(505))

    assert {"shared_device", "still_many_cards"} <= played(1)
    assert "still_many_cards" not in played(6)


def _gateway(tape: Tape, calls: int, clis: int, trunk: str, talk_s: float, known: bool) -> Tape:
    """Calls by one trunk that show numbers far apart."""
    for n in range(calls):
        caller, callee = reserved.fixed(1_013 * (n % clis)), reserved.mobile(2_000 + n)
        if known:
            tape.call(-3 * DAY + n * MINUTE, caller, callee, talk_s=talk_s, trunk=trunk)
        tape.call(n * MINUTE, caller, callee, talk_s=talk_s, trunk=trunk)
    return tape


def test_a_trunk_with_many_numbers() -> None:
    codes = alone(_gateway(Tape(), 90, 80, "pop-7", 9.0, known=False)).codes(
        reserved.fixed(1_013 * 70)
    )
    assert "voip_trunk" in codes
    exchange = _gateway(Tape(), 90, 80, "exchange-1", 90.0, known=True)
    assert alone(exchange).findings == [], "subscribers of an exchange who call whom they know"


def test_numbers_in_a_row_that_call_the_same_people_in_turn() -> None:
    tape = Tape()
    for n in range(48):
        callee = reserved.mobile(2_000 + n % 12)
        tape.call(n * 4 * MINUTE, reserved.fixed(300 + n % 8 + n // 12), callee, talk_s=None,
                  cause="caller_hangup", ring_s=25.0, trunk="pop-7")  # fmt: skip
    found = {code for n in range(300, 312) for code in alone(tape).codes(reserved.fixed(n))}
    assert "cloud_rotation" in found


def test_a_hospital_s_switchboard_calls_its_patients() -> None:
    """Ten lines in a row on one trunk, each patient called by whichever line is free, once."""
    tape = Tape()
    for n in range(60):
        tape.call(n * 4 * MINUTE, reserved.fixed(300 + n % 10), reserved.mobile(2_000 + n),
                  talk_s=70.0, cause="caller_hangup", trunk="pop-7")  # fmt: skip
    assert alone(tape).findings == []


def test_a_school_calls_all_parents_on_the_day_of_a_storm() -> None:
    school, tape = reserved.fixed(40), Tape()
    for n in range(45):
        parent = reserved.mobile(4_000 + n)
        tape.call(-9 * DAY + n * MINUTE, parent, school, talk_s=60.0)
        tape.call(n * MINUTE, school, parent, talk_s=14.0)
    assert alone(tape).findings == []


def test_taxis_of_one_company() -> None:
    """Drivers call passengers they never met: short, but moving, and called as well."""
    tape = Tape()
    for cab in range(4):
        driver = reserved.mobile(50 + cab)
        for n in range(25):
            at, where = n * 25 * MINUTE + cab * MINUTE, reserved.cell(2, (3 * n + cab) % 40)
            rider = reserved.mobile(5_000 + 100 * cab + n)
            tape.call(at, driver, rider, talk_s=12.0, caller_cell=where)
            if n % 3 == 0:
                tape.call(at + 4 * MINUTE, rider, driver, talk_s=9.0, callee_cell=where)
    assert alone(tape).findings == []


def test_a_foreign_card_in_a_local_cell() -> None:
    card: dict[str, Any] = {"caller_imsi": "001010000000001", "caller_cell": reserved.cell(1, 5)}
    abroad = reserved.overseas(5)
    codes = alone(many(Tape(), 10, caller=abroad, **card)).codes(abroad)
    assert "foreign_card_mass" in codes
    tourist = many(Tape(), 6, caller=abroad, talk_s=80.0, **card)
    assert alone(tourist).codes(abroad) == set()


def test_a_card_of_ours_that_calls_home_from_abroad() -> None:
    away: dict[str, Any] = {
        "caller_imsi": reserved.imsi(3),
        "caller_cell": "001-01-1-5",
        "trunk": "intl-2",
    }
    codes = alone(many(Tape(), 10, **away)).codes(SUSPECT)
    assert "roams_abroad_mass" in codes
    traveller = many(Tape(), 10, callees=3, **away)
    assert alone(traveller).codes(SUSPECT) == set()


def _own(tape: Tape, cells: bool, strangers: int = 30) -> Tape:
    """A card that calls strangers, and is called by its sisters to look alive."""
    here: dict[str, Any] = {"caller_cell": reserved.cell(1, 1)} if cells else {}
    both: dict[str, Any] = {**here, "callee_cell": reserved.cell(1, 1)} if cells else {}
    many(tape, strangers, talk_s=40.0, cause="caller_hangup", every=5 * MINUTE, **here)
    for n in range(8):
        sister = reserved.mobile(60 + n % 2)
        tape.call(n * 9 * MINUTE, SUSPECT, sister, talk_s=5.0, cause="caller_hangup", **both)
        tape.call(n * 9 * MINUTE + MINUTE, sister, SUSPECT, talk_s=5.0, cause="caller_hangup",
                  **both)  # fmt: skip
    return tape


def test_a_card_that_is_called_by_its_own_box_only() -> None:
    assert "calls_its_own" in alone(_own(Tape(), cells=True)).codes(SUSPECT)
    assert "calls_its_own" in alone(_own(Tape(), cells=False)).codes(SUSPECT), "closed ring"
    family = alone(_own(Tape(), cells=True, strangers=4))
    assert family.findings == [], "people who call each other often, and few strangers"


def test_one_ring_while_the_bell_is_heard_by_a_friend() -> None:
    """The same missed calls to one's own few friends are no trick."""
    friends = many(Tape(), 15, callees=3, talk_s=None, ring_s=2.0, cause="caller_hangup",
                   every=90 * SECOND)  # fmt: skip
    assert alone(friends).findings == []
