"""The numbers, codes and names that invented people use, and how to draw the n-th of each.

Everything here lies outside what is assigned to anyone in reality, so that a simulated city, a
drill or a test can never reach a living person. Live adapters refuse these values except on
loopback and in demos. Choices rest on published plans; where a plan changes, change this file only.

| what | reserved | why nobody has it |
|---|---|---|
| mobile | 154 + 8 digits | no carrier holds 154; the number plan leaves the segment out |
| IoT line | 1430 + 9 digits | 13-digit lines run under 1400, 1410, 1440, 1064x; 143 is free |
| area code | 0362 | 0360–0369 stand for no place; neighbours 0349 and 0370 do |
| service number | 954xx, 400-4 | 954 and 4004 are not among the allotted ranges |
| message port | 1060 | ports are given out under 1062–1069 |
| overseas | +44 7700 900xxx, +44 1632 960xxx, +1 xxx 555 01xx | kept for drama (Ofcom, NANPA) |
| IMSI, cell | 460-99 | China uses network codes 00–15 and 20 |
| IMEI | TAC 00xxxxxx | reporting body 00 marks test equipment (GSMA TS.06); it is never sold |
| bank card | 9999 + … | ISO/IEC 7812-1: 9 is for national use and 999 is no country |
| institution | 8990362…, Z8990362… | no bank type 899; its place codes start at 1000 |
| citizen id, district | 47 + … | GB/T 2260 goes from 46 (海南) to 50 (重庆) |
| organisation code | district 47…. | as above |
| wallet | payload "fanzha invented!" | a chosen payload: nobody can know a key that hashes to it |
| name | .example | RFC 2606 |
| IP address | 192.0.2/24, 198.51.100/24, 203.0.113/24, 198.18/15 | RFC 5737, RFC 2544 |

All `n` count from 0 and every function is deterministic; a value out of range raises `ValueError`,
because only our own code calls these. What they return is the normal form of the value.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import date

from fanzha.values import check_digits
from fanzha.values.addresses import (
    base58check,
    base58check_decode,
    bech32_decode,
    bech32_encode,
)

CITY = "470100"
PROVINCE = "470000"
AREA_CODE = "0362"
MOBILE_PREFIX = "154"
IOT_PREFIX = "1430"
MNC = "99"
CARD_PREFIX = "9999"
TAC_PREFIX = "00"
DISTRICT_PREFIX = "47"
DNS_SUFFIX = ".example"
PORT_PREFIX = "1060"
SERVICE_PREFIX = "954"
TOLL_PREFIX = "4004"
INSTITUTION_PREFIX = "8990362"
PAYMENT_FIRM_PREFIX = "Z8990362"
WALLET_PAYLOAD = b"fanzha invented!"

#: Six-digit codes of the invented city's districts and counties, in the order of its list.
DISTRICTS: dict[str, str] = {
    "470102": "澜中区",
    "470103": "望海区",
    "470104": "柳桥区",
    "470105": "临港区",
    "470106": "桐岭区",
    "470107": "石埠区",
    "470108": "青塔区",
    "470109": "东礁区",
    "470121": "安坪县",
    "470122": "白沙县",
    "470123": "南荻县",
}
_DISTRICT_ORDER = {code: place for place, code in enumerate(DISTRICTS)}
#: Area codes of North America whose 555-01xx lines are kept for drama.
_NANP_AREAS = ("202", "212", "213", "303", "305", "312", "404", "415", "503", "617", "702", "808")


@dataclass(frozen=True, slots=True)
class Institution:
    """An invented bank (12-digit payment system code) or payment firm (Z and 13 digits)."""

    code: str
    name: str
    name_en: str
    card_prefix: str
    hotline: str


def _bank(order: int, name: str, name_en: str) -> Institution:
    body = f"{INSTITUTION_PREFIX}{order:04d}"
    return Institution(
        code=body + check_digits.institution(body),
        name=name,
        name_en=name_en,
        card_prefix=f"{CARD_PREFIX}{order:02d}",
        hotline=f"{SERVICE_PREFIX}{order:02d}",
    )


_ALL_BANKS = (
    _bank(1, "云州银行", "Bank of Yunzhou"),
    _bank(2, "清澜农商行", "Qinglan Rural Commercial Bank"),
    _bank(3, "远洲银行", "Yuanzhou Bank"),
    _bank(4, "海川银行", "Haichuan Bank"),
    _bank(5, "北港农商行", "Beigang Rural Commercial Bank"),
)
#: Invented banks by their 12-digit code.
BANKS: dict[str, Institution] = {bank.code: bank for bank in _ALL_BANKS}
#: Invented payment firms by their code.
PAYMENT_FIRMS: dict[str, Institution] = {
    f"{PAYMENT_FIRM_PREFIX}000012": Institution(
        f"{PAYMENT_FIRM_PREFIX}000012", "东陆支付", "Donglu Pay", "", f"{SERVICE_PREFIX}60"
    )
}


def _bounded(n: int, limit: int) -> int:
    if not 0 <= n < limit:
        raise ValueError(f"n must lie in 0 … {limit - 1}")
    return n


def mobile(n: int) -> str:
    """The n-th invented mobile number (n < 10^8), E.164."""
    return f"+86{MOBILE_PREFIX}{_bounded(n, 10**8):08d}"


def iot(n: int) -> str:
    """The n-th invented 13-digit IoT line (n < 10^9), E.164."""
    return f"+86{IOT_PREFIX}{_bounded(n, 10**9):09d}"


def fixed(n: int, district: str = "470102") -> str:
    """The n-th invented fixed line of a district (n < 10^6), E.164; the exchange tells where."""
    return f"+86{AREA_CODE[1:]}{60 + _DISTRICT_ORDER[district]}{_bounded(n, 10**6):06d}"


def port(n: int) -> str:
    """The n-th invented message port of twelve digits (n < 10^8)."""
    return f"{PORT_PREFIX}{_bounded(n, 10**8):08d}"


def toll_free(n: int) -> str:
    """The n-th invented 400 number (n < 10^6)."""
    return f"{TOLL_PREFIX}{_bounded(n, 10**6):06d}"


def service(n: int) -> str:
    """The n-th invented five-digit service number (n < 100)."""
    return f"{SERVICE_PREFIX}{_bounded(n, 100):02d}"


def overseas(n: int) -> str:
    """The n-th invented number abroad (n < 3,200), E.164."""
    _bounded(n, 2000 + 100 * len(_NANP_AREAS))
    if n < 1000:
        return f"+447700900{n:03d}"
    if n < 2000:
        return f"+441632960{n - 1000:03d}"
    area, line = divmod(n - 2000, 100)
    return f"+1{_NANP_AREAS[area]}55501{line:02d}"


def imsi(n: int) -> str:
    """The n-th invented IMSI (n < 10^10)."""
    return f"460{MNC}{_bounded(n, 10**10):010d}"


def tac(n: int) -> str:
    """The n-th invented type allocation code (n < 10^6): one model of handset or gateway."""
    return f"{TAC_PREFIX}{_bounded(n, 10**6):06d}"


def imei(n: int, tac: str) -> str:
    """The n-th invented equipment of a type (n < 10^6), with its check digit."""
    if not (tac.isdigit() and len(tac) == 8 and tac.startswith(TAC_PREFIX)):
        raise ValueError("tac must be eight digits of the reserved reporting body")
    body = f"{tac}{_bounded(n, 10**6):06d}"
    return body + check_digits.luhn(body)


def cell(area: int, n: int) -> str:
    """The n-th invented cell of a location area (area < 65,536, n < 2^28)."""
    return f"460-{MNC}-{_bounded(area, 65536)}-{_bounded(n, 2**28)}"


def card(n: int, bank: str) -> str:
    """The n-th invented card of a bank of `BANKS` (n < 10^12): 19 digits, valid check digit."""
    body = f"{BANKS[bank].card_prefix}{_bounded(n, 10**12):012d}"
    return body + check_digits.luhn(body)


def bank_account(n: int, bank: str) -> str:
    """The n-th invented account as transfers name it: `institution:card`."""
    return f"{bank}:{card(n, bank)}"


def citizen_id(n: int, birth: date, sex: str, district: str) -> str:
    """The n-th invented person of one birthday, sex ("F" or "M") and district (n < 500)."""
    if district not in DISTRICTS:
        raise ValueError("district must be one of DISTRICTS")
    if sex not in ("F", "M"):
        raise ValueError("sex must be F or M")
    order = _bounded(n, 500) * 2 + (sex == "M")
    body = f"{district}{birth:%Y%m%d}{order:03d}"
    return body + check_digits.citizen(body)


def organisation_code(n: int, district: str = "470102") -> str:
    """The n-th invented company's unified social credit code (n < 10^8)."""
    body = f"91{district}"
    unit = f"{_bounded(n, 10**8):08d}"
    total = sum(
        weight * int(char) for weight, char in zip((3, 7, 9, 10, 5, 8, 4, 2), unit, strict=True)
    )
    check = 11 - total % 11
    body += unit + ("X" if check == 10 else "0" if check == 11 else str(check))
    return body + check_digits.organisation(body)


