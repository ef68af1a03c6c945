"""IMEI: the equipment (3GPP TS 23.003), with its type allocation code and check digit; IMEISV."""

from __future__ import annotations

from dataclasses import dataclass, field

from fanzha.values import check_digits
from fanzha.values.writing import compact, is_digits, refused


@dataclass(frozen=True, slots=True)
class Imei:
    """`normal` is 15 digits with the right check digit. One equipment is one value: the software
    version of an IMEISV is kept beside it and takes no part in comparison."""

    normal: str
    software_version: str | None = field(default=None, compare=False)

    @property
    def tac(self) -> str:
        """The model: the first eight digits."""
        return self.normal[:8]

    @property
    def serial(self) -> str:
        return self.normal[8:14]

    @property
    def mask(self) -> str:
        """The model stays, the piece goes: 86012304****12."""
        return self.tac + "****" + self.normal[-2:]


def parse(text: str) -> Imei:
    """Takes 14 digits, 15 with a check digit, 15 with the spare 0 that networks signal instead of
    it, and the 16 of an IMEISV."""
    digits = compact(text)
    if not (is_digits(digits) and 14 <= len(digits) <= 16):
        raise refused(
            "imei_length", "IMEI 须为 14 至 16 位数字", "an IMEI has 14 to 16 digits", "imei"
        )
    body = digits[:14]
    if not body.strip("0"):
        raise refused("imei_empty", "IMEI 全为 0", "the IMEI is all zeros", "imei")
    check = check_digits.luhn(body)
    if len(digits) == 15 and digits[14] not in ("0", check):
        raise refused(
            "imei_check_digit", "IMEI 校验位不符", "the IMEI's check digit is wrong", "imei"
        )
    return Imei(body + check, digits[14:] if len(digits) == 16 else None)
