"""Cards planted among look-alikes: what is verified again and why, and who is left alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.arrays import frame_of
from fanzha.detection.card.rank import Cards, Ranked, Records
from fanzha.records.door import admit
from fanzha.values import reserved

POLICIES = Path(__file__).parents[3] / "policies" / "detection"
NOON = 1_795_147_200_000
DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
BANK = next(iter(reserved.BANKS))
CARDS = Cards.load(POLICIES)


def person(n: int) -> str:
    return reserved.citizen_id(n // 2, date(1990, 1, 1), "MF"[n % 2], "470102")


def admitted(stream: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows through the door, as they come from a file."""
    for i, row in enumerate(rows):
        row.setdefault("event_id", i + 1)
    names = dict.fromkeys(name for row in rows for name in row)
    table = pa.table({name: [row.get(name) for row in rows] for name in names})
    at = pa.array([row["at"] for row in rows], pa.timestamp("ms", "UTC"))
    table = table.set_column(table.schema.get_field_index("at"), "at", at)
    found = admit(stream, table, "carrier-a")
    assert not found.refused, found.refused[:3]
    return frame_of(found.batch)


def card(n: int, holder: str, at: int = NOON - 300 * DAY, **more: Any) -> dict[str, Any]:
    made = {"at": at, "number": reserved.mobile(n), "action": "activate", "product": "phone"}
    return {**made, "holder": holder, "outlet": f"shop-{n}", **more}


def call(i: int, caller: str, callee: str, at: int, **more: Any) -> dict[str, Any]:
    return {"at": at, "call_id": i, "phase": "end", "caller": caller, "callee": callee, **more}


def ranked(**frames: Any) -> dict[str, Ranked]:
    filed = frames.pop("filed", None)
    cells = frames.pop("risky_cells", ())
    found = CARDS.rank(Records(**frames), filed=filed, risky_cells=cells)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    return {one.subject: one for one in found}


def codes(one: Ranked) -> set[str]:
    return {reason.code for reason in one.reasons}


def test_the_sixth_card_of_a_person_is_asked_for_and_the_fifth_is_not() -> None:
    rows = [card(i, person(1), NOON - (100 - i) * DAY) for i in range(6)]
    found = ranked(lines=admitted("line", rows))
    assert codes(found[reserved.mobile(5)]) == {"holder_over_limit"}
    assert found[reserved.mobile(5)].due_hours == 24
    assert all(found[reserved.mobile(i)].due_hours is None for i in range(5))


def test_closed_cards_do_not_count_and_operators_count_apart() -> None:
    rows = [card(i, person(1), NOON - (100 - i) * DAY) for i in range(3)]
    rows += [card(i, person(1), NOON - (50 - i) * DAY, source="carrier-b") for i in range(10, 14)]
    rows += [card(20, person(1), NOON - 40 * DAY), card(21, person(1), NOON - 39 * DAY)]
    rows += [{**card(0, person(1), NOON - 30 * DAY), "action": "close"}]
    rows += [card(22, person(1), NOON - 20 * DAY)]
    assert all(one.due_hours is None for one in ranked(lines=admitted("line", rows)).values())


def test_an_organisation_may_hold_many() -> None:
    firm = reserved.organisation_code(3)
    rows = [card(i, firm, NOON - i * MINUTE, outlet="shop", product="industry") for i in range(60)]
    assert all(one.due_hours is None for one in ranked(lines=admitted("line", rows)).values())