def wallet(n: int, chain: str = "TRON") -> str:
    """The n-th invented wallet on `BTC`, `ETH` or `TRON` (n < 2^32): an address without a key."""
    payload = WALLET_PAYLOAD + _bounded(n, 2**32).to_bytes(4, "big")
    if chain == "TRON":
        return base58check(b"\x41" + payload)
    if chain == "ETH":
        return "0x" + payload.hex()
    if chain == "BTC":
        return bech32_encode("bc", 0, payload)
    raise ValueError("chain must be BTC, ETH or TRON")


def dns_name(label: str) -> str:
    """A name nobody can register: `label.example`."""
    return f"{label}{DNS_SUFFIX}"


def ip(n: int) -> str:
    """The n-th invented IPv4 address (n < 131,072), of the range kept for bench tests."""
    return str(ipaddress.IPv4Address("198.18.0.0") + _bounded(n, 131072))


def person(n: int) -> str:
    """The n-th invented person's token, as the registry hands it out."""
    return "p" + hashlib.blake2b(f"{CITY}:{n}".encode(), digest_size=8).hexdigest()


_RESERVED_NUMBERS = (
    f"+86{MOBILE_PREFIX}",
    f"+86{IOT_PREFIX}",
    f"+86{AREA_CODE[1:]}",
    PORT_PREFIX,
    TOLL_PREFIX,
    SERVICE_PREFIX,
    "+447700900",
    "+441632960",
)
_RESERVED_NETWORKS = tuple(
    ipaddress.ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")
)


