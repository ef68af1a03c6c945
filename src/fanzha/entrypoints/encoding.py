"""`--encoding`: in what a CSV is read, where it is not to be recognised; what was, is said."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Annotated, Any, get_type_hints

import typer

from fanzha.records.encodings import said

__all__ = ["encoded", "forced", "heard"]

_FORCED: ContextVar[str | None] = ContextVar("encoding", default=None)
Encoding = Annotated[
    str | None,
    typer.Option(
        help="CSV 的编码，默认自动识别 of CSV: utf-8, gb18030, utf-16, big5; else recognised"
    ),
]


def forced() -> str | None:
    """The encoding that was asked for, None where it is to be recognised."""
    return _FORCED.get()


def heard(path: object) -> Callable[[str], None]:
    """Says on standard error that a file is not in UTF-8, once it is known."""
    name = str(path).replace("\\", "/").rsplit("/", 1)[-1]

    def tell(encoding: str) -> None:
        sys.stderr.write(f"{name}: 按 {said(encoding)} 读取 · read as {said(encoding)}\n")

    return tell


def encoded(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option `--encoding`, for what it reads of CSV."""

    @functools.wraps(command)
    def run(*given: Any, encoding: str | None = None, **named: Any) -> None:
        before = _FORCED.set(encoding)
        try:
            command(*given, **named)
        finally:
            _FORCED.reset(before)

    hints = get_type_hints(command, include_extras=True)
    given = inspect.signature(command)
    kept = [one.replace(annotation=hints[name]) for name, one in given.parameters.items()]
    option = inspect.Parameter(
        "encoding", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Encoding
    )
    run.__signature__ = inspect.Signature([*kept, option], return_annotation=None)  # type: ignore[attr-defined]
    run.__annotations__ = {**hints, "encoding": Encoding}
    return run
