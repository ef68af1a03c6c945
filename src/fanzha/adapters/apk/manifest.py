"""Facts of an app's binary manifest, and its names from the resource table, by androguard."""

from __future__ import annotations

import re
import struct
from typing import Any

from androguard.core.axml import ARSCParser, AXMLPrinter

from fanzha.errors import Refused

__all__ = ["manifest_facts", "names_of"]

_NS = "{http://schemas.android.com/apk/res/android}"
_PARTS = ("activity", "activity-alias", "service", "receiver", "provider")
_AXML = b"\x03\x00\x08\x00"
_BOUND = {
    "android.permission.BIND_ACCESSIBILITY_SERVICE": "accessibility",
    "android.permission.BIND_DEVICE_ADMIN": "device_admin",
    "android.permission.BIND_NOTIFICATION_LISTENER_SERVICE": "notification_listener",
    "android.permission.BIND_VPN_SERVICE": "vpn",
    "android.permission.BIND_INPUT_METHOD": "input_method",
    "android.permission.BROADCAST_SMS": "sms_receiver",
}
_ACTIONS = {
    "android.provider.Telephony.SMS_RECEIVED": "sms_receiver",
    "android.provider.Telephony.SMS_DELIVER": "sms_receiver",
    "android.intent.action.BOOT_COMPLETED": "boot",
    "android.accessibilityservice.AccessibilityService": "accessibility",
    "android.app.action.DEVICE_ADMIN_ENABLED": "device_admin",
    "android.service.notification.NotificationListenerService": "notification_listener",
    "android.net.VpnService": "vpn",
    "android.intent.action.NEW_OUTGOING_CALL": "outgoing_call",
    "android.intent.action.PHONE_STATE": "phone_state",
}
_REFERENCE = re.compile(r"@(?:[\w.]+:)?([0-9A-Fa-f]{8})")
_MANY, _LONG, _NAMES = 5_000, 400, 30


def manifest_facts(data: bytes) -> dict[str, Any]:
    """What the manifest says. `Refused` where it is none that androguard can read.

    `label_at` and `icon_at` are numbers of resources where the manifest only refers to them.
    """
    root = _root(data)
    application = root.find("application")
    sdk = root.find("uses-sdk")
    facts: dict[str, Any] = {
        "package": _text(root.get("package")),
        "version": _text(_get(root, "versionName")),
        "version_code": _number(_get(root, "versionCode")),
        "min_sdk": _number(_get(sdk, "minSdkVersion")),
        "target_sdk": _number(_get(sdk, "targetSdkVersion")),
        "permissions": _names(root, "uses-permission") + _names(root, "uses-permission-sdk-23"),
        "declared_permissions": _names(root, "permission"),
        "tricks": [] if data[:4] == _AXML else ["manifest"],
    }
    label, icon = _get(application, "label"), _get(application, "icon")
    components: list[str] = []
    powers: set[str] = set()
    for part in _PARTS:
        for element in [] if application is None else application.iter(part):
            name = _text(_get(element, "name"))
            if name and len(components) < _MANY:
                components.append(_full(name, facts["package"]))
            powers |= _powers(element, part)
            if label is None and "launcher" in _powers(element, part):
                label = _get(element, "label")
    facts |= {"components": components, "powers": sorted(powers)}
    if label is not None:
        at = _REFERENCE.fullmatch(label)
        facts |= {"label_at": int(at[1], 16)} if at else {"label": _text(label) or ""}
    if icon is not None and (at := _REFERENCE.fullmatch(icon)):
        facts["icon_at"] = int(at[1], 16)
    return facts


def names_of(data: bytes, label_at: int | None, icon_at: int | None) -> dict[str, Any]:
    """Labels in all languages (`label`: the Chinese one first, else the default), and the names of
    the icon's files under `icon_files`."""
    table = ARSCParser(data)
    facts: dict[str, Any] = {}
    if label_at is not None:
        found = [(str(config.get_language_and_region()), text)
                 for config, text in table.get_resolved_res_configs(label_at)[:200]]  # fmt: skip
        texts = [(place, shown) for place, text in found if (shown := _text(text)) is not None]
        chinese = next((text for place, text in texts if place.startswith("zh")), None)
        default = next((text for place, text in texts if place in ("", "\x00\x00")), None)
        first = texts[0][1] if texts else None
        facts["labels"] = list(dict.fromkeys(text for _, text in texts))[:_NAMES]
        facts["label"] = chinese or default or first
    if icon_at is not None:
        icons = table.get_resolved_res_configs(icon_at)[:50]
        facts["icon_files"] = [str(text) for _, text in icons]
    return facts


def _root(data: bytes) -> Any:
    """The manifest element; nothing in it is an entity or a reference to elsewhere."""
    try:
        root = AXMLPrinter(data).get_xml_obj()
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, AssertionError,
            struct.error, OverflowError, UnicodeError) as error:  # fmt: skip
        raise _malformed() from error
    if root is None or root.tag != "manifest":
        raise _malformed()
    return root


def _malformed() -> Refused:
    return Refused(
        "apk_manifest_malformed",
        zh="应用清单无法解析",
        en="the manifest cannot be read",
        field="AndroidManifest.xml",
    )


def _get(element: Any, name: str) -> str | None:
    if element is None:
        return None
    found = element.get(_NS + name)
    found = element.get(name) if found is None else found
    return None if found is None else str(found)


def _text(value: str | None) -> str | None:
    return value[:_LONG].strip() or None if value else None


def _number(value: str | None) -> int | None:
    try:
        return int(value, 0) if value else None
    except ValueError:
        return None


def _names(root: Any, tag: str) -> list[str]:
    found = (_text(_get(element, "name")) for element in root.findall(tag)[:_MANY])
    return list(dict.fromkeys(name for name in found if name))


def _full(name: str, package: str | None) -> str:
    if name.startswith("."):
        return f"{package or ''}{name}"
    return name if "." in name else f"{package or ''}.{name}"


def _powers(element: Any, part: str) -> set[str]:
    """What a component is for, by the permission that binds it and the actions it hears."""
    out = set()
    bound = _get(element, "permission")
    if bound in _BOUND:
        out.add(_BOUND[bound])
    for intent in element.findall("intent-filter"):
        actions = {_get(one, "name") for one in intent.findall("action")}
        out |= {_ACTIONS[one] for one in actions if one in _ACTIONS}
        categories = {_get(one, "name") for one in intent.findall("category")}
        is_main = "android.intent.action.MAIN" in actions and part.startswith("activity")
        if is_main and "android.intent.category.LAUNCHER" in categories:
            out.add("launcher")
    return out
