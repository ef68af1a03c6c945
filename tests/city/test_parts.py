"""Small parts of the city, held to properties: hours, sums that add up, texts that dodge."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fanzha.city.behaviour import POLICIES
from fanzha.city.evasion import evade
from fanzha.city.firms import Firms
from fanzha.city.generate import default_behaviour
from fanzha.city.grammar import Grammar, load_grammar
from fanzha.city.life.texts import BOUND
from fanzha.city.organisations import load_organisations
from fanzha.city.rhythm import DAY, Rhythm, Span, local_hour
from fanzha.city.scam.hops import parts_of
from fanzha.city.world import distinct
from fanzha.detection.app.v1.kinds import load_app_kinds
from fanzha.errors import Misconfigured
from tests.city.conftest import START

hours = st.lists(st.floats(0, 20), min_size=24, max_size=24)


@given(
    begin=st.integers(0, 14 * 24 * 60),
    minutes=st.integers(1, 5 * 24 * 60),
    weights=hours,
    weekend=st.floats(0, 2),
    seed=st.integers(0, 9),
)
def test_instants_lie_within_their_stretch(
    begin: int, minutes: int, weights: list[float], weekend: float, seed: int
) -> None:
    span = Span.of(START + timedelta(minutes=begin), minutes / (24 * 60))
    drawn = span.draw(np.random.default_rng(seed), 50, Rhythm(tuple(weights), weekend))
    assert len(drawn) == 50
    assert (drawn >= span.start_ms).all()
    assert (drawn < span.end_ms).all()


def test_nobody_is_active_in_hours_of_weight_nothing() -> None:
    office = Rhythm(tuple(1.0 if 9 <= hour < 18 else 0.0 for hour in range(24)), weekend=0.0)
    week = Span.of(START, 7)
    drawn = week.draw(np.random.default_rng(1), 5_000, office)
    assert set(local_hour(drawn)) == set(range(9, 18))
    assert week.amount(office) == pytest.approx(5.0)
    assert {datetime.fromtimestamp(at / 1000, START.tzinfo).weekday() for at in drawn} <= set(
        range(5)
    )
    assert len(week.mornings()) == 7
    assert (np.diff(week.mornings()) == DAY).all()


@given(fen=st.integers(1, 10**9), count=st.integers(1, 6), seed=st.integers(0, 99))
def test_parts_of_a_sum_add_up_to_it(fen: int, count: int, seed: int) -> None:
    parts = parts_of(fen, count, np.random.default_rng(seed))
    assert sum(parts) == fen
    assert 1 <= len(parts) <= count
    assert all(part > 0 for part in parts)


@given(space=st.integers(1, 400), share=st.floats(0, 1), seed=st.integers(0, 9))
def test_numbers_drawn_are_different(space: int, share: float, seed: int) -> None:
    n = int(space * share)
    drawn = distinct(np.random.default_rng(seed), n, space)
    assert len(set(drawn.tolist())) == n
    assert all(0 <= number < space for number in drawn.tolist())


def test_more_than_is_reserved_is_an_error() -> None:
    with pytest.raises(ValueError, match="only 3"):
        distinct(np.random.default_rng(1), 4, 3)


def test_evasion_changes_words_and_keeps_links() -> None:
    link = "https://m.taoji-renwu.example/a/1?x=2"
    bodies = pa.array([f"贷款额度{n}元，提现{link} 退订回T" for n in range(200)])
    rng = np.random.default_rng(4)
    dodged = evade(bodies, rng, 1.0).to_pylist()
    assert all(link in body for body in dodged)
    assert all(a != b for a, b in zip(dodged, bodies.to_pylist(), strict=True))
    assert evade(bodies, rng, 0.0).equals(bodies)
    some = evade(bodies, rng, 0.3).to_pylist()
    changed = sum(a != b for a, b in zip(some, bodies.to_pylist(), strict=True))
    assert 30 <= changed <= 90


def test_every_rule_of_the_grammar_can_be_said() -> None:
    """No brace, name or bar is left over in what comes out."""
    grammar = load_grammar([POLICIES / "texts-everyday.yaml", POLICIES / "texts-scam.yaml"], BOUND)
    given_values = {name: pa.array(["值"] * 40) for name in BOUND}
    for name in sorted(grammar.names):
        said = grammar.expand(name, 40, np.random.default_rng(2), given_values).to_pylist()
        assert len(said) == 40
        assert all(not set("{}|") & set(body) for body in said), name


@pytest.mark.parametrize("text", ["{open", "close}", "{a|b", "a{b|{c}", "{nobody}"])
def test_a_rule_that_does_not_parse_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        Grammar({"rule": [text]}, frozenset())


def test_organisations_of_the_city_are_sound() -> None:
    found = load_organisations(POLICIES / "organisations.yaml")
    kinds = {organisation.kind for organisation in found}
    assert {"bank", "pay", "authority", "courier", "shop", "meeting", "lender"} <= kinds
    default_behaviour().check_names({o.key for o in found}, _names())


def _names() -> frozenset[str]:
    return load_grammar(
        [POLICIES / "texts-everyday.yaml", POLICIES / "texts-scam.yaml"], BOUND
    ).names


def test_what_scammers_write_here_is_not_what_the_text_model_was_trained_on() -> None:
    """Near-twins on both sides would flatter every figure about the city."""
    written = yaml.safe_load(
        (POLICIES.parent / "text" / "written_messages.yaml").read_text(encoding="utf-8")
    )
    trained = [set(_grams(line)) for line in _lines(written)]
    assert len(trained) > 500
    grammar = load_grammar([POLICIES / "texts-everyday.yaml", POLICIES / "texts-scam.yaml"], BOUND)
    own = yaml.safe_load((POLICIES / "texts-scam.yaml").read_text(encoding="utf-8"))
    given_values = {name: pa.array(["值"] * 6) for name in BOUND}
    for name in own:
        for said in grammar.expand(name, 6, np.random.default_rng(3), given_values).to_pylist():
            mine = set(_grams(said))
            nearest = max(len(mine & other) / len(mine | other or {""}) for other in trained)
            assert nearest < 0.3, said


def _grams(text: str) -> list[str]:
    plain = re.sub(r"\{[^}]*\}|[\d\W_]+", "", text)
    return [plain[at : at + 6] for at in range(len(plain) - 5)]


def _lines(read: Any) -> list[str]:
    if isinstance(read, str):
        return [read]
    inner = read.values() if isinstance(read, dict) else read if isinstance(read, list) else ()
    return [line for value in inner for line in _lines(value)]


def test_the_centre_knows_the_stores_of_the_city() -> None:
    kinds = load_app_kinds(POLICIES.parent / "detection" / "app-kinds.yaml")
    assert set(Firms().stores) <= set(kinds.stores)
