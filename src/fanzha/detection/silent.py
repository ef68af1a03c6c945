"""Channels that say nothing, until the text and link channels are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from fanzha.detection.arrays import Array
from fanzha.detection.reading import Reading


class _Silent:
    def __init__(self, policies: Path) -> None:
        pass

    def snapshot(self) -> dict[str, Array]:
        return {}

    def restore(self, state: Mapping[str, Array]) -> None:
        pass


class TextChannel(_Silent):
    def urls(self, batch: pl.DataFrame) -> tuple[Array, list[str]]:
        return np.zeros(0, np.int64), []

    def read(self, batch: pl.DataFrame, link_scores: Array) -> Reading:
        return Reading("text", batch)

    def texted(self, keys: Array, at: Array) -> Array:
        return np.zeros(len(keys))


class LinkChannel(_Silent):
    def read(self, batch: pl.DataFrame) -> Reading:
        return Reading("visit", batch)

    def score(self, urls: list[str]) -> Array:
        return np.zeros(len(urls))
