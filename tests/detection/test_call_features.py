"""Features of calls: a planted stream where each must be high, a look-alike where it must not."""

from __future__ import annotations

import pytest

from fanzha.values import reserved
from tests.detection.feature_rows import told
from tests.detection.streams import DAY, HOUR, MINUTE, SECOND, Tape

SUSPECT = reserved.mobile(7)
NIGHT, SATURDAY = 10 * HOUR, DAY
"""From Friday noon: 22:00, and the Saturday after."""


def _calls(at: int, every: int, n: int, first: int = 100, tape: Tape | None = None,
           **how: object) -> Tape:  # fmt: skip
    tape = tape or Tape()
    for k in range(n):
        tape.call(at + k * every, SUSPECT, reserved.mobile(first + k), **how)  # type: ignore[arg-type]
    return tape


def _of(tape: Tape, name: str) -> float | None:
    found: float | None = told(tape).last(caller=SUSPECT)[name]
    return found


def test_hours_in_which_it_calls() -> None:
    spread = _calls(-5 * HOUR, HOUR, 6)
    assert _of(spread, "hours_24h") == 6
    burst = _calls(0, MINUTE, 6)
    assert _of(burst, "hours_24h") == 1


def test_weekends_and_nights_of_a_week() -> None:
    kept = _calls(SATURDAY, MINUTE, 4, tape=_calls(NIGHT, MINUTE, 6))
    assert _of(kept, "weekend_7d") == 4
    assert _of(kept, "weekend_share") == pytest.approx(0.4)
    assert _of(kept, "night_7d") == 6
    working = _calls(-2 * DAY, MINUTE, 10)
    assert _of(working, "weekend_7d") == _of(working, "night_7d") == 0


def test_short_talks_of_an_hour_and_a_week() -> None:
    short = _calls(0, MINUTE, 5, talk_s=6.0, tape=_calls(-3 * DAY, MINUTE, 5, 200, talk_s=6.0))
    row = told(short).last(caller=SUSPECT)
    assert (row["short_talks_1h"], row["talks_1h"]) == (5, 5)
    assert (row["short_talks_7d"], row["talks_7d"], row["week_short"]) == (10, 10, 1.0)
    long = told(_calls(0, 5 * MINUTE, 5, talk_s=120.0)).last(caller=SUSPECT)
    assert (long["short_talks_1h"], long["talks_1h"], long["week_short"]) == (0, 5, 0.0)
    assert long["talk_std_s"] == pytest.approx(0.0, abs=1e-6)
    assert long["strangers_1h"] == 5


def test_moves_from_cell_to_cell() -> None:
    tape, still = Tape(), Tape()
    for k in range(6):
        peer = reserved.mobile(100 + k)
        tape.call(k * MINUTE, SUSPECT, peer, caller_cell=reserved.cell(1, k % 3))
        still.call(k * MINUTE, SUSPECT, peer, caller_cell=reserved.cell(1, 0))
    assert _of(tape, "cell_moves_24h") == 5
    assert _of(still, "cell_moves_24h") == 0
    assert told(tape).last(caller=SUSPECT)["cells_7d"] == pytest.approx(3, abs=0.2)


def test_a_card_in_many_devices_and_a_device_in_two_places() -> None:
    swapped, one = Tape(), Tape()
    for k in range(5):
        imei = reserved.imei(k, reserved.tac(1))
        peer, imsi = reserved.mobile(100 + k), reserved.imsi(4)
        swapped.call(k * MINUTE, SUSPECT, peer, caller_imsi=imsi, caller_imei=imei)
        one.call(k * MINUTE, SUSPECT, peer, caller_imsi=imsi,
                 caller_imei=reserved.imei(0, reserved.tac(1)))  # fmt: skip
    assert _of(swapped, "imeis_7d") == pytest.approx(5, abs=1.1)
    assert _of(one, "imeis_7d") == 1
    cloned, carried = Tape(), Tape()
    for k in range(6):
        peer, imei = reserved.mobile(100 + k), reserved.imei(0, reserved.tac(1))
        cloned.call(k * MINUTE, SUSPECT, peer, caller_imei=imei,
                    caller_cell=reserved.cell(1 + k % 2, 5))  # fmt: skip
        carried.call(k * MINUTE, SUSPECT, peer, caller_imei=imei,
                     caller_cell=reserved.cell(1, k))  # fmt: skip
    assert _of(cloned, "device_areas_1h") == 5
    assert _of(carried, "device_areas_1h") == 0, "cells of one area are one area"
    assert told(cloned).last(caller=SUSPECT)["device_areas_24h"] == pytest.approx(2, abs=0.2)


def test_cards_that_change_in_a_device_and_types_of_gateways() -> None:
    rotated, kept = Tape(), Tape()
    gateway = reserved.imei(3, reserved.tac(777))
    for k in range(4):
        peer = reserved.mobile(100 + k)
        rotated.call(k * MINUTE, SUSPECT, peer, caller_imei=gateway, caller_imsi=reserved.imsi(k))
        kept.call(k * MINUTE, SUSPECT, peer, caller_imsi=reserved.imsi(0),
                  caller_imei=reserved.imei(3, reserved.tac(5)))  # fmt: skip
    row = told(rotated).last(caller=SUSPECT)
    assert (row["card_changes_7d"], row["gateway_device"]) == (3, True)
    row = told(kept).last(caller=SUSPECT)
    assert (row["card_changes_7d"], row["gateway_device"]) == (0, False)
    assert _of(_calls(0, MINUTE, 1), "gateway_device") is None, "no device is told"


