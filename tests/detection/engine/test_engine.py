"""The engine: blind to how entries are cut, to repeats and to a restart; what it counts."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fanzha.detection import engine
from fanzha.detection.engine import Engine, Outcome
from fanzha.errors import Refused
from fanzha.values import reserved
from tests.detection.streams import (
    HOUR,
    MINUTE,
    NOON,
    POLICIES,
    SECOND,
    Played,
    Tape,
    account_of,
    admitted,
)
from tests.detection.test_person_fusion import SCAMMER, VICTIM, scam

_CODE = "【云州银行】验证码 482913，5 分钟内有效，请勿告诉他人"
_TEXT = "您好，您涉嫌洗钱案件，请立即将资金转入安全账户接受清查，不得告知家人"


def step(draw: st.DrawFn, tape: Tape, at: int) -> None:
    """One random event among few people, so that they meet again and again."""
    kind = draw(st.sampled_from(["call", "call", "pay", "app", "text", "visit", "subject", "line"]))
    one, other = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    caller = draw(st.sampled_from([SCAMMER, reserved.mobile(one), reserved.fixed(3), "anonymous"]))
    match kind:
        case "call":
            talk = draw(st.sampled_from([None, 4.0, 90.0, 1_300.0, 6_000.0]))
            trunk = draw(st.sampled_from(["intl-1", None]))
            tape.call(at, caller, reserved.mobile(other), talk_s=talk, trunk=trunk)
        case "pay":
            yuan = draw(st.sampled_from([1, 40, 6_000, 30_000]))
            tape.pay(at, account_of(one), account_of(other), yuan)
        case "app":
            actions = ["open", "install", "screen_share_on", "call_forward_on"]
            action = draw(st.sampled_from(actions))
            label = draw(st.sampled_from(["会议", "云州银行", "公安防护"]))
            who = draw(st.sampled_from([reserved.mobile(other), account_of(other)]))
            tape.add(
                "app", at, subscriber=who, package=f"p.{one}", action=action, label=label,
                installer="browser",
            )  # fmt: skip
        case "text":
            sender = {"sender": caller, "recipient": reserved.mobile(other)}
            body = draw(st.sampled_from([_TEXT, "晚上回家吃饭吗", _CODE]))
            tape.add("text", at, body=body, **sender)
        case "visit":
            name = draw(st.sampled_from(["abc.example", "taojishop-fuli.example"]))
            tape.add("visit", at, subscriber=reserved.mobile(other), url=f"https://{name}/a")
        case "subject":
            tape.person(other, at=at)
        case "line":
            tape.add("line", at, number=reserved.mobile(one), action="activate")


@st.composite
def tapes(draw: st.DrawFn) -> Tape:
    """A scam among random events, some of them hours apart."""
    tape = scam()
    at = 0
    for _ in range(draw(st.integers(20, 60))):
        at += draw(st.sampled_from([0, 1, 20 * SECOND, 3 * MINUTE, 40 * MINUTE]))
        if draw(st.integers(0, 40)) == 0:
            at += 30 * HOUR
        step(draw, tape, at)
    return tape


def saved(state: dict[str, Any]) -> dict[str, Any]:
    """As a snapshot comes back from disk."""
    file = io.BytesIO()
    np.savez(file, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(tape=tapes(), data=st.data())
def test_cuts_and_restarts_change_nothing(tape: Tape, data: st.DataObject) -> None:
    whole = Played(tape)
    places = st.integers(1, len(tape.rows) - 1)
    cuts = data.draw(st.sets(places, max_size=40) | st.just(set(range(len(tape.rows)))))
    entries = list(tape.batches(cuts))
    pieces = Played()
    restart = data.draw(st.integers(0, len(entries)))
    for position, (stream, batch) in enumerate(entries):
        if position == restart:
            state = saved(pieces.engine.snapshot())  # type: ignore[union-attr]
            pieces.engine = Engine(POLICIES)
            pieces.engine.restore(state)
        pieces.outcomes.append(pieces.engine.process(position + 1, stream, batch))
    assert pieces.findings == whole.findings
    assert pieces.risks == whole.risks
    assert sum(o.late for o in pieces.outcomes) == sum(o.late for o in whole.outcomes)


def test_a_repeat_is_passed_over() -> None:
    tape = scam()
    played = Played(tape, Engine(POLICIES, dedupe_hours=48))
    before = len(played.findings), len(played.risks)
    rows = [0, 0]
    for stream, batch in tape.batches():
        outcome = played.engine.process(99, stream, batch)
        rows[0] += outcome.duplicates
        rows[1] += batch.num_rows
        assert outcome.findings == ()
        assert outcome.risks == ()
    assert rows[0] == rows[1] == len(tape.rows)
    assert before == (len(played.findings), len(played.risks))


def test_ids_repeat_within_a_source_in_any_stream_and_not_across() -> None:
    engine = Engine(POLICIES)
    line = {"event_id": 1, "at": 1, "number": VICTIM, "action": "activate"}
    visit = {"event_id": 1, "at": 1, "subscriber": VICTIM, "url": "a.example"}
    common = {"at": Tape().add("line", 0).rows[0][1]["at"]}
    first = admitted("line", [{**line, **common, "source": "a"}])
    assert engine.process(1, "line", first).duplicates == 0
    other = [{**visit, **common, "source": "b"}, {**visit, **common, "source": "a"}]
    assert engine.process(2, "visit", admitted("visit", other)).duplicates == 1


def test_what_an_entry_came_to() -> None:
    engine = Engine(POLICIES)
    tape = Tape().call(0, SCAMMER, VICTIM).call(8 * HOUR, SCAMMER, VICTIM)
    tape.call(HOUR, SCAMMER, VICTIM, phases=("end",))
    rows = [row for _, row in tape.rows]
    outcome = engine.process(1, "call", admitted("call", rows))
    assert outcome.newest_at == NOON + 8 * HOUR + 40 * SECOND
    assert outcome.late == 1
    assert outcome.refused == 0
    assert engine.process(2, "call", admitted("call", [])) == Outcome()
    with pytest.raises(Refused):
        engine.process(3, "nonsense", admitted("call", rows[:1]))


def test_positions_are_of_no_matter() -> None:
    one, two = Engine(POLICIES), Engine(POLICIES)
    for position, (stream, batch) in enumerate(scam().batches()):
        assert one.process(position, stream, batch) == two.process(7, stream, batch)


def test_a_version_follows_code_and_policies(tmp_path: Path) -> None:
    assert Engine(POLICIES).version == Engine(POLICIES).version
    assert Engine(POLICIES, dedupe_hours=48).version != Engine(POLICIES).version
    copied = tmp_path / "policies"
    shutil.copytree(POLICIES, copied)
    assert Engine(copied).version == Engine(POLICIES).version
    person = copied / "detection" / "person-v1.yaml"
    person.write_text(person.read_text("utf-8").replace("weight: 0.45", "weight: 0.44"), "utf-8")
    assert Engine(copied).version != Engine(POLICIES).version


def test_a_fingerprint_follows_every_model_and_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models of texts and links, signals, words of steps, types: one byte more is another one."""
    before, models = engine._fingerprint(POLICIES), engine._MODELS
    assert {model.parts[-3] for model in models} >= {"link", "text"}
    for place, model in enumerate(models):
        other = tmp_path / f"{place}"
        other.write_bytes(model.read_bytes() + b"1")
        monkeypatch.setattr(engine, "_MODELS", (*models[:place], other, *models[place + 1 :]))
        assert engine._fingerprint(POLICIES) != before
    monkeypatch.setattr(engine, "_MODELS", models)
    copied = shutil.copytree(POLICIES, tmp_path / "policies")
    for name in ("taxonomy.yaml", "detection/link-lists.yaml", "text/steps.yaml"):
        again = engine._fingerprint(copied)
        with (copied / name).open("a") as file:
            file.write("#")
        assert engine._fingerprint(copied) != again


