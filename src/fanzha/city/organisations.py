"""Organisations of the invented city: names, DNS labels, filed numbers, apps; from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fanzha.errors import Misconfigured, policy_reader
from fanzha.values import reserved

Kind = Literal[
    "bank",
    "pay",
    "carrier",
    "authority",
    "courier",
    "shop",
    "video",
    "chat",
    "meeting",
    "broker",
    "lender",
    "insurer",
    "ride",
    "food",
    "utility",
    "hospital",
    "school",
    "game",
    "news",
]


class Organisation(BaseModel):
    """One organisation. `label` is its DNS label, `service` the n-th reserved service number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    kind: Kind
    zh: str
    en: str
    label: str = Field(pattern=r"^[a-z0-9-]+$")
    service: int | None = Field(default=None, ge=0, lt=100)
    app: str | None = None

    @property
    def dns_name(self) -> str:
        return reserved.dns_name(self.label)

    @property
    def package(self) -> str:
        """Android package, its DNS name backwards."""
        return f"example.{self.label.replace('-', '_')}.app"


@policy_reader
def load_organisations(path: Path) -> tuple[Organisation, ...]:
    """Raises `Misconfigured` for unknown keys, repeated keys, labels or service numbers."""
    read: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        found = tuple(Organisation.model_validate(row) for row in read["organisations"])
    except (ValidationError, KeyError, TypeError) as error:
        raise _bad(str(error)) from error
    for name in ("key", "label", "service"):
        values = [v for o in found if (v := getattr(o, name)) is not None]
        if len(values) != len(set(values)):
            raise _bad(f"{name} is repeated")
    return found


def _bad(why: str) -> Misconfigured:
    return Misconfigured(
        "bad_organisations",
        zh=f"模拟城市的机构文件有误：{why}",
        en=f"the simulated city's file of organisations is wrong: {why}",
        field="organisations",
    )
