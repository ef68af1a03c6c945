"""Compiled and plain reading agree, both read what smpp34 reads, and nothing breaks them."""

from __future__ import annotations

import contextlib
import struct
from random import Random

import numpy as np
import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.smpp.codec import FRAME_MAX, Pdu
from fanzha.adapters.smpp.firewall import alphabets, reading
from fanzha.adapters.smpp.firewall.dialect import Smpp
from fanzha.ports.text_wire import NoFrames, Part, Said
from tests.adapters.smpp.firewall.wire import DIALECT, HONEST, bind, frames_of, head, submit

_ADDRESS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
_CODINGS = st.sampled_from([0, 1, 3, 4, 5, 8, 8, 8, 14, 15, 0x10, 0x18, 0x14, 0xF0, 0xF4, 0xE0])


@st.composite
def submits(draw: st.DrawFn) -> smpp34.SubmitSm:
    tlvs = draw(
        st.lists(
            st.builds(
                smpp34.Tlv,
                st.sampled_from([0x0424, 0x020C, 0x020E, 0x020F, 0x0204, 0x1400, 0x3FFF]),
                st.binary(max_size=12),
            ),
            max_size=3,
        )
    )
    return smpp34.SubmitSm(
        draw(_ADDRESS), draw(_ADDRESS), draw(st.binary(max_size=150)),
        source_addr_ton=draw(st.integers(0, 6)), dest_addr_ton=draw(st.integers(0, 6)),
        esm_class=draw(st.sampled_from([0, 0, 0x40, 0x03])), data_coding=draw(_CODINGS),
        service_type=draw(st.sampled_from(["", "CMT"])), tlvs=tlvs,
        validity_period=draw(st.sampled_from(["", "000001000000000R"])),
        sequence_number=draw(st.integers(1, 0x7FFFFFFF)),
    )  # fmt: skip


def _taken(data: bytes) -> list[Said]:
    """All texts that `up` finds, as if each had been read one by one."""
    taken = DIALECT.up(data)
    found = list(taken.others)
    bodies = taken.bodies.to_pylist() if taken.bodies is not None else []
    for begin, end, sender, body in zip(
        taken.begins, taken.ends, taken.senders, bodies, strict=True
    ):
        found.append(Said(begin, end, sender, "", body))
    return sorted(found, key=lambda one: one.begin)


def _shown(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


@given(st.lists(submits(), min_size=1, max_size=6))
def test_compiled_and_plain_reading_agree(messages: list[smpp34.SubmitSm]) -> None:
    frames = [one.encode() for one in messages]
    found = {one.begin: one for one in _taken(b"".join(frames))}
    at = 0
    for frame in frames:
        alone, batch = DIALECT.said(frame), found.pop(at, None)
        assert (alone is None) == (batch is None)
        if alone is not None and batch is not None:
            assert (batch.end, batch.sender) == (at + len(frame), alone.sender)
            assert _shown(batch.text) == _shown(alone.text)
            assert batch.part == alone.part
        at += len(frame)
    assert not found


@given(submits())
def test_fields_are_those_that_smpp34_reads(message: smpp34.SubmitSm) -> None:
    fields = reading.fields_of(message.encode())
    decoded = smpp34.decode(message.encode())
    assert fields is not None
    assert isinstance(decoded, smpp34.SubmitSm)
    assert fields.sender[2:].decode() == decoded.source_addr
    assert fields.recipient[2:].decode() == decoded.destination_addr
    assert (fields.sender[0], fields.recipient[0]) == (
        decoded.source_addr_ton, decoded.dest_addr_ton,
    )  # fmt: skip
    assert (fields.octets, fields.coding) == (decoded.short_message, decoded.data_coding)
    first = {tlv.tag: tlv.value for tlv in reversed(decoded.tlvs)}
    assert fields.options == first


@given(st.binary(max_size=300), st.integers(0, 255))
def test_octets_read_alike_in_every_alphabet(octets: bytes, coding: int) -> None:
    frame = smpp34.SubmitSm("a", "1", octets[:254], data_coding=coding).encode()
    for dialect in (DIALECT, _LATIN):
        said = dialect.said(frame)
        taken = dialect.up(frame)
        if said is None:
            assert (taken.unread, len(taken.begins)) == (1, 0)
        elif taken.bodies is not None:
            assert taken.bodies[0].as_py() == _shown(said.text)


_LATIN = Smpp("latin1")


@pytest.mark.parametrize(
    ("text", "octets", "coding"),
    [
        ("安全账户", "安全账户".encode("utf-16-be"), 8),
        ("安全账户", "安全账户".encode("gb18030"), 15),
        ("😀", "😀".encode("utf-16-be"), 0x18),
        ("a€[x]@_", b"a\x1be\x1b<x\x1b>\x00\x11", 0),
        ("naïve", "naïve".encode("latin-1"), 3),
        ("привет", "привет".encode("iso8859_5"), 6),
        ("안녕", "안녕".encode("euc_kr"), 14),
    ],
)
def test_alphabets(text: str, octets: bytes, coding: int) -> None:
    [said] = _taken(smpp34.SubmitSm("a", "1", octets, data_coding=coding).encode())
    assert said.text == text


def test_what_is_no_text_is_not_read() -> None:
    for coding in (2, 4, 0x14, 0x20, 0xF5):
        assert DIALECT.up(smpp34.SubmitSm("a", "1", b"xx", data_coding=coding).encode()).unread == 1


def _frame(command: int, body: bytes) -> bytes:
    return Pdu(command, 0, 9, body).frame


UCS2 = HONEST.encode("utf-16-be")
_TAIL = b"\0\0\0\0\0\0\0\x08\0" + bytes([len(UCS2)]) + UCS2


@pytest.mark.parametrize(
    ("command", "body", "sender", "recipient"),
    [
        (0x21, b"\0\x01\x01447\0\x02\x01\x01\x018615\0\x02list\0" + _TAIL, "+447", "+8615"),
        (0x21, b"\0\x05\0BANK\0\x01\x02list\0" + _TAIL, "BANK", "list"),
        (
            0x103,
            b"\0\x00\x011069\0\x01\x018615\0\0\0\x08\x04\x24" + struct.pack(">H", len(UCS2)) + UCS2,
            "1069",
            "+8615",
        ),
        (0x07, b"id7\0\x00\x011069\0\0\0\0\0" + bytes([len(UCS2)]) + UCS2, "1069", ""),
    ],
)
def test_other_requests_that_carry_texts(
    command: int, body: bytes, sender: str, recipient: str
) -> None:
    """submit_multi, data_sm, and replace_sm, whose alphabet is not told."""
    [said] = _taken(_frame(command, body))
    assert (said.text, said.sender, said.recipient) == (HONEST, sender, recipient)


def test_a_replaced_text_in_latin_letters_is_read() -> None:
    [said] = _taken(_frame(0x07, b"id7\0\x00\x011069\0\0\0\0\0\x05hello"))
    assert said.text == "hello"


def test_message_payload_and_short_message_are_read_together() -> None:
    frame = submit("安全", 1, tlvs=[smpp34.Tlv(0x0424, "账户".encode("utf-16-be"))])
    assert [said.text for said in _taken(frame)] == ["安全账户"]


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (b"\x05\x00\x03\x2a\x03\x02", Part(42, 3, 2)),
        (b"\x06\x08\x04\x01\x02\x05\x05", Part(0x102, 5, 5)),
        (b"\x0a\x05\x04\x00\x00\x00\x01\x00\x02\x01\x00", None),
        (b"\x0b\x05\x04\x00\x00\x00\x01\x00\x03\x07\x02\x01", Part(7, 2, 1)),
        (b"\x05\x00\x03\x2a\x03\x04", None),
        (b"\x05\x00\x03\x2a\x00\x00", None),
    ],
)
def test_parts_by_header(header: bytes, part: Part | None) -> None:
    frame = submit("", 1, octets=header + UCS2, esm_class=0x40)
    [said] = _taken(frame)
    assert (said.part, said.text) == (part, HONEST)


