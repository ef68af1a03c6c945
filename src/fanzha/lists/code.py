"""The code people appeal with: ten letters of Crockford's base32 in two groups, the last a check.

Letters are those that people do not confuse (no I, L, O, U); reading forgives what they do: small
letters, O for 0, I and L for 1, blanks and hyphens anywhere. The check letter is a sum in GF(32),
each place with a weight of its own: one wrong letter, or two neighbours that changed places, never
passes.
"""

from __future__ import annotations

from fanzha.errors import Refused
from fanzha.values.writing import compact, refused

__all__ = ["MOST", "read", "write"]

MOST = (1 << 45) - 1
"""The greatest code; 0 is none. Nine letters of five bits."""
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)} | {"O": 0, "I": 1, "L": 1}
_PLACES = 9
_GROUP = 5
_FIELD = 0b100101
"""x⁵ + x² + 1: its root makes every element but 0, so that no two places weigh the same."""


def write(code: int) -> str:
    """`7K3QF-9X2MT`. Raises Refused where `code` is none (1 to `MOST`)."""
    if not 0 < code <= MOST:
        raise _form()
    values = [code >> 5 * place & 31 for place in reversed(range(_PLACES))]
    letters = "".join(_LETTERS[value] for value in (*values, _check(values)))
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"


def read(text: str) -> int:
    """The code somebody wrote or read out. Raises Refused where it is none, or has a slip in it."""
    values = [_VALUES.get(letter, -1) for letter in compact(text).upper()]
    if len(values) != _PLACES + 1 or -1 in values or _check(values[:-1]) != values[-1]:
        raise _form()
    code = 0
    for value in values[:-1]:
        code = code << 5 | value
    if not code:
        raise _form()
    return code


def _check(values: list[int]) -> int:
    total = 0
    for value in values:
        total = _twice(total ^ value)
    return total


def _twice(value: int) -> int:
    value <<= 1
    return value ^ _FIELD if value & 32 else value


def _form() -> Refused:
    return refused(
        "code_form",
        "申诉码有误：应为十位字母和数字，请对照通知再输一次",
        "not an appeal code: ten letters and digits; compare it with the notice",
        "code",
    )
