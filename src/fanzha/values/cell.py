"""A radio cell: country, network, area, cell, written `460-00-12345-678901`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fanzha.values.writing import fold, refused

_WRITTEN = re.compile(r"([0-9]{3})[-:_ ]([0-9]{2,3})[-:_ ]([0-9]{1,8})[-:_ ]([0-9]{1,11})")
#: A tracking area of 5G has 24 bits, a cell identity 36 (3GPP TS 23.003); 2G to 4G have fewer.
AREA_LIMIT = 1 << 24
CELL_LIMIT = 1 << 36


@dataclass(frozen=True, slots=True)
class Cell:
    """`normal` writes area and cell as plain decimals without leading zeros."""

    mcc: str
    mnc: str
    area_code: int
    cell_id: int

    @property
    def normal(self) -> str:
        return f"{self.mcc}-{self.mnc}-{self.area_code}-{self.cell_id}"

    @property
    def mask(self) -> str:
        """The area stays, the cell goes: 460-00-12345-****."""
        return f"{self.mcc}-{self.mnc}-{self.area_code}-****"


def parse(text: str) -> Cell:
    match = _WRITTEN.fullmatch(fold(text))
    if match is None:
        raise refused(
            "cell_form",
            "小区须写作 国家码-网络码-位置区-小区，如 460-00-12345-678901",
            "write a cell as country-network-area-cell, such as 460-00-12345-678901",
            "cell",
        )
    mcc, mnc, area, cell = match.groups()
    if int(area) >= AREA_LIMIT or int(cell) >= CELL_LIMIT:
        raise refused(
            "cell_range",
            "位置区或小区编号超出范围",
            "the area or cell number is out of range",
            "cell",
        )
    return Cell(mcc, mnc, int(area), int(cell))
