"""CMPP against bytes that others published, against itself, and against chance.

The vectors are those of github.com/bigwhite/gocmpp at 396bbe800210b078c98b11f4484d2b7faa9b885a
(Apache-2.0): connect_test.go, submit_test.go, deliver_test.go.
"""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.cmpp.codec import (
    FRAME_MAX,
    HEADER,
    V2,
    V3,
    Command,
    Connect,
    Deliver,
    Malformed,
    Submit,
    authenticator,
    connect_resp,
    frame,
    resp,
    result_of,
)
from fanzha.adapters.cmpp.dialect import Cmpp
from fanzha.ports.text_wire import Login, NoFrames, Part

DIALECT = Cmpp()
CONNECT = bytes.fromhex(
    "00000027 00000001 00000017 393030303031 90d00c1d517abd0b4f65f6bcf8535d16 21 3cdc73be"
)
CONNECT_RESP_2 = bytes.fromhex("0000001e 80000001 00000017 00 6c0b846e25bab6daa4ed1c466e0f4bd8 21")
CONNECT_RESP_3 = bytes.fromhex(
    "00000021 80000001 00000017 00000000 7942977274098cf210ab0c16c367bc8d 30"
)
_TEXT = "6d4b8bd50067006f0063006d0070007000200073007500620 06d00690074".replace(" ", "")
SUBMIT_2 = bytes.fromhex(
    "000000bd 00000004 00000017 0000000000000000 01 01 01 01 74657374000000000000 02"
    "3133353030303032363936 00000000000000000000 00 00 08 393030303031 3032 313000000000"
    "3135313130353133313535353130312b 00 0000000000000000000000000000000000"
    "393030303031 000000000000000000000000000000 01"
    f"3133353030303032363936 00000000000000000000 1e {_TEXT} 0000000000000000"
)
SUBMIT_3 = bytes.fromhex(
    "000000e1 00000004 00000017 0000000000000000 01 01 01 01 74657374000000000000 02"
    "3133353030303032363936 000000000000000000000000000000000000000000 00 00 00 08"
    "393030303031 3032 313000000000 3135313130353133313535353130312b 00"
    "0000000000000000000000000000000000 393030303031 000000000000000000000000000000 01"
    "3133353030303032363936 000000000000000000000000000000000000000000 00 1e"
    f"{_TEXT} 0000000000000000000000000000000000000000"
)
SUBMIT_RESP_2 = bytes.fromhex("00000015 80000004 00000017 b2b9da8000010000 00")
SUBMIT_RESP_3 = bytes.fromhex("00000018 80000004 00000017 b2b9da8000010000 00000000")
_MO = "12 546869732069732061 2074657374204d4f2e"
DELIVER_2 = bytes.fromhex(
    "00000067 00000005 00000005 b525628000010000 393030303031 000000000000000000000000000000"
    "00000000000000000000 00 00 00 3133343132333430303030 00000000000000000000 00"
    f"{_MO} 0000000000000000"
)
DELIVER_3 = bytes.fromhex(
    "0000007f 00000005 00000001 b4c5530000010000 393030303031 000000000000000000000000000000"
    "00000000000000000000 00 00 00 3133343132333430303030"
    "000000000000000000000000000000000000000000 00 00"
    f"{_MO} 0000000000000000000000000000000000000000"
)
MSG_ID = 12878564852733378560
DIGEST = CONNECT[18:34]


def test_a_login_as_published() -> None:
    login = Connect("900001", authenticator("900001", "888888", 1021080510), 0x21, 1021080510)
    assert frame(Command.CONNECT, 0x17, login.body) == CONNECT
    assert Connect.of(CONNECT[12:]) == login
    for version, published, status in (
        (0x21, CONNECT_RESP_2, b"\0"),
        (V3, CONNECT_RESP_3, bytes(4)),
    ):
        ours = hashlib.md5(status[-1:] * (1 if version < V3 else 0) + DIGEST + b"888888").digest()
        if version < V3:
            assert connect_resp(0x17, 0, ours, version) == published
        assert DIALECT.login(published) is True
        assert connect_resp(0x17, 0, published[-17:-1], version) == published


@pytest.mark.parametrize(("published", "version"), [(SUBMIT_2, V2), (SUBMIT_3, V3)])
def test_a_submit_as_published(published: bytes, version: int) -> None:
    content = "测试gocmpp submit".encode("utf-16-be")
    submit = Submit(
        "900001", ("13500002696",), content, version, registered_delivery=1, msg_level=1,
        service_id="test", fee_user_type=2, fee_terminal_id="13500002696", msg_src="900001",
        fee_type="02", fee_code="10", valid_time="151105131555101+",
    )  # fmt: skip
    assert frame(Command.SUBMIT, 0x17, submit.body) == published
    assert Submit.of(published[12:], version) == submit
    said = DIALECT.said(published)
    assert said is not None
    assert (said.text, said.sender, said.recipient) == (
        "测试gocmpp submit", "900001", "13500002696",
    )  # fmt: skip


@pytest.mark.parametrize(("published", "version"), [(SUBMIT_RESP_2, V2), (SUBMIT_RESP_3, V3)])
def test_an_answer_as_published(published: bytes, version: int) -> None:
    assert resp(Command.SUBMIT, 0x17, MSG_ID, 0, version) == published
    assert result_of(published[12:]) == (MSG_ID, 0)


