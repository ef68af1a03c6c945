"""What is fuzzed of the text firewall: both protocols' reading, and whole crossings of the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import smpp34

from fanzha.adapters.cmpp.codec import Connect, Submit, frame
from fanzha.adapters.cmpp.dialect import Cmpp
from fanzha.adapters.smpp.codec import Bind, Command, Pdu
from fanzha.adapters.smpp.firewall.dialect import Smpp
from fanzha.adapters.smpp.firewall.joining import Bounds, Joiner
from fanzha.ports.text_wire import Dialect, NoFrames, Said
from tools.soak.mutate import broken, text

Case = Callable[[Random], None]
_CODINGS = (0, 1, 3, 4, 5, 6, 8, 8, 8, 13, 14, 15, 0x18, 0xF0)


@contextmanager
def wires() -> Iterator[Case]:
    """Broken conversations in any pieces: frames end where they begin to be none, texts are read
    alike alone and in a batch, parts stay within their bounds."""
    dialects: tuple[Dialect, ...] = (Smpp(), Cmpp())
    now = [0.0]
    joiner = Joiner(Bounds(texts=50, characters=5_000, keep_s=30.0), lambda: now[0])

    def case(chance: Random) -> None:
        dialect = chance.choice(dialects)
        make = _smpp if dialect.name == "smpp" else _cmpp
        stream = broken(chance, b"".join(make(chance) for _ in range(chance.randint(1, 6))))
        now[0] += chance.random()
        rest, at = b"", 0
        while at < len(stream):
            size = chance.randint(1, 400)
            rest, at = rest + stream[at : at + size], at + size
            try:
                end = _read(dialect, rest, joiner)
            except NoFrames as error:
                dialect.login(error.answer) if error.answer else None
                return
            rest = rest[end:]

    yield case


def _read(dialect: Dialect, data: bytes, joiner: Joiner) -> int:
    taken = dialect.up(data)
    bodies = [] if taken.bodies is None else taken.bodies.to_pylist()
    for begin, end, body in zip(taken.begins, taken.ends, bodies, strict=True):
        said = dialect.said(data[begin:end])
        assert said is not None
        assert _shown(said.text) == body, "alone and in a batch"
    for one in taken.others:
        assert dialect.said(data[one.begin : one.end]) is not None
        dialect.answer(data[one.begin : one.end], 0x45)
        _join(joiner, one)
    if taken.end:
        dialect.login(data[: int.from_bytes(data[:4], "big")])
    try:
        end = dialect.down(data)
    except NoFrames as error:
        end = error.good
    assert end == taken.end
    return taken.end


def _join(joiner: Joiner, said: Said) -> None:
    if said.part is not None and said.part.total > 1:
        joiner.add("account", said)
        assert len(joiner) <= 50


def _shown(said: str) -> str:
    return said.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _smpp(chance: Random) -> bytes:
    if chance.random() < 0.15:
        return Pdu(Command.bind_transceiver, 0, 1, Bind("esme", "secret").body).frame
    if chance.random() < 0.2:
        command = chance.choice((0x03, 0x07, 0x15, 0x21, 0x103, 0x80000005))
        return Pdu(command, 0, 1, chance.randbytes(chance.randint(0, 80))).frame
    head = chance.choice((b"", b"\5\0\3\1\3\2", b"\6\x08\4\1\1\3\1"))
    octets = (head + text(chance, 60).encode("utf-16-be", "surrogatepass"))[:250]
    tags = (0x0424, 0x020C, 0x020E, 0x020F, 0x1400)
    tlvs = [smpp34.Tlv(tag, chance.randbytes(chance.randint(0, 9))) for tag in tags
            if chance.random() < 0.15]  # fmt: skip
    return smpp34.SubmitSm(
        "10690001", "8615400000001", octets, esm_class=0x40 if head else 0,
        data_coding=chance.choice(_CODINGS), tlvs=tlvs,
    ).encode()  # fmt: skip


def _cmpp(chance: Random) -> bytes:
    version = chance.choice((0x20, 0x30))
    if chance.random() < 0.15:
        return frame(1, 1, Connect("900001", bytes(16), version, 1126173000).body)
    octets = text(chance, 60).encode("utf-16-be", "surrogatepass")[:250]
    submit = Submit(
        "10690001", ("15400000001",) * chance.randint(0, 3), octets, version,
        chance.choice((0, 3, 4, 8, 8, 15, 24)), chance.randint(0, 1), chance.randint(0, 3),
        chance.randint(0, 3),
    )  # fmt: skip
    return frame(4, 1, submit.body)