def test_a_batch_in_sequence_for_many_holders_is_found_and_a_family_is_not() -> None:
    batch = [card(100 + i, person(i), NOON + i * MINUTE, outlet="corner") for i in range(12)]
    family = [
        card(500 + i, person(900 + i // 2), NOON + i * MINUTE, outlet="mall") for i in range(4)
    ]
    found = ranked(lines=admitted("line", batch + family))
    for i in range(12):
        assert "batch_sequential" in codes(found[reserved.mobile(100 + i)])
    for i in range(4):
        assert found[reserved.mobile(500 + i)].due_hours is None


def test_a_busy_shop_without_sequence_is_no_batch() -> None:
    rows = [card(1000 + i * 977, person(i), NOON + i * MINUTE, outlet="mall") for i in range(30)]
    assert all(one.due_hours is None for one in ranked(lines=admitted("line", rows)).values())


def test_a_sleeper_that_wakes_and_calls_everybody() -> None:
    lines = [card(1, person(1)), card(2, person(2))]
    sleeper, traveller = reserved.mobile(1), reserved.mobile(2)
    calls = [call(i, sleeper, reserved.mobile(5000 + i), NOON + i * MINUTE) for i in range(30)]
    # Back from abroad: as long a silence, then calls to the family.
    calls += [
        call(100 + i, traveller, reserved.mobile(6000 + i % 3), NOON + i * MINUTE)
        for i in range(30)
    ]
    found = ranked(lines=admitted("line", lines), calls=admitted("call", calls))
    assert "slept_then_busy" in codes(found[sleeper])
    assert found[traveller].due_hours is None


def test_what_came_twice_counts_once_and_two_senders_number_alike() -> None:
    port = reserved.mobile(1)
    lines = admitted("line", [card(1, person(1), product="iot")])
    texts = [{"at": NOON + i, "sender": port, "recipient": reserved.mobile(9), "body": "21 度"}
             for i in range(6)]  # fmt: skip
    calls = [call(1, port, reserved.mobile(5000 + i), NOON + i * MINUTE, source=f"carrier-{i}")
             for i in range(3)]  # fmt: skip
    frame = admitted("text", texts)
    found = ranked(lines=lines, texts=pl.concat([frame, frame.reverse()]))
    assert found[port].due_hours is None, "six texts, each twice, are no ten"
    found = ranked(lines=lines, calls=admitted("call", calls))
    assert found[port].due_hours == 24, "three calls, which their senders all call number 1"


def test_holders_who_are_not_named_are_not_counted_as_one_more() -> None:
    rows = [card(100 + i, person(i % 3), NOON + i * MINUTE, outlet="corner") for i in range(12)]
    for row in rows[::4]:
        row["holder"] = None
    found = ranked(lines=admitted("line", rows))
    assert not any("batch_sequential" in codes(one) for one in found.values())


def test_a_card_that_received_calls_did_not_sleep() -> None:
    number = reserved.mobile(1)
    calls = [call(i, reserved.mobile(9), number, NOON - 80 * DAY * (i + 1) // 2) for i in range(6)]
    calls += [call(50 + i, number, reserved.mobile(5000 + i), NOON + i * MINUTE) for i in range(30)]
    found = ranked(lines=admitted("line", [card(1, person(1))]), calls=admitted("call", calls))
    assert "slept_then_busy" not in codes(found[number])


def test_an_iot_card_that_calls_and_meters_that_report() -> None:
    firm = reserved.organisation_code(1)
    rogue, meter = reserved.iot(1), reserved.iot(2)
    lines = [
        card(i, firm, product="iot") | {"number": number} for i, number in enumerate((rogue, meter))
    ]
    calls = [call(i, rogue, reserved.mobile(i), NOON + i * MINUTE) for i in range(5)]
    texts = [
        {"at": NOON + i * HOUR, "sender": meter, "recipient": reserved.mobile(1), "body": "12.4"}
        for i in range(200)
    ]
    found = ranked(
        lines=admitted("line", lines),
        calls=admitted("call", calls),
        texts=admitted("text", texts),
    )
    assert codes(found[rogue]) == {"iot_calls"}
    assert found[meter].due_hours is None


def test_industry_cards_beyond_their_use_and_a_filed_call_centre() -> None:
    firm = reserved.organisation_code(2)
    rogue, centre = reserved.mobile(1), reserved.mobile(2)
    lines = [card(i, firm, product="industry") for i in (1, 2)]
    calls = [
        call(100 * who + i, number, reserved.mobile(1000 + i), NOON + i * MINUTE,
             caller_imei=reserved.imei(i % 4, reserved.tac(1)))
        for who, number in enumerate((rogue, centre))
        for i in range(40)
    ]  # fmt: skip
    found = ranked(
        lines=admitted("line", lines),
        calls=admitted("call", calls),
        filed=pl.col("number") == centre,
    )
    assert {"industry_dispersed", "industry_handsets"} <= codes(found[rogue])
    assert found[centre].score == 0.0


def test_handsets_cells_and_other_findings_speak() -> None:
    cell = reserved.cell(1, 1)
    device = reserved.imei(7, reserved.tac(2))
    lines = [card(i, person(i)) for i in range(6)]
    calls = [
        call(i, reserved.mobile(i % 6), reserved.mobile(700 + i % 7), NOON + i * MINUTE,
             caller_imei=device, caller_cell=cell)
        for i in range(60)
    ]  # fmt: skip
    findings = pl.DataFrame(
        {"subject": [reserved.mobile(0)], "detector": ["call/v1"], "score": [0.8]}
    )
    found = ranked(
        lines=admitted("line", lines),
        calls=admitted("call", calls),
        findings=findings,
        risky_cells=[cell],
    )
    assert {"handset_of_many", "risky_cells"} <= codes(found[reserved.mobile(3)])
    first = found[reserved.mobile(0)]
    assert "already_found" in codes(first)
    assert first.score > found[reserved.mobile(3)].score


def test_a_port_whose_texts_were_suspected() -> None:
    port, plain = reserved.port(1), reserved.port(2)
    firm = reserved.organisation_code(4)
    lines = [
        card(i, firm, product="sms_port") | {"number": number}
        for i, number in enumerate((port, plain))
    ]
    findings = pl.DataFrame(
        {"subject": [port] * 4, "detector": ["text/v1"] * 4, "score": [0.4] * 4}
    )
    found = ranked(lines=admitted("line", lines), findings=findings)
    assert "port_suspected_texts" in codes(found[port])
    assert found[plain].due_hours is None


def test_accounts_bound_to_a_risky_card_follow_it_and_others_do_not() -> None:
    lines = [card(100 + i, person(i), NOON + i * MINUTE, outlet="corner") for i in range(12)]
    accounts = [
        {"at": NOON, "account": reserved.bank_account(n, BANK), "action": "open", "class": "I",
         "holder": person(n), "outlet": f"branch-{n}"}
        for n in (3, 77)
    ]  # fmt: skip
    found = ranked(lines=admitted("line", lines), accounts=admitted("account", accounts))
    bound = found[reserved.bank_account(3, BANK)]
    assert codes(bound) == {"bound_to_risky_card"}
    assert bound.kind == "account"
    assert bound.due_hours == 24
    assert "16" in bound.todo[1]
    assert found[reserved.bank_account(77, BANK)].score == 0.0


def test_a_second_class_one_account_at_one_bank() -> None:
    accounts = [
        {"at": NOON - n * DAY, "account": reserved.bank_account(n, BANK), "action": "open",
         "class": "I", "holder": person(1)}
        for n in (2, 1)
    ]  # fmt: skip
    found = ranked(
        lines=admitted("line", [card(1, person(1))]), accounts=admitted("account", accounts)
    )
    assert codes(found[reserved.bank_account(1, BANK)]) == {"class1_over_limit"}
    assert found[reserved.bank_account(2, BANK)].score == 0.0


def test_the_registry_binds_where_holders_are_not_told() -> None:
    lines = [card(100 + i, person(i), NOON + i * MINUTE, outlet="corner") for i in range(12)]
    account = reserved.bank_account(5, BANK)
    subjects = [
        {"at": NOON, "person": "p-1", "number": reserved.mobile(104)},
        {"at": NOON, "person": "p-1", "account": account},
    ]
    accounts = [{"at": NOON, "account": account, "action": "open", "class": "II"}]
    found = ranked(
        lines=admitted("line", lines),
        accounts=admitted("account", accounts),
        subjects=admitted("subject", subjects),
    )
    assert "bound_to_risky_card" in codes(found[account])


def test_words_hold_no_identifier_in_full() -> None:
    lines = [card(100 + i, person(i), NOON + i * MINUTE, outlet="corner") for i in range(12)]
    accounts = [
        {"at": NOON, "account": reserved.bank_account(3, BANK), "action": "open", "class": "I",
         "holder": person(3)}
    ]  # fmt: skip
    for one in ranked(
        lines=admitted("line", lines), accounts=admitted("account", accounts)
    ).values():
        for reason in one.reasons:
            assert reserved.mobile(103) not in reason.zh + reason.en
            assert person(3) not in reason.zh + reason.en


def test_what_is_missing_is_said() -> None:
    rows = [{"at": NOON, "number": reserved.mobile(1), "action": "activate"}]
    one = ranked(lines=admitted("line", rows))[reserved.mobile(1)]
    assert {"holder", "outlet", "product"} <= set(one.missing)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(NOON - 400 * DAY, NOON),
            "number": st.integers(0, 6).map(reserved.mobile),
            "action": st.sampled_from(["activate", "suspend", "resume", "swap", "close"]),
        },
        optional={
            "product": st.sampled_from(["phone", "iot", "industry", "sms_port"]),
            "holder": st.one_of(st.integers(0, 3).map(person), st.just("E12345678")),
            "outlet": st.sampled_from(["a", "b"]),
            "iccid": st.text("0123456789 x", min_size=1, max_size=20),
        },
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_any_lines_give_every_number_once_with_parts_that_add_up(
    rows: list[dict[str, Any]],
) -> None:
    found = CARDS.rank(Records(admitted("line", [dict(row) for row in rows])))
    assert sorted(one.subject for one in found) == sorted({row["number"] for row in rows})
    for one in found:
        assert sum(reason.part for reason in one.reasons) == pytest.approx(one.score)
