"""Texts on their way while deliverers and the message centre are killed, starved and silenced."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from tests import fixtures
from tests.adapters.smpp.centre_process import CentreProcess
from tests.entrypoints.worker.killable import worker
from tests.entrypoints.worker.outbox import rows, states, warn
from tools.soak.campaign import Clock, Given, Result

_PATIENCE_S = 120.0
_OPEN = ("queued", "sending")
_CLAIMED = ("submitted", "delivered")
_FAULTS = ("kill deliverer", "kill deliverer", "end deliverer", "kill centre", "kill database")


def delivered(given: Given) -> list[Result]:
    """Rounds of a fresh outbox each."""
    clock = Clock(given.seconds)
    faults: Counter[str] = Counter()
    found: Counter[str] = Counter()
    result = Result("kills: deliverer, message centre, database")
    rounds = 0
    with EmbeddedPostgres(given.folder / "postgres") as postgres:
        template = fixtures.make_template(postgres)
        while rounds == 0 or clock.left > 30:
            chance = Random(f"delivered:{given.seed}:{rounds}")
            folder = given.folder / str(rounds)
            folder.mkdir()
            with fixtures.fresh_database(postgres, template) as installed:
                found += _round(installed, postgres, folder, chance, faults, result)
            rounds += 1
            given.say(f"round {rounds}: {sum(faults.values())} faults, {dict(found)}")
    result.did = (
        f"{rounds} rounds, {sum(faults.values())} faults "
        f"({', '.join(f'{n} {v}' for v, n in sorted(faults.items()))}); {found['texts']} texts"
    )
    ends = ", ".join(
        f"{state} {found[state]}" for state in ("delivered", "submitted", "uncertain", "failed")
    )
    result.found = f"{ends}; lost {found['lost']}, doubled {found['doubled']}"
    result.seconds = clock.took
    return [result]


def _round(
    installed: fixtures.Installed,
    postgres: EmbeddedPostgres,
    folder: Path,
    chance: Random,
    faults: Counter[str],
    result: Result,
) -> Counter[str]:
    count = chance.randint(60, 200)
    warn(installed, count)
    sick: dict[str, Any] = {"slow_s": chance.choice((0.0, 0.05, 0.2))}
    sick[chance.choice(("drop_answers", "hang_up", "throttle", "no_receipts"))] = 3
    with CentreProcess(folder, **sick) as centre:
        for _ in range(chance.randint(3, 7)):
            with worker(installed, folder, centre.port, stranded_s=600) as process:
                time.sleep(chance.uniform(0.5, 3.0))
                fault = chance.choice(_FAULTS)
                faults[fault] += 1
                _strike(fault, process, centre, postgres)
        with worker(installed, folder, centre.port):
            _until(lambda: not any(states(installed)[s] for s in _OPEN), installed)
            _settle(installed)
        told, messages = rows(installed), centre.messages()
    ended = Counter(str(r.state) for r in told)
    reached = Counter(m["to"] for m in messages)
    taken = {carrier for m in messages for carrier in m["ids"]}
    found = Counter(ended)
    found["texts"] = count
    found["doubled"] = sum(n - 1 for n in reached.values())
    # Nobody knows of the uncertain; whatever is said to be with the carrier must be there.
    found["lost"] = sum(r.state in _CLAIMED and r.carrier_id not in taken for r in told)
    found["lost"] += count - sum(ended.values())
    if found["doubled"] or found["lost"]:
        result.failures.append(f"{dict(found)} in {folder.name}")
    return found


def _strike(
    fault: str,
    process: subprocess.Popen[bytes],
    centre: CentreProcess,
    postgres: EmbeddedPostgres,
) -> None:
    match fault:
        case "kill deliverer":
            process.kill()
        case "end deliverer":
            process.terminate()
        case "kill centre":
            centre.kill()
            time.sleep(0.5)
            centre.start()
            time.sleep(1.0)
        case _:
            assert postgres.pid is not None
            subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(postgres.pid)], check=True)
            _wait(lambda: postgres.pid is None)
            postgres.start()
            time.sleep(1.0)


def _settle(installed: fixtures.Installed) -> None:
    """Until receipts have stopped coming."""
    before = None
    while (now := states(installed)) != before:
        before = now
        time.sleep(2.0)


def _until(found: Callable[[], object], installed: fixtures.Installed) -> None:
    _wait(found, lambda: str(dict(states(installed))))


def _wait(found: Callable[[], object], words: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it never came: {words()}")
        time.sleep(0.1)
