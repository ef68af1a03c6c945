"""What link v1 is made of: lists, organisations, and the tables built from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fanzha.detection.link.v1.lookalike import (
    CLOSED,
    DELIVERY,
    SHORTENER,
    Lookalikes,
    lookalikes,
)
from fanzha.detection.link.v1.names import NamesTable, names_table
from fanzha.detection.link.v1.organisations import (
    Lists,
    Organisation,
    load_lists,
    load_organisations,
)
from fanzha.detection.link.v1.paths import Endings, LastLabels

__all__ = ["POLICIES", "Tables", "load_tables"]

POLICIES = Path(__file__).resolve().parents[5] / "policies" / "detection"


@dataclass(frozen=True, eq=False)
class Tables:
    """`names.codes` is 1 + the place in `organisations` for a name that one of them holds."""

    lists: Lists
    organisations: tuple[Organisation, ...]
    names: NamesTable
    lookalikes: Lookalikes
    cheap: LastLabels
    installers: Endings


def load_tables(policies: Path) -> Tables:
    """Read `link-lists.yaml` and every `link-organisations*.yaml` of the folder."""
    lists = load_lists(policies / "link-lists.yaml")
    organisations = load_organisations(sorted(policies.glob("link-organisations*.yaml")))
    codes = dict.fromkeys(lists.shorteners, SHORTENER)
    codes.update(dict.fromkeys(lists.delivery, DELIVERY))
    codes.update(dict.fromkeys(lists.closed, CLOSED))
    for number, one in enumerate(organisations):
        codes.update(dict.fromkeys(one.domains, number + 1))
    return Tables(
        lists,
        organisations,
        names_table(lists.platforms, codes),
        lookalikes(organisations, lists),
        LastLabels.of(lists.cheap),
        Endings.of(lists.installers),
    )
