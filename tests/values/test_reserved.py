"""Invented people's identifiers are valid, distinct, in normal form, and known as reserved."""

from __future__ import annotations

from datetime import date

import pytest

from fanzha.values import (
    account,
    bank_card,
    cell,
    check_digits,
    citizen_id,
    dns_name,
    imei,
    imsi,
    organisation_code,
    reserved,
    wallet,
)

BANK = next(iter(reserved.BANKS))


def test_what_is_drawn_parses_to_itself_and_is_reserved() -> None:
    for n in (0, 1, 4_711, 99_999):
        assert imsi.parse(reserved.imsi(n)).normal == reserved.imsi(n)
        assert reserved.is_reserved_imsi(reserved.imsi(n))
        equipment = reserved.imei(n, reserved.tac(n % 7 + 1))
        assert imei.parse(equipment).normal == equipment
        assert reserved.is_reserved_imei(equipment)
        place = reserved.cell(n % 65_536, n)
        assert cell.parse(place).normal == place
        assert reserved.is_reserved_cell(place)
        held = reserved.bank_account(n, BANK)
        assert account.parse(held).normal == held
        assert reserved.is_reserved_account(held)
        assert bank_card.parse(reserved.card(n, BANK)).issuer == reserved.BANKS[BANK].name
        assert reserved.is_reserved_card(reserved.card(n, BANK))
        code = reserved.organisation_code(n)
        assert organisation_code.parse(code).normal == code
        assert reserved.is_reserved_organisation(code)
        assert reserved.is_reserved_ip(reserved.ip(n))
        for chain in wallet.Chain:
            address = reserved.wallet(n, chain)
            assert wallet.parse(address) == wallet.Wallet(address, chain)
            assert reserved.is_reserved_wallet(address)
    name = reserved.dns_name("bank-qinglan")
    assert dns_name.parse(name).registrable == name
    assert reserved.is_reserved_dns_name(name)


def test_citizen_ids_carry_what_they_were_drawn_for() -> None:
    drawn = set()
    for n in range(500):
        for sex in "FM":
            text = reserved.citizen_id(n, date(1944, 2, 29), sex, "470121")
            person = citizen_id.parse(text)
            assert (person.birth_on, person.sex) == (date(1944, 2, 29), sex)
            assert person.district == "470121"
            assert reserved.is_reserved_citizen_id(text)
            drawn.add(text)
    assert len(drawn) == 1_000


def test_institutions_have_valid_codes() -> None:
    for code, bank in reserved.BANKS.items():
        assert check_digits.institution(code[:11]) == code[11]
        assert bank.card_prefix.startswith(reserved.CARD_PREFIX)
        assert reserved.is_reserved_institution(code)
    for code in reserved.PAYMENT_FIRMS:
        assert account.parse(f"{code}:1").kind == "payment"
        assert reserved.is_reserved_institution(code)


def test_drawing_is_one_to_one() -> None:
    for draw in (reserved.mobile, reserved.imsi, reserved.port, reserved.ip, reserved.person):
        assert len({draw(n) for n in range(2_000)}) == 2_000


@pytest.mark.parametrize("n", [-1, 10**13])
def test_out_of_range_is_a_programming_error(n: int) -> None:
    for draw in (reserved.mobile, reserved.imsi, reserved.ip, reserved.overseas, reserved.wallet):
        with pytest.raises(ValueError, match="n must lie"):
            draw(n)
    with pytest.raises(ValueError, match="n must lie"):
        reserved.card(n, BANK)


def test_other_peoples_values_are_not_reserved() -> None:
    assert not reserved.is_reserved_card("6217000000000000000")
    assert not reserved.is_reserved_account("102100099996:6217000000000000000")
    assert not reserved.is_reserved_citizen_id("110105194912310021")
    assert not reserved.is_reserved_organisation("91350100M000100Y43")
    assert not reserved.is_reserved_wallet("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert not reserved.is_reserved_dns_name("example.cn")
    assert not reserved.is_reserved_dns_name("bankexample")
    assert not reserved.is_reserved_imsi("460001234567890")
    for address in ("198.17.0.1", "198.20.0.1", "8.8.8.8", "not an address", "::1"):
        assert not reserved.is_reserved_ip(address)
