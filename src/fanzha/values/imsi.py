"""IMSI: the subscriber in a SIM card (3GPP TS 23.003, ITU-T E.212)."""

from __future__ import annotations

from dataclasses import dataclass

from fanzha.values.writing import compact, is_digits, refused, veil

#: Countries whose network codes have three digits: North America and a few more (ITU-T E.212).
_LONG_NETWORKS = frozenset(
    map(str, (302, *range(310, 315), 316, 334, 338, *range(342, 349, 2), *range(350, 361, 2)))
) | frozenset(("365", "366", "376", "405", "708", "722", "732"))


@dataclass(frozen=True, slots=True)
class Imsi:
    """`normal` is the digits, 14 or 15 of them (15 in China)."""

    normal: str

    @property
    def mcc(self) -> str:
        return self.normal[:3]

    @property
    def mnc(self) -> str:
        return self.normal[3 : 6 if self.mcc in _LONG_NETWORKS else 5]

    @property
    def mask(self) -> str:
        """Country and network stay: 46000****1234."""
        return veil(self.normal, 5, 2)


def parse(text: str) -> Imsi:
    digits = compact(text)
    if not (is_digits(digits) and 14 <= len(digits) <= 15):
        raise refused(
            "imsi_length", "IMSI 须为 14 或 15 位数字", "an IMSI has 14 or 15 digits", "imsi"
        )
    if not ("200" <= digits[:3] < "800" or digits[:3] in ("001", "901", "999")):
        raise refused(
            "imsi_country", "IMSI 的国家码不存在", "the IMSI's country code is none", "imsi"
        )
    return Imsi(digits)