def test_parts_by_sar() -> None:
    tlvs = [smpp34.Tlv(0x020C, b"\1\2"), smpp34.Tlv(0x020E, b"\3"), smpp34.Tlv(0x020F, b"\2")]
    [said] = _taken(submit(HONEST, 1, tlvs=tlvs))
    assert said.part == Part(0x102, 3, 2)


def test_a_header_longer_than_the_text_hides_nothing() -> None:
    [said] = _taken(submit("", 1, octets=b"\xff" + b"\0" + UCS2, esm_class=0x40))
    assert HONEST in said.text


@given(st.binary(max_size=400))
def test_bodies_of_chance(body: bytes) -> None:
    for command in (0x04, 0x05, 0x07, 0x21, 0x103, 0x09, 0x80000009, 0x77):
        frame = _frame(command, body)
        taken = DIALECT.up(frame)
        assert (taken.frames, taken.end) == (1, len(frame))
        DIALECT.login(frame)
        DIALECT.said(frame)
        assert DIALECT.down(frame) == len(frame)
        assert head(DIALECT.answer(frame, 0x45))[1:] == (0x45, 9)


@given(st.lists(submits(), max_size=4), st.binary(max_size=40))
def test_whole_frames_end_where_they_end(messages: list[smpp34.SubmitSm], rest: bytes) -> None:
    whole = b"".join(one.encode() for one in messages)
    data = whole + rest
    lost = len(rest) >= 16 and not 16 <= int.from_bytes(rest[:4], "big") <= FRAME_MAX
    if lost:
        with pytest.raises(NoFrames) as caught:
            DIALECT.down(data)
        assert caught.value.good == len(whole)
        if whole:
            assert DIALECT.up(data).end == len(whole)
        return
    with contextlib.suppress(NoFrames):  # a later one may be none
        assert DIALECT.up(data).end >= len(whole)
        end = DIALECT.down(data)
        assert b"".join(frames_of(data[:end])) == data[:end]


@pytest.mark.parametrize("length", [0, 15, FRAME_MAX + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_one(length: int) -> None:
    bad = length.to_bytes(4, "big") + b"\0" * 12
    with pytest.raises(NoFrames) as caught:
        DIALECT.up(bad)
    assert head(caught.value.answer) == (0x80000000, 2, 0)
    good = submit(HONEST, 1)
    assert DIALECT.up(good + bad).end == len(good), "what is whole comes first"
    with pytest.raises(NoFrames) as caught:
        DIALECT.down(good + bad)
    assert caught.value.good == len(good)


def test_logins() -> None:
    login = DIALECT.login(bind(account="abc", password="secret"))
    assert (login.account, login.password) == ("abc", "secret")  # type: ignore[union-attr]
    assert "secret" not in repr(login)
    assert DIALECT.login(Pdu(0x80000009, 0, 1, b"x\0").frame) is True
    assert DIALECT.login(Pdu(0x80000002, 0x0E, 1, b"").frame) is False
    assert DIALECT.login(submit(HONEST, 1)) is None


def test_every_data_coding_is_decided() -> None:
    table = alphabets.table()
    known = {alphabets.GSM7, alphabets.LATIN, alphabets.UCS2, alphabets.UNREAD, *alphabets.CODED}
    assert set(np.unique(table).tolist()) <= known
    for coding in Random(1).sample(range(256), 40):
        if table[coding] != alphabets.UNREAD:
            alphabets.decode(b"ab", int(table[coding]))
