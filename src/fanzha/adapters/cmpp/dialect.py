"""CMPP as the text firewall's core asks for it: whole frames, texts, answers, logins. Pure.

A frame does not say its version; the login of its connection did. A submit is read as the version
in which its lengths add up, and as both where they do in both, so that neither hides a text.
"""

from __future__ import annotations

from fanzha.adapters.cmpp.codec import (
    FRAME_MAX,
    HEADER,
    RESPONSE,
    V2,
    V3,
    Command,
    Connect,
    Malformed,
    Submit,
    connect_resp,
    frame,
    resp,
)
from fanzha.lifecycles.message.headers import place
from fanzha.ports.text_wire import Login, NoFrames, Part, Said, Taken

__all__ = ["Cmpp"]

_ALPHABETS = {0: "ascii", 3: "latin-1", 8: "utf-16-be", 15: "gb18030"}
"""Msg_Fmt (8.4.3.1). 4 is binary; 0x10 and 0x18 are 0 and 8 with class 0, a flash."""
_CLASSED = 0x10
_ACROSS = 1 << 16
"""Reference of parts that are numbered by Pk_total alone: no header's."""
_LOGIN_VERSION = 22


class Cmpp:
    """A `ports.text_wire.Dialect`."""

    name = "cmpp"

    def up(self, data: bytes) -> Taken:
        others: list[Said] = []
        at = frames = unread = 0
        while (end := _end(data, at)) is not None:
            if end < 0:
                if at == 0:
                    raise NoFrames(0, b"")
                break
            if int.from_bytes(data[at + 4 : at + 8], "big") == Command.SUBMIT:
                said = self.said(data[at:end])
                if said is None:
                    unread += 1
                else:
                    others.append(Said(at, end, said.sender, said.recipient, said.text, said.part))
            frames += 1
            at = end
        return Taken(at, frames, (), (), (), None, others, unread)

    def down(self, data: bytes) -> int:
        at = 0
        while (end := _end(data, at)) is not None:
            if end < 0:
                raise NoFrames(at, b"")
            at = end
        return at

    def said(self, frame: bytes) -> Said | None:
        found = [one for submit in _readings(frame) if (one := _said(submit, len(frame)))]
        if len(found) < 2:
            return found[0] if found else None
        first = found[0]
        text = "\n".join(one.text for one in found)
        return Said(0, len(frame), first.sender, first.recipient, text, first.part)

    def answer(self, frame_: bytes, status: int) -> bytes:
        _, command, sequence = HEADER.unpack_from(frame_)
        if command == Command.CONNECT:
            at = HEADER.size + _LOGIN_VERSION
            version = frame_[at] if at < len(frame_) else V2
            return connect_resp(sequence, status, bytes(16), version)
        if command == Command.SUBMIT:
            readings = _readings(frame_)
            version = readings[0].version if readings else V3
            return resp(Command.SUBMIT, sequence, 0, status, version)
        return frame(command | RESPONSE, sequence, b"")

    def login(self, frame: bytes) -> Login | bool | None:
        """CMPP sends a digest that only the gateway can check, so there is no password here."""
        _, command, _ = HEADER.unpack_from(frame)
        body = frame[HEADER.size :]
        if command == Command.CONNECT:
            try:
                return Login(Connect.of(body).source, None)
            except Malformed:
                return Login("", None)
        if command == Command.CONNECT | RESPONSE:
            return len(body) > 17 and int.from_bytes(body[:-17], "big") == 0
        return None


def _end(data: bytes, at: int) -> int | None:
    """Where the frame at `at` ends; None: not whole yet; -1: it cannot be one."""
    if len(data) - at < HEADER.size:
        return None
    length = int.from_bytes(data[at : at + 4], "big")
    if not HEADER.size <= length <= FRAME_MAX:
        return -1
    return at + length if len(data) - at >= length else None


def _readings(frame: bytes) -> list[Submit]:
    """The submit as 3.0 and as 2.0, where it is one."""
    found = []
    for version in (V3, V2):
        try:
            found.append(Submit.of(frame[HEADER.size :], version))
        except Malformed:
            continue
    return found


def _said(submit: Submit, end: int) -> Said | None:
    octets = submit.content
    across = submit.pk_total > 1 and 1 <= submit.pk_number <= submit.pk_total
    part = Part(_ACROSS, submit.pk_total, submit.pk_number) if across else None
    if submit.tp_udhi:
        found, begin = place(octets)
        part = Part(*found) if found else part
        octets = octets[begin:]
    fmt = submit.msg_fmt
    alphabet = _ALPHABETS.get(fmt - _CLASSED if fmt & 0xF0 == _CLASSED else fmt)
    if alphabet is None or not octets:
        return None
    if alphabet == "utf-16-be":
        text = octets[: len(octets) & ~1].decode(alphabet, "surrogatepass")
    else:
        # Seven-bit text with octets above is read as what GBK makes of it, as phones here do.
        text = octets.decode("gb18030" if alphabet == "ascii" else alphabet, "replace")
    recipient = submit.destinations[0] if submit.destinations else ""
    return Said(0, end, submit.src_id, recipient, text, part)
