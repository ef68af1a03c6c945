"""Rules in the engine: shadow ones change nothing, cuts change nothing, state outlives a change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fanzha.city.generate import default_behaviour, generate
from fanzha.detection.engine import Engine
from fanzha.detection.rules.rule import RuleText
from fanzha.detection.rules.ruleset import EMPTY, Look, Mode, Mute, Ruled, RuleSet
from fanzha.detection.rules.tally import BUCKETS, Counted, bucket_of
from fanzha.records.door import admit
from fanzha.records.merge import merge
from fanzha.values.keys import key64
from tests.fixtures import POLICIES
from tests.usecases.workshop.given import draft

Entries = list[tuple[str, pa.RecordBatch]]
_WORDS = {"title_zh": "甲", "title_en": "a", "zh": "甲", "en": "a"}


def rule(id: str, channel: str, when: str, score: float = 0.9) -> RuleText:
    return RuleText(id=id, channel=channel, when=when, score=score, **_WORDS)


RULES = (
    draft(when="amount_fen >= 3000 yuan AND payee_new"),
    rule("calls_many", "call_caller", "calls_24h >= 3 AND strange"),
    rule("called_abroad", "call_callee", "from_abroad AND strange"),
    rule("passes_on", "transfer_holder", "moved_on > 0.5 AND in_n_24h >= 1"),
    rule("worded", "text_recipient", "words_score > 0.2"),
    rule("sends_many", "text_sender", "texts_24h >= 2"),
    rule("odd_link", "link", "likeness != 'none' OR installer"),
    rule("any_app", "app", "action = 'install'"),
    rule("talked", "person", "talk_max_s > 1 min"),
)


def ruled(mode: Mode, **more: Any) -> RuleSet:
    return RuleSet(1, tuple(Ruled(r, 1, mode, **more) for r in RULES), Look("s", 0.001, 0.05))


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> Entries:
    city = generate(200, 0.15, 7, datetime(2026, 11, 20, tzinfo=UTC), default_behaviour("demo"))
    admitted = {s: [admit(s, t, "city").batch] for s, t in city.streams.items() if t.num_rows}
    slices = merge(admitted, tmp_path_factory.mktemp("spill"), slice_rows=2_000, slice_ms=3_600_000)
    return [(stream, batch) for found in slices for stream, batch in found.batches.items()]


def run(
    entries: Entries, rules: RuleSet | None, cut: int = 0, restart_at: int = -1
) -> tuple[list[Any], Counted, dict[str, Any]]:
    """Everything said, everything counted, the state at the end; rows cut into pieces of `cut`."""
    engine, findings, risks, counted = Engine(POLICIES), [], [], Counted()
    if rules is not None:
        engine.use_rules(rules)
    for position, (stream, batch) in enumerate(entries, 1):
        if position == restart_at:
            state = engine.snapshot()
            engine = Engine(POLICIES)
            engine.restore(state)
            if rules is not None:
                engine.use_rules(rules)
        for start in range(0, batch.num_rows, cut or batch.num_rows):
            found = engine.process(position, stream, batch.slice(start, cut or batch.num_rows))
            findings += found.findings
            risks += found.risks
            if found.counted is not None:
                counted.add(found.counted)
    return [*findings, *risks], counted, engine.snapshot()


def same_counts(a: Counted, b: Counted) -> bool:
    spreads = a.spreads.keys() == b.spreads.keys() and all(
        np.array_equal(a.spreads[key], b.spreads[key]) for key in a.spreads
    )
    looks = sorted(a.looks, key=repr) == sorted(b.looks, key=repr)
    return (a.hits, a.cases, spreads, looks) == (b.hits, b.cases, True, True)


def test_shadow_changes_nothing_and_live_does(entries: Entries) -> None:
    plain, nothing, _ = run(entries, None)
    shadow, counted, _ = run(entries, ruled(Mode.SHADOW))
    assert shadow == plain
    assert not nothing
    hit = {ref for ref, _, _ in counted.hits}
    assert hit >= {"large_payment@1", "calls_many@1", "called_abroad@1", "worded@1", "any_app@1"}
    assert sum(counted.cases.values()) <= sum(counted.hits.values())
    live, spoken, _ = run(entries, ruled(Mode.LIVE))
    assert live != plain
    codes = {reason.code for found in live for reason in found.reasons}
    assert "rule:large_payment@1" in codes
    assert {r for r, _, _ in spoken.hits} >= hit


def test_cuts_and_restarts_change_no_count(entries: Entries) -> None:
    said, counted, state = run(entries, ruled(Mode.SHADOW))
    cut_said, cut, cut_state = run(entries, ruled(Mode.SHADOW), cut=137, restart_at=9)
    assert cut_said == said
    assert same_counts(cut, counted)
    assert set(cut_state) == set(state)
    for name in state:
        if name.startswith("rules."):
            assert state[name].tobytes() == cut_state[name].tobytes()


def test_a_change_of_rules_keeps_the_windows(entries: Entries) -> None:
    """Rules that come and go leave the state as if there had been none."""
    _, _, plain = run(entries, None)
    engine = Engine(POLICIES)
    for position, (stream, batch) in enumerate(entries, 1):
        engine.use_rules(ruled(Mode.SHADOW) if position % 2 else EMPTY)
        engine.process(position, stream, batch)
    engine.use_rules(EMPTY)
    state = engine.snapshot()
    assert {k for k in state if not k.startswith("rules.")} == {
        k for k in plain if not k.startswith("rules.")
    }
    for name, array in plain.items():
        if not name.startswith("rules."):
            assert array.tobytes() == state[name].tobytes(), name
    before, after = Engine(POLICIES), Engine(POLICIES)
    after.use_rules(ruled(Mode.LIVE))
    assert before.state_version == after.state_version
    assert before.version != after.version
    del plain["rules.refs"]
    Engine(POLICIES).restore(plain)  # as a snapshot from before there were rules


def test_a_mute_silences_one_subject_until_it_ends(entries: Entries) -> None:
    said, _, _ = run(entries, ruled(Mode.LIVE))
    code = "rule:large_payment@1"
    hit = [f for f in said if any(r.code == code for r in f.reasons) and hasattr(f, "subject")]
    subject = hit[0].subject
    key = key64("account", subject)
    muted, _, _ = run(entries, ruled(Mode.LIVE, mutes=(Mute(2**60, key=key),)))
    left = [f for f in muted if hasattr(f, "subject") and any(r.code == code for r in f.reasons)]
    assert subject not in {f.subject for f in left}
    assert {f.subject for f in left} == {f.subject for f in hit} - {subject}
    ended, _, _ = run(entries, ruled(Mode.LIVE, mutes=(Mute(0, key=key),)))
    assert ended == said
    everywhere, _, _ = run(entries, ruled(Mode.LIVE, mutes=(Mute(2**60),)))
    assert not any(r.code.startswith("rule:") for found in everywhere for r in found.reasons)


def test_rows_are_drawn_by_the_key_at_their_share(entries: Entries) -> None:
    _, counted, _ = run(entries, RuleSet(1, (), Look("s", 0.05, 0.05)))
    _, other, _ = run(entries, RuleSet(1, (), Look("t", 0.05, 0.05)))
    rows = sum(int(c.sum()) for (_, name, _), c in counted.spreads.items() if name == "score")
    assert 0.04 * rows < len(counted.looks) < 0.06 * rows
    drawn = {(x.channel, x.stream, x.source, x.event_id) for x in counted.looks}
    assert drawn != {(x.channel, x.stream, x.source, x.event_id) for x in other.looks}


def test_buckets_keep_their_places() -> None:
    values = np.array([np.nan, -1.0, 0.0, 0.05, 0.1, 0.95, 1.0, 1.5, 2.0, 4.0, 1e30, np.inf])
    assert bucket_of(values).tolist() == [0, 0, 1, 1, 2, 10, 11, 13, 14, 16, BUCKETS - 1, 0]


def test_a_rule_nobody_can_go_by_is_left_out(entries: Entries) -> None:
    gone = rule("gone", "app", "no_such_name > 3")
    said, counted, _ = run(entries[:20], RuleSet(1, (Ruled(gone, 1, Mode.LIVE),)))
    assert said == run(entries[:20], None)[0]
    assert not counted.hits
