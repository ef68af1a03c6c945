"""What fusion remembers is bounded, whatever comes, and survives a snapshot."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.detection.measures import load_measures
from fanzha.detection.person.people import People
from fanzha.detection.person.risk import EventRef
from fanzha.detection.person.v1.limits import FusionLimits, load_limits
from fanzha.detection.person.v1.running import Running
from fanzha.detection.person.v1.suspects import Suspects
from fanzha.detection.person.v1.talks import Talk, Talks
from fanzha.detection.standing import Standing
from fanzha.errors import Misconfigured
from tests.detection.streams import POLICIES


def subject(person: str, number: int = 0, account: int = 0) -> dict[str, Any]:
    return {
        "person": person,
        "number": f"+86{number}" if number else None,
        "number_key": number,
        "account": f"b:{account}" if account else None,
        "account_key": account,
        "district": None,
        "birth_year": None,
    }


def test_people_are_bounded_and_say_whom_they_did_not_keep() -> None:
    people = People(limit=3)
    for n in range(1, 6):
        people.learn(subject(f"p{n}", number=n))
    assert len(people) == 3
    assert people.refused == 2
    assert people.stranger(99, "+8699", account=False) is None
    assert people.of(1) == 0
    assert people.of(5) is None


def test_a_stranger_is_joined_to_the_person_named_later() -> None:
    people = People()
    stranger = people.stranger(7, "+867", account=False)
    assert stranger is not None
    assert not people[stranger].registered
    (pair,) = people.learn(subject("p", number=7, account=8))
    assert pair == (stranger, people.of(7))
    assert people.of(8) == people.of(7)
    assert people.lines_of(np.array([8, 9], np.uint64)).tolist() == [7, 0]
    assert people.learn(subject("p", number=7)) == []
    again = People()
    again.restore(people.snapshot())
    assert [again[n] for n in range(len(again))] == [people[n] for n in range(len(people))]
    assert again.of(8) == people.of(8)


def calls(rows: list[tuple[int, int, str]], first: int) -> pl.DataFrame:
    """(caller, call id, phase) rows of strangers' calls, a second apart."""
    n = len(rows)
    return pl.DataFrame(
        {
            "event_id": pl.Series(range(first, first + n), dtype=pl.UInt64),
            "source": ["s"] * n,
            "at": pl.Series([1000 * (first + k) for k in range(n)], dtype=pl.Datetime("ms", "UTC")),
            "phase": [phase for _, _, phase in rows],
            "strange": [True] * n,
            "from_abroad": [False] * n,
            "talk_s": pl.Series([5.0] * n, dtype=pl.Float32),
            "call_id": pl.Series([call for _, call, _ in rows], dtype=pl.UInt64),
            "caller_key": pl.Series([caller for caller, _, _ in rows], dtype=pl.UInt64),
            "callee_key": pl.Series([100 + call for _, call, _ in rows], dtype=pl.UInt64),
            "callee": [f"+86{call}" for _, call, _ in rows],
        }
    )


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 9), st.sampled_from(["answer", "end"])),
        min_size=1,
        max_size=60,
    ),
    limit=st.integers(1, 12),
    cut=st.integers(0, 60),
)
def test_talks_hold_the_newest_however_they_come(
    rows: list[tuple[int, int, str]], limit: int, cut: int
) -> None:
    whole, pieces = Talks(limit=limit), Talks(limit=limit)
    noted = whole.take_in(calls(rows, 0))
    head = pieces.take_in(calls(rows[:cut], 0)) if rows[:cut] else np.zeros(0, np.int64)
    again = Talks(limit=limit)
    again.restore(pieces.snapshot())
    tail = again.take_in(calls(rows[cut:], cut)) if rows[cut:] else np.zeros(0, np.int64)
    assert np.concatenate([head, tail]).tolist() == noted.tolist()
    assert len(whole) == len(again) == min(limit, len(rows))
    for caller in (1, 2, 3):
        assert whole.of(caller, "x", 0, whole.noted) == again.of(caller, "x", 0, again.noted)
        newest = {c for k, c, _ in rows[-limit:] if k == caller}
        assert {t.call_id for t in whole.of(caller, "x", 0, whole.noted)} == newest
        for place in (0, len(rows) // 2):
            upto = int(noted[place])
            seen = rows[max(0, upto - limit) : upto]
            found = {t.call_id for t in whole.of(caller, "x", 0, upto)}
            assert found == {c for k, c, _ in seen if k == caller}


def test_running_calls_are_bounded_and_due_in_order() -> None:
    running = Running(limit=2)
    for n in range(3):
        ref = EventRef("call", "s", n)
        running.begin(Talk(n, 1, "c", 50 + n, "d", 0, None, True, ref), look_at=100 - n)
    running.watch(7, 9, look_at=50)
    assert running.call_ids == {1, 2}
    assert running.callees(100) == [52, 51]
    running.end(1, 2)
    again = Running(limit=2)
    again.from_json(running.to_json())
    due = list(again.due(100))
    assert due[0] == (50, (7, 9))
    assert [who.call_id for _, who in due[1:] if isinstance(who, Talk)] == [1]
    assert list(again.due(1_000)) == []


def test_suspects_and_standing_make_room_and_forget() -> None:
    suspects = Suspects(keep_ms=100, limit=2)
    for key in (1, 2, 3):
        suspects.note(key, 0.5 + key / 10, at=key)
    assert len(suspects) == 2
    assert suspects.score(1, 3) == 0.0
    assert suspects.score(3, 50) == pytest.approx(0.8)
    assert suspects.score(3, 200) == 0.0
    suspects.forget(102)
    assert len(suspects) == 2
    suspects.forget(103)
    assert len(suspects) == 1
    standing = Standing(keep_ms=100, limit=2)
    assert standing.rises(1, 1, 0)
    assert not standing.rises(1, 1, 50)
    assert standing.rises(1, 2, 60)
    assert standing.rises(1, 1, 200)
    again = Standing(keep_ms=100, limit=2)
    again.restore(standing.snapshot())
    assert again.level(1, 250) == 1
    assert again.level(1, 400) == 0
    for key in (2**63 + 5, 2, 3):
        again.rises(key, 1, 300)
    assert len(again) == 2
    assert 1 not in again


def test_limits_that_are_wrong_are_refused(tmp_path: Any) -> None:
    good = (POLICIES / "detection" / "person-v1-limits.yaml").read_text("utf-8")
    path = tmp_path / "limits.yaml"
    for old, new in (
        ("episodes: 200000", "episodes: many"),
        ("episodes: 200000", "episodes: true"),
        ("suspect_days: 7", "suspect_days: -7"),
        ("suspect_days: 7", "suspects_days: 7"),
        ("[180, 600, 1200]", "[600, 180]"),
        ("in_force_on: 2026-11-01", "in_force_on: soon"),
    ):
        path.write_text(good.replace(old, new), "utf-8")
        with pytest.raises(Misconfigured):
            load_limits(path)
    path.write_text(good, "utf-8")
    assert load_measures(path, FusionLimits).marks_s == (180, 600, 1200)
