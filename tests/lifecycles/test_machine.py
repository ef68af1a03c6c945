"""Every state × verb × role of both lifecycles, from the tables themselves."""

from __future__ import annotations

import itertools

import pytest

from fanzha.lifecycles.actor import Actor, Level, Role, Unit
from fanzha.lifecycles.machine import BACK, Lifecycle, NotAllowed, Rule, State
from fanzha.lifecycles.message.states import MESSAGE
from fanzha.lifecycles.warning.states import STATIONS, WARNING

UNIT = Unit("86", Level.NATION, "全国", "Nation", (None,) * 5)
TABLES = [WARNING, MESSAGE]


def actor(role: Role) -> Actor:
    return Actor("a", "甲", frozenset({role}), UNIT)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_each_pair_is_allowed_or_refused_as_the_table_says(table: Lifecycle) -> None:
    verbs = {r.verb for r in table.rules}
    for state, verb, role in itertools.product(table.states, verbs, Role):
        lines = [r for r in table.rules if r.verb == verb and state.code in r.sources]
        if lines and role in lines[0].who:
            assert table.rule(state.code, verb, actor(role)) is lines[0]
        else:
            with pytest.raises(NotAllowed) as refused:
                table.rule(state.code, verb, actor(role))
            expected = "not_allowed" if lines else "not_in_this_state"
            assert refused.value.code == expected
            assert refused.value.zh
            assert refused.value.en


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_every_state_can_be_reached_and_left(table: Lifecycle) -> None:
    first = table.states[0].code
    reached = {first}
    while True:
        taken = [r for r in table.rules if r.target != BACK and reached & set(r.sources)]
        further = {r.target for r in taken if r.target} - reached
        if not further:
            break
        reached |= further
    assert reached == {s.code for s in table.states}
    for state in table.states:
        leaves = [r for r in table.rules_of(state.code) if r.target not in (None, state.code)]
        assert bool(leaves) or state.final


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_each_verb_leads_where_the_table_says_and_back_to_where_one_came_from(
    table: Lifecycle,
) -> None:
    for rule, source in ((r, s) for r in table.rules for s in r.sources):
        if rule.target != BACK:
            assert rule.leads(source) == rule.leads(source, "x") == (rule.target or source)
            assert table.remembers(rule.leads(source)) == any(
                r.target == BACK for r in table.rules_of(rule.leads(source))
            )
            continue
        with pytest.raises(NotAllowed) as refused:
            rule.leads(source)
        assert refused.value.code == "nothing_to_undo"
        origins = table.origins(source)
        assert origins == {
            before.code
            for before in table.states
            for r in table.rules_of(before.code)
            if r.target == source
        }
        assert {rule.leads(source, before) for before in origins} == origins


def test_a_machine_never_concludes_about_a_person() -> None:
    outcomes = {"dissuaded", "already_paid", "false_alarm", "not_believing"}
    for rule in WARNING.rules:
        if rule.target in outcomes:
            assert Role.SYSTEM not in rule.who


def test_an_auditor_and_an_analyst_change_nothing() -> None:
    for rule in WARNING.rules:
        assert not rule.who & {Role.AUDITOR, Role.ANALYST, Role.ADMINISTRATOR}


def test_each_state_stands_at_one_station_of_the_bar() -> None:
    standing = [s for _, _, _, states in STATIONS for s in states]
    assert sorted(standing) == sorted(s.code for s in WARNING.states)


def test_a_table_that_contradicts_itself_cannot_be_built() -> None:
    states = (State("a", "甲", "A"), State("b", "乙", "B", final=True))
    rule = Rule("go", "去", "Go", ("a",), "b", frozenset({Role.SYSTEM}))
    with pytest.raises(ValueError, match="stands twice"):
        Lifecycle("x", states, (rule, rule))
    with pytest.raises(ValueError, match="unknown state"):
        Lifecycle("x", states, (Rule("go", "去", "Go", ("c",), "b", frozenset()),))
    back = Rule("back", "回", "Back", ("a",), BACK, frozenset({Role.SYSTEM}))
    with pytest.raises(ValueError, match="nowhere to lead back"):
        Lifecycle("x", states, (rule, back))
