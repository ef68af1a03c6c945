"""What is taken back is as it was, and giving back wins no time: in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.machine import BACK, NotAllowed
from fanzha.lifecycles.warning import states
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.ports.unit_of_work import Office
from fanzha.usecases.warning.act import Act, act
from fanzha.usecases.warning.run_clocks import run_clocks
from fanzha.values.stage import Stage
from tests.contracts.office.given import GRAVEST, POLICIES, do, issued, stored
from tests.fixtures import NOW


def test_undo_within_ten_seconds_takes_the_outcome_back(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen = appoint(Role.DISSUADER)
    w = do(office, chen, do(office, chen, issued(office), "sign"), "start_contact")
    w = do(office, chen, w, "record_no_answer")
    w = do(office, chen, w, "undo")
    assert (w.state, w.missed_contacts) == ("contacting", 0)
    w = do(office, chen, w, "record_dissuaded")
    with office.work(chen.unit.scope) as work, pytest.raises(NotAllowed) as late:
        act(work, POLICIES, chen, w.id, Act("undo", w.state), NOW + timedelta(seconds=11))
    assert late.value.code == "too_late_to_undo"


UNDONE = [
    (verb.verb, source)
    for verb in states.WARNING.rules
    if verb.target in {s for r in states.WARNING.rules if r.target == BACK for s in r.sources}
    for source in verb.sources
]
ROADS = {
    "pushed": (),
    "signed": ("sign",),
    "contacting": ("sign", "start_contact"),
    "unreached": ("sign", "start_contact", "record_no_answer"),
    "not_believing": ("sign", "start_contact", "record_not_believing"),
    "visiting": ("sign", "request_visit"),
}


@pytest.mark.parametrize(("verb", "source"), UNDONE)
def test_undo_gives_back_how_it_stood(
    office: Office, appoint: Callable[..., Actor], verb: str, source: str
) -> None:
    chen = appoint(Role.DISSUADER)
    w = issued(office, stage=Stage.TRUST, score=0.6)
    for step in ROADS[source]:
        w = do(office, chen, w, step)
    assert w.state == source
    for times in range(4):  # again and again: nothing adds up
        at = NOW + timedelta(seconds=20 * times)
        done = do(office, chen, w, verb, now=at, note="说明")
        back = do(office, chen, done, "undo", now=at + timedelta(seconds=9))
        kept = replace(back, version=w.version, updated_at=w.updated_at, before=w.before)
        assert kept == w
    with pytest.raises(NotAllowed) as nothing:
        do(office, chen, replace(back, state=back.state), "undo")
    assert nothing.value.code in ("nothing_to_undo", "not_in_this_state")


def test_undo_does_not_fall_below_what_was_found_meanwhile(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen = appoint(Role.DISSUADER)
    w = do(office, chen, issued(office, stage=Stage.CONTACT, score=0.3), "sign")
    w = do(office, chen, do(office, chen, w, "start_contact"), "record_not_believing")
    assert (w.before and w.before.grade, w.grade) == (WarningGrade.LOW, WarningGrade.MEDIUM)
    w = issued(office, stage=Stage.OPERATION, score=0.7)
    w = do(office, chen, w, "undo")
    assert (w.state, w.grade) == ("contacting", WarningGrade.HIGH)


def test_a_step_that_follows_leaves_nothing_to_undo(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen = appoint(Role.DISSUADER)
    w = do(office, chen, do(office, chen, issued(office), "sign"), "start_contact")
    w = do(office, chen, do(office, chen, w, "record_no_answer"), "raise_grade", grade=GRAVEST)
    with pytest.raises(NotAllowed) as nothing:
        do(office, chen, w, "undo")
    assert nothing.value.code == "nothing_to_undo"


@pytest.mark.parametrize("how", ["by hand", "by the clock"])
def test_signing_and_giving_back_wins_no_time(
    office: Office, appoint: Callable[..., Actor], how: str
) -> None:
    chen = appoint(Role.DISSUADER)
    w = issued(office)
    assert w.clock is not None
    due, now, reported = w.clock.due_at, NOW, 0
    for _ in range(12):
        w = do(office, chen, w, "sign", now=now)
        if how == "by hand":
            now += timedelta(seconds=80)
            w = do(office, chen, w, "release", now=now)
        else:
            now += timedelta(seconds=91)
            while run_clocks(office, POLICIES, now):
                pass
            w = stored(office, w)
        assert w.clock is not None
        assert (w.state, w.owner_id, w.clock.name) == ("pushed", None, "sign")
        assert (w.clock.started_at, w.clock.due_at) == (w.pushed_at, due) == (NOW, due)
        now += timedelta(seconds=1)
        run_clocks(office, POLICIES, now)
        w = stored(office, w)
        assert w.escalated >= reported
        reported = w.escalated
    assert now > due
    assert reported == POLICIES.clocks.escalations_max
    assert run_clocks(office, POLICIES, now + timedelta(days=1)) == 0


def test_the_sign_clock_of_a_handed_warning_counts_from_the_handing(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    branch = appoint(Role.DUTY_OFFICER, at="470103", name="branch")
    later = NOW + timedelta(minutes=7)
    w = do(office, branch, issued(office), "hand_down", now=later, unit="470103002")
    w = do(office, branch, w, "sign", now=later)
    w = do(office, branch, w, "release", now=later + timedelta(seconds=5))
    assert w.clock is not None
    assert (w.pushed_at, w.clock.started_at) == (later, later)
