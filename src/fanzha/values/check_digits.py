"""The four check characters Chinese identifiers carry: Luhn, GB 11643, GB 32100, ISO 7064 11,10."""

from __future__ import annotations

_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHARS = "10X98765432"
_ORGANISATION_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
#: GB 32100 leaves out I, O, S, V and Z: they look like digits or like each other.
ORGANISATION_CHARS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def luhn(digits: str) -> str:
    """The digit after `digits` in a bank card (ISO/IEC 7812-1) or an IMEI (3GPP TS 23.003)."""
    total = 0
    double = True
    for char in reversed(digits):
        total += _LUHN_DOUBLED[int(char)] if double else int(char)
        double = not double
    return str(-total % 10)


def citizen(body: str) -> str:
    """The 18th character of a citizen id after its 17 digits (GB 11643-1999, MOD 11-2)."""
    total = sum(weight * int(char) for weight, char in zip(_CITIZEN_WEIGHTS, body, strict=True))
    return _CITIZEN_CHARS[total % 11]


def organisation(body: str) -> str:
    """The 18th character of a unified social credit code (GB 32100-2015, MOD 31-3)."""
    total = sum(
        weight * ORGANISATION_CHARS.index(char)
        for weight, char in zip(_ORGANISATION_WEIGHTS, body, strict=True)
    )
    return ORGANISATION_CHARS[-total % 31]


def institution(body: str) -> str:
    """The 12th digit of a bank's payment system code (ISO 7064 MOD 11,10)."""
    carry = 10
    for char in body:
        carry = (carry + int(char)) % 10 or 10
        carry = carry * 2 % 11
    return str((11 - carry) % 10)
