"""What the primary says to bytes: transfers to those who may, signed; little to anybody else."""

from __future__ import annotations

import time
from collections.abc import Iterator

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rdtypes.ANY.SOA
import dns.rrset
import dns.tsig
import dns.versioned
import dns.xfr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.dns import owners, wire
from fanzha.adapters.dns.access import keys_of, peers_of
from fanzha.adapters.dns.answers import Answers
from fanzha.adapters.dns.zone import Zone
from fanzha.errors import Misconfigured
from tests.adapters.dns.names_edge import KEY, SECRET

NAME = "refuse.rpz.fanzha"
KEYS = keys_of([KEY, KEY.replace("carrier-a", "carrier-b")])
A, B = KEYS.values()
OPEN, SIGNING, STRANGER = "192.0.2.53", "198.51.100.9", "203.0.113.1"


def made_answers(names: int = 3) -> Answers:
    zone = Zone(NAME, wire.nxdomain(30), wire.Timers(), lambda b: wire.next_serial(b, 7))
    pairs = sorted((owners.entry(f"n{k}.example", 2), 0) for k in range(names))
    zone.fill(pairs, 1, None)
    served = zone.change({owners.entry("new.example", 2): 0}, 1)
    access = peers_of(["192.0.2.53", "198.51.100.0/24 carrier-a", "2001:db8::1@5353"], KEYS)
    return Answers(access, {NAME: served, "warn.rpz.fanzha": None})


ANSWERS = made_answers()


def said(
    query: dns.message.Message, address: str = OPEN, *, stream: bool = True
) -> dns.message.Message:
    [only] = ANSWERS.to(query.to_wire(), address, stream=stream)
    keyring = query.keyring if query.had_tsig else None
    return dns.message.from_wire(only, keyring=keyring, request_mac=query.mac or b"")


def ixfr(serial: int) -> dns.message.Message:
    query = dns.message.make_query(NAME, "IXFR")
    query.authority.append(dns.rrset.from_text(f"{NAME}.", 0, "IN", "SOA", f". . {serial} 0 0 0 0"))
    return query


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", [NAME, "ReFuse.RPZ.fanzha"])
def test_the_serial_is_told(name: str, stream: bool) -> None:
    response = said(dns.message.make_query(name, "SOA"), stream=stream)
    assert response.rcode() == dns.rcode.NOERROR
    assert response.flags & dns.flags.AA
    assert response.answer[0][0].serial == 8
    assert response.question[0].name.to_text() == f"{name}."
    assert response.edns == -1
    with_edns = said(dns.message.make_query(name, "SOA", use_edns=0), stream=stream)
    assert with_edns.edns == 0


def test_a_transfer_over_udp_is_sent_to_tcp() -> None:
    assert said(dns.message.make_query(NAME, "AXFR"), stream=False).rcode() == dns.rcode.REFUSED
    response = said(ixfr(7), stream=False)
    assert [rrset.rdtype for rrset in response.answer] == [dns.rdatatype.SOA]
    assert len(response.answer[0]) == 1


def test_ixfr_asks_with_its_version() -> None:
    [answer] = said(ixfr(8)).answer
    assert answer[0].serial == 8
    no_version = dns.message.make_query(NAME, "IXFR")
    assert said(no_version).rcode() == dns.rcode.FORMERR


def test_what_is_no_transfer_is_refused() -> None:
    for kind in ("A", "NS", "ANY", "TXT"):
        assert said(dns.message.make_query(NAME, kind)).rcode() == dns.rcode.REFUSED
    for name in ("n1.example.refuse.rpz.fanzha", "example", ".", "x" * 63 + ".fanzha"):
        assert said(dns.message.make_query(name, "AXFR")).rcode() == dns.rcode.REFUSED
    assert said(dns.message.make_query(NAME, "SOA", "CH")).rcode() == dns.rcode.REFUSED
    for opcode in (dns.opcode.NOTIFY, dns.opcode.STATUS):
        query = dns.message.make_query(NAME, "SOA")
        query.set_opcode(opcode)
        response = said(query)
        assert response.rcode() == dns.rcode.REFUSED
        assert response.opcode() == opcode
    empty = dns.message.Message()
    assert said(empty).rcode() == dns.rcode.REFUSED
    newer = dns.message.make_query(NAME, "SOA", use_edns=1)
    assert said(newer).rcode() == dns.rcode.BADVERS
    waiting = dns.message.make_query("warn.rpz.fanzha", "SOA")
    assert said(waiting).rcode() == dns.rcode.SERVFAIL


def test_strangers_are_told_nothing() -> None:
    for kind in ("SOA", "AXFR", "IXFR", "A"):
        query = dns.message.make_query(NAME, kind)
        [only] = ANSWERS.to(query.to_wire(), STRANGER, stream=True)
        assert len(only) == 12
        assert only[3] & 0x0F == dns.rcode.REFUSED
        assert only[:2] == query.to_wire()[:2]
    assert said(dns.message.make_query(NAME, "SOA"), "::ffff:192.0.2.53").answer
    assert said(dns.message.make_query(NAME, "SOA"), "2001:db8::1").answer


def test_an_answer_is_never_answered() -> None:
    response = dns.message.make_response(dns.message.make_query(NAME, "SOA"))
    assert list(ANSWERS.to(response.to_wire(), OPEN, stream=False)) == []
    assert list(ANSWERS.to(b"\0" * 11, OPEN, stream=False)) == []


