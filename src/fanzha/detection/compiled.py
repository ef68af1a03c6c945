"""Typed door to Numba: machine code that keeps the signature mypy sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["compiled"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile once, cache on disk, release the interpreter lock while running."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))
