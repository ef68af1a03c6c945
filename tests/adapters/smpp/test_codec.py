"""The wire: round trips, the standard's examples, and any bytes at all."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.smpp import text
from fanzha.adapters.smpp.codec import (
    FRAME_MAX,
    STATES,
    Bind,
    Command,
    Framer,
    Malformed,
    Pdu,
    Status,
    Tag,
    address,
    answer,
    message_id_of,
    read_time,
    receipt_of,
    receipt_text,
    relative_time,
    typed,
)
from fanzha.adapters.smpp.submission import read
from fanzha.lifecycles.message.segments import Alphabet, split
from fanzha.ports.short_message import Outcome

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126))
PDUS = st.builds(
    Pdu,
    st.sampled_from([c.value for c in Command]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=300),
)


@given(st.lists(PDUS, max_size=8), st.data())
def test_frames_come_out_of_any_pieces(pdus: list[Pdu], data: st.DataObject) -> None:
    stream = b"".join(p.frame for p in pdus)
    framer = Framer()
    found = []
    at = 0
    while at < len(stream):
        size = data.draw(st.integers(1, 60))
        found += framer.feed(stream[at : at + size])
        at += size
    assert found == pdus


@pytest.mark.parametrize("length", [0, 15, FRAME_MAX + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_one_ends_the_stream(length: int) -> None:
    with pytest.raises(Malformed) as caught:
        Framer().feed(length.to_bytes(4, "big") + b"\0" * 12)
    assert caught.value.status == Status.ESME_RINVCMDLEN


@given(st.binary(max_size=400))
def test_any_bytes_are_frames_or_malformed(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        for pdu in Framer().feed(data):
            assert len(pdu.frame) <= len(data)


@given(st.sampled_from([Command.submit_sm, Command.deliver_sm]), st.binary(max_size=400))
def test_any_body_is_a_message_or_malformed(command: Command, body: bytes) -> None:
    with contextlib.suppress(Malformed):
        message = typed(Pdu(command, 0, 1, body))
        if isinstance(message, smpp34.DeliverSm):
            receipt_of(message)
        else:
            read(Pdu(command, 0, 1, body), NOW)


@given(st.data())
def test_any_change_to_a_submit_is_read_or_malformed(data: st.DataObject) -> None:
    good = smpp34.SubmitSm(
        "96110", "8615400000001", text.header(text.Part(1, 2, 1)) + "骗".encode("utf-16-be"),
        esm_class=0x40, data_coding=8, validity_period="000001000000000R",
        tlvs=[smpp34.Tlv(Tag.user_message_reference, b"\0\1")],
    ).encode()  # fmt: skip
    body = bytearray(good[16:])
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=4)):
        body[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed):
        submission = read(Pdu(Command.submit_sm, 0, 1, bytes(body)), NOW)
        assert submission.to.isdigit()
        submission.text()


@given(ASCII.filter(lambda t: len(t) <= 15), ASCII.filter(lambda t: len(t) <= 8))
def test_a_bind_comes_back(system_id: str, password: str) -> None:
    bind = Bind(system_id, password, "fraud")
    assert Bind.of(bind.body) == bind


@given(st.binary(max_size=80))
def test_any_bytes_are_a_bind_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert Bind.of(body).interface_version == body[-4]


@pytest.mark.parametrize("bind", [Bind("x" * 16, ""), Bind("", "x" * 9), Bind("反诈", "")])
def test_a_bind_that_does_not_fit_is_not_sent(bind: Bind) -> None:
    with pytest.raises(Malformed):
        _ = bind.body


def test_answers() -> None:
    submit = Pdu(Command.submit_sm, 0, 7, b"")
    assert answer(submit, 0, "a1") == Pdu(0x80000004, 0, 7, b"a1\0")
    assert message_id_of(answer(submit, 0, "a1")) == "a1"
    assert answer(submit, Status.ESME_RTHROTTLED).body == b""
    assert answer(Pdu(0x77, 0, 9, b""), Status.ESME_RINVCMDID).command == Command.generic_nack


@given(st.one_of(st.text(st.sampled_from("aZ9@[€骗😀"), min_size=1, max_size=400)))
def test_text_comes_back_through_its_parts(words: str) -> None:
    cut = split(words)
    octets = [text.encode(part, cut.alphabet) for part in cut.parts]
    assert "".join(text.decode(o, cut.alphabet) for o in octets) == words
    assert text.decode(b"".join(octets), cut.alphabet) == words
    # A part with its header of six octets fills at most one short message of 140 octets.
    septets = cut.alphabet is Alphabet.GSM7
    for part in octets if len(octets) > 1 else []:
        assert 6 + (len(part) * 7 + 7) // 8 <= 140 if septets else 6 + len(part) <= 140


@pytest.mark.parametrize("flash", [False, True])
@pytest.mark.parametrize("alphabet", Alphabet)
def test_data_coding_tells_alphabet_and_class(alphabet: Alphabet, flash: bool) -> None:
    coding = text.data_coding(alphabet, flash=flash)
    assert text.alphabet_of(coding) is alphabet
    assert text.is_flash(coding) is flash


@given(st.integers(0, 255), st.integers(1, 255), st.data())
def test_headers_come_back(reference: int, total: int, data: st.DataObject) -> None:
    part = text.Part(reference, total, data.draw(st.integers(1, total)))
    message = smpp34.SubmitSm("1", "2", text.header(part) + b"ab", esm_class=0x40)
    assert text.content(message) == (part, b"ab")


def test_other_ways_to_say_a_part_are_understood() -> None:
    wide = smpp34.SubmitSm("1", "2", bytes([6, 8, 4, 1, 2, 3, 2]) + b"ab", esm_class=0x40)
    assert text.content(wide) == (text.Part(0x0102, 3, 2), b"ab")
    sar = smpp34.SubmitSm(
        "1", "2", b"ab",
        tlvs=[
            smpp34.Tlv(Tag.sar_msg_ref_num, b"\1\2"),
            smpp34.Tlv(Tag.sar_total_segments, b"\3"),
            smpp34.Tlv(Tag.sar_segment_seqnum, b"\2"),
        ],
    )  # fmt: skip
    assert text.content(sar) == (text.Part(0x0102, 3, 2), b"ab")
    payload = smpp34.SubmitSm("1", "2", tlvs=[smpp34.Tlv(Tag.message_payload, b"x" * 1000)])
    assert text.content(payload) == (None, b"x" * 1000)


@given(st.integers(1, 99 * 86400))
def test_a_relative_time_comes_back(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert read_time(relative_time(span)) == span


def test_instants_of_other_zones() -> None:
    assert read_time("261126110000032+") == datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
    assert read_time("") is None
    for wrong in ("tomorrow", "261340000000000+", "000000000000099+", "26112611000003x+"):
        with pytest.raises(Malformed):
            read_time(wrong)


@given(st.text(max_size=17))
def test_any_time_is_read_or_malformed(words: str) -> None:
    with contextlib.suppress(Malformed):
        read_time(words)


@pytest.mark.parametrize("state", STATES)
def test_receipts_are_understood_with_and_without_parameters(state: int) -> None:
    words = receipt_text("abc123", state, NOW, NOW)
    plain = smpp34.DeliverSm("8615400000001", "96110", words, esm_class=0x04)
    found = receipt_of(plain)
    assert found is not None
    assert (found.message_id, found.outcome) == ("abc123", STATES[state][1])
    tlvs = [
        smpp34.Tlv(Tag.receipted_message_id, b"zz\0"),
        smpp34.Tlv(Tag.message_state, bytes([8])),
        smpp34.Tlv(Tag.user_message_reference, b"\1\0"),
    ]
    named = receipt_of(smpp34.DeliverSm("1", "2", words, esm_class=0x04, tlvs=tlvs))
    assert named is not None
    assert (named.message_id, named.outcome, named.reference) == ("zz", Outcome.REJECTED, 256)


def test_a_reply_is_no_receipt() -> None:
    words = receipt_text("abc123", 2, NOW, NOW)
    assert receipt_of(smpp34.DeliverSm("1", "2", words, esm_class=0)) is None
    assert receipt_of(smpp34.DeliverSm("1", "2", b"hello", esm_class=4)) is None


def test_numbers_on_the_wire() -> None:
    assert address("+8615400000001") == (1, 1, "8615400000001")
    assert address("96110") == (3, 0, "96110")
    assert address("FANZHA") == (5, 0, "FANZHA")


def submit(**changed: object) -> Pdu:
    fields: dict[str, object] = {
        "source_addr": "96110", "destination_addr": "8615400000001", "short_message": b"hi",
    }  # fmt: skip
    frame = smpp34.SubmitSm(**(fields | changed)).encode()  # type: ignore[arg-type]
    return Framer().feed(frame)[0]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"source_addr": ""}, Status.ESME_RINVSRCADR),
        ({"source_addr": "9" * 21}, Status.ESME_RINVSRCADR),
        ({"destination_addr": ""}, Status.ESME_RINVDSTADR),
        ({"destination_addr": "+8615400000001"}, Status.ESME_RINVDSTADR),
        ({"destination_addr": "12a"}, Status.ESME_RINVDSTADR),
        ({"short_message": b""}, Status.ESME_RINVMSGLEN),
        ({"short_message": b"x" * 161}, Status.ESME_RINVMSGLEN),
        ({"short_message": b"\x80"}, Status.ESME_RINVMSGLEN),
        ({"short_message": b"x", "data_coding": 8}, Status.ESME_RINVMSGLEN),
        ({"short_message": b"\xd8\x00", "data_coding": 8}, Status.ESME_RINVMSGLEN),
        ({"short_message": b"xx" * 71, "data_coding": 8}, Status.ESME_RINVMSGLEN),
        ({"data_coding": 4}, Status.ESME_RSUBMITFAIL),
        ({"esm_class": 0x01}, Status.ESME_RINVESMCLASS),
        ({"esm_class": 0x04}, Status.ESME_RINVESMCLASS),
        ({"esm_class": 0x40, "short_message": b"\x09x"}, Status.ESME_RINVESMCLASS),
        ({"esm_class": 0x40, "short_message": bytes([5, 0, 3, 1, 2, 3, 9])},
         Status.ESME_RINVESMCLASS),
        ({"schedule_delivery_time": "000001000000000R"}, Status.ESME_RINVSCHED),
        ({"validity_period": "000000000000000R"}, Status.ESME_RINVEXPIRY),
        ({"validity_period": "250101000000000+"}, Status.ESME_RINVEXPIRY),
        ({"validity_period": "soon"}, Status.ESME_RINVEXPIRY),
    ],
)  # fmt: skip
def test_what_the_centre_refuses_and_how(changed: dict[str, object], status: Status) -> None:
    assert read(submit(), NOW).text() == "hi"
    with pytest.raises(Malformed) as caught:
        read(submit(**changed), NOW)
    assert caught.value.status == status
