"""Written messages: twenty of each type and more, none alike, nobody real, none in a test set."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from fanzha.detection.taxonomy import TAXONOMY_FILE, load_taxonomy
from fanzha.detection.text.v1.corpus import MESSAGES_FILE, written
from fanzha.detection.text.v1.normal import VARIANTS_FILE, Normaliser
from fanzha.detection.text.v1.steps import STEPS_FILE, Steps

ROOT = Path(__file__).parents[3]
POLICIES = ROOT / "policies"
TEXT = POLICIES / "text"
TAXONOMY = load_taxonomy(POLICIES / TAXONOMY_FILE)
PARTS = yaml.load((TEXT / MESSAGES_FILE).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
FRAUD: dict[str, list[str]] = PARTS["fraud"]
BENIGN: dict[str, list[str]] = PARTS["benign"]
TYPES = [code for code in TAXONOMY.types if TAXONOMY.main_of(code) != "BH"]
STAND_IN = ROOT / "bench" / "quality" / "stand_in"
EMERGENCY = re.compile(r"(?<!\d)(95588|100(00|10|86)|12\d{3}|96110)(?!\d)")
NEARLY_THE_SAME = 0.6
FILLED = {
    "bank": "建设银行",
    "courier": "顺丰",
    "shop": "淘宝",
    "city": "江城",
    "name": "王",
    "app": "融易贷",
    "url": "http://a.cn/b",
    "phone": "10000000000",
    "n": "88",
    "wx": "abc1234",
}


def grams(text: str) -> frozenset[str]:
    plain = re.sub(r"\W|\{\w+\}", "", text)
    return frozenset(plain[k : k + 2] for k in range(len(plain) - 1))


def alike(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(1, len(a | b))


def everything() -> list[str]:
    return [m for part in ("fraud", "grey", "benign") for v in PARTS[part].values() for m in v]


@pytest.mark.parametrize("code", TYPES)
def test_each_type_is_written_for_twenty_times_and_each_time_otherwise(code: str) -> None:
    found = FRAUD[code]
    assert len(found) >= 20
    sets = [grams(message) for message in found]
    for (a, one), (b, other) in combinations(enumerate(sets), 2):
        assert alike(one, other) < NEARLY_THE_SAME, (found[a], found[b])


def test_every_type_of_the_list_has_messages_and_no_other_does() -> None:
    assert set(FRAUD) == set(TYPES)
    assert len(TYPES) == 76


def test_every_type_has_long_ones_for_most_and_short_ones() -> None:
    long = {code for code in TYPES if any(len(m) >= 120 for m in FRAUD[code])}
    assert len(long) >= 60
    for code in TYPES:
        assert any(len(m) <= 60 for m in FRAUD[code]), code


def test_half_of_the_types_are_written_in_english_too() -> None:
    def english(message: str) -> bool:
        return not re.search(r"[㐀-鿿]", message)

    assert sum(any(english(m) for m in FRAUD[code]) for code in TYPES) >= 60
    assert sum(english(m) for v in BENIGN.values() for m in v) >= 40


def test_honest_messages_are_many_and_of_every_length() -> None:
    honest = [m for v in BENIGN.values() for m in v]
    assert len(honest) >= 760
    assert sum(len(m) >= 120 for m in honest) >= 50
    assert len(set(honest)) == len(honest)


def test_no_message_is_both_honest_and_not() -> None:
    honest = {m for v in BENIGN.values() for m in v}
    scams = {m for v in FRAUD.values() for m in v}
    grey = {m for v in PARTS["grey"].values() for m in v}
    assert not honest & scams
    assert not honest & grey


def test_nobody_real_can_be_called_or_visited() -> None:
    for message in everything():
        assert set(re.findall(r"\{(\w+)\}", message)) <= set(FILLED), message
        bare = EMERGENCY.sub("", message)
        assert not re.search(r"\d{7,}", bare), message
        assert not re.search(r"https?://|www\.|\w\.(com|cn|net|top)\b", message), message


def test_no_sentence_of_the_stand_in_sets_is_trained_on() -> None:
    sentences = set()
    for name in ("chats.jsonl", "polished.jsonl", "notices.jsonl"):
        for line in (STAND_IN / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            texts = [t["text"] for t in row["turns"]] if "turns" in row else [row["text"]]
            for text in texts:
                sentences |= {s for s in re.split(r"[。！？.!?]", text) if len(s) >= 14}
    trained = "\n".join(everything())
    assert [s for s in sentences if s in trained] == []


def test_the_stand_in_sets_are_what_their_page_says() -> None:
    def rows(name: str) -> list[dict[str, object]]:
        lines = (STAND_IN / name).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    chats, long = rows("chats.jsonl"), rows("polished.jsonl")
    for found in (chats, long):
        assert len(found) == len({row["id"] for row in found}) == 120
        assert sum(row["fraud"] == 1 for row in found) == 60
        for row in found:
            assert (row["scam_type"] in TAXONOMY.types) == (row["fraud"] == 1)
    styles = [row["style"] for row in long if row["fraud"] == 1]
    assert styles.count("sourced") == styles.count("polished") == 30


def test_most_types_have_a_step_that_sees_their_messages_and_few_honest_ones_hold_any() -> None:
    normal = Normaliser.load(TEXT / VARIANTS_FILE)
    steps = Steps.load(TEXT / STEPS_FILE, TAXONOMY)
    samples = written(TEXT / MESSAGES_FILE, TAXONOMY, 1, 1)
    honest = [s.text for s in samples if not s.fraud and not s.grey]
    text = normal(honest)
    held, _, _ = steps.automaton.holds(text.chars, text.ends)
    speaking = [k for k, step in enumerate(steps.steps) if step.weight > 0]
    assert held[:, speaking].any(axis=1).mean() < 0.2
    for code in TYPES:
        of_type = [k for k, step in enumerate(steps.steps) if step.scam_type == code]
        assert of_type, f"{code} has no step"
        text = normal([message.format(**FILLED) for message in FRAUD[code]])
        held, _, _ = steps.automaton.holds(text.chars, text.ends)
        assert held[:, of_type].any(axis=1).mean() >= 0.25, code
