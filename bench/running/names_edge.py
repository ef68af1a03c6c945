"""The names edge with a made list, told what changes: `python -m bench.running.names_edge …`."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fanzha.adapters.dns.access import keys_of, peers_of
from fanzha.adapters.dns.kept import Kept
from fanzha.adapters.dns.policy import PolicySettings, PolicyZones
from fanzha.adapters.dns.primary import PrimarySettings
from fanzha.entrypoints.edge.dns import NamesSettings, serve
from fanzha.lists.form import CHANGES, ENTRIES, Effect, Kind, Lists, Match

WARN_TO = ("192.0.2.80",)
FOLD_AFTER_S = 40.0
"""So that names move into the large zone while new ones come."""
_ENDINGS = ("example", "a.example", "shop.example", "pay.example", "bank-login.example")


def made_list(count: int) -> Lists:
    """So many names, each with all below it, a tenth of them warned; sorted as lists are."""
    rng = np.random.default_rng(3)
    numbers = rng.permutation(count * 7)[:count]
    keys = sorted(
        f"n{number:x}-{number % 97}.{_ENDINGS[number % 5]}".encode() for number in numbers.tolist()
    )
    effects = np.where(rng.random(count) < 0.1, int(Effect.WARN), int(Effect.REFUSE))
    columns = [
        pa.array(np.full(count, int(Kind.NAME), np.uint8)),
        pa.array(np.full(count, int(Match.BELOW), np.uint8)),
        pa.array(keys, pa.binary()),
        pa.array(effects.astype(np.uint8)),
        pa.array(np.arange(count, dtype=np.uint64)),
        pa.array(np.zeros(count, np.uint32)),
    ]
    return Lists(1, pa.table(columns, schema=ENTRIES))


def change(version: int, names: list[str], *, gone: bool) -> Lists:
    rows = [
        {
            "kind": Kind.NAME, "match": Match.BELOW, "key": name.encode(),
            "effect": Effect.REFUSE, "code": 7, "ends_at": 0, "gone": gone,
        }
        for name in names
    ]  # fmt: skip
    return Lists(version + 1, pa.Table.from_pylist(rows, schema=CHANGES), version)


def zones(folder: Path) -> PolicyZones:
    return PolicyZones(PolicySettings(warn_to=WARN_TO), Kept.read(folder / "zones.json", time.time))


async def _serve(count: int, peers: list[str], keys: list[str]) -> None:
    """Lines in: `+a,b` come, `-a` go, `?` asks for memory. One JSON object a line out."""
    listed = made_list(count)
    refused = pc.equal(listed.entries["effect"], int(Effect.REFUSE))
    some = [key.as_py().decode() for key in listed.entries.filter(refused)["key"][-8:]]
    access = peers_of(peers, keys_of(keys))

    @contextmanager
    def feeding(take: Callable[[Lists], None]) -> Iterator[None]:
        take(listed)
        threading.Thread(target=_listen, args=(take,), daemon=True).start()
        yield

    def ready(port: int) -> None:
        print(json.dumps({"port": port, "some": some}), flush=True)

    with tempfile.TemporaryDirectory(prefix="fanzha-bench-names-") as folder:
        settings = NamesSettings(
            access,
            Path(folder, "zones.json"),
            PrimarySettings(),
            PolicySettings(warn_to=WARN_TO, fold_after_s=FOLD_AFTER_S),
        )
        await serve(settings, feeding, ready)


def _listen(take: Callable[[Lists], None]) -> None:
    version = 1
    for line in sys.stdin:
        told = line.strip()
        take(change(version, told[1:].split(","), gone=told.startswith("-")))
        version += 1


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])))
