"""What an APK shows beyond its manifest: keys, packers, built-in kits, addresses, tricks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from fanzha.detection.app.static.facts import AppFacts
from fanzha.detection.app.static.policy import Marker, Markers

__all__ = ["INSIDE", "TRICKS", "inside"]

INSIDE: Mapping[str, type[pl.DataType]] = {
    "debug_key": pl.Boolean, "unsigned": pl.Boolean, "shared_key": pl.Boolean,
    "v1_only": pl.Boolean, "packer": pl.String, "remote": pl.String, "service_kit": pl.String,
    "has_accessibility": pl.Boolean, "has_device_admin": pl.Boolean,
    "has_notification_listener": pl.Boolean, "has_sms_receiver": pl.Boolean,
    "has_vpn": pl.Boolean, "no_launcher": pl.Boolean, "web_shell": pl.Boolean,
    "naked_addresses": pl.Int64, "wallets": pl.Int64, "invite_code": pl.Boolean,
    "nested_apps": pl.Int64, "loads_code": pl.Boolean, "tricks": pl.String,
}  # fmt: skip

_PARTS = 3
"""Of a class name, as the reader cuts it."""

TRICKS: Mapping[str, tuple[str, str]] = {
    "encrypted_flag": ("谎称加密的条目", "entries said to be encrypted"),
    "unknown_method": ("不存在的压缩方式", "compression methods that do not exist"),
    "duplicate_names": ("同名条目", "entries of the same name"),
    "path_traversal": ("指向包外的路径", "paths that lead out of the file"),
    "overlapping_entries": ("互相重叠的条目", "entries that overlap"),
    "local_header": ("条目头与目录不符", "headers unlike the directory"),
    "manifest": ("清单头部不合规范", "a manifest whose header is wrong"),
    "manifest_is_folder": ("与清单同名的文件夹", "a folder named like the manifest"),
}
"""Ways of malformation that Android accepts and tools stumble over; code → words."""


def inside(facts: AppFacts, markers: Markers) -> dict[str, Any]:
    """Columns from the file; null where no file was read."""
    if not facts.from_file:
        return {}
    out: dict[str, Any] = _signed(facts, markers)
    classes = _beginnings(facts.classes or ())
    powers = set(facts.powers or ())
    out |= {
        "has_accessibility": "accessibility" in powers,
        "has_device_admin": "device_admin" in powers,
        "has_notification_listener": "notification_listener" in powers,
        "has_sms_receiver": "sms_receiver" in powers,
        "has_vpn": "vpn" in powers,
        "no_launcher": facts.powers is not None and "launcher" not in powers,
        "naked_addresses": len(facts.addresses or ()),
        "naked": "、".join((facts.addresses or ())[:3]) or None,
        "wallets": len(facts.wallets or ()),
        "nested_apps": facts.nested_apps or 0,
        "invite_code": bool(set(facts.words or ()) & set(markers.invite_words)),
    }
    for column, listed in (
        ("packer", markers.packers),
        ("remote", markers.remote),
        ("service_kit", markers.service_kits),
    ):
        out[column] = _pair(one.words for one in listed if _shows(one, facts, classes))
    out["web_shell"] = any(_shows(one, facts, classes) for one in markers.web_shells)
    out["loads_code"] = any(_among(mark, classes) for mark in markers.loaders)
    out["tricks"] = _pair(TRICKS.get(code, (code, code)) for code in facts.tricks or ())
    return out


def _signed(facts: AppFacts, markers: Markers) -> dict[str, Any]:
    certificates = facts.certificates or ()
    return {
        "unsigned": facts.schemes == (),
        "v1_only": facts.schemes == ("v1",),
        "debug_key": any(one.debug for one in certificates),
        "shared_key": any(one.sha256 in markers.shared_keys for one in certificates),
    }


def _shows(marker: Marker, facts: AppFacts, classes: frozenset[str]) -> bool:
    libraries = [name.rpartition("/")[2] for name in facts.libraries or ()]
    return (
        any(name.startswith(mark) for mark in marker.libraries for name in libraries)
        or any(_among(mark, classes) for mark in marker.classes)
        or any(name.endswith(mark) for mark in marker.files for name in facts.files or ())
        or any(
            host == mark or host.endswith("." + mark)
            for mark in marker.hosts
            for host in facts.hosts or ()
        )
    )


def _beginnings(classes: Iterable[str]) -> frozenset[str]:
    """Class names, cut to three parts as they are, with all their beginnings."""
    out = set()
    for name in classes:
        parts = name.split(".")[:_PARTS]
        out |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return frozenset(out)


def _among(mark: str, classes: frozenset[str]) -> bool:
    """Whether a class of this beginning is there, as far as three parts tell."""
    if mark.startswith("L"):
        mark = mark[1:].rstrip(";").replace("/", ".")
    return ".".join(mark.split(".")[:_PARTS]) in classes


def _pair(words: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    found = list(words)
    if not found:
        return None
    return "、".join(zh for zh, _ in found), ", ".join(en for _, en in found)