def test_channels_speak_through_the_engine() -> None:
    """Who is on the line with a stranger matters to what an app does and to a payment."""

    def codes(talk_s: float, caller: str = SCAMMER) -> set[str]:
        tape = Tape().person(8).call(0, caller, VICTIM, talk_s=talk_s)
        app = {"subscriber": account_of(8), "package": "us.zoom.videomeetings"}
        tape.add("app", 5 * MINUTE, action="screen_share_on", **app)
        tape.pay(6 * MINUTE, account_of(8), account_of(70), 9_000)
        played = Played(tape)
        return played.codes(VICTIM) | played.codes(account_of(8))

    assert {"paid_stranger_on_call"} <= codes(600.0)
    assert "paid_stranger_on_call" not in codes(60.0)
    known = reserved.mobile(70)
    friends = Tape().call(-48 * HOUR, known, VICTIM).person(8).call(0, known, VICTIM, talk_s=600.0)
    friends.pay(6 * MINUTE, account_of(8), account_of(70), 9_000)
    assert "paid_stranger_on_call" not in Played(friends).codes(account_of(8))


def test_a_number_that_texted_is_known_when_it_calls() -> None:
    tape = Tape()
    for n in range(6):
        both = {"sender": SCAMMER, "recipient": reserved.mobile(100 + n)}
        tape.add("text", n * MINUTE, body=_TEXT, **both)
    tape.call(20 * MINUTE, SCAMMER, VICTIM, talk_s=200.0)
    assert "answered_texting_suspect" in Played(tape).codes(VICTIM)
    silent = tape.without(lambda stream, row: stream != "text")
    assert Played(silent).codes(VICTIM) == set()
