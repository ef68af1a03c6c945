"""What every register does, in memory and in PostgreSQL: measures, appeals, lists, reports."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from fanzha.adapters.memory.register import MemoryRegister
from fanzha.adapters.postgres.register.listed import ListRows
from fanzha.adapters.postgres.register.measures import PostgresRegister
from fanzha.errors import Refused
from fanzha.lifecycles.actor import NATION
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.measure import appeal_states, states
from fanzha.lifecycles.measure.model import Appeal, Effect, Measure
from fanzha.lifecycles.measure.target import MeasureKind
from fanzha.lifecycles.message.content import check_notice
from fanzha.lists import code as codes
from fanzha.lists.form import Effect as Wire
from fanzha.lists.form import Kind, Match
from fanzha.ports.register import (
    AlreadyListed,
    AppealWords,
    MeasureChanged,
    RegisterOffice,
)
from fanzha.usecases.measure.act import Act, act, find
from fanzha.usecases.measure.appeal import AppealAct, act_on_appeal, by_code, file, withdraw
from fanzha.usecases.measure.clocks import run
from fanzha.usecases.measure.listing import protected_entries
from fanzha.values import reserved
from tests.fixtures import BY_CODE, NOW, Installed
from tests.usecases.measure.given import (
    ANALYST,
    NUMBER,
    OFFICER,
    POLICY,
    PROTECTED,
    SECOND,
    THIRD,
    WORDING,
    does,
    ground,
    proposed,
    register,
    standing,
    wanted,
)

Line = tuple[int, int, bytes, int, int]
POLICY_PARTS = WORDING.parts_max


@dataclass
class Given:
    """An office, and its list as the wires get it."""

    office: RegisterOffice
    whole: Callable[[], tuple[int, set[Line]]]
    messages: Callable[[], list[tuple[str, str]]]
    """Number and body of each text, in order."""
    changes: Callable[[int], tuple[int, set[tuple[Line, bool]]]]


@pytest.fixture(params=["memory", "postgres"])
def given(request: pytest.FixtureRequest) -> Iterator[Given]:
    if request.param == "memory":
        memory = MemoryRegister()

        def whole() -> tuple[int, set[Line]]:
            found = memory.whole()
            return found.version, {_line(r) for r in found.entries.to_pylist()}

        def changes(since: int) -> tuple[int, set[tuple[Line, bool]]]:
            found = memory.changes(since)
            return found.version, {(_line(r), r["gone"]) for r in found.entries.to_pylist()}

        def texts() -> list[tuple[str, str]]:
            return [(m.to, m.body) for m in memory.state.messages.values()]

        yield Given(memory, whole, texts, changes)
        return
    installed: Installed = request.getfixturevalue("installed")
    rows = ListRows(installed.database, installed.keyring)

    def stored() -> tuple[int, set[Line]]:
        version, found = rows.whole()
        return version, {(r.kind, r.match, r.key, r.effect, r.code) for r in found}

    def changed(since: int) -> tuple[int, set[tuple[Line, bool]]]:
        version, found = rows.changes(since)
        return version, {((r.kind, r.match, r.key, r.effect, r.code), r.gone) for r in found}

    def sent() -> list[tuple[str, str]]:
        with installed.office.work(NATION) as work:
            return [(m.to, m.body) for m in work.outbox.take(10, NOW)]

    office = PostgresRegister(installed.database, installed.keyring, BY_CODE)
    yield Given(office, stored, sent, changed)


def _line(row: dict[str, object]) -> Line:
    return tuple(row[k] for k in ("kind", "match", "key", "effect", "code"))  # type: ignore[return-value]


REFUSED = (Kind.NUMBER, Match.EXACT, NUMBER.encode(), Wire.REFUSE, 77)


def appeal(given: Given, measure: Measure, id: uuid.UUID | None = None) -> Appeal:
    with given.office.work() as work:
        found = by_code(work, measure.code)
        words = AppealWords("这是我的号码，没有诈骗", "invented@example.com")
        return file(work, register(), id or uuid.uuid4(), found, words, NOW)


def decides(
    given: Given,
    before: Appeal,
    verb: str,
    who: object = THIRD,
    *,
    reasons: str = "",
    note: str = "",
) -> Appeal:
    with given.office.work() as work:
        now = work.appeals.get(before.id)
        assert now is not None
        asked = AppealAct(verb, now.state, now.revision, reasons, note)
        return act_on_appeal(work, register(), who, now, asked, NOW)  # type: ignore[arg-type]


def test_a_proposal_is_not_listed_an_approved_one_is(given: Given) -> None:
    measure = proposed(given.office, wanted())
    assert given.whole() == (0, set())
    approved = does(given.office, measure, "approve")
    assert approved.state == states.STANDING
    assert given.whole() == (1, {REFUSED})


def test_nobody_approves_what_they_proposed_or_endorsed(given: Given) -> None:
    own = proposed(given.office, wanted(), who=OFFICER)
    with pytest.raises(NotAllowed, match="second_person"):
        does(given.office, own, "approve", OFFICER)
    wide = proposed(given.office, wanted("1541234*"), code=78)
    assert wide.approvals_needed == 2
    assert does(given.office, wide, "approve", OFFICER).state == states.PROPOSED
    with pytest.raises(NotAllowed, match="second_person"):
        does(given.office, wide, "approve", OFFICER)
    assert does(given.office, wide, "approve", SECOND).state == states.STANDING


def test_what_is_protected_needs_two_and_comes_back_afterwards(given: Given) -> None:
    with given.office.work() as work:
        assert work.lists.protect(protected_entries(PROTECTED)) > 0
    allowed = (Kind.NUMBER, Match.EXACT, b"96110", Wire.ALLOW, 0)
    assert allowed in given.whole()[1]
    measure = proposed(given.office, wanted("96110", effect=Effect.LABEL))
    assert measure.protected
    assert does(given.office, measure, "approve", OFFICER).state == states.PROPOSED
    assert allowed in given.whole()[1]
    does(given.office, measure, "approve", SECOND)
    lines = given.whole()[1]
    assert allowed not in lines
    assert (Kind.NUMBER, Match.EXACT, b"96110", Wire.LABEL, 77) in lines
    does(given.office, measure, "lift", note="核实无误")
    assert allowed in given.whole()[1]
    with given.office.work() as work:
        assert work.lists.protect(protected_entries(PROTECTED)) == 0


def test_one_measure_stands_on_a_thing(given: Given) -> None:
    first = standing(given.office)
    other = proposed(given.office, wanted(), code=78)
    with pytest.raises(AlreadyListed) as refused:
        does(given.office, other, "approve")
    assert refused.value.number == first.number
    # Nothing of the refused act stays.
    with given.office.work() as work:
        assert find(work, other.id).state == states.PROPOSED
    does(given.office, first, "lift", note="误判")
    assert does(given.office, other, "approve").state == states.STANDING


def test_a_decision_on_old_sight_is_refused(given: Given) -> None:
    measure = proposed(given.office, wanted())
    does(given.office, measure, "approve")
    asked = Act("decline", states.PROPOSED, 1, "x")
    with given.office.work() as work:
        now = find(work, measure.id)
        with pytest.raises(MeasureChanged):
            act(work, register(), SECOND, now, asked, NOW)


def test_the_same_proposal_twice_is_one(given: Given) -> None:
    want = wanted()
    assert proposed(given.office, want).number == proposed(given.office, want, code=79).number


def test_changes_say_what_has_become(given: Given) -> None:
    measure = standing(given.office)
    standing(given.office, wanted(reserved.mobile(2)), code=78)
    assert given.changes(1) == (
        2,
        {((Kind.NUMBER, Match.EXACT, reserved.mobile(2).encode(), Wire.REFUSE, 78), False)},
    )
    does(given.office, measure, "lift", note="误判")
    version, lines = given.changes(1)
    assert version == 3
    assert ((REFUSED), True) in lines
    assert given.whole()[1] == {
        (Kind.NUMBER, Match.EXACT, reserved.mobile(2).encode(), Wire.REFUSE, 78)
    }
    assert given.changes(3) == (3, set())


def test_a_term_ends_by_itself_and_a_proposal_lapses(given: Given) -> None:
    measure = standing(given.office)
    left = proposed(given.office, wanted(reserved.mobile(3)), code=79)
    with given.office.work() as work:
        assert run(work, register(), NOW + timedelta(hours=23)) == 0
    with given.office.work() as work:
        assert run(work, register(), NOW + timedelta(hours=24)) == 1
    with given.office.work() as work:
        assert find(work, left.id).state == states.DECLINED
        assert run(work, register(), measure.term.ends_at) == 1
    with given.office.work() as work:
        assert find(work, measure.id).state == states.EXPIRED
    assert given.whole()[1] == set()


def test_extending_changes_the_end_on_the_wires(given: Given) -> None:
    measure = standing(given.office)
    later = measure.term.ends_at + timedelta(days=30)
    version, _ = given.whole()
    after = does(given.office, measure, "extend", note="仍在使用", until=later)
    assert after.term.ends_at == later
    assert given.changes(version)[1] == {(REFUSED, False)}
    with pytest.raises(Refused, match="until_bad"):
        does(given.office, measure, "extend", note="x", until=NOW + timedelta(days=1000))


def test_an_upheld_appeal_lifts_in_the_same_commit(given: Given) -> None:
    measure = standing(given.office)
    filed = appeal(given, measure)
    accepted = decides(given, filed, "accept")
    assert accepted.due_at == NOW + POLICY.appeal.decide
    with pytest.raises(NotAllowed, match="second_person"):
        decides(given, filed, "uphold", OFFICER, reasons="查实误判")
    with pytest.raises(Refused, match="reasons_needed"):
        decides(given, filed, "uphold")
    upheld = decides(given, filed, "uphold", reasons="查实误判")
    assert upheld.state == appeal_states.UPHELD
    assert given.whole()[1] == set()
    with given.office.work() as work:
        assert find(work, measure.id).state == states.LIFTED


def test_a_rejected_appeal_leaves_it_and_the_next_may_come(given: Given) -> None:
    measure = standing(given.office)
    for _ in range(POLICY.appeal.open_most):
        filed = appeal(given, measure)
        decides(given, filed, "accept")
        with pytest.raises(NotAllowed):
            decides(given, filed, "reject", reasons="x")
        decides(given, filed, "check", note="号码仍在拨打")
        decides(given, filed, "reject", reasons="核查属实")
    assert given.whole()[1] == {REFUSED}
    with pytest.raises(Refused, match="appeals_spent"):
        appeal(given, measure)


def test_one_appeal_at_a_time_and_the_same_twice_is_one(given: Given) -> None:
    measure = standing(given.office)
    id = uuid.uuid4()
    assert appeal(given, measure, id).number == appeal(given, measure, id).number
    with pytest.raises(Refused, match="appeal_open"):
        appeal(given, measure)
    with given.office.work() as work:
        found = work.appeals.get(id)
        assert found is not None
        assert withdraw(work, register(), found, NOW).state == appeal_states.WITHDRAWN
    appeal(given, measure)


def test_an_appeal_ends_with_its_measure(given: Given) -> None:
    measure = standing(given.office)
    filed = appeal(given, measure)
    does(given.office, measure, "lift", SECOND, note="到期前解除")
    with given.office.work() as work:
        found = work.appeals.get(filed.id)
        assert found is not None
        assert found.state == appeal_states.MOOT
    with pytest.raises(Refused, match="measure_over"):
        appeal(given, measure)


def test_a_late_appeal_is_reported_a_bounded_number_of_times(given: Given) -> None:
    filed = appeal(given, standing(given.office))
    reported = 0
    for hour in range(200):
        with given.office.work() as work:
            at = NOW + timedelta(hours=hour)
            reported += sum(1 for _ in work.appeals.late(at, 10))
            run(work, replace(register()), at)
    assert reported == POLICY.appeal.escalations_max
    with given.office.work() as work:
        found = work.appeals.get(filed.id)
        assert found is not None
        assert found.due_at == NOW + POLICY.appeal.accept


def test_a_range_is_listed_by_its_beginnings(given: Given) -> None:
    first, last = reserved.mobile(1000), reserved.mobile(1999)
    assert last > first
    standing(given.office, wanted(f"{first}~{last}"))
    lines = given.whole()[1]
    assert {line[0] for line in lines} == {Kind.NUMBER}
    for text in (first, last):
        assert any(
            text.encode() == key if match == Match.EXACT else text.encode().startswith(key)
            for _, match, key, _, _ in lines
        )


def test_names_addresses_and_packages(given: Given) -> None:
    standing(given.office, wanted("shop.example.com", MeasureKind.NAME, Effect.WARN), code=1)
    standing(given.office, wanted("http://a.example.net/pay", MeasureKind.URL), code=2)
    standing(given.office, wanted("sha256:" + "ab" * 32, MeasureKind.APP), code=3)
    account = reserved.bank_account(1, next(iter(reserved.BANKS)))
    standing(given.office, wanted(account, MeasureKind.ACCOUNT), code=4)
    lines = {line[4]: line for line in given.whole()[1]}
    assert lines[1][:4] == (Kind.NAME, Match.BELOW, b"shop.example.com", Wire.WARN)
    assert lines[2][0] == Kind.URL
    assert len(lines[2][2]) == 32
    assert lines[3][2] == bytes.fromhex("ab" * 32)
    assert 4 not in lines  # a notice is on no wire


def test_reports_count_people(given: Given) -> None:
    with given.office.work() as work:
        assert work.reports.add(b"thing", b"one", NOW)
        assert not work.reports.add(b"thing", b"one", NOW)
        assert work.reports.add(b"thing", b"two", NOW)
        assert work.reports.count(b"thing") == 2
        assert work.reports.withdraw(b"thing", b"one", NOW)
        assert not work.reports.withdraw(b"thing", b"one", NOW)
        assert work.reports.count(b"thing") == 1
        assert work.reports.add(b"thing", b"one", NOW)
        assert work.reports.count(b"thing") == 2


def test_a_code_that_is_no_code_says_the_same_as_a_proposal(given: Given) -> None:
    proposed(given.office, wanted(), code=5)
    for code in (5, 6):
        with given.office.work() as work, pytest.raises(Refused, match="code_unknown"):
            by_code(work, code)


def test_an_analyst_decides_nothing(given: Given) -> None:
    measure = proposed(given.office, wanted(), who=OFFICER)
    for verb in ("approve", "decline"):
        with pytest.raises(NotAllowed):
            does(given.office, measure, verb, ANALYST, note="x")


def test_the_subscriber_is_told_why_until_when_and_how_to_appeal(given: Given) -> None:
    measure = standing(given.office)
    ((to, body),) = given.messages()
    assert to == NUMBER
    for told in (measure.ground.zh, measure.ground.article, codes.write(77), "96110"):
        assert told in body
    check_notice(body, POLICY_PARTS)
    does(given.office, measure, "lift", SECOND, note="误判")
    ended = given.messages()[-1]
    assert ended[0] == NUMBER
    assert "解除" in ended[1]


def test_a_ground_with_a_link_is_told_without_it(given: Given) -> None:
    bad = replace(ground(), zh="仿冒网站 www.shop.example.com 的客服")
    standing(given.office, wanted(ground_=bad))
    ((_, body),) = given.messages()
    assert "example" not in body
    check_notice(body, POLICY_PARTS)


def test_nobody_is_texted_about_a_range_a_name_or_a_fixed_line(given: Given) -> None:
    standing(given.office, wanted(f"{reserved.mobile(10)}~{reserved.mobile(19)}"), code=1)
    standing(given.office, wanted("shop.example.com", MeasureKind.NAME, Effect.WARN), code=2)
    standing(given.office, wanted(reserved.fixed(3)), code=3)
    assert given.messages() == []
