"""How ledger addresses are written: base58check, bech32 and Ethereum's mixed-case checksum."""

from __future__ import annotations

import hashlib

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUE = {char: value for value, char in enumerate(_BASE58)}
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_VALUE = {char: value for value, char in enumerate(_BECH32)}
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
#: BIP 173 for version 0, BIP 350 (bech32m) for versions 1 and above.
_BECH32_CHECK = {0: 1, 1: 0x2BC830A3}


def base58check(payload: bytes) -> str:
    """Version and hash with a four-byte double SHA-256 check, in base 58."""
    data = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number = int.from_bytes(data, "big")
    out = ""
    while number:
        number, rest = divmod(number, 58)
        out = _BASE58[rest] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def base58check_decode(text: str) -> bytes | None:
    """The payload of a base58check text of at most 64 characters; None where it is not one."""
    if not 5 <= len(text) <= 64:
        return None
    number = 0
    for char in text:
        value = _BASE58_VALUE.get(char)
        if value is None:
            return None
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    data = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    payload, check = data[:-4], data[-4:]
    if hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] != check:
        return None
    return payload


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check


def _regroup(data: list[int], have: int, want: int, *, pad: bool) -> list[int] | None:
    bits = amount = 0
    out: list[int] = []
    for value in data:
        bits = bits << have | value
        amount += have
        while amount >= want:
            amount -= want
            out.append(bits >> amount & (1 << want) - 1)
    if pad:
        if amount:
            out.append(bits << want - amount & (1 << want) - 1)
    elif amount >= have or bits & (1 << amount) - 1:
        return None
    return out


def bech32_encode(prefix: str, version: int, program: bytes) -> str:
    """A segregated-witness address (BIP 173, BIP 350)."""
    regrouped = _regroup(list(program), 8, 5, pad=True)
    assert regrouped is not None
    data = [version, *regrouped]
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = _polymod(spread + data + [0] * 6) ^ _BECH32_CHECK[min(version, 1)]
    tail = [check >> 5 * (5 - place) & 31 for place in range(6)]
    return prefix + "1" + "".join(_BECH32[value] for value in data + tail)


def bech32_decode(text: str) -> tuple[str, int, bytes] | None:
    """(prefix, version, program) of a lower-case address of ≤ 90 characters; None otherwise."""
    prefix, mark, rest = text.rpartition("1")
    if not mark or not prefix or len(rest) < 8 or len(text) > 90:
        return None
    if any(not 33 <= ord(char) <= 126 for char in prefix):
        return None
    data = [_BECH32_VALUE.get(char, -1) for char in rest]
    if -1 in data or data[0] > 16:
        return None
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    if _polymod(spread + data) != _BECH32_CHECK[min(data[0], 1)]:
        return None
    program = _regroup(data[1:-6], 5, 8, pad=False)
    if program is None or not 2 <= len(program) <= 40:
        return None
    if data[0] == 0 and len(program) not in (20, 32):
        return None
    return prefix, data[0], bytes(program)


_ROTATIONS = (
    (0, 36, 3, 41, 18),
    (1, 44, 10, 45, 2),
    (62, 6, 43, 15, 61),
    (28, 55, 25, 21, 56),
    (27, 20, 39, 8, 14),
)
_WORD = (1 << 64) - 1


def _round_constants() -> list[int]:
    register, out = 1, []
    for _ in range(24):
        constant = 0
        for place in range(7):
            if register & 1:
                constant |= 1 << (1 << place) - 1
            register <<= 1
            if register & 0x100:
                register ^= 0x171
        out.append(constant)
    return out


_CONSTANTS = _round_constants()


def _rotate(word: int, by: int) -> int:
    return (word << by | word >> 64 - by) & _WORD


def _permute(lanes: list[list[int]]) -> None:
    for constant in _CONSTANTS:
        column = [
            lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)
        ]
        for x in range(5):
            change = column[x - 1] ^ _rotate(column[(x + 1) % 5], 1)
            for y in range(5):
                lanes[x][y] ^= change
        moved = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                moved[y][(2 * x + 3 * y) % 5] = _rotate(lanes[x][y], _ROTATIONS[x][y])
        for x in range(5):
            for y in range(5):
                lanes[x][y] = moved[x][y] ^ (~moved[(x + 1) % 5][y] & moved[(x + 2) % 5][y])
        lanes[0][0] ^= constant


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it: padding 0x01, not SHA-3's 0x06, so hashlib lacks it."""
    rate = 136
    padded = bytearray(data + b"\x01" + b"\0" * (-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), rate):
        for lane in range(rate // 8):
            word = int.from_bytes(padded[start + lane * 8 : start + lane * 8 + 8], "little")
            lanes[lane % 5][lane // 5] ^= word
        _permute(lanes)
    return b"".join(lanes[lane % 5][lane // 5].to_bytes(8, "little") for lane in range(4))


def ethereum_checksum(payload: bytes) -> str:
    """Twenty bytes as 0x… with the mixed case of EIP-55."""
    text = payload.hex()
    digest = keccak256(text.encode()).hex()
    return "0x" + "".join(
        char.upper() if int(mark, 16) >= 8 else char
        for char, mark in zip(text, digest, strict=False)
    )
