"""One key asked over several spans at once, minutes to months, in panes coarser further back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fanzha.features.declare import TIMELESS, Feature, Window, span_ms

__all__ = ["SPANS", "layers"]

SPANS: Sequence[tuple[str, str]] = (("1h", "1m"), ("24h", "1h"), ("7d", "6h"), ("90d", "3d"))
"""Span and pane: the edge of each window is at most a twenty-fourth of it wide."""


def layers(
    name: str,
    stream: str,
    key: tuple[str, ...],
    *,
    features: Sequence[Feature],
    spans: Sequence[tuple[str, str]] = SPANS,
    forget: str | None = None,
    **more: Any,
) -> tuple[Window, ...]:
    """A window a span, found by one look-up: `<name>_<span>`, each feature `<feature>_<span>`.

    What follows a key's newest rows (`Last`, `Since`, `Trail`) has no span: it is told once,
    under its own name, by the longest. A key is forgotten after `forget`, at first the longest
    span, in all of them; `more` is what each window takes besides.
    """
    longest = max((over for over, _ in spans), key=lambda over: span_ms(over, name))
    made = []
    for over, step in spans:
        told = [replace(f, name=f"{f.name}_{over}") for f in features if f.kind not in TIMELESS]
        if over == longest:
            told += [f for f in features if f.kind in TIMELESS]
        if told:
            made.append(
                Window(
                    f"{name}_{over}", stream, key, over, step, told,
                    forget=forget or longest, **more,
                )
            )  # fmt: skip
    return tuple(made)
