"""How the local centre reads a submit_sm: what it takes, and why not the rest. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import smpp34

from fanzha.adapters.smpp.codec import (
    ADDRESS_MAX,
    Malformed,
    Pdu,
    Status,
    Tag,
    read_time,
    tlv,
    typed,
)
from fanzha.adapters.smpp.text import Part, alphabet_of, content, decode, is_flash
from fanzha.lifecycles.message.segments import PARTS_MAX, Alphabet

_NUMBER = re.compile(r"[0-9]{3,20}")
_MODE = 0x03
_TYPE = 0x3C


@dataclass(frozen=True, slots=True)
class Submission:
    """A submit_sm that passed every check."""

    source: str
    to: str
    international: bool
    octets: bytes
    alphabet: Alphabet
    part: Part | None
    flash: bool
    data_coding: int
    receipt: int
    """0 none, 1 always, 2 on failure (clause 5.2.17)."""
    reference: bytes | None

    def text(self, octets: bytes | None = None) -> str:
        """What a phone shows of these octets, else of its own; broken characters as a mark."""
        shown = self.octets if octets is None else octets
        try:
            return decode(shown, self.alphabet)
        except Malformed:
            return shown.decode("utf-16-be", "replace")


def read(pdu: Pdu, now: datetime) -> Submission:
    """Malformed with the status that the sender is told."""
    message = typed(pdu)
    if not isinstance(message, smpp34.SubmitSm):
        raise Malformed(Status.ESME_RINVCMDID, "not a submit_sm")
    if not message.source_addr or len(message.source_addr) > ADDRESS_MAX:
        raise Malformed(Status.ESME_RINVSRCADR, "no sender")
    if not _NUMBER.fullmatch(message.destination_addr):
        raise Malformed(Status.ESME_RINVDSTADR, "no number")
    if message.esm_class & _MODE not in (0x00, 0x03) or message.esm_class & _TYPE:
        raise Malformed(Status.ESME_RINVESMCLASS, "a mode that is not offered")
    if message.schedule_delivery_time:
        raise Malformed(Status.ESME_RINVSCHED, "later delivery is not offered")
    _check_validity(message.validity_period, now)
    alphabet = alphabet_of(message.data_coding)
    if alphabet is None:
        raise Malformed(Status.ESME_RSUBMITFAIL, "no text")
    part, octets = content(message)
    _check_length(message, octets, alphabet)
    if part is None or alphabet is Alphabet.GSM7:
        decode(octets, alphabet)  # a part may end inside a character; a whole may not
    reference = tlv(message, Tag.user_message_reference)
    return Submission(
        source=message.source_addr,
        to=message.destination_addr,
        international=message.dest_addr_ton == 1,
        octets=octets,
        alphabet=alphabet,
        part=part,
        flash=is_flash(message.data_coding),
        data_coding=message.data_coding,
        receipt=message.registered_delivery & 0x03,
        reference=reference.value if reference else None,
    )


def _check_validity(text: str, now: datetime) -> None:
    until = read_time(text)
    ended = until <= timedelta(0) if isinstance(until, timedelta) else until and until <= now
    if ended:
        raise Malformed(Status.ESME_RINVEXPIRY, "over already")


def _check_length(message: smpp34.SubmitSm, octets: bytes, alphabet: Alphabet) -> None:
    """What one short message holds; a message_payload, what 255 parts hold."""
    unit = 1 if alphabet is Alphabet.GSM7 else 2
    if tlv(message, Tag.message_payload) is not None:
        room = alphabet.part * unit * PARTS_MAX
        used = len(octets)
    else:
        room = alphabet.whole * unit
        used = len(message.short_message)
    if not octets or used > room:
        raise Malformed(Status.ESME_RINVMSGLEN, "empty or too long")
