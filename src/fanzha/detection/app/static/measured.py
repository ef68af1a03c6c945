"""From facts to the columns that the signals of static verdicts read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from fanzha.detection.app.static.facts import AppFacts
from fanzha.detection.app.static.imitation import Likeness, Owners
from fanzha.detection.app.static.inside import INSIDE, inside
from fanzha.detection.app.static.policy import Markers, Names, Permissions, Purpose
from fanzha.detection.app.static.shapes import (
    begins_with,
    grown,
    kind_of,
    odd_version,
    purpose_of,
    random_part,
    unlike,
)

__all__ = ["SENSITIVE", "SPOKEN", "GroupWeight", "Measured", "Tables", "measure", "schema"]

SENSITIVE = ("sms", "calls", "contacts", "control", "install", "system")
"""Groups of which several together say more than one with many permissions."""
_MONEY_KINDS = frozenset({"tasks", "loan", "investment", "betting", "police", "authority",
                          "service", "credit", "nude", "cards", "finance"})  # fmt: skip
_FIRST = re.compile(r"v?(1|0\.1|0\.0\.1|1\.0|1\.0\.0|1\.0\.0\.0|0|1\.1)")
_RUN_TIME_PERMISSIONS = 23
_FEW = 12
"""Permissions that a shell around a page makes do with."""

_NAMES: Mapping[str, type[pl.DataType]] = {
    "imitation": pl.Int64, "near_package": pl.Boolean, "organisation_in_package": pl.Boolean,
    "borrowed_package": pl.Boolean, "certificate_confirmed": pl.Boolean,
    "certificate_wrong": pl.Boolean, "system_label": pl.Boolean, "system_package": pl.Boolean,
    "placeholder_package": pl.Boolean, "generator": pl.Boolean, "random_package": pl.Boolean,
    "empty_label": pl.Boolean, "default_label": pl.Boolean, "label_is_package": pl.Boolean,
    "unlike_label": pl.Boolean, "label_weight": pl.Float64, "money_kind": pl.Boolean,
    "publisher": pl.Boolean, "purpose": pl.Boolean, "messaging": pl.Boolean,
    "target_sdk": pl.Int64, "min_sdk": pl.Int64, "version_first": pl.Boolean,
    "version_odd": pl.Boolean, "version_grown": pl.Boolean, "permissions_known": pl.Boolean,
    "n_permissions": pl.Int64, "few_permissions": pl.Boolean, "own_permission": pl.Boolean,
    "boots": pl.Boolean, "sensitive_groups": pl.Int64, "family_likeness": pl.Float64,
}  # fmt: skip
SPOKEN = ("organisation", "odd_part", "label_kind", "label_word", "family", "packer", "remote",
          "service_kit", "naked", "tricks")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Tables:
    """All tables a verdict goes by, besides the signals."""

    permissions: Permissions
    names: Names
    markers: Markers
    owners: Owners


@dataclass(frozen=True, slots=True)
class GroupWeight:
    """What the permissions of one group weigh: `weight` in log-odds after cap and allowance."""

    group: str
    weight: float
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """`columns` are what signals read and templates speak; `groups` what permissions weigh."""

    columns: dict[str, Any]
    groups: tuple[GroupWeight, ...]
    likeness: Likeness
    scam_type: str | None


def schema(tables: Tables) -> dict[str, type[pl.DataType]]:
    """Every column that a condition may read, with its type."""
    groups = {f"g_{key}": pl.Int64 for key in tables.permissions.groups}
    return {**_NAMES, **INSIDE, **groups}


def measure(facts: AppFacts, tables: Tables, keeps: tuple[float, float, float]) -> Measured:
    """Columns of one app. `keeps`: what stays of a group's weight where the app's purpose needs it,
    where the package is a known app's, and where it only begins as a known publisher's do."""
    names = tables.names
    package, label = facts.package, facts.label
    likeness = tables.owners.liken(label, package)
    confirmed = _confirmed(facts, likeness)
    if confirmed is False:
        likeness = Likeness(imitated=likeness.owner, strength=3)
    purpose = purpose_of(label, package, names.purposes)
    known, publisher = _published(facts, likeness, names, confirmed is True)
    columns: dict[str, Any] = dict.fromkeys(schema(tables)) | dict.fromkeys(SPOKEN)
    columns |= _of_names(facts, tables, likeness, publisher)
    columns["borrowed_package"] = (
        likeness.owner is not None and likeness.near is None and not (known or likeness.imitated)
    )
    columns["certificate_confirmed"] = confirmed is True
    columns["certificate_wrong"] = confirmed is False
    columns |= {"publisher": publisher, "purpose": purpose is not None}
    columns["messaging"] = purpose is not None and "sms" in purpose.groups
    found = kind_of(label, names.kinds) if label else None
    own = publisher and likeness.imitated is None
    if found is not None:
        kind, word = found
        columns["label_weight"] = kind.weight * (0.3 if own else 1.0)
        columns["label_kind"], columns["label_word"] = kind.shown, word
        columns["money_kind"] = kind.code in _MONEY_KINDS
    kept = keeps[1 if known else 2] if own else 1.0
    groups = _groups(facts, tables.permissions, purpose, (keeps[0], kept))
    columns |= _of_permissions(facts, tables.permissions)
    columns |= inside(facts, tables.markers)
    return Measured(columns, groups, likeness, found[0].scam_type if found else None)


def _published(
    facts: AppFacts, likeness: Likeness, names: Names, confirmed: bool
) -> tuple[bool, bool]:
    """(whether the package is a known app's, whether it is that or begins as a publisher's do).

    A beginning is anybody's to choose, so it counts only where the levels are ones a publisher
    would ship.
    """
    package = facts.package
    if package is None or likeness.near is not None:
        return confirmed, confirmed
    listed = package in names.system_known or package in names.publishers
    known = confirmed or likeness.exact or listed
    begins = likeness.owner is not None or begins_with(package, names.publishers)
    old = facts.target_sdk is not None and facts.target_sdk < _RUN_TIME_PERMISSIONS
    return known, known or (begins and not old)


def _confirmed(facts: AppFacts, likeness: Likeness) -> bool | None:
    """Whether the organisation whose package it is signed it; None where that is not known."""
    owner = likeness.owner
    if owner is None or not owner.certificates or not facts.certificates:
        return None
    return any(one.sha256 in owner.certificates for one in facts.certificates)


def _of_names(
    facts: AppFacts, tables: Tables, likeness: Likeness, publisher: bool
) -> dict[str, Any]:
    names, package, label = tables.names, facts.package, facts.label
    shown = likeness.shown
    out: dict[str, Any] = {
        "imitation": likeness.strength,
        "near_package": likeness.near is not None,
        "organisation_in_package": likeness.inside is not None,
        "organisation": shown.words if shown else None,
        "target_sdk": facts.target_sdk,
        "min_sdk": facts.min_sdk,
    }
    if package is not None:
        odd = None if publisher or likeness.owner else random_part(package, names)
        lower = package.casefold()
        out |= {
            "system_package": lower.startswith(names.system_packages)
            and not begins_with(package, names.system_known) and likeness.owner is None,
            "placeholder_package": lower.startswith(names.placeholders),
            "generator": package.startswith(names.generators),
            "random_package": odd is not None,
            "odd_part": odd,
        }  # fmt: skip
    if label is not None:
        folded = label.casefold().strip()
        out |= {
            "empty_label": not any(c.isalnum() for c in label),
            "system_label": folded in names.system_labels,
            "default_label": folded in names.default_labels,
            "label_is_package": package is not None and folded == package.casefold(),
            "unlike_label": package is not None and unlike(label, package),
        }
    if facts.version is not None:
        out |= {
            "version_first": _FIRST.fullmatch(facts.version) is not None,
            "version_odd": odd_version(facts.version),
            "version_grown": grown(facts.version),
        }
    return out


def _groups(
    facts: AppFacts,
    table: Permissions,
    purpose: Purpose | None,
    keeps: tuple[float, float],
) -> tuple[GroupWeight, ...]:
    """Weights add up within a group to its cap; what an app is for is taken off."""
    sums: dict[str, float] = {}
    asked: dict[str, list[str]] = {}
    for name in facts.permissions or ():
        short = name.rpartition(".")[2]
        if short in table.weights and _is_platforms(name, facts.package):
            group, weight = table.weights[short]
            sums[group] = sums.get(group, 0.0) + weight
            asked.setdefault(group, []).append(short)
    out = []
    for group, total in sums.items():
        cap = table.groups[group].cap
        weight = max(-cap, min(cap, total))
        if weight > 0:
            weight *= keeps[0] if purpose and group in purpose.groups else 1.0
            weight *= keeps[1]
        out.append(GroupWeight(group, weight, tuple(asked[group])))
    return tuple(out)


def _is_platforms(name: str, package: str | None) -> bool:
    """Whether the permission is one of the platform, a launcher's, a store's or a push service's.

    Another app's own permission may be called READ_SMS as well and mean something else.
    """
    return name.startswith(
        ("android.permission.", "com.android.", "com.google.android.", "com.huawei.", "com.sec.",
         "com.oppo.", "com.vivo.", "com.hihonor.", "com.htc.")
    ) or (package is not None and name.startswith(package))  # fmt: skip


def _of_permissions(facts: AppFacts, table: Permissions) -> dict[str, Any]:
    if facts.permissions is None:
        return {"permissions_known": False}
    counts = dict.fromkeys(table.groups, 0)
    for name in facts.permissions:
        known = table.weights.get(name.rpartition(".")[2])
        if known is not None and known[1] > 0:
            counts[known[0]] += 1
    return {
        **{f"g_{group}": count for group, count in counts.items()},
        "permissions_known": True,
        "n_permissions": len(facts.permissions),
        "few_permissions": len(facts.permissions) <= _FEW,
        "own_permission": bool(facts.package)
        and any(name.startswith(f"{facts.package}.") for name in facts.permissions),
        "boots": any(name.endswith(".RECEIVE_BOOT_COMPLETED") for name in facts.permissions),
        "sensitive_groups": sum(counts[group] > 0 for group in SENSITIVE if group in counts),
    }
