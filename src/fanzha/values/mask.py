"""Masks of normal forms, by kind: what a screen may show without a purpose."""

from __future__ import annotations

_OPEN_KINDS = frozenset({"dns_name", "app"})


def mask_name(name: str) -> str:
    """The family name only: 王**."""
    return f"{name[:1]}**" if name else ""


def mask_number(number: str) -> str:
    """138****2047; foreign 852****3317: the first three and the last four digits."""
    digits = "".join(c for c in number.removeprefix("+86") if c.isdigit())
    if len(digits) < 7:
        return digits[:1] + "*" * max(0, len(digits) - 1)
    prefix = "+" if number.startswith("+") and not number.startswith("+86") else ""
    return f"{prefix}{digits[:3]}****{digits[-4:]}"


def mask_account(account: str) -> str:
    """6217 **** 0931: the first four and the last four of the account; the institution stays out.

    Exits (`cash:`, `merchant:`, `wallet:`) keep their prefix.
    """
    head, colon, body = account.rpartition(":")
    kept = f"{head}:" if colon and head in ("cash", "merchant", "wallet") else ""
    if len(body) < 12:
        return f"{kept}****{body[-2:]}" if len(body) > 4 else f"{kept}****"
    return f"{kept}{body[:4]} **** {body[-4:]}"


def mask_value(kind: str, value: str) -> str:
    """The mask of a subject of this kind; names of sites and apps are nobody's personal data."""
    if kind in _OPEN_KINDS:
        return value
    if kind == "number" or value.startswith("+"):
        return mask_number(value)
    if kind == "account" or ":" in value:
        return mask_account(value)
    return f"{value[:2]}****{value[-2:]}" if len(value) > 6 else "****"
