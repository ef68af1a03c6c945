"""The four kinds of failure, named for what the caller must do next.

Everything fanzha raises on purpose is one of these, or a subclass in the module that knows more:

    FanzhaError
    ├── Refused        final: the input or the act is not acceptable; change it
    ├── Unavailable    retry: the world did not answer; nothing was done
    ├── Uncertain      reconcile: the world may have acted; ask before repeating
    └── Misconfigured  stop: a person must mend the installation

Messages exist in Chinese and English, name the field and the shape of the value, never the value.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class FanzhaError(Exception):
    """A failure with a stable code and words for people in both languages."""

    def __init__(self, code: str, *, zh: str, en: str, field: str | None = None) -> None:
        super().__init__(f"{code}: {en}" + (f" (field: {field})" if field else ""))
        self.code = code
        self.zh = zh
        self.en = en
        self.field = field


class Refused(FanzhaError):
    """Final: this input or act is not acceptable as it is. Retrying the same changes nothing."""


class Unavailable(FanzhaError):
    """Retry: something outside did not answer, and nothing was done."""


class Uncertain(FanzhaError):
    """Reconcile: something outside may or may not have acted. Repeating blindly may do it twice."""


class Misconfigured(FanzhaError):
    """Stop: the installation is wrong and a person must mend it."""


def policy_reader(read: Callable[P, T]) -> Callable[P, T]:
    """For functions that read a policy file: whatever it trips over is a mistake in the file.

    What they check by name is `Misconfigured` with better words already; this is for the rest, such
    as a key that is missing, a number that is none, bytes that are no text.
    """

    @functools.wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except FanzhaError:
            raise
        except Exception as error:
            what = type(error).__name__
            raise Misconfigured(
                "policy_unreadable",
                zh=f"政策文件读不懂：{what}",
                en=f"a policy file cannot be understood: {what}",
                field=next((a.name for a in args if isinstance(a, PurePath)), None),
            ) from error

    return reading
