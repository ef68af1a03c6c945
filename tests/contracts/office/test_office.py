"""One suite for every office: what a unit of work promises, in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from fanzha.errors import Refused, Uncertain
from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.ports.unit_of_work import Office
from fanzha.ports.warning_book import StateChanged
from fanzha.usecases.warning.act import NotHere, Paid
from fanzha.usecases.warning.issue import issue
from fanzha.usecases.warning.run_clocks import run_clocks
from fanzha.values import reserved
from fanzha.values.stage import Stage
from tests.contracts.office.given import NATION, POLICIES, STATION, do, issued
from tests.fixtures import NOW, case, person


def test_a_warning_is_issued_once_per_person_and_episode(office: Office) -> None:
    first = issued(office)
    again = issued(office)
    other = issued(office, n=2)
    assert first.id == again.id != other.id
    assert (first.version, again.version) == (1, 2)
    assert first.number != other.number
    assert first.state == "pushed"
    assert first.clock is not None
    assert first.clock.due_at == NOW + timedelta(minutes=10)


def test_a_graver_case_raises_and_a_milder_one_never_lowers(office: Office) -> None:
    low = issued(office, stage=Stage.CONTACT, score=0.3)
    high = issued(office, stage=Stage.OPERATION, score=0.7)
    same = issued(office, stage=Stage.CONTACT, score=0.2)
    assert [low.grade, high.grade, same.grade] == [
        WarningGrade.LOW,
        WarningGrade.HIGH,
        WarningGrade.HIGH,
    ]


def test_the_whole_road_to_dissuaded(office: Office, appoint: Callable[..., Actor]) -> None:
    chen = appoint(Role.DISSUADER)
    w = issued(office)
    w = do(office, chen, w, "sign")
    assert w.owner_display == chen.display
    assert w.clock is not None
    assert w.clock.name == "contact"
    w = do(office, chen, w, "start_contact")
    w = do(office, chen, w, "record_dissuaded", note="已约定不转账")
    w = do(office, chen, w, "follow_up")
    w = do(office, chen, w, "archive")
    assert w.state == "archived"
    assert w.clock is None


def test_three_missed_contacts_raise_the_grade(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen = appoint(Role.DISSUADER)
    w = do(office, chen, issued(office, stage=Stage.TRUST, score=0.6), "sign")
    assert w.grade is WarningGrade.MEDIUM
    for missed in (1, 2, 3):
        w = do(office, chen, w, "start_contact")
        w = do(office, chen, w, "record_no_answer")
        assert w.missed_contacts == missed
    assert w.grade is WarningGrade.HIGH


def test_not_believing_raises_the_grade(office: Office, appoint: Callable[..., Actor]) -> None:
    chen = appoint(Role.DISSUADER)
    w = do(office, chen, issued(office, stage=Stage.TRUST, score=0.6), "sign")
    w = do(office, chen, do(office, chen, w, "start_contact"), "record_not_believing")
    assert (w.state, w.grade) == ("not_believing", WarningGrade.HIGH)


def test_already_paid_needs_the_four_fields_and_keeps_them(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen = appoint(Role.DISSUADER)
    w = do(office, chen, do(office, chen, issued(office), "sign"), "start_contact")
    with pytest.raises(Refused) as refused:
        do(office, chen, w, "record_already_paid")
    assert (refused.value.code, refused.value.field) == ("missing_field", "paid")
    paid = Paid(reserved.bank_account(9, next(iter(reserved.BANKS))), 4_980_000, NOW)
    w = do(office, chen, w, "record_already_paid", paid=paid)
    assert w.state == "already_paid"
    assert w.clock is not None
    assert w.clock.name == "stop_request"


def test_the_state_one_decided_on_must_still_hold(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen, li = appoint(Role.DISSUADER), appoint(Role.DISSUADER, name="li")
    w = issued(office)
    do(office, chen, w, "sign")
    with pytest.raises(StateChanged) as changed:
        do(office, li, w, "sign")
    assert changed.value.now.owner_display == chen.display


def test_another_persons_warning_is_left_alone(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen, li = appoint(Role.DISSUADER), appoint(Role.DISSUADER, name="li")
    w = do(office, chen, issued(office), "sign")
    with pytest.raises(NotAllowed) as refused:
        do(office, li, w, "start_contact")
    assert refused.value.code == "taken_by_another"
    boss = appoint(Role.DUTY_OFFICER, name="boss")
    assert do(office, boss, w, "start_contact").state == "contacting"


def test_what_lies_elsewhere_does_not_exist(office: Office, appoint: Callable[..., Actor]) -> None:
    w = issued(office)
    stranger = appoint(Role.DISSUADER, at="470104001", name="stranger")
    with pytest.raises(NotHere):
        do(office, stranger, w, "sign")


def test_handing_up_and_down_moves_the_warning_and_the_access(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen = appoint(Role.DISSUADER)
    branch = appoint(Role.DUTY_OFFICER, at="470103", name="branch")
    w = do(office, chen, do(office, chen, issued(office), "sign"), "hand_up", note="需要分局")
    assert (w.unit.code, w.state, w.owner_id, w.escalated) == ("470103", "pushed", None, 1)
    with pytest.raises(NotHere):
        do(office, chen, w, "sign")
    w = do(office, branch, w, "hand_down", unit="470103002")
    assert w.unit.code == "470103002"
    with pytest.raises(Refused) as refused:
        do(office, branch, w, "hand_down", unit="470104001")
    assert refused.value.code == "unit_not_below"


def test_a_closed_warning_opens_again_when_the_money_moves(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    chen = appoint(Role.DISSUADER)
    w = do(office, chen, do(office, chen, issued(office), "sign"), "start_contact")
    w = do(office, chen, w, "record_dissuaded")
    milder = issued(office, stage=Stage.TRUST, score=0.9)
    assert milder.state == "dissuaded"
    again = issued(office, stage=Stage.TRANSFER, score=0.95)
    assert (again.state, again.grade, again.id) == ("pushed", WarningGrade.CRITICAL, w.id)


def test_an_overdue_clock_reports_up_three_times_and_stays_late(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    w = issued(office)
    assert w.clock is not None
    due, late = w.clock.due_at, w.clock.due_at + timedelta(seconds=1)
    for times in (1, 2, 3):
        assert run_clocks(office, POLICIES, late) == 1
        assert run_clocks(office, POLICIES, late) == 0
        with office.work(NATION) as work:
            now = work.warnings.get(w.id)
        assert now is not None
        assert now.clock is not None
        assert (now.escalated, now.clock.due_at) == (times, due)
        late += timedelta(minutes=5, seconds=1)
    assert run_clocks(office, POLICIES, late + timedelta(days=9)) == 0
    chen = appoint(Role.DISSUADER)
    signed = do(office, chen, now, "sign")
    assert signed.escalated == 3
    assert do(office, chen, signed, "start_contact").escalated == 0


def test_a_signed_warning_left_alone_frees_itself(
    office: Office, appoint: Callable[..., Actor]
) -> None:
    w = do(office, appoint(Role.DISSUADER), issued(office), "sign")
    assert run_clocks(office, POLICIES, NOW + timedelta(seconds=91)) == 1
    with office.work(NATION) as work:
        now = work.warnings.get(w.id)
    assert now is not None
    assert (now.state, now.owner_id) == ("pushed", None)


def test_a_unit_of_work_that_fails_leaves_nothing(office: Office) -> None:
    def fail() -> None:
        with office.work(NATION) as work:
            issue(
                work, POLICIES, person=person(), episode="e1", place=STATION, case=case(), now=NOW
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with office.work(NATION) as work:
        assert work.warnings.of_episode(person().token, "e1") is None


def test_the_position_is_guarded_against_a_second_scorer(office: Office) -> None:
    with office.work(NATION) as work:
        work.findings.move(0, 7)
    with office.work(NATION) as work:
        assert work.findings.position() == 7
        work.findings.move(7, 9)
    with pytest.raises(Uncertain), office.work(NATION) as work:
        work.findings.move(7, 10)
    with office.work(NATION) as work:
        assert work.findings.position() == 9


def test_load_counts_open_warnings_and_routing_prefers_the_idle_station(office: Office) -> None:
    places = [issued(office, n=n, place="470106").unit.code for n in range(4)]
    assert sorted(places) == ["470106001", "470106001", "470106002", "470106002"]


def test_an_unknown_place_stays_at_the_top(office: Office) -> None:
    assert issued(office, place=None).unit.code == "86"
    assert issued(office, n=2, place="999999").unit.code == "86"
    assert issued(office, n=3, place="470103001001").unit.code == "470103001001"


def test_a_warning_unknown_to_everybody(office: Office, appoint: Callable[..., Actor]) -> None:
    with pytest.raises(NotHere):
        do(office, appoint(Role.DISSUADER), replace(issued(office), id=UUID(int=1)), "sign")
