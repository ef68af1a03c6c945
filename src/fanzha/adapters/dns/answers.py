"""What a primary answers to the bytes of one message, pure: SOA, AXFR, IXFR; REFUSED otherwise."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from struct import pack
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TSIG
import dns.tsig

from fanzha.adapters.dns import wire
from fanzha.adapters.dns.access import Access, Peer
from fanzha.adapters.dns.zone import Served, Transfer

__all__ = ["Answers", "Signing", "header_of", "signed"]

_log = logging.getLogger("fanzha.dns")
_HEADER = 12
_QR, _AA, _RD, _OPCODE = 0x8000, 0x0400, 0x0100, 0x7800
_OPT = b"\0" + pack("!HHIH", 41, 1232, 0, 0)
_BADVERS = b"\0" + pack("!HHIH", 41, 1232, 1 << 24, 0)
_FUDGE_S = 300
_BAD = (
    (dns.tsig.BadSignature, dns.rcode.BADSIG),
    (dns.tsig.BadTime, dns.rcode.BADTIME),
    (dns.message.UnknownTSIGKey, dns.rcode.BADKEY),
    (dns.tsig.BadKey, dns.rcode.BADKEY),
    (dns.tsig.BadAlgorithm, dns.rcode.BADKEY),
)
"""What may be wrong with a signature, as RFC 8945 numbers it."""


@dataclass
class Signing:
    """The TSIG of one answer, message after message (RFC 8945 5.3.1)."""

    key: dns.tsig.Key
    request_mac: bytes
    context: dns.tsig.HMACTSig | None = None


def signed(
    message: bytes, signing: Signing, *, stream: bool = True, error: int = 0, other: bytes = b""
) -> bytes:
    """The message with its TSIG record; in a stream each signature takes in the one before."""
    blank = _blank(signing.key.algorithm, int.from_bytes(message[:2], "big"), error, other)
    data, signing.context = dns.tsig.sign(  # type: ignore[no-untyped-call]
        message, signing.key, blank, int(time.time()), signing.request_mac, signing.context, stream
    )
    return _with_tsig(message, signing.key.name, data)


def _blank(
    algorithm: dns.name.Name, original: int, error: int, other: bytes
) -> dns.rdtypes.ANY.TSIG.TSIG:
    return dns.rdtypes.ANY.TSIG.TSIG(  # type: ignore[no-untyped-call]
        dns.rdataclass.ANY, dns.rdatatype.TSIG, algorithm, 0, _FUDGE_S, b"", original, error, other
    )


def _with_tsig(message: bytes, name: dns.name.Name, data: dns.rdtypes.ANY.TSIG.TSIG) -> bytes:
    body = _bytes(data)
    record = _bytes(name) + pack("!HHIH", 250, 255, 0, len(body)) + body
    additional = int.from_bytes(message[10:12], "big") + 1
    return message[:10] + pack("!H", additional) + message[12:] + record


def _bytes(one: dns.name.Name | dns.rdtypes.ANY.TSIG.TSIG) -> bytes:
    made = one.to_wire()
    assert made is not None, "given where no file is"
    return made


def header_of(message: bytes) -> tuple[int, int] | None:
    """(id, flags); None for what is too short to be a message."""
    if len(message) < _HEADER:
        return None
    return int.from_bytes(message[:2], "big"), int.from_bytes(message[2:4], "big")


class Answers:
    """`zones` maps names to what is served, None where we have the zone and nothing in it yet."""

    def __init__(self, access: Access, zones: Mapping[str, Served | None]) -> None:
        self._access = access
        self._zones = zones
        self._bad_signatures = 0
        self.given: Counter[str] = Counter()
        """Answers over TCP so far: `axfr`, `ixfr`, and `current` where a peer had it already."""

    def to(self, message: bytes, address: str, *, stream: bool) -> Iterable[bytes]:
        """The messages that answer; none at all where nothing may be said.

        `stream` is whether this came over TCP, where whole zones are sent. Never raises for what
        anybody may have put into `message`.
        """
        header = header_of(message)
        if header is None or header[1] & _QR:
            return ()
        peer = self._access.peer(address)
        if peer is None:
            return (_refusal(header, dns.rcode.REFUSED),)
        try:
            asked = dns.message.from_wire(message, keyring=dict(self._access.keys))
        except Exception as error:  # anything may be in these bytes, and a library reads them
            return (self._unheard(message, header, error),)
        signing = None
        if asked.had_tsig and isinstance(asked.keyring, dns.tsig.Key):
            signing = Signing(asked.keyring, asked.mac or b"")
        head, chunks = self._answer(asked, header, peer, stream)
        made = wire.messages(head, chunks)
        return made if signing is None else _all_signed(made, signing)

    def _unheard(self, message: bytes, header: tuple[int, int], error: Exception) -> bytes:
        """NOTAUTH where the signature is wrong (RFC 8945 5.2), else FORMERR."""
        code = next((code for kind, code in _BAD if isinstance(error, kind)), None)
        if code is None:
            _log.debug("unreadable: %s", type(error).__name__)
            return _refusal(header, dns.rcode.FORMERR)
        try:  # the signature is looked at before the rest has been read
            asked = dns.message.from_wire(message, keyring=False)
        except Exception:
            return _refusal(header, dns.rcode.FORMERR)
        assert asked.tsig is not None, "its signature was looked at"
        theirs = asked.tsig[0]
        assert isinstance(theirs, dns.rdtypes.ANY.TSIG.TSIG)
        reply = _refusal(header, dns.rcode.NOTAUTH)
        self._bad_signatures += 1
        if not self._bad_signatures & (self._bad_signatures - 1):  # the 1st, 2nd, 4th, 8th, …
            words = dns.rcode.to_text(code, True)
            _log.warning("signatures refused: %d, the last for %s", self._bad_signatures, words)
        key = self._access.keys.get(asked.tsig.name)
        if code == dns.rcode.BADTIME and key is not None:
            now = int(time.time()).to_bytes(6, "big")
            return signed(reply, Signing(key, theirs.mac), stream=False, error=code, other=now)
        blank = _blank(theirs.algorithm, theirs.original_id, code, b"")
        dated = cast(dns.rdtypes.ANY.TSIG.TSIG, blank.replace(time_signed=theirs.time_signed))
        return _with_tsig(reply, asked.tsig.name, dated)

    def _answer(
        self, asked: dns.message.Message, header: tuple[int, int], peer: Peer, stream: bool
    ) -> tuple[wire.Head, Iterable[wire.Chunk]]:
        question = b""
        if len(asked.question) == 1:
            one = asked.question[0]
            question = _bytes(one.name) + pack("!HH", one.rdtype, one.rdclass)
        flags = _QR | (header[1] & (_OPCODE | _RD))
        opt = _OPT if asked.edns >= 0 else b""

        def refused(code: int) -> tuple[wire.Head, Iterable[wire.Chunk]]:
            return wire.Head(header[0], flags | code, question, opt), ()

        if asked.edns > 0:
            return wire.Head(header[0], flags, question, _BADVERS), ()
        if peer.key is not None and not (asked.had_tsig and asked.keyname == peer.key):
            return refused(dns.rcode.REFUSED)
        if asked.opcode() != dns.opcode.QUERY or not question or one.rdclass != 1:
            return refused(dns.rcode.REFUSED)
        zone = one.name.to_text(omit_final_dot=True).lower()
        if zone not in self._zones or one.rdtype not in (wire.SOA, wire.IXFR, wire.AXFR):
            return refused(dns.rcode.REFUSED)
        served = self._zones[zone]
        if served is None:
            return refused(dns.rcode.SERVFAIL)
        head = wire.Head(header[0], flags | _AA, question, opt)
        if one.rdtype == wire.SOA:
            return head, [served.soa()]
        if one.rdtype == wire.AXFR:
            return (head, self._counted(served.whole())) if stream else refused(dns.rcode.REFUSED)
        since = _serial_of(asked)
        if since is None:
            return refused(dns.rcode.FORMERR)
        # Over UDP the SOA alone says: come by TCP (RFC 1995 2).
        return head, self._counted(served.since(since)) if stream else [served.soa()]

    def _counted(self, transfer: Transfer) -> Iterable[wire.Chunk]:
        self.given[transfer.kind] += 1
        return transfer.chunks


def _all_signed(made: Iterable[bytes], signing: Signing) -> Iterator[bytes]:
    for message in made:
        yield signed(message, signing)


def _serial_of(asked: dns.message.Message) -> int | None:
    """The version that an IXFR question has (RFC 1995 3)."""
    for rrset in asked.authority:
        if rrset.rdtype == dns.rdatatype.SOA and rrset.name == asked.question[0].name:
            for one in rrset:
                assert isinstance(one, dns.rdtypes.ANY.SOA.SOA)
                return int(one.serial)
    return None


def _refusal(header: tuple[int, int], code: int) -> bytes:
    """A bare header: to strangers and to what cannot be read, nothing of theirs is sent back."""
    return wire.Head(header[0], _QR | (header[1] & (_OPCODE | _RD)) | code, b"").around(0, b"")
