"""Deliverers killed and ended while texts fly: nothing twice, nothing called what it is not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adapters.smpp.centre_process import CentreProcess
from tests.entrypoints.worker.killable import worker
from tests.entrypoints.worker.outbox import states, warn
from tests.fixtures import Installed


def wait(found: Callable[[], object], limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not found():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@pytest.mark.parametrize("kills", [1, 2])
def test_a_worker_killed_in_flight_sends_nothing_twice(
    installed: Installed, tmp_path: Path, kills: int
) -> None:
    count = 70 * kills + 30
    warn(installed, count)
    with CentreProcess(tmp_path, slow_s=0.15) as centre:
        for _ in range(kills):
            before = len(centre.lines())
            with worker(installed, tmp_path, centre.port, stranded_s=600) as process:
                wait(lambda seen=before: len(centre.lines()) > seen)
                process.kill()
        assert states(installed)["sending"]
        with worker(installed, tmp_path, centre.port):
            # Receipts find what reached a phone; of the rest nobody knows, so a person decides.
            wait(
                lambda: (
                    states(installed)
                    == Counter(
                        delivered=len(arrived := {m["to"] for m in centre.messages()}),
                        uncertain=count - len(arrived),
                    )
                )
            )
        reached = Counter(m["to"] for m in centre.messages())
    assert set(reached.values()) == {1}
    assert states(installed)["uncertain"] == count - len(reached)


def test_a_worker_that_is_asked_to_end_lands_what_flies(
    installed: Installed, tmp_path: Path
) -> None:
    warn(installed, 80)
    with CentreProcess(tmp_path, slow_s=0.3) as centre:
        with worker(installed, tmp_path, centre.port) as process:
            wait(lambda: states(installed)["sending"])
            process.terminate()
            assert process.wait(30) == 0
        ended = states(installed)
        assert ended["sending"] == 0
        assert ended["uncertain"] == 0
        assert len(centre.messages()) == ended["submitted"] + ended["delivered"]
