"""What is read off each address, as the columns that the signals look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import numpy as np
import numpy.typing as npt
import polars as pl

from fanzha.detection.link.v1.address import (
    ADDRESS,
    BELOW,
    CODE,
    FLAGS,
    HOST,
    HOST_END,
    I32,
    IDN,
    OWN,
    PLATFORM,
    PORT,
    USER,
    USER_END,
    VALID,
)
from fanzha.detection.link.v1.lookalike import (
    BAIT_AT,
    BAIT_END,
    CLOSED,
    FOUND,
    IN_PATH,
    KINDS,
    ORGANISATION,
    SHORTENER,
    WRITTEN_ALIKE,
)
from fanzha.detection.link.v1.model import RAREST, Model
from fanzha.detection.link.v1.names import Addresses
from fanzha.detection.link.v1.organisations import Organisation
from fanzha.detection.link.v1.paths import ends_with_any
from fanzha.detection.link.v1.scripts import Scripts
from fanzha.detection.link.v1.tables import Tables

__all__ = ["LINK_SCHEMA", "Looked", "likenesses", "look", "look_with"]

Bools = npt.NDArray[np.bool_]
_LIKENESS = pl.Enum(KINDS)
_KINDS = pl.Series(KINDS, dtype=_LIKENESS)
_SUSPECT_FROM = 2.0
"""Rarity (one ordinary name in 10^x) from which a spelling says anything."""

LINK_SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "one_in": pl.Float64,
    "spelling": pl.Float64,
    "likeness": _LIKENESS,
    "parts_in_front": pl.Int32,
    **dict.fromkeys(
        ("held", "closed", "shortener", "platform", "bare_address", "has_user", "odd_port",
         "other_script", "cheap", "installer", "name_in_path"),
        pl.Boolean,
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Looked:
    """A batch of addresses with all that is read off them."""

    tables: Tables
    addresses: Addresses
    found: I32
    frame: pl.DataFrame
    """One row an address, the columns of `LINK_SCHEMA`."""

    def site(self, row: int) -> str:
        """The registered name, or the bare address."""
        return self.addresses.text(row, OWN, HOST_END)

    def resembles(self, row: int) -> Organisation | None:
        number = int(self.found[row, ORGANISATION])
        return self.tables.organisations[number] if number >= 0 else None

    def holder(self, row: int) -> Organisation | None:
        """Whose own name it is, where it is a listed organisation's."""
        code = int(self.addresses.parts[row, CODE])
        return self.tables.organisations[code - 1] if code > 0 else None

    def _words_of(self, number: int) -> tuple[str, str] | None:
        return self.tables.organisations[number].words if number >= 0 else None

    def words(self, row: int) -> dict[str, object]:
        """What templates say of a row beside its columns."""
        base = self.addresses.offsets[row]
        bait = self.addresses.data[
            base + self.found[row, BAIT_AT] : base + self.found[row, BAIT_END]
        ]
        return {
            "site": self.site(row),
            "organisation": self._words_of(int(self.found[row, ORGANISATION])),
            "in_path": self._words_of(int(self.found[row, IN_PATH])),
            "bait": bytes(bait).decode("ascii"),
        }


def likenesses(addresses: Addresses, tables: Tables, scripts: Scripts) -> I32:
    """As `Lookalikes.find`, with names that other scripts imitate."""
    parts = addresses.parts
    found = tables.lookalikes.find(addresses)
    for row in np.flatnonzero((parts[:, FLAGS] & IDN != 0) & (parts[:, CODE] <= 0)).tolist():
        number = scripts.organisation(addresses.text(row, HOST, HOST_END))
        if number is not None:
            found[row] = (WRITTEN_ALIKE, number, -1, -1, found[row, IN_PATH])
    return found


def look(addresses: Addresses, tables: Tables, model: Model, scripts: Scripts) -> Looked:
    """Reads a batch. Rows that are no address hold nothing."""
    return look_with(likenesses(addresses, tables, scripts), addresses, tables, model)


def look_with(found: I32, addresses: Addresses, tables: Tables, model: Model) -> Looked:
    """The same, where the likenesses are at hand."""
    parts = addresses.parts
    flags, codes = parts[:, FLAGS], parts[:, CODE]
    rarity = model.rarity(model.log_odds(addresses))
    valid = flags & VALID != 0
    bare = flags & ADDRESS != 0
    for row in np.flatnonzero(bare).tolist():
        bare[row] = _public(addresses.text(row, HOST, HOST_END))
    cheap = tables.cheap.holds(addresses)
    usual = np.isin(parts[:, PORT], (-1, *tables.lists.usual_ports))
    installer = ends_with_any(addresses, tables.installers)
    frame = pl.DataFrame(
        {
            "one_in": 10.0**rarity,
            "spelling": ((rarity - _SUSPECT_FROM) / (RAREST - _SUSPECT_FROM)).clip(0.0, 1.0),
            "likeness": _KINDS.gather(found[:, FOUND]),
            "parts_in_front": parts[:, BELOW],
            "held": codes > 0,
            "closed": codes == CLOSED,
            "shortener": codes == SHORTENER,
            "platform": flags & PLATFORM != 0,
            "bare_address": bare,
            "has_user": parts[:, USER_END] > parts[:, USER],
            "odd_port": ~usual & valid,
            "other_script": flags & IDN != 0,
            "cheap": cheap,
            "installer": installer,
            "name_in_path": found[:, IN_PATH] >= 0,
        },
        schema=dict(LINK_SCHEMA),
    )
    return Looked(tables, addresses, found, frame)


def _public(text: str) -> bool:
    """Whether an address is one of the open network, not of a home or an office."""
    return ip_address(text.strip("[]")).is_global
