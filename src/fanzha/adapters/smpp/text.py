"""The text of a short message on the wire: alphabets, data_coding, parts and headers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import smpp34

from fanzha.adapters.smpp.codec import Malformed, Status, Tag, tlv
from fanzha.lifecycles.message.segments import GSM_BASIC, GSM_EXTENSION, Alphabet

ESM_CLASS_UDHI = 0x40
_ESCAPE = 0x1B
_TO_SEPTET = {character: place for place, character in enumerate(GSM_BASIC)}
_FROM_EXTENSION = {septet: character for character, septet in GSM_EXTENSION.items()}


@dataclass(frozen=True, slots=True)
class Part:
    """Where a piece belongs in a message of several (3GPP TS 23.040 clause 9.2.3.24.1)."""

    reference: int
    total: int
    number: int


def data_coding(alphabet: Alphabet, *, flash: bool) -> int:
    """The octet of SMPP clause 5.2.19; for flash, class 0 as in 3GPP TS 23.038 clause 4."""
    ucs2 = alphabet is Alphabet.UCS2
    if flash:
        return 0x18 if ucs2 else 0x10
    return 0x08 if ucs2 else 0x00


def alphabet_of(coding: int) -> Alphabet | None:
    """The alphabet of a data_coding; None for octets that are no text we read."""
    if coding in (0x00, 0x01) or coding & 0xFC in (0x10, 0xF0):
        return Alphabet.GSM7
    if coding == 0x08 or coding & 0xFC == 0x18:
        return Alphabet.UCS2
    return None


def is_flash(coding: int) -> bool:
    return coding in (0x10, 0x18, 0xF0)


def encode(text: str, alphabet: Alphabet) -> bytes:
    """The octets of a text: big-endian UTF-16, or one septet an octet."""
    if alphabet is Alphabet.UCS2:
        return text.encode("utf-16-be")
    octets = bytearray()
    for character in text:
        if character in GSM_EXTENSION:
            octets += bytes((_ESCAPE, GSM_EXTENSION[character]))
        else:
            octets.append(_TO_SEPTET[character])
    return bytes(octets)


def decode(octets: bytes, alphabet: Alphabet) -> str:
    """The text of octets. Malformed when they are none."""
    if alphabet is Alphabet.UCS2:
        try:
            return octets.decode("utf-16-be")
        except UnicodeDecodeError as error:
            raise Malformed(Status.ESME_RINVMSGLEN, "no UCS-2 text") from error
    characters = []
    escaped = False
    for septet in octets:
        if septet > 0x7F:
            raise Malformed(Status.ESME_RINVMSGLEN, "no GSM-7 text")
        if escaped:
            characters.append(_FROM_EXTENSION.get(septet, " "))
            escaped = False
        elif septet == _ESCAPE:
            escaped = True
        else:
            characters.append(GSM_BASIC[septet])
    return "".join(characters)


def header(part: Part) -> bytes:
    """The user data header of a part, with a reference of one octet."""
    return bytes((0x05, 0x00, 0x03, part.reference & 0xFF, part.total, part.number))


def content(message: smpp34.SubmitSm) -> tuple[Part | None, bytes]:
    """What a submit_sm carries: its place among the parts, and its octets without the header."""
    octets = message.short_message
    payload = tlv(message, Tag.message_payload)
    if payload is not None:
        if octets:
            raise Malformed(Status.ESME_RINVMSGLEN, "both short_message and message_payload")
        octets = payload.value
    part = _sar(message)
    if message.esm_class & ESM_CLASS_UDHI:
        if not octets or len(octets) < octets[0] + 1:
            raise Malformed(Status.ESME_RINVESMCLASS, "a header longer than the message")
        end = octets[0] + 1
        part = _part(octets[1:end]) or part
        octets = octets[end:]
    if part is not None and not 1 <= part.number <= part.total:
        raise Malformed(Status.ESME_RINVESMCLASS, "a part beyond its total")
    return part, octets


def _sar(message: smpp34.SubmitSm) -> Part | None:
    """The place told by sar_* parameters (SMPP clauses 5.3.2.22 to 24)."""
    tags = (
        Tag.sar_msg_ref_num,
        Tag.sar_total_segments,
        Tag.sar_segment_seqnum,
    )
    found = [t.value for tag in tags if (t := tlv(message, tag)) is not None]
    if len(found) != len(tags):
        return None
    reference, total, number = (int.from_bytes(value, "big") for value in found)
    return Part(reference, total, number)


def _part(elements: bytes) -> Part | None:
    """The concatenation element of a header, with a reference of one or two octets."""
    at = 0
    while at + 2 <= len(elements):
        kind, length = elements[at], elements[at + 1]
        value = elements[at + 2 : at + 2 + length]
        if len(value) < length:
            break
        if kind == 0x00 and length == 3:
            return Part(value[0], value[1], value[2])
        if kind == 0x08 and length == 4:
            return Part(int.from_bytes(value[:2], "big"), value[2], value[3])
        at += 2 + length
    return None
