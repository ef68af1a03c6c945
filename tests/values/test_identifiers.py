"""Enumerated cases: each identifier as people write it, and each way in which it can be wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from fanzha.errors import Refused
from fanzha.values import (
    account,
    addresses,
    bank_card,
    cell,
    check_digits,
    citizen_id,
    dns_name,
    imei,
    imsi,
    instant,
    money,
    organisation_code,
    reserved,
    url,
    wallet,
)

# Published test vectors and documentation examples only; no person's identifier stands here.


@pytest.mark.parametrize(
    ("body", "check"),
    [("7992739871", "3"), ("49015420323751", "8"), ("453201511283036", "6")],
)
def test_luhn(body: str, check: str) -> None:
    assert check_digits.luhn(body) == check


def test_citizen_check_character_of_the_standard() -> None:
    # The two examples that GB 11643-1999 itself prints.
    assert check_digits.citizen("11010519491231002") == "X"
    assert check_digits.citizen("44052418800101001") == "4"


@pytest.mark.parametrize("code", ["102100099996", "105100000017", "403100000004", "313290000017"])
def test_institution_check_digit(code: str) -> None:
    assert check_digits.institution(code[:11]) == code[11]


def test_citizen_id_of_fifteen_digits_is_upgraded() -> None:
    old = citizen_id.parse("470102600229004")
    assert old.normal[:17] == "47010219600229004"
    assert (old.birth_on, old.sex, old.district) == (date(1960, 2, 29), "F", "470102")
    assert citizen_id.parse(old.normal) == old


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4701021960022900", "citizen_id_form"),
        ("990102196002290040", "citizen_id_district"),
        ("470102196102290040", "citizen_id_birth"),
        ("470102196013010040", "citizen_id_birth"),
        ("47010219600229004A", "citizen_id_check"),
        ("X70102196002290040", "citizen_id_form"),
    ],
)
def test_citizen_id_refusals(text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        citizen_id.parse(text)
    assert caught.value.code == code
    assert text not in str(caught.value)


def test_every_wrong_character_of_a_citizen_id_is_noticed() -> None:
    right = reserved.citizen_id(7, date(1971, 5, 6), "M", "470103")
    for place in range(18):
        for char in "0123456789":
            if char == right[place]:
                continue
            with pytest.raises(Refused):
                citizen_id.parse(right[:place] + char + right[place + 1 :])


def test_every_wrong_digit_of_a_card_is_noticed() -> None:
    right = reserved.card(12_345, next(iter(reserved.BANKS)))
    for place in range(19):
        for shift in range(1, 10):
            digit = str((int(right[place]) + shift) % 10)
            with pytest.raises(Refused):
                bank_card.parse(right[:place] + digit + right[place + 1 :])


def test_card_written_in_groups_and_its_issuer() -> None:
    bank = reserved.BANKS["899036200024"]
    written = reserved.card(3, bank.code)
    grouped = " ".join(written[n : n + 4] for n in range(0, 19, 4))
    card = bank_card.parse(grouped)
    assert card.normal == written
    assert card.issuer == bank.name
    assert card.mask == f"{written[:4]} **** {written[-4:]}"


def test_organisation_code_of_the_standard_and_a_wrong_one() -> None:
    code = organisation_code.parse("91350100M000100Y43")
    assert (code.registrar, code.district) == ("9", "350100")
    for wrong in ("91350100M000100Y44", "91350100M000100I43", "9135010"):
        with pytest.raises(Refused):
            organisation_code.parse(wrong)


def test_imei_in_its_four_spellings_is_one_equipment() -> None:
    whole = imei.parse("490154203237518")
    assert whole.tac == "49015420"
    assert imei.parse("49-015420-323751-8") == whole
    assert imei.parse("49015420323751") == whole
    assert imei.parse("490154203237510") == whole, "the spare digit that networks signal"
    versioned = imei.parse("4901542032375107")
    assert versioned == whole
    assert versioned.software_version == "07"
    assert whole.mask == "49015420****18"


@pytest.mark.parametrize("text", ["0" * 15, "490154203237517", "4901542032375", "49015420323751A"])
def test_imei_refusals(text: str) -> None:
    with pytest.raises(Refused):
        imei.parse(text)


def test_imsi_parts() -> None:
    assert (imsi.parse("460990000000001").mcc, imsi.parse("460990000000001").mnc) == ("460", "99")
    assert imsi.parse("310150123456789").mnc == "150"
    assert imsi.parse("460990000000001").mask == "46099****01"
    for wrong in ("100000000000000", "4600000000000", "46000000000000x"):
        with pytest.raises(Refused):
            imsi.parse(wrong)


def test_cell_loses_leading_zeros_and_keeps_its_limits() -> None:
    assert cell.parse("460-00-00012-000034").normal == "460-00-12-34"
    assert cell.parse("460-00-12345-678901").mask == "460-00-12345-****"
    assert cell.parse(f"460-00-{2**24 - 1}-{2**36 - 1}").cell_id == 2**36 - 1
    for wrong in (f"460-00-{2**24}-1", f"460-00-1-{2**36}", "460-00-1", "460-0-1-1", "x-00-1-1"):
        with pytest.raises(Refused):
            cell.parse(wrong)


@pytest.mark.parametrize(
    ("text", "normal", "kind"),
    [
        ("899036200016:9999 0100 0000 0000 010", "899036200016:9999010000000000010", "bank"),
        ("z89903620 :x", "Z89903620:x", "payment"),
        ("Z8990362000012:a@b.example", "Z8990362000012:a@b.example", "payment"),
        ("CASH:atm-7", "cash:atm-7", "cash"),
        ("cash:", "cash:", "cash"),
        ("merchant:云上超市", "merchant:云上超市", "merchant"),
        ("wallet:opaque1", "wallet:opaque1", "wallet"),
    ],
)
def test_accounts(text: str, normal: str, kind: str) -> None:
    found = account.parse(text)
    assert (found.normal, found.kind) == (normal, kind)


@pytest.mark.parametrize(
    "text",
    ["", ":", "6217", "12345:6", "899036200016:", "899036200016:a b", "merchant:", "wallet:a:b"],
)
def test_account_refusals(text: str) -> None:
    with pytest.raises(Refused):
        account.parse(text)


def test_wallet_of_an_account_takes_the_normal_form() -> None:
    ether = reserved.wallet(5, "ETH")
    assert account.parse(f"wallet:{ether.upper().replace('0X', '0x')}").account == ether
    assert account.parse(f"wallet:{ether}").mask == f"{ether[:4]} **** {ether[-4:]}"


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "BTC"),  # the genesis block
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "BTC"),  # BIP 173
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "BTC"),  # BIP 350
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "ETH"),  # EIP-55
    ],
)
def test_wallet_vectors(text: str, chain: str) -> None:
    assert wallet.parse(text).chain == chain


@pytest.mark.parametrize(
    "text",
    [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1bea",
        "hello",
    ],
)
def test_wallet_refusals(text: str) -> None:
    with pytest.raises(Refused):
        wallet.parse(text)


def test_keccak_is_not_sha3() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert addresses.keccak256(b"").hex() == empty
    assert len({addresses.keccak256(b"x" * n) for n in range(300)}) == 300


@pytest.mark.parametrize(
    ("text", "normal", "registrable"),
    [
        ("WWW.Bank.Example.", "www.bank.example", "bank.example"),
        ("清澜。公司.cn", "xn--c5ww7a.xn--55qx5d.cn", "xn--c5ww7a.xn--55qx5d.cn"),
        ("a.b.co.uk", "a.b.co.uk", "b.co.uk"),
        ("x.user.github.io", "x.user.github.io", "user.github.io"),
        ("co.uk", "co.uk", None),
        ("localhost", "localhost", None),
        ("_dmarc.bank.example", "_dmarc.bank.example", "bank.example"),
        ("ｂａｎｋ.example", "bank.example", "bank.example"),
        ("i❤.ws", "xn--i-7iq.ws", "xn--i-7iq.ws"),
    ],
)
def test_dns_names(text: str, normal: str, registrable: str | None) -> None:
    name = dns_name.parse(text)
    assert (name.normal, name.registrable) == (normal, registrable)


@pytest.mark.parametrize(
    "text", ["", ".", "a..b", "-a.example", "a-.example", "a" * 64 + ".example", "10.0.0.1", "a b"]
)
def test_dns_name_refusals(text: str) -> None:
    with pytest.raises(Refused):
        dns_name.parse(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Bank.example", "bank.example"),
        ("HTTP://Bank.example:80", "http://bank.example/"),
        ("https://bank.example:8443/a?b=c#d", "https://bank.example:8443/a?b=c"),
        ("https://bank.example@evil.example/x", "https://bank.example@evil.example/x"),
        ("https://u:secret@evil.example/", "https://u@evil.example/"),
        ("http://3232235777/", "http://192.168.1.1/"),
        ("http://0xC0.0250.01/", "http://192.168.0.1/"),
        ("http:\\\\evil.example\\x", "http://evil.example/x"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://清澜.example/路?值", "http://xn--c5ww7a.example/%E8%B7%AF?%E5%80%BC"),
        ("weixin://dl/chat", "weixin://dl/chat"),
        ("bank.example/%e4%b8", "bank.example/%E4%B8"),
    ],
)
def test_urls(text: str, normal: str) -> None:
    assert url.parse(text).normal == normal


@pytest.mark.parametrize(
    "text", ["", "http://", "http://a b/", "http://x.example:99999/", "http://[::1", "http://-/"]
)
def test_url_refusals(text: str) -> None:
    with pytest.raises(Refused):
        url.parse(text)


def test_url_mask_keeps_the_path_to_itself() -> None:
    shown = url.parse("https://bank.example/reset?ticket=123456").mask
    assert shown == "https://bank.example/…"


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0.01", 1), ("12", 1_200), ("1,234.5", 123_450), ("¥1,234.50元", 123_450),
        ("1.2万元", 1_200_000), ("3亿", 30_000_000_000), ("-5.00", -500), ("１２３", 12_300),
        ("壹万贰仟元整", 1_200_000), ("人民币壹佰万零伍仟元零伍分", 100_500_005),
        ("叁角", 30), ("零元整", 0), ("贰拾圆正", 2_000),
    ],
)  # fmt: skip
def test_money(text: str, fen: int) -> None:
    assert money.parse(text).fen == fen


@pytest.mark.parametrize(
    "text", ["", "1.234", "1,23", "12,34.5", "1e5", "壹壹元", "万元", "9" * 18, "元"]
)
def test_money_refusals(text: str) -> None:
    with pytest.raises(Refused):
        money.parse(text)


@pytest.mark.parametrize("fen", [0, 1, 10, 11, 105, 100_000_005, 10**17 + 10**9 + 7, 10**18 - 1])
def test_capitals_read_back(fen: int) -> None:
    assert money.parse(money.Money(fen).capitals).fen == fen


def test_instants() -> None:
    expected = instant.Instant(1_790_000_000_123)
    at = datetime(2026, 9, 21, 14, 13, 20, 123_000, tzinfo=UTC)
    assert instant.from_datetime(at) == expected
    assert instant.from_datetime(at.astimezone(timezone(timedelta(hours=8)))) == expected
    for text in (
        "1790000000123", "2026-09-21T14:13:20.123Z", "2026-09-21 22:13:20.123456+08:00",
        "2026-09-21T22:13:20,123+0800",
    ):  # fmt: skip
        assert instant.parse(text) == expected, text
    assert expected.at == at
    assert instant.parse("2026-09-21 13:33", zone_needed=False).normal.endswith("13:33:00.000Z")


@pytest.mark.parametrize(
    "text", ["2026-09-21T13:33:20", "2026-02-30T00:00:00Z", "2026-09-21", "now", "9" * 16, "24:00"]
)
def test_instant_refusals(text: str) -> None:
    with pytest.raises(Refused):
        instant.parse(text)
    with pytest.raises(Refused):
        instant.from_datetime(datetime(2026, 1, 1))  # noqa: DTZ001 - the naive one is the case
