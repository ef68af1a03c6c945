"""What every workshop office does, in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.memory.workshop import MemoryWorkshop
from fanzha.adapters.postgres.rules import PostgresWorkshop
from fanzha.errors import Refused
from fanzha.lifecycles.actor import Actor, Level, Role
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.model import Hands, Rehearsal, RehearsalState, Snooze, Verdict
from fanzha.ports.workshop import RuleChanged, WorkshopOffice
from fanzha.usecases.workshop.act import Act, act, find, save_draft
from fanzha.usecases.workshop.editions import ensure_edition
from fanzha.usecases.workshop.gates import Gate
from fanzha.usecases.workshop.judge import judge_case
from fanzha.usecases.workshop.silence import longest_silence
from fanzha.usecases.workshop.snooze import Subject, end_snooze, snooze
from tests.fixtures import NOW, UNITS, actor
from tests.usecases.workshop.given import bench, draft

ANALYST = actor(Role.ANALYST, at="86", id="a")
OFFICER = actor(Role.DUTY_OFFICER, at="86", id="b")
SECOND = actor(Role.ANALYST, at="86", id="c")


@pytest.fixture(params=["memory", "postgres"])
def office(request: pytest.FixtureRequest) -> Iterator[WorkshopOffice]:
    if request.param == "memory":
        yield MemoryWorkshop()
        return
    installed = request.getfixturevalue("installed")
    yield PostgresWorkshop(installed.database, installed.keyring)


def save(office: WorkshopOffice) -> int:
    with office.work() as work:
        return save_draft(work, bench(), ANALYST, draft(), NOW).version


def do(
    office: WorkshopOffice, version: int, verb: str, who: object = ANALYST, note: str = ""
) -> str:
    with office.work() as work:
        before = find(work, "large_payment", version)
        wanted = Act(verb, before.state, note)
        return act(work, bench(), who, before, wanted, (), NOW).state  # type: ignore[arg-type]


def live(office: WorkshopOffice) -> int:
    version = save(office)
    for verb in ("record_replay", "start_shadow", "submit"):
        do(office, version, verb)
    do(office, version, "publish", OFFICER)
    return version


def in_force(office: WorkshopOffice) -> list[tuple[str, str]]:
    with office.work() as work:
        newest = work.sets.newest()
    return [(r.ref, r.mode.value) for r in newest.rules] if newest else []


def test_versions_count_up_and_one_is_live(office: WorkshopOffice) -> None:
    assert (live(office), live(office)) == (1, 2)
    assert in_force(office) == [("large_payment@2", "live")]
    with office.work() as work:
        assert [(v.version, v.state) for v in work.rules.of("large_payment")] == [
            (2, states.LIVE), (1, states.REPLACED),
        ]  # fmt: skip
    assert do(office, 2, "roll_back", OFFICER, "误报") == states.ROLLED_BACK
    assert in_force(office) == [("large_payment@1", "live")]
    assert do(office, 1, "roll_back", OFFICER, "误报") == states.ROLLED_BACK
    assert in_force(office) == []


def test_roll_back_leads_to_what_was_replaced_and_to_nothing_that_was_retired(
    office: WorkshopOffice,
) -> None:
    assert live(office) == 1
    second, third = save(office), save(office)
    for version in (second, third):
        for verb in ("record_replay", "start_shadow", "submit"):
            do(office, version, verb)
    do(office, second, "publish", OFFICER)
    do(office, third, "publish", OFFICER)
    with office.work() as work:
        assert find(work, "large_payment", third).replaces == second, "drafted while 1 was live"
    do(office, third, "roll_back", OFFICER, "误报")
    assert in_force(office) == [("large_payment@2", "live")]
    do(office, second, "retire", OFFICER, "不再需要")
    assert live(office) == 4
    do(office, 4, "roll_back", OFFICER, "误报")
    assert in_force(office) == [], "before it nothing was live: 1 was replaced by what was retired"


def test_nobody_publishes_their_own(office: WorkshopOffice) -> None:
    version = save(office)
    for verb in ("record_replay", "start_shadow", "submit"):
        do(office, version, verb)
    both = actor(Role.DUTY_OFFICER, Role.ANALYST, at="86", id="a")
    with pytest.raises(NotAllowed) as refused:
        do(office, version, "publish", both)
    assert refused.value.code == "second_person_needed"
    assert in_force(office) == [("large_payment@1", "shadow")]


def test_an_act_on_what_has_changed_is_refused(office: WorkshopOffice) -> None:
    save(office)
    with office.work() as work:
        before = find(work, "large_payment", 1)
    do(office, 1, "record_replay")
    with pytest.raises(RuleChanged), office.work() as work:
        act(work, bench(), ANALYST, before, Act("withdraw", "draft"), (), NOW)
    with pytest.raises(RuleChanged), office.work() as work:
        work.rules.add(before)


def test_a_failed_unit_leaves_nothing(office: WorkshopOffice) -> None:
    save(office)
    gate = Gate("elders", False, "甲", "a", "", "")
    do(office, 1, "record_replay")
    do(office, 1, "start_shadow")
    with office.work() as work:
        before = find(work, "large_payment", 1)
    with pytest.raises(Refused) as refused, office.work() as work:
        act(work, bench(), ANALYST, before, Act("submit", before.state), [gate], NOW)
    assert (refused.value.code, refused.value.field) == ("gates_unmet", "elders")
    with office.work() as work:
        assert find(work, "large_payment", 1).state == states.SHADOW


def test_where_an_edition_took_hold_is_never_changed(office: WorkshopOffice) -> None:
    ensure_edition(office, bench().policy, bench().salt, NOW)
    ensure_edition(office, bench().policy, bench().salt, NOW)
    live(office)
    with office.work() as work:
        newest = work.sets.newest()
        assert newest is not None
        work.sets.take("one", newest.number, 7, NOW)
        work.sets.take("one", newest.number, 9, NOW)
        work.sets.take("other", newest.number, 3, NOW)
    with office.work() as work:
        assert [(t.after, t.rules) for t in work.sets.taken("one")] == [(7, newest)]
        assert [t.after for t in work.sets.taken("other")] == [3]
    assert newest.number == 3, "the policy's, the shadow's, the live one's"


def test_a_snooze_is_in_the_edition_until_it_ends(office: WorkshopOffice) -> None:
    live(office)
    with office.work() as work:
        made = snooze(
            work, bench(), ANALYST, "large_payment", until=NOW + timedelta(days=1), note="已核",
            subject=None, area="470102", now=NOW,
        )  # fmt: skip
    with office.work() as work:
        newest = work.sets.newest()
        assert newest is not None
        assert [m.area for m in newest.rules[0].mutes] == ["470102"]
        end_snooze(work, bench(), ANALYST, made.id, NOW)
    with office.work() as work:
        newest = work.sets.newest()
        assert newest is not None
        assert newest.rules[0].mutes == ()
    with pytest.raises(Refused), office.work() as work:
        end_snooze(work, bench(), ANALYST, made.id, NOW)


def test_mutes_for_all_are_counted_together_those_ended_too(office: WorkshopOffice) -> None:
    live(office)

    def mute(at: datetime, hours: float) -> Snooze:
        with office.work() as work:
            return snooze(
                work, bench(), ANALYST, "large_payment", until=at + timedelta(hours=hours),
                note="已核", subject=None, area=None, now=at,
            )  # fmt: skip

    first = mute(NOW, 20)
    with office.work() as work:
        end_snooze(work, bench(), OFFICER, first.id, NOW + timedelta(hours=10))
    mute(NOW + timedelta(hours=10), 10)
    with pytest.raises(Refused) as refused:
        mute(NOW + timedelta(days=3), 5)
    assert refused.value.code == "mute_too_long"
    mute(NOW + timedelta(days=3), 4)
    mute(NOW + timedelta(days=8), 20)
    with office.work() as work:
        assert len(work.snoozes.over_places("large_payment", NOW)) == 4
        assert work.snoozes.over_places("another", NOW) == []


def _mute(
    office: WorkshopOffice,
    area: str | None,
    days: float,
    at: datetime = NOW,
    key: int | None = None,
) -> Snooze:
    with office.work() as work:
        return snooze(
            work, bench(), ANALYST, "large_payment", until=at + timedelta(days=days), note="已核",
            subject=Subject(key, "1**") if key else None, area=area, now=at,
        )  # fmt: skip


DISTRICTS = sorted(u.code for u in UNITS if u.level is Level.BRANCH)


@pytest.mark.parametrize("area", ["47", "470000", "4701", "470100", "86"])
def test_an_area_that_is_everybody_is_no_area(office: WorkshopOffice, area: str) -> None:
    """One province and one city are all there is: by whatever name, it is the whole centre."""
    live(office)
    with pytest.raises(Refused) as refused:
        _mute(office, area, 2)
    assert (refused.value.code, refused.value.field) == ("mute_too_long", "until")
    assert _mute(office, area, 1).area == {"86": None, "470000": "47", "470100": "4701"}.get(
        area, area
    )
    with pytest.raises(Refused):
        _mute(office, None, 1, at=NOW + timedelta(days=2))


@pytest.mark.parametrize("area", ["00", "99", "470", "4", "4702", "470199", "470102001", "一二"])
def test_an_area_that_is_none_of_the_centre_is_refused(office: WorkshopOffice, area: str) -> None:
    live(office)
    with pytest.raises(Refused) as refused:
        _mute(office, area, 1)
    assert (refused.value.code, refused.value.field) == ("area_unknown", "area")
    with office.work() as work:
        assert work.snoozes.running(NOW) == []


def test_areas_that_together_are_everybody_are_counted_so(office: WorkshopOffice) -> None:
    live(office)
    assert len(DISTRICTS) == 11
    for area in DISTRICTS[:5]:
        _mute(office, area, 80)
    with pytest.raises(Refused) as refused:
        _mute(office, DISTRICTS[5], 80)
    assert refused.value.code == "mute_too_long", "most of the centre is the centre"
    _mute(office, DISTRICTS[5], 1)
    _mute(office, DISTRICTS[0], 80, at=NOW + timedelta(days=2))
    _mute(office, None, 80, key=7)
    with pytest.raises(Refused):
        _mute(office, DISTRICTS[6], 80, at=NOW + timedelta(days=3))


def test_a_mute_that_outlasts_the_others_is_looked_at_over_all_its_days(
    office: WorkshopOffice,
) -> None:
    """In its last week the long one stands alone; together they are silence in the first."""
    live(office)
    for area in DISTRICTS[:5]:
        _mute(office, area, 10)
    with pytest.raises(Refused) as refused:
        _mute(office, "4701", 60)
    assert refused.value.code == "mute_too_long"
    with pytest.raises(Refused):
        _mute(office, DISTRICTS[6], 60)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.integers(1, 60), st.sets(st.sampled_from(DISTRICTS), min_size=1)
        ),
        max_size=12,
    )
)
def test_hours_of_silence_are_those_counted_hour_by_hour(
    mutes: list[tuple[int, int, set[str]]],
) -> None:
    spans = [
        (NOW + timedelta(hours=begin), NOW + timedelta(hours=begin + length), area)
        for begin, length, areas in mutes
        for area in areas
    ]
    silent = [
        len({a for begin, length, areas in mutes if begin <= h < begin + length for a in areas})
        >= 6
        for h in range(100)
    ]
    longest = max(sum(silent[max(0, end - 24) : end]) for end in range(1, 101))
    found = longest_silence(spans, bench().tiers, share=0.5, within=timedelta(hours=24))
    assert found == timedelta(hours=longest)


def _judge(office: WorkshopOffice, who: Actor, version: int = 1) -> None:
    with office.work() as work:
        judge_case(
            work, bench(), who, find(work, "large_payment", version), rehearsal=uuid4(), n=0,
            token=bytes(32), share=1.0, verdict=Verdict.FRAUD, now=NOW,
        )  # fmt: skip


def test_who_judged_a_version_does_not_submit_it(office: WorkshopOffice) -> None:
    save(office)
    do(office, 1, "record_replay")
    do(office, 1, "start_shadow")
    _judge(office, SECOND)
    with pytest.raises(NotAllowed) as refused:
        do(office, 1, "submit", SECOND)
    assert refused.value.code == "judged_it"
    assert do(office, 1, "submit") == states.SUBMITTED
    assert do(office, 1, "publish", SECOND) == states.LIVE, "who judged may be the second person"
    assert save(office) == 2
    do(office, 2, "record_replay")
    do(office, 2, "start_shadow")
    assert do(office, 2, "submit", SECOND) == states.SUBMITTED, "of another version nobody judged"


def test_who_once_submitted_a_version_never_judges_or_publishes_it(office: WorkshopOffice) -> None:
    save(office)
    do(office, 1, "record_replay")
    do(office, 1, "start_shadow")
    do(office, 1, "submit", SECOND)
    do(office, 1, "send_back", SECOND, "再看")
    with pytest.raises(NotAllowed) as refused:
        _judge(office, SECOND)
    assert refused.value.code == "own_case"
    do(office, 1, "submit")
    with pytest.raises(NotAllowed) as refused:
        do(office, 1, "publish", SECOND)
    assert refused.value.code == "second_person_needed"
    with office.work() as work:
        assert work.rules.hands("large_payment", 1) == Hands(frozenset({"a", "c"}), frozenset())
    assert do(office, 1, "publish", OFFICER) == states.LIVE


def test_a_rehearsal_left_by_the_dead_is_taken_up_again(office: WorkshopOffice) -> None:
    save(office)
    asked = Rehearsal(
        id=uuid4(), rule="large_payment", version=1, against=None, state=RehearsalState.ASKED,
        done_share=0.0, asked_by="何珊", asked_at=NOW, finished_at=None, source="log",
    )  # fmt: skip
    later = NOW + timedelta(minutes=30)
    with office.work() as work:
        work.rehearsals.ask(asked)
        first = work.rehearsals.take_up(NOW, NOW - timedelta(minutes=10))
        assert first is not None
        assert work.rehearsals.take_up(NOW, NOW - timedelta(minutes=10)) is None
        again = work.rehearsals.take_up(later, later - timedelta(minutes=10))
        assert again == replace(asked, state=RehearsalState.RUNNING) == first
        work.rehearsals.keep(replace(asked, state=RehearsalState.DONE), later)
        assert work.rehearsals.newest("large_payment", 1) == replace(
            asked, state=RehearsalState.DONE
        )
