"""The table of a rule's version, walked; the gates file, whole and broken."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from random import Random

import pytest

from fanzha.errors import Misconfigured
from fanzha.lifecycles.actor import Actor, Role
from fanzha.lifecycles.machine import NotAllowed
from fanzha.lifecycles.rule import states
from fanzha.lifecycles.rule.policy import load_gates
from tests.fixtures import POLICIES, unit


def test_each_pair_is_allowed_or_refused_as_the_table_says() -> None:
    verbs = {r.verb for r in states.RULE.rules}
    for state, verb, role in itertools.product(states.RULE.states, verbs, Role):
        actor = Actor("a", "甲", frozenset({role}), unit("86"))
        lines = [r for r in states.RULE.rules if r.verb == verb and state.code in r.sources]
        if lines and role in lines[0].who:
            assert states.RULE.rule(state.code, verb, actor) is lines[0]
        else:
            with pytest.raises(NotAllowed):
                states.RULE.rule(state.code, verb, actor)


def test_only_a_submitted_version_becomes_live_by_people() -> None:
    live = [r for r in states.RULE.rules if r.target == states.LIVE and r.who != {Role.SYSTEM}]
    assert [(r.verb, r.sources) for r in live] == [("publish", (states.SUBMITTED,))]
    assert "second_person" in live[0].needs


def test_the_machine_takes_back_and_never_publishes() -> None:
    by_machine = {r.verb for r in states.RULE.rules if Role.SYSTEM in r.who}
    assert by_machine == {"record_replay", "roll_back", "replace", "restore"}


def test_the_gates_are_read_or_said_to_be_wrong(tmp_path: Path) -> None:
    whole = (POLICIES / "workshop" / "gates.yaml").read_bytes()
    assert load_gates(POLICIES / "workshop" / "gates.yaml").gates.judged > 0
    chance, path = Random(3), tmp_path / "gates.yaml"
    alone = whole.replace(b"elders_age: 65", b"second_person: false\n  elders_age: 65")
    assert alone != whole
    for body in (b"", b"\xb1", b"[", b"{}", b"- 1", b"a: b", b"extra: 1\n" + whole, alone):
        path.write_bytes(body)
        with pytest.raises(Misconfigured):
            load_gates(path)
    for _ in range(60):
        at = chance.randrange(len(whole))
        path.write_bytes(whole[:at] + whole[at + chance.randrange(1, 40) :])
        with contextlib.suppress(Misconfigured):  # anything else is not
            load_gates(path)
