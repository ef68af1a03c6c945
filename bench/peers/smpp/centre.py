"""A message centre that takes everything as fast as it can: answers, keeps nothing."""

from __future__ import annotations

import asyncio
import struct
import sys
from typing import cast

import uvloop

HEADER = struct.Struct(">IIII")
ANSWER = struct.Struct(">IIII9s")
_SUBMIT, _UNBIND, _RESPONSE = 4, 6, 0x80000000
_ID = b"00000001\0"


class Centre(asyncio.Protocol):
    """Counts the submits it takes; says the number when it is unbound."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.rest = b""
        self.taken = 0

    def data_received(self, data: bytes) -> None:
        data = self.rest + data if self.rest else data
        at, size, out = 0, len(data), []
        unpack, pack = HEADER.unpack_from, ANSWER.pack
        while size - at >= 16:
            length, command, _, sequence = unpack(data, at)
            if size - at < length:
                break
            if command == _SUBMIT:
                out.append(pack(25, 0x80000004, 0, sequence, _ID))
            elif command < _RESPONSE:
                body = b"c\0" if command != _UNBIND else b""
                out.append(HEADER.pack(16 + len(body), command | _RESPONSE, 0, sequence) + body)
            at += length
        self.rest = data[at:]
        if out:
            self.transport.write(b"".join(out))


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Centre, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
