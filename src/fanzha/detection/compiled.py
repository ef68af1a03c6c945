"""Typed doors to Numba: machine code that keeps the signature mypy sees."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import event

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


class _First(event.Listener):
    """Says once that machine code is being made: the first run takes a minute or two."""

    def __init__(self) -> None:
        self._said = False

    def on_start(self, event: object) -> None:
        """A function that is not on disk yet."""
        if not self._said:
            self._said = True
            logging.getLogger(__name__).warning(
                "首次运行，正在编译，约一两分钟 · first run: compiling, a minute or two"
            )

    def on_end(self, event: object) -> None:
        """Nothing to say."""


event.register("numba:compile", _First())  # type: ignore[no-untyped-call]
