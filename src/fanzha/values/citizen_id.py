"""Citizen identity numbers of China (GB 11643-1999): check character, birth, sex, district."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fanzha.values import check_digits
from fanzha.values.writing import compact, is_digits, refused

#: First two digits in use: provinces of GB/T 2260, residence permits 81–83, and 47 of ours.
_PROVINCES = frozenset(
    map(str, (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 48), *range(50, 55)))
) | frozenset(map(str, (*range(61, 66), 71, 81, 82, 83, 91)))


@dataclass(frozen=True, slots=True)
class CitizenId:
    """`normal` is 18 characters, the last a digit or X."""

    normal: str

    @property
    def district(self) -> str:
        """The six-digit code of the place where the number was given out."""
        return self.normal[:6]

    @property
    def birth_on(self) -> date:
        return date(int(self.normal[6:10]), int(self.normal[10:12]), int(self.normal[12:14]))

    @property
    def sex(self) -> str:
        """ "M" or "F"."""
        return "M" if int(self.normal[16]) % 2 else "F"

    @property
    def mask(self) -> str:
        """The last two characters only."""
        return "*" * 16 + self.normal[-2:]


def parse(text: str) -> CitizenId:
    """Takes 18 characters, or the 15 digits of before 1999, which are upgraded (born 19xx)."""
    written = compact(text).upper()
    if len(written) == 15 and is_digits(written):
        body = written[:6] + "19" + written[6:]
        written = body + check_digits.citizen(body)
    elif not (len(written) == 18 and is_digits(written[:17])):
        raise refused(
            "citizen_id_form",
            "居民身份号码须为 18 位（或旧式 15 位数字）",
            "a citizen id has 18 characters (or the 15 digits of old)",
            "citizen_id",
        )
    if written[:2] not in _PROVINCES or written[2:6] == "0000":
        raise refused(
            "citizen_id_district", "行政区划代码不存在", "no such district code", "citizen_id"
        )
    _check_birth(written[6:14])
    if check_digits.citizen(written[:17]) != written[17]:
        raise refused(
            "citizen_id_check",
            "居民身份号码校验码不符",
            "the citizen id's check character is wrong",
            "citizen_id",
        )
    return CitizenId(written)


def _check_birth(digits: str) -> None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        born = date.min
    if not 1880 <= born.year <= 2200:
        raise refused("citizen_id_birth", "出生日期不存在", "no such date of birth", "citizen_id")
