"""The tables of measures and appeals, walked; what no measure can be without; policy files."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from fanzha.errors import Misconfigured, Refused
from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.machine import Lifecycle, NotAllowed
from fanzha.lifecycles.measure import appeal_states, states
from fanzha.lifecycles.measure.model import Ground, GroundKind, Remedy, Term
from fanzha.lifecycles.measure.policy import load_register
from fanzha.lifecycles.measure.protected import load_protected
from tests.fixtures import NOW, POLICIES, unit

FILED = POLICIES / "detection" / "filed-numbers.yaml"


@pytest.mark.parametrize("table", [states.MEASURE, appeal_states.APPEAL], ids=lambda t: t.name)
def test_each_pair_is_allowed_or_refused_as_the_table_says(table: Lifecycle) -> None:
    verbs = {r.verb for r in table.rules}
    for state, verb, role in itertools.product(table.states, verbs, Role):
        actor = Actor("a", "甲", frozenset({role}), unit("86"))
        lines = [r for r in table.rules if r.verb == verb and state.code in r.sources]
        if lines and role in lines[0].who:
            assert table.rule(state.code, verb, actor) is lines[0]
        else:
            with pytest.raises(NotAllowed):
                table.rule(state.code, verb, actor)


def test_the_machine_only_ends_and_never_puts_into_force() -> None:
    by_machine = {r.verb: r.target for r in states.MEASURE.rules if Role.SYSTEM in r.who}
    assert set(by_machine.values()) & set(states.IN_FORCE) == set()
    decided = {r.verb for r in appeal_states.APPEAL.rules if Role.SYSTEM in r.who}
    assert decided == {"withdraw", "close_moot", "escalate"}


def test_every_decision_about_an_appeal_has_reasons_and_a_second_person() -> None:
    final = {appeal_states.UPHELD, appeal_states.REJECTED, appeal_states.NOT_ADMITTED}
    for rule in appeal_states.APPEAL.rules:
        if rule.target in final:
            assert {"reasons", "second_person"} <= set(rule.needs)


def test_no_measure_without_ground_term_and_remedy() -> None:
    ground = Ground(GroundKind.ORDER, "1", "反电信网络诈骗法第十四条", "甲", "a")
    for changed in ({"ref": ""}, {"article": " "}, {"zh": ""}, {"en": ""}):
        with pytest.raises(Refused, match="measure_incomplete"):
            replace(ground, **changed)  # type: ignore[arg-type]
    for ends in (NOW, NOW - timedelta(days=1)):
        with pytest.raises(Refused, match="measure_incomplete"):
            Term(NOW, ends)
    for channel, documents in (("", ("a",)), ("a", ()), ("a", ("a", "b"))):
        with pytest.raises(Refused, match="measure_incomplete"):
            Remedy(channel, channel, documents, ("a",))


def test_policies_are_read_or_said_to_be_wrong(tmp_path: Path) -> None:
    chance, path = Random(5), tmp_path / "policy.yaml"
    register = (POLICIES / "measures" / "register.yaml").read_bytes()
    bought = register.replace(b"effect_with_reports: {number: label}",
                              b"effect_with_reports: {number: refuse}")  # fmt: skip
    alone = register.replace(b"protected: 2", b"protected: 1")
    assert len({register, bought, alone}) == 3
    for body in (b"", b"\xb1", b"[", b"{}", b"- 1", b"extra: 1\n" + register, bought, alone):
        path.write_bytes(body)
        with pytest.raises(Misconfigured):
            load_register(path)
    protected = (POLICIES / "measures" / "protected.yaml").read_bytes()
    for whole, load in (
        (register, load_register),
        (protected, lambda p: load_protected(p, FILED)),
    ):
        for _ in range(60):
            at = chance.randrange(len(whole))
            path.write_bytes(whole[:at] + whole[at + chance.randrange(1, 40) :])
            with contextlib.suppress(Misconfigured):  # anything else is not
                load(path)
