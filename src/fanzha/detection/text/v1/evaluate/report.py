"""Writes what measuring gave as a page section: tables and descriptions, never a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fanzha.detection.rate import Rate
from fanzha.detection.text.v1.evaluate.figures import Figures, Mistake

__all__ = ["report"]


def report(figures: Sequence[Figures]) -> str:
    """Markdown: one table of all sets, then for each set its labels and its worst mistakes."""
    lines = [
        "| set | half | texts | precision | recall | found among the rest |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.name} | {one.half} | {one.texts:,} | {_rate(one.precision)} "
            f"| {_rate(one.recall)} | {_rate(one.false_alarms, 2)} |"
            for one in figures
        ),
        "",
        "Shares in %, in brackets their 95 % intervals (Wilson).",
    ]
    for one in figures:
        lines += ["", *_of_set(one)]
    return "\n".join(lines) + "\n"


def _of_set(one: Figures) -> Iterator[str]:
    yield f"**{one.name}** ({one.real}). {one.meaning[:1].upper()}{one.meaning[1:]}."
    yield ""
    yield "| label | texts | found | grey trade |"
    yield "|---|---|---|---|"
    for label in one.labels:
        yield (
            f"| {label.label} | {label.found.of:,} | {_rate(label.found)} "
            f"| {100 * label.grey.share:.1f} |"
        )
    yield ""
    yield "The worst mistakes, described:"
    yield ""
    for place, mistake in enumerate(one.worst, start=1):
        yield f"{place}. {_mistake(mistake)}"


def _mistake(it: Mistake) -> str:
    steps = ", ".join(f"`{code}`" for code in it.steps) or "none"
    side = "false alarm" if it.false_alarm else "missed"
    return (
        f"{side}, label {it.label}, score {it.score:.2f}, {it.length} characters; "
        f"steps: {steps}; wording {it.wording:+.1f}. Probably: {it.likely}."
    )


def _rate(rate: Rate, digits: int = 1) -> str:
    low, high = rate.interval
    return (
        f"{100 * rate.share:.{digits}f} ({100 * low:.{digits}f}–{100 * high:.{digits}f})"
        if rate.of
        else "—"
    )
