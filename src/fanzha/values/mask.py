"""What a screen may show of a normal form without a purpose, by kind of subject."""

from __future__ import annotations

from fanzha.errors import Refused
from fanzha.values import account, phone_number

_OPEN_KINDS = frozenset({"dns_name", "app"})


def mask_name(name: str) -> str:
    """The family name only: 王**."""
    return f"{name[:1]}**" if name else ""


def mask_number(number: str) -> str:
    """138****2047."""
    return phone_number.parse_cli(number).mask


def mask_account(text: str) -> str:
    """6217 **** 0931; what is no account shows its last two characters at most."""
    try:
        return account.parse(text).mask
    except Refused:
        return f"****{text[-2:]}" if len(text) > 6 else "****"


def mask_value(kind: str, value: str) -> str:
    """The mask of a subject of this kind; names of sites and apps are nobody's personal data."""
    if kind in _OPEN_KINDS:
        return value
    if kind == "number" or value.startswith("+"):
        return mask_number(value)
    if kind == "account" or ":" in value:
        return mask_account(value)
    return f"{value[:2]}****{value[-2:]}" if len(value) > 6 else "****"
