"""HTML from Python, every text escaped unless it is HTML of ours already."""

from __future__ import annotations

from html import escape

__all__ = ["Html", "join", "tag", "text"]

_VOID = frozenset({"meta", "input", "br", "hr", "link"})


class Html(str):
    """Markup of ours: not escaped again."""

    __slots__ = ()


def text(words: str) -> Html:
    """Words as they are to be read. Halves of surrogate pairs and control signs become `�`."""
    clean = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in words)
    return Html(escape(clean, quote=True))


def join(*children: Html | str | None) -> Html:
    """Children one after the other; None is nothing."""
    return Html("".join(_of(child) for child in children))


def tag(kind: str, /, *children: Html | str | None, **attributes: str | bool | None) -> Html:
    """An element. A name of Python's gets a line behind it (`class_`), a hyphen is a line
    (`aria_label`); True is an attribute without a value, None and False are none."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if kind in _VOID:
        return Html(f"<{kind}{written}>")
    return Html(f"<{kind}{written}>{join(*children)}</{kind}>")


def _of(child: Html | str | None) -> str:
    if child is None:
        return ""
    return child if isinstance(child, Html) else text(child)
