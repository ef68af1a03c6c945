"""The fast first stage says bit for bit what plain code says, on written messages and evasions."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.detection.text.v1.evidence import Reader
from fanzha.detection.text.v1.kernel import character
from fanzha.detection.text.v1.ngrams import best_window, contributions, window_scores
from fanzha.detection.text.v1.patterns.automaton import Automaton

POLICIES = Path(__file__).parents[3] / "policies"


@cache
def _reader() -> Reader:
    return Reader.load(POLICIES, (0.0, 0.0))


@cache
def _texts() -> tuple[str, ...]:
    """Written messages, split up, repeated, full-width."""
    data = yaml.load(
        (POLICIES / "text" / "written_messages.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
    )
    rng = random.Random(5)
    plain = rng.sample(sorted(set(_strings(data))), 400)
    strewn = [
        "".join(c + rng.choice(["", "", "", " ", "❤", "\u200b", "*", "😀"]) for c in one)
        for one in plain
    ]
    wide = ["".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in one) for one in plain]
    return (*plain, *strewn, *wide, *(one * 9 for one in plain[:40]), "", " ", "a", "\x00")


def _strings(data: Any) -> list[str]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        return [one for item in data for one in _strings(item)]
    return [data] if isinstance(data, str) else []


def test_scores_of_both_heads_are_those_of_each_head_alone() -> None:
    reader = _reader()
    text = reader.normaliser(_texts())
    scores, begins = window_scores(text.chars, text.ends, reader.model.heads, reader.model.bias)
    for row in range(len(text)):
        start, end = int(text.ends[row]), int(text.ends[row + 1])
        for head in (0, 1):
            part = np.zeros(max(end - start, 1), dtype=np.float32)
            contributions(text.chars, start, end, reader.model.heads, head, part)
            best, where = best_window(part, end - start) if end > start else (np.float32(0), 0)
            assert scores[row, head] == np.float32(np.float32(best) + reader.model.bias[head])
            assert head or begins[row] == where


def test_a_row_says_the_same_in_any_batch_and_from_any_buffer() -> None:
    reader, texts = _reader(), list(_texts())
    whole = reader.read(pa.array(texts))
    again = reader.read(pa.array(["x", None, *texts])[2:])
    assert np.array_equal(whole.score, again.score)
    assert np.array_equal(whole.grey, again.grey)
    for row in range(0, len(texts), 37):
        alone = reader.read([texts[row]])
        assert alone.score[0] == whole.score[row]
        assert [a.tolist() for a in alone.hits.of(0)] == [a.tolist() for a in whole.hits.of(row)]


def test_the_steps_that_hold_weigh_what_the_table_of_all_steps_says() -> None:
    reader = _reader()
    text = reader.normaliser(_texts())
    hits = reader.steps.automaton.hits(text.chars, text.ends)
    held, first, after = hits.spread(len(reader.steps.steps))
    weights = reader.steps.fraud_weights
    assert held.any(axis=1).sum() > 100
    for row in range(len(text)):
        steps, begin, end = hits.of(row)
        assert steps.tolist() == np.flatnonzero(held[row]).tolist()
        assert begin.tolist() == first[row, steps].tolist()
        assert end.tolist() == after[row, steps].tolist()
        assert hits.sums(weights)[row] == sum(weights[k] for k in steps.tolist())


@given(
    st.lists(st.text("甲乙丙丁", min_size=1, max_size=4), min_size=1, max_size=12, unique=True),
    st.lists(st.text("甲乙丙丁戊\U0002ffff", max_size=30), max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_phrases_that_end_in_one_another_are_all_found(words: list[str], rows: list[str]) -> None:
    automaton = Automaton.build(list(enumerate(words)), len(words))
    chars = np.array([ord(c) for row in rows for c in row], dtype=np.int32)
    ends = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64)
    held, first, after = automaton.holds(chars, ends)
    for row, said in enumerate(rows):
        for k, word in enumerate(words):
            assert held[row, k] == (word in said)
            if word in said:
                at = said.index(word)
                assert (first[row, k], after[row, k]) == (at, at + len(word))


@given(st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_characters_are_read_as_python_reads_them(text: str) -> None:
    raw = text.encode("utf-8", "replace")
    data, at, said = np.frombuffer(raw + b"\xe4", np.uint8), 0, []
    while at < len(raw):
        code, size = character(data, at, len(raw))
        said.append(chr(code))
        at += size
    assert "".join(said) == raw.decode()