def test_a_peer_with_a_key_must_sign_with_it() -> None:
    assert said(dns.message.make_query(NAME, "SOA"), SIGNING).rcode() == dns.rcode.REFUSED
    other = dns.message.make_query(NAME, "SOA")
    other.use_tsig(B)
    assert said(other, SIGNING).rcode() == dns.rcode.REFUSED
    right = dns.message.make_query(NAME, "SOA")
    right.use_tsig(A)
    assert said(right, SIGNING).answer
    # Somebody who need not sign may, and is answered signed.
    assert said(right, OPEN).had_tsig


def test_wrong_signatures_are_named() -> None:
    def error(query: dns.message.Message) -> tuple[int, int, bytes]:
        [only] = ANSWERS.to(query.to_wire(), SIGNING, stream=True)
        response = dns.message.from_wire(only, keyring=False)
        assert response.tsig is not None
        return response.rcode(), response.tsig[0].error, response.tsig[0].mac

    unknown = dns.message.make_query(NAME, "SOA")
    unknown.use_tsig(dns.tsig.Key("nobody", SECRET, "hmac-sha256"))
    assert error(unknown) == (dns.rcode.NOTAUTH, dns.rcode.BADKEY, b"")
    forged = dns.message.make_query(NAME, "SOA")
    forged.use_tsig(dns.tsig.Key("carrier-a", SECRET[::-1].replace("=", "A"), "hmac-sha256"))
    assert error(forged) == (dns.rcode.NOTAUTH, dns.rcode.BADSIG, b"")
    weak = dns.message.make_query(NAME, "SOA")
    weak.use_tsig(dns.tsig.Key("carrier-a", SECRET, "hmac-md5.sig-alg.reg.int"))
    assert error(weak)[1] == dns.rcode.BADKEY


def test_a_wrong_signature_with_more_behind_it_is_borne() -> None:
    forged = dns.message.make_query(NAME, "SOA")
    forged.use_tsig(dns.tsig.Key("carrier-a", SECRET[::-1].replace("=", "A"), "hmac-sha256"))
    [only] = ANSWERS.to(forged.to_wire() + b"more", SIGNING, stream=True)
    assert dns.message.from_wire(only).rcode() == dns.rcode.FORMERR


def test_an_old_signature_is_told_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    query = dns.message.make_query(NAME, "SOA")
    query.use_tsig(A)
    bytes_then = query.to_wire()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1_000)
    [only] = ANSWERS.to(bytes_then, SIGNING, stream=True)
    response = dns.message.from_wire(only, keyring=False)
    assert response.tsig is not None
    theirs = response.tsig[0]
    assert theirs.error == dns.rcode.BADTIME
    assert int.from_bytes(theirs.other, "big") == int(now + 1_000)
    assert len(theirs.mac) == 32


def test_every_message_of_a_signed_transfer_is_checked_by_others() -> None:
    many = made_answers(6_000)
    copy = dns.versioned.Zone(NAME)
    query, _ = dns.xfr.make_query(copy, keyring={A.name: A}, keyname=A.name)
    messages = list(many.to(query.to_wire(), SIGNING, stream=True))
    assert len(messages) > 5

    def received(stream: list[bytes]) -> Iterator[bool]:
        context = None
        with dns.xfr.Inbound(copy, dns.rdatatype.AXFR) as inbound:
            for message in stream:
                read = dns.message.from_wire(
                    message, keyring={A.name: A}, request_mac=query.mac, xfr=True,
                    origin=copy.origin, tsig_ctx=context, multi=True, one_rr_per_rrset=False,
                )  # fmt: skip
                assert read.had_tsig
                context = read.tsig_ctx
                yield inbound.process_message(read)

    assert list(received(messages))[-1]
    swapped = [messages[0], messages[2], messages[1], *messages[3:]]
    with pytest.raises(dns.tsig.BadSignature):
        list(received(swapped))


@given(st.binary(max_size=80), st.sampled_from([OPEN, SIGNING, STRANGER]), st.booleans())
def test_any_bytes_are_borne(data: bytes, address: str, stream: bool) -> None:
    for answer in ANSWERS.to(data, address, stream=stream):
        assert answer[:2] == data[:2]
        dns.message.from_wire(answer, keyring=False)


@given(
    st.sampled_from(["SOA", "AXFR", "IXFR", "A"]), st.booleans(), st.integers(-1, 1),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4), st.integers(0, 40),
)  # fmt: skip
def test_broken_questions_are_borne(
    kind: str, sign: bool, edns: int, changed: list[tuple[int, int]], cut: int
) -> None:
    query = ixfr(7) if kind == "IXFR" else dns.message.make_query(NAME, kind, use_edns=edns)
    if sign:
        query.use_tsig(A)
    data = bytearray(query.to_wire())
    for at, value in changed:
        data[at % len(data)] = value
    data = data[: len(data) - cut]
    for answer in ANSWERS.to(bytes(data), SIGNING if sign else OPEN, stream=True):
        assert answer[:2] == data[:2]
        dns.message.from_wire(answer, keyring=False, xfr=True)


@pytest.mark.parametrize(
    "peer",
    ["", "example.com", "192.0.2.1/8", "192.0.2.1@0", "192.0.2.1@70000", "192.0.2.1 nokey",
     "192.0.2.1 carrier-a more", "1.2.3.4@x"],
)  # fmt: skip
def test_a_list_of_peers_is_checked(peer: str) -> None:
    with pytest.raises(Misconfigured):
        peers_of([peer], KEYS)


@pytest.mark.parametrize(
    "key", ["", "a hmac-md5 " + SECRET, "a hmac-sha256 short", "a hmac-sha256 QUFB", "a b c d",
            "a..b hmac-sha256 " + SECRET]
)  # fmt: skip
def test_keys_are_checked(key: str) -> None:
    with pytest.raises(Misconfigured):
        keys_of([key])