@pytest.mark.parametrize(("published", "version"), [(DELIVER_2, V2), (DELIVER_3, V3)])
def test_a_delivery_as_published(published: bytes, version: int) -> None:
    delivery = Deliver.of(published[12:], version)
    assert (delivery.dest_id, delivery.src_terminal_id, delivery.content) == (
        "900001", "13412340000", b"This is a test MO.",
    )  # fmt: skip
    assert (
        frame(Command.DELIVER, int.from_bytes(published[8:12], "big"), delivery.body) == published
    )


def test_a_refusal_has_the_version_of_what_it_refuses() -> None:
    assert DIALECT.answer(SUBMIT_2, 20) == bytes.fromhex(
        "00000015 80000004 00000017 0000000000000000 14"
    )
    assert DIALECT.answer(SUBMIT_3, 20) == bytes.fromhex(
        "00000018 80000004 00000017 0000000000000000 00000014"
    )
    away = DIALECT.answer(CONNECT, 5)
    assert len(away) == len(CONNECT_RESP_2)
    assert DIALECT.login(away) is False
    assert DIALECT.login(CONNECT) == Login("900001", None)


_NAME = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=8)
_OCTET = st.integers(0, 255)
_SUBMITS = st.builds(
    Submit,
    src_id=_NAME, destinations=st.lists(_NAME, max_size=9).map(tuple),
    content=st.binary(max_size=255), version=st.sampled_from([V2, V3]), msg_fmt=_OCTET,
    tp_udhi=st.integers(0, 1), pk_total=_OCTET, pk_number=_OCTET,
    msg_id=st.integers(0, (1 << 64) - 1), link_id=_NAME, service_id=_NAME,
)  # fmt: skip


@given(_SUBMITS)
def test_submits_come_back(submit: Submit) -> None:
    assert Submit.of(submit.body, submit.version) == submit
    DIALECT.said(frame(Command.SUBMIT, 1, submit.body))


@given(st.binary(max_size=400), st.integers(0, 0xFFFFFFFF))
def test_bodies_of_chance(body: bytes, command: int) -> None:
    for one in (command, *Command, 0x80000001, 0x80000004):
        whole = frame(one, 7, body)
        taken = DIALECT.up(whole + whole[:5])
        assert (taken.frames, taken.end) == (1, len(whole))
        assert DIALECT.down(whole + whole[:5]) == len(whole)
        DIALECT.login(whole)
        length, answered, sequence = HEADER.unpack_from(DIALECT.answer(whole, 20))
        assert (answered, sequence) == (one | 0x80000000, 7)
        assert length == len(DIALECT.answer(whole, 20))
        for read in (Connect.of, result_of):
            try:
                read(body)
            except Malformed:
                continue
        for version in (V2, V3):
            try:
                Deliver.of(body, version)
            except Malformed:
                continue


@pytest.mark.parametrize("length", [0, 11, FRAME_MAX + 1])
def test_a_length_that_cannot_be_one(length: int) -> None:
    bad = length.to_bytes(4, "big") + bytes(12)
    with pytest.raises(NoFrames):
        DIALECT.up(bad)
    assert DIALECT.up(CONNECT + bad).end == len(CONNECT)
    with pytest.raises(NoFrames) as caught:
        DIALECT.down(CONNECT + bad)
    assert caught.value.good == len(CONNECT)


def test_parts_by_header_and_by_number() -> None:
    content = bytes.fromhex("050003070201") + "安全".encode("utf-16-be")
    said = DIALECT.said(frame(4, 1, Submit("1069", ("1",), content, tp_udhi=1).body))
    assert said is not None
    assert (said.part, said.text) == (Part(7, 2, 1), "安全")
    plain = Submit("1069", ("1",), content[6:], pk_total=2, pk_number=2)
    said = DIALECT.said(frame(4, 1, plain.body))
    assert said is not None
    assert said.part is not None
    assert (said.part.total, said.part.number) == (2, 2)


@pytest.mark.parametrize(
    ("octets", "fmt"),
    [("安全账户".encode("utf-16-be"), 8), ("安全账户".encode("gb18030"), 15),
     ("安全账户".encode("utf-16-be"), 0x18), ("安全账户".encode("gb18030"), 0)],
)  # fmt: skip
def test_alphabets_of_cmpp(octets: bytes, fmt: int) -> None:
    said = DIALECT.said(frame(4, 1, Submit("1069", ("1",), octets, msg_fmt=fmt).body))
    assert said is not None
    assert said.text == "安全账户"


def test_a_submit_that_adds_up_in_both_versions_is_read_in_both() -> None:
    """Whoever writes binary for us and a text for the gateway is judged for the text."""
    hidden = "兼职刷单日结".encode("utf-16-be")
    content = (bytes(17) + bytes([54]) + hidden).ljust(60, b"\0")
    both = Submit(
        "1069".ljust(9, "0") + "\3",  # where 2.0 has the number of recipients
        ("1",), content, V3, msg_fmt=4, fee_terminal_id="1".ljust(23, "0") + "\10",
    ).body  # fmt: skip
    assert Submit.of(both, V3).msg_fmt == 4
    assert Submit.of(both, V2).content.startswith(hidden)
    said = DIALECT.said(frame(Command.SUBMIT, 1, both))
    assert said is not None
    assert "兼职刷单日结" in said.text
