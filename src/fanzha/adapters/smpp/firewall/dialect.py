"""SMPP 3.4 as the firewall's core asks for it: whole frames, their texts, answers, logins. Pure."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fanzha.adapters.smpp.codec import FRAME_MAX, HEADER, RESPONSE, Bind, Command, Malformed, Status
from fanzha.adapters.smpp.firewall.alphabets import EXTENSION, GSM, table
from fanzha.adapters.smpp.firewall.reading import address, read
from fanzha.adapters.smpp.firewall.scan import ELSE, check, cut, utf8
from fanzha.ports.text_wire import Login, NoFrames, Said, Taken

__all__ = ["Smpp"]

_BINDS = (Command.bind_receiver, Command.bind_transmitter, Command.bind_transceiver)
_ADDRESSES = 65_536
"""Writings of senders that are kept read."""
_NACK = HEADER.pack(HEADER.size, Command.generic_nack, Status.ESME_RINVCMDLEN, 0)
_NOTHING = Taken(0, 0, (), (), (), None)


class Smpp:
    """A `ports.text_wire.Dialect`. `default_alphabet` is what the centre takes data_coding 0 to
    be: `gsm7`, `latin1`, `ucs2`, `gb18030` or `utf8`."""

    name = "smpp"

    def __init__(self, default_alphabet: str = "gsm7") -> None:
        self._alphabets = table(default_alphabet)
        self._addresses: dict[bytes, str] = {}
        check()

    def up(self, data: bytes) -> Taken:
        if len(data) < HEADER.size:
            return _NOTHING
        octets = np.frombuffer(data, dtype=np.uint8)
        frames, found_end, lost, bounds, kinds, fields = cut(octets, self._alphabets, FRAME_MAX)
        end = int(found_end)
        if lost:
            if end == 0:
                raise NoFrames(0, _NACK)
            return self.up(data[:end])  # what is whole comes first; the rest is lost next time
        others, unread = [], 0
        if (kinds == ELSE).any():
            for k in np.flatnonzero(kinds == ELSE).tolist():
                begin, after = int(bounds[k]), int(bounds[k + 1])
                said = read(data[begin:after], self._alphabets)
                if said is None:
                    unread += 1
                    continue
                others.append(Said(begin, after, said.sender, said.recipient, said.text, said.part))
        if not len(fields):
            return Taken(end, frames, (), (), (), None, others, unread)
        text, offsets = utf8(octets, fields, GSM, EXTENSION)
        rows = len(fields)
        bodies = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text))
        begins, ends, at, after = fields[:, :4].T.tolist()
        senders = [self._address(data[a:b]) for a, b in zip(at, after, strict=True)]
        return Taken(end, frames, begins, ends, senders, bodies, others, unread)

    def down(self, data: bytes) -> int:
        at, size = 0, len(data)
        while size - at >= HEADER.size:
            length = int.from_bytes(data[at : at + 4], "big")
            if not HEADER.size <= length <= FRAME_MAX:
                raise NoFrames(at, b"")
            if size - at < length:
                break
            at += length
        return at

    def said(self, frame: bytes) -> Said | None:
        return read(frame, self._alphabets)

    def answer(self, frame: bytes, status: int) -> bytes:
        """Header only, as clause 4.4.2 has it for a status that is not zero."""
        command = int.from_bytes(frame[4:8], "big")
        sequence = int.from_bytes(frame[12:16], "big")
        return HEADER.pack(HEADER.size, command | RESPONSE, status, sequence)

    def login(self, frame: bytes) -> Login | bool | None:
        command = int.from_bytes(frame[4:8], "big")
        if command in _BINDS:
            try:
                bind = Bind.of(frame[HEADER.size :])
            except Malformed:
                return Login("", "")
            return Login(bind.system_id, bind.password)
        if command & RESPONSE and command & ~RESPONSE in _BINDS:
            return int.from_bytes(frame[8:12], "big") == Status.ESME_ROK
        return None

    def _address(self, written: bytes) -> str:
        found = self._addresses.get(written)
        if found is None:
            if len(self._addresses) >= _ADDRESSES:
                self._addresses.clear()
            found = self._addresses[written] = address(written)
        return found
