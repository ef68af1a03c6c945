"""The text firewall as `fanzha edge sms` runs it, with a list of so many entries or none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fanzha.entrypoints.edge.follow import Follower
from fanzha.entrypoints.edge.sms import TextWire, run
from fanzha.lists.form import Kind, Match
from fanzha.testing.lists import MemoryLists, entry
from fanzha.values import reserved


def listed(count: int) -> MemoryLists:
    """Numbers, senders and names that no text of the benchmark meets."""
    third = count // 3
    return MemoryLists(
        [
            *(entry(Kind.NUMBER, reserved.mobile(50_000 + n), code=n + 1) for n in range(third)),
            *(entry(Kind.SENDER, f"firm{n}", code=n + 1) for n in range(third)),
            *(
                entry(Kind.NAME, f"n{n}.example", code=n + 1, match=Match.BELOW)
                for n in range(third)
            ),
        ]
    )


def main(told: dict[str, object]) -> None:
    entries = int(str(told.pop("entries")))
    policies = Path(__file__).resolve().parents[3] / "policies"
    data = Path(str(told["data"]))
    wire = TextWire("127.0.0.1:0", f"127.0.0.1:{told['to']}", data, policies, data / "keys.json")
    follower = Follower(listed(entries), data / "lists") if entries else None
    run(wire, follower, lambda port: print(port, flush=True))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
