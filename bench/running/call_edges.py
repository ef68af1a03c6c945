"""Processes that a switch asks about callers: our edge, and an HTTP service as one would write it.

`python -m bench.running.call_edges edge|http PLACE ENTRIES`; prints a line when it answers.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.sip import CallWire, run
from fanzha.lists.form import Effect, Kind
from fanzha.testing.lists import Entry, MemoryLists, entry
from fanzha.values import reserved

BAD, DOUBTFUL, GOOD = 0, 10_000_000, 20_000_000
"""The first invented mobile of each sort; of the first two every one of a million is listed."""


def entries(count: int) -> list[Entry]:
    """Half of them refused, half marked as doubtful."""
    half = count // 2
    return [
        *(entry(Kind.NUMBER, reserved.mobile(BAD + n), Effect.REFUSE, n + 1) for n in range(half)),
        *(
            entry(Kind.NUMBER, reserved.mobile(DOUBTFUL + n), Effect.LABEL, n + 1)
            for n in range(half)
        ),
    ]


def edge(place: Path, count: int) -> None:
    """Our own, with its socket at `place`."""
    follower = Follower(MemoryLists(entries(count)), place.with_suffix(".kept"))

    def ready() -> None:
        while follower.version is None:
            pass
        print("ready", flush=True)

    run(CallWire(place), follower, ready)


def http(port: int, count: int) -> None:
    """A dictionary behind uvicorn and FastAPI."""
    import uvicorn
    from fastapi import FastAPI

    known = {one[2].decode(): one[3] for one in entries(count)}
    app = FastAPI()

    @app.get("/callers/{number}")
    async def caller(number: str) -> dict[str, int]:
        return {"effect": known.get(number, 0)}

    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="error", access_log=False, loop="uvloop")
    )

    async def serve() -> None:
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print("ready", flush=True)
        await running

    asyncio.run(serve())


if __name__ == "__main__":
    if sys.argv[1] == "edge":
        edge(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        http(int(sys.argv[2]), int(sys.argv[3]))
