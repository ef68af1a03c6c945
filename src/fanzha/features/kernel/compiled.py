"""How the kernel's functions are compiled: cached on disk, without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])

Int = Any
"""A machine integer: Numba infers its width and sign."""

# Nothing is allocated inside, so arrays need no counting of references (`_nrt`): counting them in
# every call made the kernel five times slower.
_TERMS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}


def compiled(function: F) -> F:
    """A function of its own."""
    made: F = numba.njit(**_TERMS)(function)
    return made


def inlined(function: F) -> F:
    """A function that becomes part of its callers; for what every row goes through.

    LLVM puts it in place: Numba's own `inline="always"` took twice as long to compile, and once
    four times, for code that was no faster.
    """
    made: F = numba.njit(forceinline=True, **_TERMS)(function)
    return made
