"""Appeal codes survive how people write and read them out, and a slip never becomes another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanzha.errors import Refused
from fanzha.lists import code

CODES = st.integers(1, code.MOST)
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_what_a_notice_says() -> None:
    assert code.write(123456789012) == "03JZ9-J6GMQ"


@given(CODES)
def test_read_gives_what_was_written(number: int) -> None:
    written = code.write(number)
    assert len(written) == 11
    assert written[5] == "-"
    assert set(written) - {"-"} <= set(LETTERS)
    assert code.read(written) == number


@given(CODES, st.data())
def test_reading_forgives(number: int, data: st.DataObject) -> None:
    ways = {"0": "0Oo０", "1": "1IiLl１"}
    letters = [
        data.draw(st.sampled_from(ways.get(one, one + one.lower()))) for one in code.write(number)
    ]
    blanks = data.draw(st.lists(st.sampled_from(["", " ", "  ", "-"]), min_size=11, max_size=11))
    text = "".join(a + b for a, b in zip(letters, blanks, strict=True))
    assert code.read(f" {text}\n") == number


@given(CODES, st.integers(0, 9), st.sampled_from(LETTERS))
def test_one_wrong_letter_is_seen(number: int, place: int, letter: str) -> None:
    right = code.write(number).replace("-", "")
    wrong = right[:place] + letter + right[place + 1 :]
    if wrong != right:
        with pytest.raises(Refused):
            code.read(wrong)


@given(CODES, st.integers(0, 8))
def test_two_neighbours_that_changed_places_are_seen(number: int, place: int) -> None:
    right = code.write(number).replace("-", "")
    wrong = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    if wrong != right:
        with pytest.raises(Refused):
            code.read(wrong)


@pytest.mark.parametrize(
    "text", ["", "03JZ9", "00000-00000", "U3JZ9-J6GMQ", "03JZ9-J6GMQ0", "申诉"]
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        code.read(text)
    assert caught.value.field == "code"


@given(st.text(max_size=20))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        number = code.read(text)
    except Refused:
        return
    assert 0 < number <= code.MOST


@pytest.mark.parametrize("number", [0, -1, code.MOST + 1])
def test_what_cannot_be_written(number: int) -> None:
    with pytest.raises(Refused):
        code.write(number)
