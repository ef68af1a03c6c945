"""A range of numbers as the fewest beginnings that make it up."""

from __future__ import annotations

from fanzha.values.writing import is_digits, refused

__all__ = ["prefixes"]


def prefixes(first: str, last: str) -> list[tuple[str, bool]]:
    """Beginnings of the numbers from `first` to `last`, both included and of one length, in order;
    True where one is a whole number. At most 18 for each digit in which the ends differ. Raises
    Refused where the ends are no numbers of one length in order."""
    plus = "+" if first.startswith("+") else ""
    low, high = first.removeprefix("+"), last.removeprefix("+")
    fits = len(first) == len(last) and last.startswith(plus) and is_digits(low) and is_digits(high)
    if not fits or low > high:
        raise refused(
            "range_form",
            "号段的首尾须等长且首不大于尾",
            "both ends of a range have one length, and the first is not the greater",
            "range",
        )
    found: list[tuple[str, bool]] = []
    _split(plus, low, high, found)
    return found


def _split(head: str, low: str, high: str, found: list[tuple[str, bool]]) -> None:
    """All numbers that begin with `head` and go on from `low` to `high`."""
    if set(low) <= {"0"} and set(high) <= {"9"}:
        found.append((head, not low))
        return
    least, most = int(low[0]), int(high[0])
    rest = len(low) - 1
    for digit in range(least, most + 1):
        begin = low[1:] if digit == least else "0" * rest
        end = high[1:] if digit == most else "9" * rest
        _split(head + str(digit), begin, end, found)
