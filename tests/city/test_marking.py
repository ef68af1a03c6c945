"""The mark on cases small enough to be counted by hand."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.city.generate import City
from fanzha.city.marking.answers import Mention, Scam, Truth, Warned, truth_of
from fanzha.city.marking.mark import mark
from fanzha.city.marking.share import Share, Spread
from fanzha.entrypoints.cli.city.report import report

MINUTE = 60_000


def said(at: int, grade: str, *events: int, scam_type: str | None = "SD01") -> Mention:
    return Mention(at * MINUTE, grade, scam_type, frozenset(events))


def truth() -> Truth:
    """Four residents in two days: ann loses twice, bob goes along, cid hangs up, dan is left
    alone. Events 1–9 are scams', 20 and above are everyday life."""
    scams = (
        Scam(0, "SD01", "ann", True, ((100 * MINUTE, 10_000), (200 * MINUTE, 90_000))),
        Scam(1, "KF01", "bob", True),
        Scam(2, "KF01", "cid", False),
    )
    incident_of = {1: 0, 2: 0, 3: 0, 4: 1, 5: 2}
    return Truth(scams, incident_of, {n: n for n in ("ann", "bob", "cid", "dan")}, 4, 2.0)


def test_a_warning_between_payments_saves_the_second() -> None:
    found = mark([Warned("ann", (said(160, "low", 1, 2),))], truth())
    whole = found.types[1]
    assert whole.scam_type == "SD01"
    assert whole.engaged == Share(1, 1)
    assert whole.losses == Share(0, 1)
    assert whole.before_last == Share(1, 1)
    assert whole.lead == Spread(1, (-60.0, -60.0, -60.0))
    assert (whole.lost_fen, whole.saved_fen) == (100_000, 90_000)
    assert whole.named == Share(1, 1)
    assert (found.engaged, found.contact_only, found.false) == (1, 0, 0)


def test_a_warning_counts_from_the_mention_that_rests_on_the_scam() -> None:
    """Issued for nothing, it becomes true when the scam's own events carry it."""
    warning = Warned("ann", (said(10, "low", 20), said(70, "medium", 20, 1), said(90, "high", 1)))
    found = mark([warning], truth())
    assert found.whole.losses == Share(1, 1)
    by_grade = {grade.grade: grade for grade in found.grades}
    assert by_grade["low"].lead.quartiles == (30.0, 30.0, 30.0)
    assert by_grade["medium"].lead.quartiles == (30.0, 30.0, 30.0)
    assert by_grade["high"].lead.quartiles == (10.0, 10.0, 10.0)
    assert by_grade["critical"].lead.quartiles is None
    assert by_grade["high"].engaged == 1
    assert by_grade["low"].precision == Share(0, 0)


def test_false_contact_only_and_elsewhere_are_told_apart() -> None:
    warnings = [
        Warned("dan", (said(5, "high", 20),)),
        Warned("dan", (said(9, "low", 1),)),
        Warned("cid", (said(6, "medium", 5, scam_type="GJF01"),)),
        Warned("+447700900001", (said(7, "low", 1),)),
        Warned("bob", (said(8, "critical", 4, scam_type=None),)),
    ]
    found = mark(warnings, truth())
    assert (found.engaged, found.contact_only, found.false, found.elsewhere) == (1, 1, 2, 1)
    assert found.warnings == 4
    assert found.precision == Share(2, 4)
    assert found.contacts == Share(1, 1)
    assert found.false_per_10k_day == pytest.approx(2 / 4 * 10_000 / 2)
    assert found.whole.engaged == Share(1, 2)
    assert found.whole.named == Share(0, 3), "three warnings name a type, none the right one"
    kf = found.types[0]
    assert kf.engaged == Share(1, 1)
    assert kf.losses == Share(0, 0)
    assert sum(grade.false for grade in found.grades) == found.false


