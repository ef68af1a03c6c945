"""Typed doors to Numba: machine code that keeps the signature mypy sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["bare", "compiled", "inlined"]

F = TypeVar("F", bound=Callable[..., object])

# Where nothing is allocated, references to arrays need not be counted (`_nrt`): counting them in
# every call and slice costs more than what many of these functions do.
_BARE: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}


def compiled(function: F) -> F:
    """Compile once, cache on disk, release the interpreter lock while running."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


def bare(function: F) -> F:
    """The same for a function that allocates nothing."""
    return cast(F, numba.njit(**_BARE)(function))


def inlined(function: F) -> F:
    """Allocates nothing and becomes part of its callers: for what every character goes through."""
    return cast(F, numba.njit(forceinline=True, **_BARE)(function))
