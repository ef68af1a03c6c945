"""Which alphabet a data_coding says, and what octets mean in it, read as phones read them. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.lifecycles.message.segments import GSM_BASIC, GSM_EXTENSION

__all__ = ["CODED", "EXTENSION", "GSM", "GSM7", "LATIN", "UCS2", "UNREAD", "decode", "table"]

GSM7, LATIN, UCS2 = 0, 1, 2
"""Alphabets that the compiled reading knows."""
CODED: dict[int, str] = {
    3: "shift_jis",
    4: "iso8859_5",
    5: "iso8859_8",
    6: "iso2022_jp",
    7: "euc_jp",
    8: "euc_kr",
    9: "gb18030",
    10: "utf-8",
}
"""Alphabets read one by one, and Python's name for each."""
UNREAD = 255
"""Octets that are no text, or are compressed."""
DEFAULTS = {"gsm7": GSM7, "latin1": LATIN, "ucs2": UCS2, "gb18030": 9, "utf8": 10}
"""What a centre may take its default alphabet (data_coding 0) to be."""
_BY_CODING = {0x01: LATIN, 0x03: LATIN, 0x05: 3, 0x06: 4, 0x07: 5, 0x08: UCS2, 0x0A: 6, 0x0D: 7,
              0x0E: 8, 0x0F: 9}  # fmt: skip
_ESCAPE = 0x1B

GSM: npt.NDArray[np.uint32] = np.array([ord(c) for c in GSM_BASIC], dtype=np.uint32)
EXTENSION: npt.NDArray[np.uint32] = np.full(128, ord(" "), dtype=np.uint32)
for _character, _septet in GSM_EXTENSION.items():
    EXTENSION[_septet] = ord(_character)


def table(default: str = "gsm7") -> npt.NDArray[np.uint8]:
    """The alphabet of each data_coding (SMPP clause 5.2.19; 3GPP TS 23.038 clause 4).

    0x0F is reserved there; senders in China write GBK under it, as CMPP does.
    """
    found = np.full(256, UNREAD, dtype=np.uint8)
    found[0x00] = DEFAULTS[default]
    for coding, alphabet in _BY_CODING.items():
        found[coding] = alphabet
    for coding in range(0x10, 0x20):  # general group with a class: bits 3 and 2 say which alphabet
        found[coding] = {0x00: GSM7, 0x08: UCS2}.get(coding & 0x0C, UNREAD)
    for coding in range(0xC0, 0xE0):  # message waiting
        found[coding] = GSM7
    found[0xE0:0xF0] = UCS2
    for coding in range(0xF0, 0x100):  # class in the 1111 group; bit 2: eight-bit data
        found[coding] = UNREAD if coding & 0x04 else GSM7
    return found


def decode(octets: bytes, alphabet: int) -> str:
    """The text; lone surrogates stay, so that halves in two parts come together again."""
    if alphabet == UCS2:
        return octets[: len(octets) & ~1].decode("utf-16-be", "surrogatepass")
    if alphabet == LATIN:
        return octets.decode("latin-1")
    if alphabet != GSM7:
        return octets.decode(CODED[alphabet], "replace")
    characters = []
    escaped = False
    for octet in octets:
        if octet > 0x7F:
            escaped = False
            characters.append(chr(octet))
        elif escaped:
            escaped = False
            characters.append(chr(EXTENSION[octet]))
        elif octet == _ESCAPE:
            escaped = True
        else:
            characters.append(GSM_BASIC[octet])
    return "".join(characters)