def test_a_type_of_the_same_main_class_is_the_right_one() -> None:
    """Streams do not show whether the parcel or the purchase was the pretext."""
    found = mark([Warned("bob", (said(1, "low", 4, scam_type="KF02"),))], truth())
    assert found.types[0].named == Share(1, 1)
    assert mark([Warned("bob", (said(1, "low", 4, scam_type="KF"),))], truth()).whole.named.part
    other = mark([Warned("bob", (said(1, "low", 4, scam_type="GJF01"),))], truth())
    assert other.whole.named == Share(0, 1)


def test_nothing_said_is_nothing_found() -> None:
    found = mark([], truth())
    assert found.precision == Share(0, 0)
    assert found.precision.value is None
    assert found.whole.engaged == Share(0, 2)
    assert found.whole.saved_fen == 0


def test_truth_read_from_a_city_agrees_with_its_tables(city: City) -> None:
    read = truth_of(city.truth, city.streams["transfer"], city.residents, city.days)
    told = city.truth["truth_incident"].to_pylist()
    assert [scam.loss for scam in read.scams] == [row["loss_fen"] for row in told]
    assert [scam.victim for scam in read.scams] == [row["victim"] for row in told]
    first = [scam.payments[0][0] for scam in read.scams if scam.payments]
    assert first == [
        round(row["first_pay_at"].timestamp() * 1000) for row in told if row["first_pay_at"]
    ]
    assert sum(scam.engaged for scam in read.scams) > 10
    assert set(read.incident_of.values()) <= {scam.incident for scam in read.scams}


def test_a_perfect_detector_gets_full_marks(city: City) -> None:
    """One warning a scam, resting on its first event: all recall, no false alarm."""
    read = truth_of(city.truth, city.streams["transfer"], city.residents, city.days)
    event_of: dict[int, int] = {}
    for event, incident in sorted(read.incident_of.items()):
        event_of.setdefault(incident, event)
    warnings = [
        Warned(
            scam.victim,
            (said(0, "high", event_of[scam.incident], scam_type=scam.scam_type),),
        )
        for scam in read.scams
        if scam.incident in event_of
    ]
    found = mark(warnings, read)
    assert found.false == 0
    # A scam of which no stream holds anything cannot be warned of.
    seen = sum(scam.engaged and scam.incident in event_of for scam in read.scams)
    assert found.whole.engaged.part == seen > 0.9 * found.whole.engaged.whole
    assert found.whole.named.part == found.whole.named.whole
    assert found.whole.saved_fen == found.whole.lost_fen > 0


def test_the_report_is_labelled_simulated_and_the_json_holds_the_same() -> None:
    found = mark([Warned("ann", (said(50, "low", 1),))], truth())
    about = {"seed": 100, "behaviour": "b", "seen_while_building": False}
    text = report(found, about)
    assert text.startswith("模拟 simulated")
    assert "1/1 100% [21%, 100%]" in text
    said_again = json.loads(json.dumps(found.as_dict()))
    assert said_again["kind"] == "simulated"
    assert said_again["types"]["SD01"]["recall"]["part"] == 1
    assert said_again["grades"]["low"]["engaged"] == 1


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_interval_holds_its_share(part: int, more: int) -> None:
    share = Share(part, part + more)
    low, high = share.interval
    assert 0.0 <= low <= high <= 1.0
    if share.value is not None:
        assert low - 1e-12 <= share.value <= high + 1e-12
        assert high - low < 1.0


@given(st.integers(1, 500))
def test_an_interval_narrows_with_more(n: int) -> None:
    few, many = Share(n, 2 * n).interval, Share(2 * n, 4 * n).interval
    assert many[1] - many[0] < few[1] - few[0]


def test_wilson_as_published() -> None:
    """Newcombe 1998, table I: 81 of 263, and 1 of 29."""
    for share, low, high in ((Share(81, 263), 0.2553, 0.3662), (Share(1, 29), 0.0061, 0.1718)):
        assert share.interval == pytest.approx((low, high), abs=5e-5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_quartiles_stand_in_order_within_the_values(values: list[float]) -> None:
    found = Spread.of(values).quartiles
    assert found is not None
    low, middle, high = found
    assert min(values) - 1e-6 <= low <= middle + 1e-6
    assert middle <= high + 1e-6 <= max(values) + 2e-6
    assert not any(map(math.isnan, found))
