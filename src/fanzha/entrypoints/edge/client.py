"""Asks an edge on this machine over its socket; standard library only, to be copied anywhere.

The form of questions and answers stands in `frames`.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from types import TracebackType

EDGE, NUMBER, SENDER, NAME, URL, APP = range(6)
_VERSION = 1


class Edge:
    """One connection, kept open. Raises OSError where the edge is not there or does not answer in
    time; after that a new one is needed."""

    def __init__(self, path: str, timeout_s: float = 0.2) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._socket.connect(path)

    def ask(self, items: Sequence[tuple[int, bytes]]) -> list[tuple[int, int, int]]:
        """(effect, code, ends_at) for each (kind, text), at most 255 of them; effect 0: pass."""
        body = b"".join(struct.pack("!BH", kind, len(text)) + text for kind, text in items)
        self._socket.sendall(struct.pack("!IBB", 2 + len(body), _VERSION, len(items)) + body)
        length, version, count = struct.unpack("!IBB", self._read(6))
        if version != _VERSION or count != len(items) or length != 2 + 13 * count:
            raise OSError("the edge speaks otherwise")
        return list(struct.iter_unpack("!BQI", self._read(13 * count)))

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = self._socket.recv(size - len(found))
            if not piece:
                raise ConnectionResetError("the edge has closed")
            found += piece
        return found

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Edge:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
