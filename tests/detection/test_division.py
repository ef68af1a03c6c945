"""Several engines that share out the windows find what one finds, also after a new division."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanzha.detection.division import united
from fanzha.detection.engine import Engine, Outcome
from fanzha.features.shared import Share, SharedFeatures
from fanzha.testing.gathering import Gathering
from tests.detection.engine.test_engine import tapes
from tests.detection.streams import POLICIES, Tape
from tests.detection.test_person_fusion import scam

pytestmark = pytest.mark.slow


def engine_of(share: Share) -> Engine:
    return Engine(POLICIES, features=lambda windows: SharedFeatures(windows, share))


def played(engine: Engine, entries: list, begin: int = 1) -> list[Outcome]:
    return [engine.process(begin + n, stream, batch) for n, (stream, batch) in enumerate(entries)]


def told(outcomes: list[Outcome]) -> list[Outcome]:
    """All but what rests on one table's sweep."""
    return [Outcome(o.findings, o.risks, o.duplicates, o.newest_at, o.late) for o in outcomes]


def test_a_scam_is_found_alike_by_three() -> None:
    entries = list(scam().batches())
    want = told(played(Engine(POLICIES), entries))
    assert any(outcome.risks for outcome in want)
    group = Gathering(3)
    engines = [engine_of(share) for share in group.shares]
    for mine in group.run(lambda n: played(engines[n], entries)):
        assert told(mine) == want


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(tape=tapes(), before=st.integers(1, 3), after=st.integers(1, 3), data=st.data())
def test_a_new_division_goes_on(tape: Tape, before: int, after: int, data: st.DataObject) -> None:
    entries = list(tape.batches())
    at = data.draw(st.integers(0, len(entries)))
    whole = Engine(POLICIES)
    first = told(played(whole, entries[:at]))
    rest = told(played(whole, entries[at:], at + 1))
    old = Gathering(before)
    engines = [engine_of(share) for share in old.shares]
    for mine in old.run(lambda n: played(engines[n], entries[:at])):
        assert told(mine) == first
    state = united([engine.snapshot() for engine in engines])
    new = Gathering(after)
    heirs = [engine_of(share) for share in new.shares]
    for heir in heirs:
        heir.restore(state)
    for mine in new.run(lambda n: played(heirs[n], entries[at:], at + 1)):
        assert told(mine) == rest


def test_windows_are_divided_and_all_else_is_alike() -> None:
    entries = list(scam().batches())
    group = Gathering(2)
    engines = [engine_of(share) for share in group.shares]
    group.run(lambda n: played(engines[n], entries))
    one, two = (engine.snapshot() for engine in engines)
    differing = {
        k for k in one if one[k].shape != two[k].shape or not np.array_equal(one[k], two[k])
    }
    assert differing
    assert all(".windows." in name for name in differing)
