"""One fuzz target in a process of its own: `python -m tools.soak.fuzz_process TARGET …`.

The n-th input follows from target, seed and n alone; n stands in a shared file before the input is
tried, so that whoever watches knows it even where the process dies. `--only N` tries that one.
"""

from __future__ import annotations

import argparse
import json
import mmap
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

from tools.soak import (
    fuzz_dns,
    fuzz_firewall,
    fuzz_lists,
    fuzz_rows,
    fuzz_sip,
    fuzz_smpp,
    fuzz_text,
)

TARGETS: dict[str, Callable[[], AbstractContextManager[Callable[[Random], None]]]] = {
    "identifiers": fuzz_text.identifiers,
    "addresses": fuzz_text.addresses,
    "messages": fuzz_text.messages,
    "policy-files": fuzz_text.policy_files,
    "files": fuzz_rows.files,
    "cells": fuzz_rows.cells,
    "events-over-http": fuzz_rows.events_over_http,
    "nats-parcels": fuzz_rows.parcels,
    "smpp": fuzz_smpp.frames,
    "text-wires": fuzz_firewall.wires,
    "sip-requests": fuzz_sip.requests,
    "sip-tokens": fuzz_sip.tokens,
    "scoring": fuzz_rows.scoring,
    "list-bodies": fuzz_lists.bodies,
    "list-frames": fuzz_lists.asked,
    "list-changes": fuzz_lists.changed,
    "dns-questions": fuzz_dns.questions,
    "dns-zones": fuzz_dns.zones,
}
_MOST_KINDS = 25


def chance_of(target: str, seed: int, n: int) -> Random:
    """What the n-th input is drawn from."""
    return Random(f"{target}:{seed}:{n}")


def main() -> None:
    """Try inputs until the time is over; print what was found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--mark", type=Path, help="where n is shared")
    parser.add_argument("--first", type=int, default=0, help="the first n")
    parser.add_argument("--only", type=int, help="try this n alone and let it raise")
    asked = parser.parse_args()
    with TARGETS[asked.target]() as case:
        if asked.only is not None:
            case(chance_of(asked.target, asked.seed, asked.only))
            print("nothing happened")
            return
        json.dump(_try_all(case, asked), sys.stdout)


def _try_all(case: Callable[[Random], None], asked: argparse.Namespace) -> dict[str, object]:
    kinds: dict[str, tuple[int, str]] = {}
    failed, n, begun = 0, asked.first, time.monotonic()
    with asked.mark.open("r+b") as file, mmap.mmap(file.fileno(), 8) as mark:
        while time.monotonic() < begun + asked.seconds:
            mark[:] = n.to_bytes(8, "little")
            try:
                case(chance_of(asked.target, asked.seed, n))
            except Exception as error:
                failed += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                kind = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
                if len(kinds) < _MOST_KINDS:
                    kinds.setdefault(kind, (n, str(error)[:200]))
            n += 1
    return {
        "inputs": n - asked.first,
        "seconds": time.monotonic() - begun,
        "failed": failed,
        "kinds": [{"kind": k, "n": at, "words": words} for k, (at, words) in kinds.items()],
    }


if __name__ == "__main__":
    main()