def is_reserved_number(normal: str) -> bool:
    """Whether a phone number in normal form belongs to invented people."""
    if normal.startswith(_RESERVED_NUMBERS):
        return True
    return normal.startswith("+1") and len(normal) == 12 and normal[5:10] == "55501"


def is_reserved_imsi(normal: str) -> bool:
    return normal.startswith("460" + MNC)


def is_reserved_imei(normal: str) -> bool:
    return normal.startswith(TAC_PREFIX)


def is_reserved_cell(normal: str) -> bool:
    return normal.startswith(f"460-{MNC}-")


def is_reserved_card(normal: str) -> bool:
    return normal.startswith(CARD_PREFIX)


def is_reserved_institution(code: str) -> bool:
    return code.startswith((INSTITUTION_PREFIX, PAYMENT_FIRM_PREFIX))


def is_reserved_account(normal: str) -> bool:
    """Whether `institution:account` names an invented institution or an invented card."""
    institution, _, account = normal.partition(":")
    return is_reserved_institution(institution) or is_reserved_card(account)


def is_reserved_citizen_id(normal: str) -> bool:
    return normal.startswith(DISTRICT_PREFIX)


def is_reserved_district(code: str) -> bool:
    return code.startswith(DISTRICT_PREFIX)


def is_reserved_organisation(normal: str) -> bool:
    return normal[2:4] == DISTRICT_PREFIX


def is_reserved_dns_name(normal: str) -> bool:
    return normal == DNS_SUFFIX[1:] or normal.endswith(DNS_SUFFIX)


def is_reserved_wallet(normal: str) -> bool:
    """Whether a wallet in normal form carries the invented payload."""
    if normal.startswith("0x"):
        return normal[2:].startswith(WALLET_PAYLOAD.hex())
    witness = bech32_decode(normal)
    payload = witness[2] if witness else (base58check_decode(normal) or b"")[1:]
    return payload.startswith(WALLET_PAYLOAD)


def is_reserved_ip(text: str) -> bool:
    """Whether `text` is an address of a documentation or bench range; False for anything else."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in net for net in _RESERVED_NETWORKS)
