"""An edge that answers from a dictionary, or badly: dead, slow, cutting off, talking nonsense."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from pathlib import Path
from types import TracebackType

from fanzha.values import phone_number

NOTHING = (0, 0)


class StubEdge:
    """`with StubEdge(path, {"+86154…": (Effect.REFUSE, code)}) as edge`; `edge.how` says how badly:
    `well`, `silent`, `slow`, `cut`, or bytes to answer with whatever is asked."""

    def __init__(self, path: Path, entries: dict[str, tuple[int, int]]) -> None:
        self.path = path
        self.entries = {phone_number.read(n)[0]: found for n, found in entries.items()}
        self.how: str | bytes = "well"
        self.asked: list[list[str]] = []
        self.links = 0
        self._server: socket.socket | None = None
        self._open: set[socket.socket] = set()

    def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(self.path))
        self._server.listen(64)
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def stop(self) -> None:
        """As if it were killed: the links break, the socket stays on disk."""
        if self._server is not None:
            self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
        for link in list(self._open):
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = server.accept()
                self.links += 1
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        self._open.add(link)
        with contextlib.suppress(OSError, struct.error), link:
            while True:
                (length,) = struct.unpack("!I", _exactly(link, 4))
                numbers = _numbers(_exactly(link, length))
                self.asked.append(numbers)
                if self.how == "silent":
                    continue
                if self.how == "slow":
                    time.sleep(0.2)
                answer = self._answer(numbers) if isinstance(self.how, str) else self.how
                if self.how == "cut":
                    link.sendall(answer[: len(answer) // 2])
                    return
                link.sendall(answer)
        self._open.discard(link)

    def _answer(self, numbers: list[str]) -> bytes:
        found = [self.entries.get(phone_number.read(n)[0], NOTHING) for n in numbers]
        body = b"".join(struct.pack("!BQI", effect, code, 0) for effect, code in found)
        return struct.pack("!IBB", 2 + len(body), 1, len(found)) + body

    def __enter__(self) -> StubEdge:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()


def _numbers(body: bytes) -> list[str]:
    found, at = [], 2
    for _ in range(body[1]):
        kind, size = struct.unpack_from("!BH", body, at)
        assert kind == 1
        found.append(body[at + 3 : at + 3 + size].decode())
        at += 3 + size
    assert body[0] == 1
    assert at == len(body)
    return found


def _exactly(link: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = link.recv(size - len(found))
        if not piece:
            raise OSError("ended")
        found += piece
    return found
