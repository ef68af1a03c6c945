"""Parts come together whatever their order, within bounds, and what is refused stays refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fanzha.adapters.smpp.firewall.joining import Bounds, Joiner
from fanzha.ports.text_wire import Ground, Part, Said, Verdict


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def said(text: str, number: int, total: int, reference: int = 1, recipient: str = "r") -> Said:
    return Said(0, 1, "s", recipient, text, Part(reference, total, number))


def joiner(**bounds: float) -> tuple[Joiner, Clock]:
    clock = Clock()
    return Joiner(Bounds(**bounds), clock), clock  # type: ignore[arg-type]


@given(st.lists(st.text(min_size=1, max_size=9), min_size=2, max_size=40), st.randoms())
def test_the_last_part_to_come_is_judged_with_all_others(pieces: list[str], chance: object) -> None:
    order = list(range(1, len(pieces) + 1))
    chance.shuffle(order)  # type: ignore[attr-defined]
    parts, _ = joiner()
    for n in order:
        _, text = parts.add("a", said(pieces[n - 1], n, len(pieces)))
        assert pieces[n - 1] in text
    assert text == "".join(pieces)
    assert len(parts) == 0


def test_each_part_is_judged_with_its_neighbours() -> None:
    parts, _ = joiner()
    for n in range(1, 100):
        _, text = parts.add("a", said(f"<{n}>", n, 200))
    assert text.startswith("<92>")
    assert text.endswith("<99>")


def test_later_parts_and_repeats_of_a_refused_text_belong_to_it() -> None:
    parts, _ = joiner()
    joint, _ = parts.add("a", said("one", 1, 3))
    joint.refused = Verdict(True, Ground.WORDS)
    assert parts.add("a", said("one", 1, 3))[0].refused
    assert parts.add("a", said("two", 2, 3))[0].refused
    assert parts.add("b", said("two", 2, 3))[0].refused is None, "another account's text"
    assert parts.add("a", said("two", 2, 3, recipient="other"))[0].refused is None


def test_a_reference_used_again_begins_a_new_text() -> None:
    parts, _ = joiner()
    joint, _ = parts.add("a", said("one", 1, 3))
    joint.refused = Verdict(True, Ground.WORDS)
    again, text = parts.add("a", said("quite another", 1, 3))
    assert (again.refused, text) == (None, "quite another")


def test_the_oldest_goes_where_there_is_no_room() -> None:
    parts, _ = joiner(texts=3)
    for reference in range(5):
        parts.add("a", said("one", 1, 2, reference))
    parts.add("b", said("one", 1, 2, 9))
    assert (len(parts), parts.dropped) == (4, 2), "each account has room of its own"
    _, text = parts.add("a", said("two", 2, 2, 0))
    assert text == "two"
    _, text = parts.add("a", said("two", 2, 2, 4))
    assert text == "onetwo"


def test_characters_are_bounded() -> None:
    parts, _ = joiner(characters=1_000)
    for reference in range(50):
        parts.add("a", said("x" * 100, 1, 2, reference))
    assert len(parts) <= 10


def test_parts_do_not_wait_for_ever() -> None:
    parts, clock = joiner(keep_s=60.0)
    parts.add("a", said("one", 1, 2))
    clock.now += 61
    parts.expire()
    assert len(parts) == 0
    parts.add("a", said("one", 1, 2))
    clock.now += 61
    _, text = parts.add("a", said("two", 2, 2))
    assert text == "two"
