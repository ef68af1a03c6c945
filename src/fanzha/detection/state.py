"""Parts of a snapshot: arrays by name, nested by prefix; plain values as JSON in bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from fanzha.detection.arrays import Array

__all__ = ["packed", "part", "prefixed", "unpacked"]


def prefixed(name: str, state: Mapping[str, Array]) -> dict[str, Array]:
    """A part's arrays under its name."""
    return {f"{name}.{key}": array for key, array in state.items()}


def part(name: str, state: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays that `prefixed` put under this name."""
    prefix = f"{name}."
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def packed(plain: Any) -> Array:
    """Plain lists, mappings, texts and numbers as one array of bytes."""
    return np.frombuffer(json.dumps(plain, separators=(",", ":")).encode(), np.uint8)


def unpacked(array: Array) -> Any:
    """What `packed` was given; tuples come back as lists."""
    return json.loads(array.tobytes())
