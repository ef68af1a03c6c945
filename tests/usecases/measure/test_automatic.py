"""What the machine does by itself: on its own strong findings, never on reports, never on what is
protected, and the same again after a crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.adapters.memory.register import MemoryRegister
from fanzha.detection.finding import Finding, Reason, Related, Role, SubjectKind
from fanzha.lifecycles.measure import states
from fanzha.lifecycles.measure.model import Effect, GroundKind, Measure
from fanzha.usecases.measure.automatic import take_from
from fanzha.usecases.measure.clocks import run
from fanzha.usecases.measure.poisoning import attacks
from fanzha.values import reserved
from fanzha.values.stage import Stage
from tests.fixtures import NOW
from tests.usecases.measure.given import POLICY, does, register

BOUNDS = POLICY.automatic
_SUSPECT = reserved.mobile(11)


def finding(score: float, subject: str = _SUSPECT, **changed: object) -> Finding:
    made = Finding(
        detector="call/v1", at=1, stream="call", event_ids=(7,), source="carrier",
        subject_kind=SubjectKind.NUMBER, subject=subject, role=Role.SUSPECT, scam_type=None,
        stage=Stage.CONTACT, score=score,
        reasons=(Reason("calls_strangers", "只呼出陌生号码", "calls strangers only", score),),
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


def taken(office: MemoryRegister, *findings: Finding) -> list[Measure]:
    return take_from(office, register(), findings, lambda t: t.key.encode(), lambda: 9, NOW)


def report(office: MemoryRegister, subject: str, people: int) -> None:
    with office.work() as work:
        for n in range(people):
            work.reports.add(f"exact:{subject}".encode(), str(n).encode(), NOW)


def test_a_strong_finding_refuses_for_a_short_time() -> None:
    office = MemoryRegister()
    (measure,) = taken(office, finding(BOUNDS.score_least))
    assert (measure.state, measure.effect) == (states.PROVISIONAL, Effect.REFUSE)
    assert measure.ground.kind is GroundKind.FINDING
    assert measure.term.ends_at - NOW == POLICY.kinds[measure.target.kind].automatic
    assert office.whole().entries.num_rows == 1
    with office.work() as work:
        run(work, register(), measure.term.ends_at)
    assert office.whole().entries.num_rows == 0


def test_a_person_confirms_it_for_longer() -> None:
    office = MemoryRegister()
    (measure,) = taken(office, finding(0.99))
    after = does(office, measure, "confirm", note="核实")
    assert after.state == states.STANDING
    assert after.term.ends_at - NOW == POLICY.kinds[measure.target.kind].term


def test_the_same_finding_again_is_the_same_measure() -> None:
    office = MemoryRegister()
    first = taken(office, finding(0.99))
    version = office.state.version
    assert [m.id for m in taken(office, finding(0.99))] == [first[0].id]
    assert office.state.version == version
    does(office, first[0], "lift", note="误判")
    # After a crash the log is read again: what a person lifted does not come back by that.
    assert taken(office, finding(0.99))[0].state == states.LIFTED
    assert office.whole().entries.num_rows == 0


def test_whose_number_was_shown_without_their_doing_is_left_alone() -> None:
    for code in sorted(BOUNDS.not_with):
        office = MemoryRegister()
        spoofed = finding(0.995, reasons=(Reason(code, "x", "x", 0.995),))
        assert taken(office, spoofed) == []


def test_victims_other_detectors_and_protected_numbers_are_left_alone() -> None:
    office = MemoryRegister()
    assert taken(office, finding(0.99, role=Role.AT_RISK)) == []
    assert taken(office, finding(0.99, detector="text/v1")) == []
    assert taken(office, finding(0.99, subject="96110")) == []
    assert taken(office, finding(0.99, subject="?abc")) == []


def test_a_name_on_the_scam_s_side_of_a_link_is_warned_of() -> None:
    office = MemoryRegister()
    link = finding(
        0.99, detector="link/v1", subject_kind=SubjectKind.PERSON, subject="p1",
        role=Role.AT_RISK,
        related=(
            Related(SubjectKind.DNS_NAME, "pay.shop.example.com", Role.SUSPECT),
            Related(SubjectKind.DNS_NAME, "gov.cn", Role.SUSPECT),
        ),
    )  # fmt: skip
    assert [(m.target.text, m.effect) for m in taken(office, link)] == [
        ("pay.shop.example.com", Effect.WARN)
    ]


@given(
    people=st.integers(0, 300),
    score=st.floats(0, BOUNDS.score_least - 1e-9),
)
@settings(max_examples=60)
def test_no_number_of_reports_refuses(people: int, score: float) -> None:
    office = MemoryRegister()
    report(office, _SUSPECT, people)
    done = taken(office, finding(score))
    assert all(m.effect is Effect.LABEL for m in done)
    if score < BOUNDS.score_with_reports or people < BOUNDS.reports_least:
        assert done == []


def test_the_drill_refuses_nobody_and_would_see_it_if_it_did() -> None:
    below = (0.0, BOUNDS.score_with_reports, BOUNDS.score_least - 0.001)
    found = list(attacks(MemoryRegister, register(), (1, 2_000), below, NOW))
    assert {a.effect for a in found} <= {None, Effect.LABEL}
    assert max(a.counted for a in found) == 2_000
    guilty = list(attacks(MemoryRegister, register(), (1,), (0.99,), NOW))
    assert guilty[0].effect is Effect.REFUSE


def test_another_measure_stands_already() -> None:
    office = MemoryRegister()
    taken(office, finding(0.99))
    other = finding(0.99, event_ids=(8,))
    assert taken(office, other) == []
    later = NOW + timedelta(days=3)
    with office.work() as work:
        run(work, register(), later)
    again = take_from(
        office, register(), [finding(0.99, event_ids=(9,))], lambda t: t.key.encode(),
        lambda: 10, later,
    )  # fmt: skip
    assert len(again) == 1
