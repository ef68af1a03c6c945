"""Scorer, event log and database killed at random, beside a run that nobody disturbs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from fanzha.adapters.sealing.keyring import Keyring
from tests.faults.scored_centre import Centre, Entries, centre, feed, small_city, state, wait_for
from tools.soak.campaign import Clock, Given, Result

_VICTIMS = ("scorer", "end scorer", "log", "database", "pause log")
_KILLS_A_ROUND = 14


def scored(given: Given) -> list[Result]:
    """Rounds of one city each; every table of the state must equal the quiet run's."""
    clock = Clock(given.seconds)
    keyring = given.folder / "keyring.json"
    Keyring.create().save(keyring)
    kills: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    found: Counter[str] = Counter()
    result = Result("kills: scorer, event log, database")
    rounds = 0
    while rounds == 0 or clock.left > 60:
        chance = Random(f"scored:{given.seed}:{rounds}")
        folder = given.folder / str(rounds)
        (folder / "spill").mkdir(parents=True)
        entries = small_city(folder / "spill", 300, chance.randrange(1_000))
        quiet = _quiet(folder / "quiet", keyring, entries)
        disturbed = _disturbed(folder / "disturbed", keyring, entries, chance, kills)
        sizes += Counter({part: len(rows) for part, rows in quiet.items()})
        found += _compared(quiet, disturbed)
        rounds += 1
        given.say(f"round {rounds}: {sum(kills.values())} kills, {dict(found) or 'no difference'}")
    result.did = (
        f"{rounds} rounds, {sum(kills.values())} faults "
        f"({', '.join(f'{n} {v}' for v, n in sorted(kills.items()))}); "
        f"{sizes['findings']} findings, {sizes['warnings']} warnings, {sizes['messages']} texts"
    )
    result.found = f"lost {found['lost']}, doubled or new {found['new']}, parts {found['parts']}"
    result.seconds = clock.took
    if found:
        result.failures.append(f"state differs from the quiet run: {dict(found)}")
    return [result]


def _quiet(folder: Path, keyring: Path, entries: Entries) -> dict[str, Any]:
    folder.mkdir()
    with centre(folder, keyring) as found:
        asyncio.run(feed(found.nats, entries))
        found.start_scorer()
        found.wait_ready()
        wait_for(lambda: found.alive() and found.counted() == _rows(entries), "the quiet run")
        found.kill_scorer(signal.SIGINT)
        return state(found)


def _disturbed(
    folder: Path, keyring: Path, entries: Entries, chance: Random, kills: Counter[str]
) -> dict[str, Any]:
    folder.mkdir()
    with centre(folder, keyring) as found:
        asyncio.run(feed(found.nats, entries))
        for _ in range(_KILLS_A_ROUND):
            found.keep_scorer()
            time.sleep(chance.uniform(0.1, 4.0))
            victim = chance.choice(_VICTIMS)
            kills[victim] += 1
            if victim == "pause log":
                _pause(found, chance.uniform(0.5, 5.0))
            elif victim == "end scorer":
                found.kill_scorer(signal.SIGINT)
            else:
                found.kill(victim)

        def caught_up() -> bool:
            found.keep_scorer()
            return found.counted() == _rows(entries)

        wait_for(caught_up, "the disturbed run to catch up")
        found.kill_scorer(signal.SIGINT)
        return state(found)


def _pause(found: Centre, seconds: float) -> None:
    """The log answers nothing for a while, as on a disk that has stalled."""
    assert found.nats.pid is not None
    os.kill(found.nats.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(found.nats.pid, signal.SIGCONT)


def _rows(entries: Entries) -> int:
    return sum(batch.num_rows for _, batch in entries)


def _compared(quiet: dict[str, Any], disturbed: dict[str, Any]) -> Counter[str]:
    """Rows that are missing, rows that are more or other, tables that differ at all."""
    found: Counter[str] = Counter()
    for part, expected in quiet.items():
        had, has = (Counter(map(repr, rows)) for rows in (expected, disturbed[part]))
        found["lost"] += (had - has).total()
        found["new"] += (has - had).total()
        found["parts"] += had != has
    return +found
