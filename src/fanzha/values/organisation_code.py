"""Unified social credit codes of organisations (GB 32100-2015)."""

from __future__ import annotations

from dataclasses import dataclass

from fanzha.values import check_digits
from fanzha.values.writing import compact, is_digits, refused, veil


@dataclass(frozen=True, slots=True)
class OrganisationCode:
    """`normal` is 18 characters of digits and capital letters."""

    normal: str

    @property
    def registrar(self) -> str:
        """Who registered it: 1 institutions' office, 5 civil affairs, 9 market regulator …"""
        return self.normal[0]

    @property
    def district(self) -> str:
        return self.normal[2:8]

    @property
    def mask(self) -> str:
        return veil(self.normal, 4, 4)


def parse(text: str) -> OrganisationCode:
    written = compact(text).upper()
    if (
        len(written) != 18
        or any(char not in check_digits.ORGANISATION_CHARS for char in written)
        or not is_digits(written[2:8])
    ):
        raise refused(
            "organisation_code_form",
            "统一社会信用代码须为 18 位数字或大写字母（不含 I、O、S、V、Z）",
            "an organisation code has 18 digits and capitals (without I, O, S, V, Z)",
            "organisation_code",
        )
    if check_digits.organisation(written[:17]) != written[17]:
        raise refused(
            "organisation_code_check",
            "统一社会信用代码校验码不符",
            "the organisation code's check character is wrong",
            "organisation_code",
        )
    return OrganisationCode(written)
