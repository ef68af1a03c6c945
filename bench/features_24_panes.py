"""The same eight features over twenty-four panes of ten minutes."""

from __future__ import annotations

from bench.features import measured
from bench.running.figure import Figure


def run(*, quick: bool = False) -> Figure:
    """Events a second, every row told all eight features."""
    return measured("features_24_panes", panes=24, quick=quick)