def _device(n: int) -> str:
    return reserved.imei(n, reserved.tac(777))


def _under_one_cell(gap: int, talk_s: float = 30.0) -> dict[str, object]:
    tape, cell = Tape(), reserved.cell(1, 9)
    at = 0
    for k in range(12):
        caller = reserved.mobile(20 + k % 4)
        tape.call(
            at, caller, reserved.mobile(300 + k), caller_cell=cell, talk_s=talk_s,
            caller_imsi=reserved.imsi(k % 4), caller_imei=_device(k % 4),
        )  # fmt: skip
        at += 10 * SECOND + int(talk_s * SECOND) + gap
    return told(tape).last(caller_cell=cell)


def test_cards_that_take_turns_under_one_cell() -> None:
    relay = _under_one_cell(gap=4 * SECOND)
    assert relay["cell_relays_24h"] == 11
    assert relay["cell_cards_1h"] == pytest.approx(4, abs=0.3)
    assert relay["cell_devices_1h"] == pytest.approx(4, abs=0.3)
    assert (relay["cell_out_1h"], relay["cell_in_1h"], relay["cell_out_share"]) == (12, 0, 1.0)
    assert relay["cell_strangers_1h"] == 12
    apart = _under_one_cell(gap=2 * MINUTE)
    assert apart["cell_relays_24h"] == 0


def test_cards_that_go_the_same_way_together() -> None:
    def way(shift: int) -> dict[str, object]:
        tape = Tape()
        for step in range(4):
            for card in range(5):
                where = reserved.cell(1, 10 * step + shift * card)
                tape.call(step * HOUR + card * MINUTE, reserved.mobile(20 + card),
                          reserved.mobile(300 + 10 * step + card), caller_cell=where)  # fmt: skip
        return told(tape).last(caller=reserved.mobile(24))

    together, apart = way(shift=0), way(shift=1)
    assert together["path_cards_24h"] == pytest.approx(5, abs=0.6)
    assert apart["path_cards_24h"] == 1
    assert together["path3"] != apart["path3"]
    assert together["path6"] is None, "only four cells so far"
    still = _calls(0, MINUTE, 3)
    assert _of(still, "path3") is None


def test_one_card_that_calls_again_at_once_is_no_relay() -> None:
    tape, cell = Tape(), reserved.cell(1, 9)
    for k in range(8):
        tape.call(k * 45 * SECOND, SUSPECT, reserved.mobile(300 + k), caller_cell=cell)
    assert _of(tape, "cell_relays_24h") == 0


def test_calls_at_once_under_one_cell() -> None:
    tape, cell = Tape(), reserved.cell(1, 9)
    for k in range(5):
        tape.call(k * SECOND, reserved.mobile(20 + k), reserved.mobile(300 + k), talk_s=300.0,
                  caller_cell=cell)  # fmt: skip
    at_once = told(tape).last(phase="answer", caller_cell=cell)
    assert at_once["cell_open_1h"] == 5
    assert told(tape).last(phase="end", caller_cell=cell)["cell_open_1h"] == 0


def test_calls_in_and_out_under_a_number_s_cell() -> None:
    tape, cell = Tape(), reserved.cell(1, 9)
    tape.call(0, SUSPECT, reserved.mobile(300), caller_cell=cell)
    tape.call(MINUTE, reserved.mobile(301), SUSPECT, callee_cell=cell)
    tape.call(9 * MINUTE, SUSPECT, reserved.mobile(302), caller_cell=cell)
    row = told(tape).last(caller=SUSPECT)
    assert (row["cell_out_1h"], row["cell_in_1h"]) == (2, 1)
    assert row["cell_out_share"] == pytest.approx(2 / 3)


def test_a_card_that_slept_and_calls_all_of_a_sudden() -> None:
    woken = Tape().call(-95 * DAY, SUSPECT, reserved.mobile(1))
    _calls(0, MINUTE, 3, tape=woken)
    row = told(woken).last(caller=SUSPECT)
    assert row["silent_24h_s"] == pytest.approx(95 * 86_400, rel=0.001)
    assert row["used_since_s"] < 120
    used = Tape().call(-95 * DAY, SUSPECT, reserved.mobile(1)).call(-DAY, SUSPECT,
                                                                   reserved.mobile(1))  # fmt: skip
    _calls(0, MINUTE, 3, tape=used)
    assert (_of(used, "silent_24h_s") or 0) < 2 * 86_400
    fresh = Tape().add("line", -4 * DAY, number=SUSPECT, action="activate")
    _calls(0, MINUTE, 3, tape=fresh)
    assert _of(fresh, "silent_24h_s") == pytest.approx(4 * 86_400, rel=0.001), "72 h unused"
    assert _of(_calls(0, MINUTE, 1), "silent_24h_s") is None, "nobody knows"


