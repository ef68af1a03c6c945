"""What is asked, in the form in which entries stand: from any way to write it to its keys."""

from __future__ import annotations

from collections.abc import Callable

from fanzha.errors import Refused
from fanzha.lists.expressions import hashes
from fanzha.lists.form import Kind
from fanzha.values import dns_name, phone_number
from fanzha.values import url as urls
from fanzha.values.phone_number import NumberKind
from fanzha.values.writing import fold

__all__ = ["Asked", "any_of", "app", "name", "number", "sender", "url"]

Asked = list[tuple[Kind, bytes]]
"""Keys whose entries all count, the most specific first; none: nothing can stand against it."""


def number(text: str) -> Asked:
    """A number as a network presents or a person writes it."""
    return [(Kind.NUMBER, _bytes(phone_number.read(_whole(text))[0]))]


def sender(text: str) -> Asked:
    """What a text says it is from: letters and signs, or a number, which then counts as one."""
    text = _whole(text)
    normal, kind, _ = phone_number.read(text)
    own = (Kind.SENDER, _bytes(fold(text).lower()))
    return [own] if kind is NumberKind.MALFORMED else [own, (Kind.NUMBER, _bytes(normal))]


def name(text: str) -> Asked:
    """A name as a resolver sees it; what is none stands on no list."""
    try:
        return [(Kind.NAME, dns_name.parse(_whole(text)).normal.encode("ascii"))]
    except Refused:
        return []


def url(text: str, *, pages: bool = True) -> Asked:
    """An address: each of its expressions, and its host as a name. `pages` false: the host only,
    where no list has entries of pages."""
    try:
        address = urls.parse(_whole(text))
    except Refused:
        return []
    found: Asked = [(Kind.URL, digest) for digest in hashes(address)] if pages else []
    if not address.is_address:
        found.append((Kind.NAME, address.host.encode("ascii")))
    return found


def app(digest: bytes) -> Asked:
    """SHA-256 of a package or of its signing certificate."""
    return [(Kind.APP, bytes(digest))]


def any_of(kind: int, text: bytes, *, pages: bool = True) -> Asked:
    """A value of any kind, in UTF-8 as it was met; a kind not known here stands on no list."""
    if kind == Kind.APP:
        return app(text)
    written = text.decode("utf-8", "replace")
    if kind == Kind.URL:
        return url(written, pages=pages)
    reader = _READERS.get(kind)
    return [] if reader is None else reader(written)


_READERS: dict[int, Callable[[str], Asked]] = {
    Kind.NUMBER: number,
    Kind.SENDER: sender,
    Kind.NAME: name,
}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which no column can carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
