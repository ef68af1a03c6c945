"""Phone numbers as callers present and people dial them: E.164, Chinese ranges, malformed CLI."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType

from fanzha.values import reserved
from fanzha.values.writing import compact, fold, refused, tight, veil


class NumberKind(StrEnum):
    """What kind of number it is; `malformed` is a finding about a caller, not a failure."""

    MOBILE = "mobile"
    FIXED = "fixed"
    SERVICE = "service"
    TOLL = "toll"
    IOT = "iot"
    OVERSEAS = "overseas"
    MALFORMED = "malformed"


#: What networks write where the caller withheld the number; the normal form of all of them.
ANONYMOUS = "anonymous"
_WITHHELD = frozenset(
    [
        "",
        "匿名",
        "未知",
        "未知号码",
        "无",
        "-1",
        "anonymous",
        "unknown",
        "unavailable",
        "private",
        "restricted",
        "withheld",
        "null",
        "none",
    ]
)
#: Area codes in use (two digits: centrally administered and large cities; three: the rest).
_AREAS_BY_HEAD = {
    "31": "0123456789", "33": "5", "34": "9", "35": "0123456789", "37": "012345679",
    "39": "1234568", "41": "1256789", "42": "179", "43": "123456789", "45": "123456789",
    "46": "4789", "47": "0123456789", "48": "23", "51": "0123456789", "52": "37",
    "53": "0123456789", "54": "36", "55": "0123456789", "56": "12346", "57": "0123456789",
    "58": "0", "59": "123456789", "63": "1235", "66": "0238", "69": "12", "70": "1",
    "71": "0123456789", "72": "248", "73": "01456789", "74": "3456", "75": "0123456789",
    "76": "023689", "77": "0123456789", "79": "0123456789", "81": "23678", "82": "567",
    "83": "0123456789", "85": "1456789", "87": "0123456789", "88": "3678", "89": "12345678",
    "90": "123689", "91": "12345679", "93": "0123456789", "94": "13", "95": "12345",
    "97": "0123456789", "99": "0123456789",
}  # fmt: skip
AREA_CODES = frozenset(
    {"10", *(f"2{last}" for last in "012345789"), reserved.AREA_CODE[1:]}
    | {head + last for head, lasts in _AREAS_BY_HEAD.items() for last in lasts}
)

_MOBILE = re.compile(r"1[3-9]\d{9}")
#: IoT lines of 13 digits (carriers' 1064x, 1400, 1410, 1440; ours 1430) and of 11 (146, 148).
_IOT = re.compile(r"(?:1064[5-9]|14[0134]0\d)\d{8}|14[68]\d{8}")
#: Emergency, operators' and public services, 95/96 numbers with their extensions.
_SERVICE = re.compile(r"1(?:[0-2]\d|00\d{2,3}|0[1-9]\d{2,3}|1\d{3,4}|2\d{3,5})|95\d{3,8}|96\d{3,5}")
_PORT = re.compile(r"106\d{3,17}")
_TOLL = re.compile(r"[48]00\d{7}")
_SUBSCRIBER = re.compile(r"[2-9]\d{6,7}")
_AREA_SERVICE = re.compile(r"(?:100\d{2,3}|12\d{3}|1[12]\d|95\d{3,5}|96\d{3,5})")
#: Carrier selection dialled or presented before a whole number (IP telephony and 12520, 12593).
_SELECTORS = ("17951", "17911", "17909", "17910", "17900", "10193", "12593", "12520", "11808")
_MALFORMED_LENGTH = 32

#: What every reading gives: normal form, kind, country calling code ("" where unknown).
Reading = tuple[str, NumberKind, str]


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """One number. `normal` is E.164 (`+8615412345678`) where the number can be reached from
    abroad, else the digits as dialled at home (`95588`, `4001234567`, `106…`); a malformed number
    is `?` and at most 32 printable characters of what came, a withheld one is `anonymous`."""

    normal: str
    kind: NumberKind
    country: str = "86"

    @property
    def national(self) -> str:
        """As people at home write it: `15412345678`, `036261000003`, `0085298765432`."""
        if not self.normal.startswith("+"):
            return self.normal
        if self.country != "86":
            return "00" + self.normal[1:]
        rest = self.normal[3:]
        return rest if self.kind in (NumberKind.MOBILE, NumberKind.IOT) else "0" + rest

    @property
    def mask(self) -> str:
        """138****2047; 0571****3317; 00852****3317; service and toll numbers in full."""
        if self.kind in (NumberKind.SERVICE, NumberKind.TOLL):
            return self.national
        if self.kind is NumberKind.OVERSEAS:
            subscriber = self.normal[1 + len(self.country) :]
            return f"00{self.country}" + veil(subscriber, 0, 4)
        if self.kind is NumberKind.FIXED:
            subscriber = self.normal[3 + len(_area(self.normal[3:])) :]
            return "0" + _area(self.normal[3:]) + veil(subscriber, 0, len(subscriber) - 4)
        if self.kind is NumberKind.MALFORMED:
            return self.normal if self.normal == ANONYMOUS else veil(self.normal.lstrip("?+"), 0, 2)
        return veil(self.national, 3, 4)


def parse(text: str) -> PhoneNumber:
    """The number `text` writes. Raises `Refused` where it is none: lines and registries."""
    normal, kind, country = read(text)
    if kind is NumberKind.MALFORMED:
        raise refused(
            "number_malformed",
            "不是有效的电话号码：须为国内号码、服务号码或带国际前缀的境外号码",
            "not a phone number: give a domestic, a service or a prefixed international number",
            "number",
        )
    return PhoneNumber(normal, kind, country)


def parse_cli(text: str) -> PhoneNumber:
    """The number a network presented. Never raises: what is no number is of kind `malformed`."""
    return PhoneNumber(*read(text))


def read(text: str) -> Reading:
    """Normal form, kind and country of `text`, without building an object; never raises."""
    digits = compact(text)
    if len(digits) == 11 and digits[0] == "1" and _MOBILE.fullmatch(digits) and digits.isascii():
        return "+86" + digits, _mobile_kind(digits), "86"
    return _read_written(text, digits)


def _read_written(text: str, digits: str) -> Reading:
    written = fold(text).lower()
    if written in _WITHHELD or not digits:
        return ANONYMOUS, NumberKind.MALFORMED, ""
    if written.startswith(("tel:", "sip:", "sips:")):
        address = fold(text).split(":", 1)[1]
        digits = compact(address.partition("@")[0].partition(";")[0])
    plus = digits.startswith("+")
    bare = digits[1:] if plus else digits
    if not (bare.isascii() and bare.isdigit()) or len(bare) > 20:
        return _malformed(text)
    if plus:
        found = _international(bare)
    elif bare.startswith("00"):
        found = _international(bare[2:])
    else:
        found = _domestic(bare)
    return found or _malformed(text)


def _malformed(text: str) -> Reading:
    kept = tight(text, _MALFORMED_LENGTH + 1).lstrip("?")[:_MALFORMED_LENGTH]
    return "?" + kept, NumberKind.MALFORMED, ""


def _mobile_kind(digits: str) -> NumberKind:
    return NumberKind.IOT if digits.startswith(("146", "148")) else NumberKind.MOBILE


def _area(digits: str) -> str:
    """The area code that `digits` (without trunk 0) begin with; "" where it is none in use."""
    for length in (2, 3):
        if digits[:length] in AREA_CODES:
            return digits[:length]
    return ""


def _domestic(digits: str) -> Reading | None:
    if _IOT.fullmatch(digits):
        return "+86" + digits, NumberKind.IOT, "86"
    if _MOBILE.fullmatch(digits):
        return "+86" + digits, NumberKind.MOBILE, "86"
    if digits.startswith("0"):
        return _after_trunk(digits[1:])
    if digits.startswith("86") and len(digits) >= 12:
        return _after_country(digits[2:])
    for selector in _SELECTORS:
        rest = digits[len(selector) :]
        if digits.startswith(selector) and (_MOBILE.fullmatch(rest) or rest.startswith("0")):
            return _domestic(rest)
    if _TOLL.fullmatch(digits):
        return digits, NumberKind.TOLL, "86"
    if _SERVICE.fullmatch(digits) or _PORT.fullmatch(digits):
        return digits, NumberKind.SERVICE, "86"
    return None


def _after_trunk(digits: str) -> Reading | None:
    """A number dialled with the trunk prefix: fixed, a service of a place, or a mobile."""
    if _MOBILE.fullmatch(digits):
        return "+86" + digits, _mobile_kind(digits), "86"
    area = _area(digits)
    rest = digits[len(area) :]
    if area and _AREA_SERVICE.fullmatch(rest):
        return "+86" + digits, NumberKind.SERVICE, "86"
    if area and _SUBSCRIBER.fullmatch(rest):
        return "+86" + digits, NumberKind.FIXED, "86"
    return None


def _after_country(digits: str) -> Reading | None:
    """A number after +86: the trunk prefix must be gone, yet many senders leave it."""
    if _IOT.fullmatch(digits):
        return "+86" + digits, NumberKind.IOT, "86"
    if _TOLL.fullmatch(digits):
        return digits, NumberKind.TOLL, "86"
    found = _after_trunk(digits.removeprefix("0"))
    if found is None and (_SERVICE.fullmatch(digits) or _PORT.fullmatch(digits)):
        return digits, NumberKind.SERVICE, "86"
    return found


def _international(digits: str) -> Reading | None:
    if digits.startswith("86"):
        return _after_country(digits[2:])
    if not 7 <= len(digits) <= 15 or digits.startswith("0"):
        return None
    library = _library()
    normal, written = "", "+" + digits
    while written != normal:  # each reading takes one superfluous 0 away at most
        normal = written
        try:
            number = library.parse(normal)
        except library.NumberParseException:
            return None
        if not library.is_possible_number(number):
            return None
        written = library.format_number(number, library.PhoneNumberFormat.E164)
    return normal, NumberKind.OVERSEAS, str(number.country_code)


def _library() -> ModuleType:
    """libphonenumber's rules, for foreign numbers only; loaded at the first of them (0.1 s)."""
    import phonenumbers

    return phonenumbers