def test_texts_and_surfing_are_a_life() -> None:
    lived, code = Tape(), "您的验证码是 482913，五分钟内有效"
    lived.add("text", -HOUR, sender=SUSPECT, recipient=reserved.mobile(1), body="到了吗")
    lived.add("text", -HOUR, sender=reserved.mobile(1), recipient=SUSPECT, body="到了")
    lived.add("visit", -HOUR, subscriber=SUSPECT, url="weather.example")
    lived.add("app", -HOUR, subscriber=SUSPECT, package="example.news", action="open")
    _calls(0, MINUTE, 2, tape=lived)
    row = told(lived).last(caller=SUSPECT)
    assert (row["texts_out_24h"], row["texts_in_24h"], row["net_24h"]) == (1, 1, 2)
    assert (row["texts_out_7d"], row["net_7d"], row["lifeless"]) == (1, 2, False)
    bare = Tape()
    for k in range(20):
        bare.add("text", k * MINUTE - HOUR, sender=reserved.port(k % 12), recipient=SUSPECT,
                 body=code)  # fmt: skip
    row = told(bare).last("text", recipient=SUSPECT)
    assert (row["codes_24h"], row["texts_in_24h"], row["placed_24h"]) == (20, 0, 0)
    assert row["code_senders_24h"] == pytest.approx(12, abs=4)
    _calls(0, MINUTE, 2, tape=bare)
    row = told(bare).last(caller=SUSPECT)
    assert (row["lifeless"], row["codes_24h"], row["codes_7d"]) == (True, 20, 20)


def test_cards_opened_together_and_by_one_holder() -> None:
    holder = reserved.organisation_code(3)

    def opened(cards: int) -> dict[str, object]:
        tape = Tape()
        for n in range(cards):
            tape.add("line", n * MINUTE - DAY, number=reserved.mobile(7 - cards + 1 + n),
                     action="activate", outlet="outlet-9", holder=holder)  # fmt: skip
        return told(_calls(0, MINUTE, 1, tape=tape)).last(caller=SUSPECT)

    batch = opened(6)
    assert batch["outlet_cards"] == 6
    assert batch["holder_cards"] == pytest.approx(6, abs=1.5)
    alone = opened(1)
    assert (alone["outlet_cards"], alone["holder_cards"]) == (1, 1)


def test_pairs_and_when_they_spoke() -> None:
    friend = reserved.mobile(1)
    tape = Tape().call(-2 * DAY, friend, SUSPECT).call(0, SUSPECT, friend)
    tape.call(MINUTE, friend, SUSPECT)
    row = told(tape).last(caller=friend, phase="start")
    assert (row["strange"], row["mutual"]) == (False, True)
    # Since the newest of their phases: the end of the call before.
    assert row["pair_since_s"] == pytest.approx(20.0)
    row = told(Tape().call(0, SUSPECT, friend)).last(caller=SUSPECT, phase="start")
    assert (row["strange"], row["mutual"], row["pair_since_s"]) == (True, False, None)


def test_what_a_callee_has_gone_through() -> None:
    tape, victim = Tape(), reserved.mobile(30)
    for k in range(4):
        tape.call(k * MINUTE, reserved.overseas(k), victim, talk_s=None, trunk="intl-1")
    tape.call(9 * MINUTE, reserved.mobile(3), victim, talk_s=None, cause="busy")
    row = told(tape).last(callee=victim, phase="end")
    assert (row["callee_abroad_in_24h"], row["callee_abroad_missed_24h"]) == (4, 4)
    assert (row["callee_strange_in_24h"], row["callee_busy_in_24h"]) == (5, 1)
    son = Tape().call(-3 * DAY, reserved.overseas(1), victim, trunk="intl-1")
    son.call(0, reserved.overseas(1), victim, trunk="intl-1")
    row = told(son).last(callee=victim, phase="end")
    assert (row["callee_abroad_in_24h"], row["callee_strange_in_24h"]) == (0, 0)


def test_what_is_only_catalogued_is_counted_where_it_is_asked_for() -> None:
    row = told(_calls(0, 20 * SECOND, 12)).last(caller=SUSPECT)
    assert row["calls_10m"] == 12
    assert row["callees_7d"] == pytest.approx(12, abs=1)
    assert (row["calls_90d"], row["strangers_90d"], row["days_90d"]) == (12, 12, 1)
    tape, cell = Tape(), reserved.cell(1, 9)
    tape.call(0, SUSPECT, reserved.mobile(300), caller_cell=cell)
    tape.call(MINUTE, reserved.mobile(301), SUSPECT, callee_cell=cell)
    tape.call(9 * MINUTE, SUSPECT, reserved.mobile(302), caller_cell=cell,
              caller_imei=reserved.imei(1, "00000777"))  # fmt: skip
    row = told(tape).last(caller=SUSPECT)
    assert (row["here_out_24h"], row["here_in_24h"], row["received_7d"]) == (2, 1, 1)
    assert row["device_cells_24h"] == pytest.approx(1, abs=0.1)
