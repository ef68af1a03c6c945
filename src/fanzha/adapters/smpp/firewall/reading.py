"""The text in any SMPP request that carries one, read leniently: what a centre may understand.

Nothing here judges whether a frame is well formed: that is the centre's to say. Clause numbers are
those of the SMPP 3.4 specification, issue 1.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fanzha.adapters.smpp.codec import HEADER, Tag
from fanzha.adapters.smpp.firewall.alphabets import LATIN, UCS2, UNREAD, decode
from fanzha.lifecycles.message.headers import place
from fanzha.ports.text_wire import Part, Said

__all__ = ["Fields", "address", "fields_of", "read"]

SUBMIT_SM, REPLACE_SM, SUBMIT_MULTI, DATA_SM = 0x04, 0x07, 0x21, 0x103
_UDHI = 0x40
_LIST_NAME = 2


@dataclass(slots=True)
class Fields:
    """What of a request matters to a firewall."""

    sender: bytes
    """From type of number to before the NUL, as in the frame; so the recipient."""
    recipient: bytes
    esm_class: int
    coding: int | None
    octets: bytes
    options: dict[int, bytes] = field(default_factory=dict)


class _Cursor:
    """Walks over a body. IndexError where it ends early."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.at = 0

    def octet(self) -> int:
        value = self._body[self.at]
        self.at += 1
        return value

    def text(self) -> bytes:
        end = self._body.find(b"\0", self.at)
        if end < 0:
            raise IndexError
        found = self._body[self.at : end]
        self.at = end + 1
        return found

    def address(self) -> bytes:
        head = bytes((self.octet(), self.octet()))
        return head + self.text()

    def skip(self, octets: int) -> None:
        self.at += octets

    def short_message(self) -> bytes:
        """sm_length and what of so many octets is there (5.2.21, 5.2.22)."""
        length = self.octet()
        found = self._body[self.at : self.at + length]
        self.at += len(found)
        return found

    def options(self) -> dict[int, bytes]:
        """Optional parameters (3.2.4), the first of each tag; what breaks off is cut."""
        found: dict[int, bytes] = {}
        body, at = self._body, self.at
        while at + 4 <= len(body):
            tag = int.from_bytes(body[at : at + 2], "big")
            length = int.from_bytes(body[at + 2 : at + 4], "big")
            found.setdefault(tag, body[at + 4 : at + 4 + length])
            at += 4 + length
        return found


def fields_of(frame: bytes) -> Fields | None:
    """The fields of a request that carries a text; None for another, or one that ends early."""
    read_body = _BODIES.get(int.from_bytes(frame[4:8], "big"))
    if read_body is None:
        return None
    try:
        return read_body(_Cursor(frame[HEADER.size :]))
    except IndexError:
        return None


def read(frame: bytes, alphabets: npt.NDArray[np.uint8]) -> Said | None:
    """The text of a frame; None where there is none, or it is in no alphabet that is read."""
    fields = fields_of(frame)
    if fields is None:
        return None
    octets = fields.octets + fields.options.get(Tag.message_payload, b"")
    part = _sar(fields.options)
    if fields.esm_class & _UDHI:
        found, at = place(octets)
        part = Part(*found) if found else part
        octets = octets[at:]
    if fields.coding is None:
        alphabet = LATIN if octets.isascii() and b"\0" not in octets else UCS2
    else:
        alphabet = int(alphabets[fields.coding])
    if alphabet == UNREAD or not octets:
        return None
    text = decode(octets, alphabet)
    return Said(0, len(frame), address(fields.sender), address(fields.recipient), text, part)


def address(written: bytes) -> str:
    """A sender or recipient as its wire writes it; an international number with its plus."""
    text = written[2:].decode("latin-1")
    return "+" + text if written[:1] == b"\x01" and text.isdigit() else text


def _sar(options: dict[int, bytes]) -> Part | None:
    """The place told by sar_* parameters (5.3.2.22 to 24)."""
    tags = (Tag.sar_msg_ref_num, Tag.sar_total_segments, Tag.sar_segment_seqnum)
    if not all(options.get(tag) for tag in tags):
        return None
    reference, total, number = (int.from_bytes(options[tag], "big") for tag in tags)
    return Part(reference, total, number) if 1 <= number <= total <= 255 else None


def _submit_sm(body: _Cursor) -> Fields:
    """4.4.1"""
    body.text()
    sender, recipient = body.address(), body.address()
    return _rest(body, sender, recipient)


def _submit_multi(body: _Cursor) -> Fields:
    """4.5.1: addresses or names of lists; the first one stands for all."""
    body.text()
    sender = body.address()
    recipients = []
    for _ in range(body.octet()):
        named = body.octet() == _LIST_NAME
        recipients.append(b"\5\0" + body.text() if named else body.address())
    return _rest(body, sender, recipients[0] if recipients else b"\0\0")


def _rest(body: _Cursor, sender: bytes, recipient: bytes) -> Fields:
    """From esm_class on, as submit_sm and submit_multi have it."""
    esm_class = body.octet()
    body.skip(2)
    body.text()
    body.text()
    body.skip(2)
    coding = body.octet()
    body.skip(1)
    octets = body.short_message()
    return Fields(sender, recipient, esm_class, coding, octets, body.options())


def _data_sm(body: _Cursor) -> Fields:
    """4.7.1: the text is in message_payload."""
    body.text()
    sender, recipient = body.address(), body.address()
    esm_class = body.octet()
    body.skip(1)
    return Fields(sender, recipient, esm_class, body.octet(), b"", body.options())


def _replace_sm(body: _Cursor) -> Fields:
    """4.10.1: a new text for one that waits; its alphabet is that of the first, not told here."""
    body.text()
    sender = body.address()
    body.text()
    body.text()
    body.skip(2)
    return Fields(sender, b"\0\0", 0, None, body.short_message())


_BODIES: dict[int, Callable[[_Cursor], Fields]] = {
    SUBMIT_SM: _submit_sm,
    REPLACE_SM: _replace_sm,
    SUBMIT_MULTI: _submit_multi,
    DATA_SM: _data_sm,
}
