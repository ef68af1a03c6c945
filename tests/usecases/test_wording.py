"""The shipped warning texts, and that a file which breaks a rule never loads."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fanzha.detection.taxonomy import load_taxonomy
from fanzha.errors import Misconfigured
from fanzha.lifecycles.message.content import check
from fanzha.lifecycles.message.segments import split
from fanzha.lifecycles.warning.grade import WarningGrade
from fanzha.lifecycles.warning.policy import load_clocks
from fanzha.usecases.warning.wording import LANGUAGES, Wording
from tests.fixtures import POLICIES

FILE = POLICIES / "wording" / "warning_sms.yaml"
SHIPPED = Wording.load(FILE)
TAXONOMY = load_taxonomy(POLICIES / "taxonomy.yaml")
RAW: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "scam_type", [None, "ZZ99", "BH01", *TAXONOMY.main_classes, *TAXONOMY.types]
)
@pytest.mark.parametrize("grade", WarningGrade)
def test_every_type_and_grade_has_a_text_that_passes(
    scam_type: str | None, grade: WarningGrade
) -> None:
    for language in LANGUAGES:
        text = SHIPPED.text(scam_type, grade, language)
        check(text, SHIPPED.parts_max[grade])


def test_classes_are_the_taxonomys_and_grey_industry_falls_back() -> None:
    classes = set(RAW["classes"])
    assert classes - {"general"} == set(TAXONOMY.main_classes) - {"BH"}
    for grade in WarningGrade:
        assert SHIPPED.text("BH01", grade) == SHIPPED.text(None, grade)
        assert SHIPPED.text("GJF01", grade) == SHIPPED.text("GJF", grade)
        assert SHIPPED.text("GJF01", grade) != SHIPPED.text(None, grade)


def test_grades_differ_and_a_full_screen_text_is_one_message() -> None:
    channels = load_clocks(POLICIES / "warning" / "clocks.yaml").channels
    texts = {SHIPPED.text("GJF01", g) for g in WarningGrade}
    assert len(texts) == len(WarningGrade)
    for grade in WarningGrade:
        if "flash" in channels[grade]:
            assert {
                len(split(t).parts) for (_, g, _), t in SHIPPED.texts.items() if g == grade
            } == {1}


def of(path: tuple[str, ...], value: Any) -> Wording:
    data = copy.deepcopy(RAW)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return Wording.of(data)


WORDS = st.sampled_from(
    [(c, f, lang) for c in RAW["classes"] for f in ("short", "long") for lang in LANGUAGES]
)
BREAKING = st.sampled_from(
    [
        ("link", "a.example"), ("link", "http://x"), ("number", "96110"), ("number", "九六幺幺零"),
        ("number", "１ 1 0"), ("reply", "请回复"), ("reply", "please reply"), ("contact", "加微信"),
        ("length", "长" * 200), ("signature", "【某某】"), ("characters", "\u200b"),
    ]
)  # fmt: skip


@given(WORDS, BREAKING, st.booleans())
def test_words_that_break_a_rule_do_not_load(
    where: tuple[str, str, str], breaking: tuple[str, str], front: bool
) -> None:
    code, form, language = where
    rule, words = breaking
    old = RAW["classes"][code][form][language]
    new = f"{words} {old}" if front else f"{old} {words}"
    with pytest.raises(Misconfigured) as caught:
        of(("classes", code, form, language), new)
    assert caught.value.code == f"content_{rule}"
    assert caught.value.field is not None
    assert caught.value.field.startswith(f"{code}.{form}.")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("in_force_on",), "soon"),
        (("approved_by",), ""),
        (("signature", "zh"), None),
        (("signature", "zh"), "96110"),
        (("parts_max", "low"), 4),
        (("parts_max", "low"), True),
        (("parts_max", "worst"), 1),
        (("openings", "low", "fr"), "x"),
        (("classes", "general", "short", "zh"), 7),
        (("classes", "general", "medium"), {"zh": "a", "en": "b"}),
        (("classes",), {}),
        (("owner",), "x"),
    ],
)
def test_a_file_of_another_shape_does_not_load(path: tuple[str, ...], value: Any) -> None:
    with pytest.raises(Misconfigured):
        of(path, value)


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
KEYS = st.sampled_from(sorted(RAW))
FILES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=8),
)


@given(FILES)
def test_any_file_is_refused_by_name(data: Any) -> None:
    with pytest.raises(Misconfigured):
        Wording.of(data)


def test_a_file_that_is_not_there(tmp_path: Any) -> None:
    with pytest.raises(Misconfigured):
        Wording.load(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe: [")
    with pytest.raises(Misconfigured):
        Wording.load(tmp_path / "bad.yaml")
