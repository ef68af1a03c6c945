"""What is fuzzed on the road to phones: frames, binds, submits, receipts, times."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random

import smpp34

from fanzha.adapters.smpp import text as words
from fanzha.adapters.smpp.codec import (
    Bind,
    Command,
    Framer,
    Malformed,
    Pdu,
    Tag,
    answer,
    message_id_of,
    read_time,
    receipt_of,
    receipt_text,
    typed,
)
from fanzha.adapters.smpp.submission import read
from tools.soak.mutate import broken, text

Case = Callable[[Random], None]
_NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
_SUBMIT = smpp34.SubmitSm(
    "96110", "8615400000001", words.header(words.Part(1, 2, 1)) + "骗".encode("utf-16-be"),
    esm_class=0x40, data_coding=8, validity_period="000001000000000R",
    tlvs=[smpp34.Tlv(Tag.user_message_reference, b"\0\1")],
).encode()  # fmt: skip
_RECEIPT = smpp34.DeliverSm(
    "8615400000001", "96110", receipt_text("abc123", 2, _NOW, _NOW), esm_class=0x04,
    tlvs=[smpp34.Tlv(Tag.receipted_message_id, b"zz\0")],
).encode()  # fmt: skip
_BIND = Pdu(Command.bind_transceiver, 0, 1, Bind("fanzha", "secret", "").body).frame
_ANSWER = answer(Pdu(Command.submit_sm, 0, 7, b""), 0, "a1").frame


@contextmanager
def frames() -> Iterator[Case]:
    """Broken conversations, in any pieces: understood or Malformed, nothing else."""

    def case(chance: Random) -> None:
        whole = b"".join(
            chance.choice((_SUBMIT, _RECEIPT, _BIND, _ANSWER)) for _ in range(chance.randint(1, 5))
        )
        stream = broken(chance, whole)
        framer, at = Framer(), 0
        with contextlib.suppress(Malformed):
            while at < len(stream):
                size = chance.randint(1, 90)
                for pdu in framer.feed(stream[at : at + size]):
                    _understand(pdu)
                at += size
        with contextlib.suppress(Malformed):
            read_time(text(chance, 17))

    yield case


def _understand(pdu: Pdu) -> None:
    with contextlib.suppress(Malformed):
        Bind.of(pdu.body)
    with contextlib.suppress(Malformed):
        message_id_of(pdu)
    for command in (Command.submit_sm, Command.deliver_sm):
        with contextlib.suppress(Malformed):
            message = typed(Pdu(command, 0, 1, pdu.body))
            if isinstance(message, smpp34.DeliverSm):
                receipt_of(message)
            else:
                submission = read(Pdu(command, 0, 1, pdu.body), _NOW)
                assert submission.to.isdigit()
                submission.text()
