"""What is known of an app's file: from a row of any shape, each fact checked, the rest said."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ASKED_FOR", "COLUMNS", "AppFacts", "Certificate", "facts_of"]

ASKED_FOR = ("package", "label", "version", "min_sdk", "target_sdk", "permissions")
"""Facts that every row should have; what a row lacks of them is said beside its score."""

_LISTS = (
    "labels", "permissions", "declared_permissions", "components", "powers", "schemes", "hosts",
    "addresses", "wallets", "classes", "words", "libraries", "abis", "files", "tricks",
    "incomplete",
)  # fmt: skip
_TEXTS = ("package", "label", "version", "icon")
_NUMBERS = ("min_sdk", "target_sdk", "version_code", "nested_apps")
COLUMNS = (
    "id", *_TEXTS, *_NUMBERS, *_LISTS, "certificates", "strings", "hashes", "dex", "native_only",
)  # fmt: skip
"""Columns of a row of facts; any may be absent."""

_ITEMS, _LENGTH = 20_000, 4_000
_SDK_MAX = 10_000
_SPLIT = re.compile(r"[\s,;|]+")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by their category, drawn as nothing."""
_PERMISSION = "android.permission."


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that signs the file. `sha256` in small hex digits."""

    sha256: str
    subject: str = ""
    self_signed: bool = False
    debug: bool = False
    valid_from: str = ""
    valid_to: str = ""


@dataclass(frozen=True, slots=True)
class AppFacts:
    """Facts of one app; None where not known. Lists keep their order, without repetitions."""

    package: str | None = None
    label: str | None = None
    version: str | None = None
    icon: str | None = None
    min_sdk: int | None = None
    target_sdk: int | None = None
    version_code: int | None = None
    nested_apps: int | None = None
    labels: tuple[str, ...] | None = None
    permissions: tuple[str, ...] | None = None
    """Full names; a bare name in capitals is one of Android's."""
    declared_permissions: tuple[str, ...] | None = None
    components: tuple[str, ...] | None = None
    """Class names of activities, services, receivers and providers."""
    powers: tuple[str, ...] | None = None
    """What components are for: accessibility, device_admin, notification_listener, vpn,
    sms_receiver, boot, input_method, launcher."""
    schemes: tuple[str, ...] | None = None
    """Signature schemes: v1, v2, v3. Empty: not signed."""
    certificates: tuple[Certificate, ...] | None = None
    hosts: tuple[str, ...] | None = None
    addresses: tuple[str, ...] | None = None
    """Public IP addresses that stand in strings without a name, with the port if any."""
    wallets: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    """Class names cut to three parts of their package."""
    words: tuple[str, ...] | None = None
    """Words asked for that occur in strings."""
    libraries: tuple[str, ...] | None = None
    abis: tuple[str, ...] | None = None
    files: tuple[str, ...] | None = None
    tricks: tuple[str, ...] | None = None
    incomplete: tuple[str, ...] | None = None
    """Parts of the file that could not be read within the limits."""
    strings: tuple[int, ...] | None = None
    """Minima of hashes over the strings of the code: equal ones mean shared strings."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    """Facts of `ASKED_FOR` that are absent or not of their kind."""
    invalid: tuple[str, ...] = ()
    """Facts that were given, but are wholly or in part not of their kind."""

    @property
    def from_file(self) -> bool:
        """Whether an APK was read, not only a manifest."""
        return self.schemes is not None


def facts_of(row: Mapping[str, Any]) -> AppFacts:
    """Read a row; a value of the wrong kind counts as missing. Lists may be JSON texts, or words
    parted by commas, semicolons or blanks."""
    found: dict[str, Any] = {name: _text(row.get(name)) for name in _TEXTS}
    found |= {name: _number(row.get(name)) for name in _NUMBERS}
    found |= {name: _list(row.get(name)) for name in _LISTS}
    if found["permissions"] is not None:
        found["permissions"] = tuple(dict.fromkeys(map(_permission, found["permissions"])))
    if isinstance(row.get("label"), str) and row["label"] and found["label"] is None:
        found["label"] = ""  # it has a name, of signs that nobody sees
    for name in ("min_sdk", "target_sdk"):
        if found[name] is not None and not 0 < found[name] < _SDK_MAX:
            found[name] = None
    certificates = _parsed(row.get("certificates"))
    if isinstance(certificates, list):
        found["certificates"] = tuple(
            one for item in certificates[:10] if (one := _certificate(item)) is not None
        )
    strings = _parsed(row.get("strings"))
    if isinstance(strings, list) and all(isinstance(n, int) and n >= 0 for n in strings):
        found["strings"] = tuple(strings[:1_024])
    hashes = _parsed(row.get("hashes"))
    if isinstance(hashes, dict):
        found["hashes"] = {str(k): str(v) for k, v in list(hashes.items())[:8]}
    missing = tuple(name for name in ASKED_FOR if found[name] is None)
    invalid = tuple(name for name in ASKED_FOR if _is_wrong(row.get(name), found[name]))
    return AppFacts(**found, missing=missing, invalid=invalid)


def _is_wrong(given: Any, read: Any) -> bool:
    """Whether something was given of which nothing, or not every item of a list, could be read."""
    if given is None or given == "":
        return False
    items = _parsed(given)
    return read is None or (
        isinstance(items, list) and not all(isinstance(item, str) for item in items)
    )


def _parsed(value: Any) -> Any:
    """JSON where a column brought it as text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    value = value[:_LENGTH]
    shown = "".join(
        c for c in value if c not in _BLANK and unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return shown.strip() or None


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        # Tables with gaps write whole numbers as 24.0.
        return int(float(value)) if isinstance(value, float) else int(_whole(str(value)))
    except (ValueError, OverflowError):
        return None


def _whole(text: str) -> str:
    return text.strip()[:20].removesuffix(".0")


def _list(value: Any) -> tuple[str, ...] | None:
    value = _parsed(value)
    if isinstance(value, str):
        value = [part for part in _SPLIT.split(value.strip()[: _ITEMS * 40]) if part]
    if not isinstance(value, Sequence) or isinstance(value, bytes):
        return None
    texts = (_text(item) for item in value[:_ITEMS] if isinstance(item, str))
    found = tuple(dict.fromkeys(text for text in texts if text))
    return found if found or not value else None


def _permission(name: str) -> str:
    return _PERMISSION + name if name.isupper() and "." not in name else name


def _certificate(item: Any) -> Certificate | None:
    if isinstance(item, str):
        item = {"sha256": item}
    if not isinstance(item, dict) or not isinstance(item.get("sha256"), str):
        return None
    digest = item["sha256"].replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        return None
    return Certificate(
        digest,
        _text(item.get("subject")) or "",
        item.get("self_signed") is True,
        item.get("debug") is True,
        _text(item.get("valid_from")) or "",
        _text(item.get("valid_to")) or "",
    )
