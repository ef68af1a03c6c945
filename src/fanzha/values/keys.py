"""The 64-bit keys under which identifiers stand in tables."""

from __future__ import annotations

import hashlib


def key64(kind: str, normal: str) -> int:
    """BLAKE2b of the normal form, eight bytes, little end first, personalised by `kind`.

    `kind` (at most 16 ASCII characters) keeps apart equal texts of different meaning. Never 0: a
    key of 0 in a column means that there is no identifier. 2^64 keys: among a billion identifiers
    the chance that any two share one is about 3 %.
    """
    digest = hashlib.blake2b(
        normal.encode("utf-8", "surrogatepass"), digest_size=8, person=kind.encode("ascii")
    ).digest()
    return int.from_bytes(digest, "little") or 1
