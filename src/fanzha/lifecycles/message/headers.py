"""A short message's user data header: where a part belongs (3GPP TS 23.040 clause 9.2.3.24)."""

from __future__ import annotations

__all__ = ["place"]

_CONCATENATED_8, _CONCATENATED_16 = 0x00, 0x08


def place(octets: bytes) -> tuple[tuple[int, int, int] | None, int]:
    """((reference, parts in all, number of this one) or None, where the text begins).

    A header that says more octets than there are is none: the text begins at 0. Numbers outside
    1 … total are no place.
    """
    if not octets or len(octets) < octets[0] + 1:
        return None, 0
    end = octets[0] + 1
    at = 1
    while at + 2 <= end:
        kind, length = octets[at], octets[at + 1]
        value = octets[at + 2 : min(at + 2 + length, end)]
        at += 2 + length
        if kind == _CONCATENATED_8 and len(value) == length == 3:
            reference, total, number = value
        elif kind == _CONCATENATED_16 and len(value) == length == 4:
            reference, total, number = int.from_bytes(value[:2], "big"), value[2], value[3]
        else:
            continue
        return ((reference, total, number) if 1 <= number <= total else None), end
    return None, end
