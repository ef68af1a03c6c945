"""Phone numbers as networks and people write them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fanzha.errors import Refused
from fanzha.values import phone_number, reserved
from fanzha.values.phone_number import parse, parse_cli


@pytest.mark.parametrize(
    "text",
    [
        "15412345678", "+8615412345678", "8615412345678", "008615412345678", "015412345678",
        "154-1234-5678", "154 1234 5678", "+86 154 1234 5678", "（154）12345678", "１５４12345678",
        "tel:+86-154-1234-5678", "sip:+8615412345678@ims.example;user=phone", "+860154 12345678",
        "1795115412345678", "12593015412345678", "\u202a15412345678\u202c", "15412345678\r\n",
    ],
)  # fmt: skip
def test_one_mobile_number_however_it_is_written(text: str) -> None:
    number = parse(text)
    assert (number.normal, number.kind) == ("+8615412345678", "mobile")
    assert number.mask == "154****5678"


@pytest.mark.parametrize(
    ("text", "normal", "kind", "mask"),
    [
        ("0362-60000001", "+8636260000001", "fixed", "0362****0001"),
        ("+86 362 60000001", "+8636260000001", "fixed", "0362****0001"),
        ("010 8123 4567", "+861081234567", "fixed", "010****4567"),
        ("0335 8123456", "+863358123456", "fixed", "0335****456"),
        ("10086", "10086", "service", "10086"),
        ("110", "110", "service", "110"),
        ("12381", "12381", "service", "12381"),
        ("96110", "96110", "service", "96110"),
        ("036296110", "+8636296110", "service", "036296110"),
        ("95401", "95401", "service", "95401"),
        ("02195401", "+862195401", "service", "02195401"),
        ("954012345", "954012345", "service", "954012345"),
        ("106012345678", "106012345678", "service", "106012345678"),
        ("10690123456789012345", "10690123456789012345", "service", "10690123456789012345"),
        ("400-412-3456", "4004123456", "toll", "4004123456"),
        ("+864004123456", "4004123456", "toll", "4004123456"),
        ("8001234567", "8001234567", "toll", "8001234567"),
        ("1064812345678", "+861064812345678", "iot", "106****5678"),
        ("1430123456789", "+861430123456789", "iot", "143****6789"),
        ("14612345678", "+8614612345678", "iot", "146****5678"),
        ("+447700900123", "+447700900123", "overseas", "0044****0123"),
        ("00447700900123", "+447700900123", "overseas", "0044****0123"),
        ("+1 (202) 555-0123", "+12025550123", "overseas", "001****0123"),
    ],
)
def test_kinds(text: str, normal: str, kind: str, mask: str) -> None:
    number = parse(text)
    assert (number.normal, number.kind, number.mask) == (normal, kind, mask)
    assert parse(number.national) == number


@pytest.mark.parametrize(
    "text",
    [
        "2161234567",  # a prefix was stripped on the way
        "+00852", "00", "+", "1234567890123456789012", "0099912345678", "+99912345678",
        "0360 12345678",  # an area code not in use
        "12345678901", "0", "1", "abc", "138????1234", "+95588", "11112345678", "0362",
        "154123456789", "1541234567", "１", "😀",
    ],
)  # fmt: skip
def test_malformed_is_a_kind_for_callers_and_a_refusal_for_registries(text: str) -> None:
    number = parse_cli(text)
    assert number.kind == "malformed"
    assert number.normal.startswith("?")
    assert len(number.normal) <= 33
    with pytest.raises(Refused):
        parse(text)


@pytest.mark.parametrize("text", ["", "  ", "Anonymous", "UNKNOWN", "匿名", "-1", "private"])
def test_withheld_numbers_are_one_value(text: str) -> None:
    number = parse_cli(text)
    assert (number.normal, number.kind, number.mask) == ("anonymous", "malformed", "anonymous")


def test_every_reserved_number_parses_to_itself_and_is_known_as_reserved() -> None:
    numbers = [
        *(reserved.mobile(n) for n in (0, 1, 10**8 - 1)),
        *(reserved.iot(n) for n in (0, 10**9 - 1)),
        *(reserved.fixed(5, district) for district in reserved.DISTRICTS),
        *(reserved.port(n) for n in (0, 10**8 - 1)),
        *(reserved.toll_free(n) for n in (0, 10**6 - 1)),
        *(reserved.service(n) for n in range(100)),
        *(reserved.overseas(n) for n in range(3_200)),
        *(bank.hotline for bank in reserved.BANKS.values()),
    ]
    assert len(set(numbers)) >= 3_200
    for number in numbers:
        assert parse(number).normal == number
        assert reserved.is_reserved_number(number), number


@pytest.mark.parametrize(
    "number", ["+8613800000000", "10086", "95588", "+861081234567", "+442079460000", "4008123123"]
)
def test_assigned_numbers_are_not_reserved(number: str) -> None:
    assert parse(number).normal == number
    assert not reserved.is_reserved_number(number)


def test_area_codes_hold_the_known_and_not_the_unused() -> None:
    assert {"10", "20", "21", "28", "311", "571", "755", "898", "991"} <= phone_number.AREA_CODES
    assert not {"26", "360", "361", "363", "320", "489"} & phone_number.AREA_CODES


def test_foreign_rules_are_loaded_only_for_foreign_numbers() -> None:
    code = (
        "import sys; from fanzha.values.phone_number import parse;"
        "parse('15412345678'); parse('95588'); assert 'phonenumbers' not in sys.modules;"
        "parse('+447700900123'); assert 'phonenumbers' in sys.modules"
    )
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
