"""The catalogue and what is declared are the same features, in the units of their kinds."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from fanzha.detection.account.v1.channel import HOLDER_SCHEMA, PAYER_SCHEMA
from fanzha.detection.account.v1.graph import GRAPH_SCHEMA, WINDOW
from fanzha.detection.call.v1.schema import CALLEE_SCHEMA, CALLER_SCHEMA
from fanzha.detection.catalogue import Catalogued, catalogue, declared, signal_sets
from fanzha.detection.person.v1.episode import FACTS
from fanzha.detection.text.v1.channel import RECIPIENT_SCHEMA, SENDER_SCHEMA
from fanzha.errors import Misconfigured
from fanzha.features.catalogue import Standing, Unit, load_features
from fanzha.features.declare import Kind
from fanzha.features.graph.catalogue import meanings
from tests.fixtures import POLICIES

ALL = catalogue(POLICIES)
CHANNELS = ("call", "account", "text", "person")
_SCHEMAS = {
    "call_caller": CALLER_SCHEMA,
    "call_callee": CALLEE_SCHEMA,
    "transfer_holder": HOLDER_SCHEMA,
    "transfer_payer": PAYER_SCHEMA,
    "text_recipient": RECIPIENT_SCHEMA,
    "text_sender": SENDER_SCHEMA,
    "person": {name: kind for name, (kind, _) in FACTS.items()},
}
_COUNTS = {Kind.COUNT, Kind.DISTINCT, Kind.CHANGES}


def _of(channel: str) -> list[Catalogued]:
    return [one for one in ALL if one.channel == channel]


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_declared_stands_in_the_catalogue_and_nothing_else(channel: str) -> None:
    """What no window counts is kept by an episode, the graph or a signal file, or says how it is
    made."""
    counted = {f.name: live for _, f, live in declared(channel)}
    mine = _of(channel)
    named = {one.name for one in mine}
    assert set(counted) <= named
    for one in mine:
        if one.window is not None:
            assert counted[one.name] == (one.standing is not Standing.CATALOGUED), one.name
        else:
            assert one.made, f"{one.name} is neither counted nor made"
            assert one.standing is Standing.LIVE, one.name


def test_the_graph_stands_in_the_catalogue() -> None:
    assert [one.name for one in _of("graph")] == [m.name for m in meanings(WINDOW)]
    told = {one.name for one in _of("account") if "transfer_holder" in one.rows}
    assert set(GRAPH_SCHEMA) <= told


@pytest.mark.parametrize("rows", _SCHEMAS)
def test_every_live_feature_is_a_column_of_its_rows(rows: str) -> None:
    """Also the other way round: a column that is made and no received one stands in it."""
    sets = signal_sets(POLICIES)
    made = {d.name for d in sets[rows].derived}
    if rows == "call_callee":
        made |= {d.name for d in sets["call_caller"].derived}
    live = {one.name for one in ALL if rows in one.rows and one.standing is Standing.LIVE}
    received = yaml.safe_load((POLICIES / "workshop" / "names.yaml").read_text("utf-8"))
    there = set(_SCHEMAS[rows]) | made
    assert live <= there
    published = live | set(received["channels"][rows]["names"] or {})
    numbers = {n for n, k in _SCHEMAS[rows].items() if k in (pl.Float64, pl.Boolean)} | made
    assert numbers <= published


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.channel}-{one.name}")
def test_the_unit_fits_the_kind(one: Catalogued) -> None:
    meaning, feature = one.meaning, one.feature
    assert meaning.unit in set(Unit)
    assert all((meaning.zh, meaning.en, meaning.source))
    assert any("\u4e00" <= c <= "\u9fff" for c in meaning.zh)
    if one.name.endswith("_fen") or "_fen_" in one.name:
        assert meaning.unit == Unit.FEN
    if one.name.endswith("_s"):
        assert meaning.unit == Unit.SECONDS
    if feature is None:
        return
    if feature.kind in _COUNTS:
        assert meaning.unit == Unit.COUNT
    elif feature.kind is Kind.SINCE:
        assert meaning.unit == Unit.SECONDS
    elif feature.kind is Kind.SHARE:
        assert meaning.unit == Unit.SHARE
    else:
        assert meaning.unit not in (Unit.TRUTH, Unit.TEXT, Unit.SCORE)


def test_it_says_who_reads_a_feature() -> None:
    by_name = {(one.channel, one.name): one for one in ALL}
    read = by_name["call", "calls_24h"].readers
    assert ("call_caller", "calls_out_only") in {(r.rows, r.code) for r in read}
    # Through what is made of it: no signal names the window's own sum of squares.
    night = by_name["call", "night_calls_24h"].readers
    assert {r.code for r in night} >= {"night_calls"}
    assert by_name["call", "risky_since_s"].readers[0].rows == "call_checking"
    assert by_name["person", "bank_on_call"].readers


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"features": {"nowhere": {}}}, "call.yaml"),
        ({"features": {"all": {"x": ["count", "甲", "a"]}}}, "x"),
        ({"features": {"all": {"x": ["furlong", "甲", "a", "D1"]}}}, "x"),
        ({"features": {"all": {"x": ["count", "", "a", "D1"]}}}, "x"),
        ({"inner": {"calls_24h": ["count", "甲", "a", "D1"]}}, "calls_24h"),
        ({"in_force_on": "today"}, "in_force_on"),
        ({"more": 1}, "call.yaml"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    whole = yaml.safe_load((POLICIES / "features" / "call.yaml").read_text("utf-8"))
    (tmp_path / "call.yaml").write_text(yaml.safe_dump({**whole, **change}), "utf-8")
    with pytest.raises(Misconfigured) as refused:
        load_features(tmp_path)
    assert refused.value.field == field


def test_no_file_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        load_features(tmp_path)
