"""An address as host and path expressions, the whole one first; lists hold their SHA-256.

After Safe Browsing v5: the exact host and up to four suffixes of it that grow from the part that
somebody registered, each with the exact path with and without its query and up to four paths from
the root. Scheme, user and port do not count. So an entry for `shop.example/pay/` meets every page
below it on every host under `shop.example`, and nobody learns an address from a list.
"""

from __future__ import annotations

import hashlib
from urllib.parse import quote_from_bytes, unquote_to_bytes

from fanzha.values.url import Url

__all__ = ["HOSTS", "PATHS", "expression", "expressions", "hashes", "of_expression"]

HOSTS = 5
PATHS = 6
_UNESCAPED = 16
"""How often an escape of an escape is undone; what is wrapped deeper stays as it is."""
_PLAIN = "!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"
"""Everything printable but `#` and `%`, which stay escaped."""


def expression(url: Url) -> str:
    """The one of the address itself: what a measure against exactly this page is entered under."""
    path, mark, query = url.tail.partition("?")
    return url.host + _path(path) + mark + _escaped(query)


def expressions(url: Url) -> list[str]:
    """Every expression whose entry meets this address, the most specific first; at most 30."""
    path, mark, query = url.tail.partition("?")
    whole = _path(path)
    paths = dict.fromkeys([whole + mark + _escaped(query), whole, *reversed(_parents(whole))])
    return [host + path for host in _hosts(url) for path in paths]


def of_expression(text: str) -> bytes:
    """The key of an entry: SHA-256 of the expression."""
    return hashlib.sha256(text.encode("ascii", "replace")).digest()


def hashes(url: Url) -> list[bytes]:
    """Keys of every expression of the address, in the order of `expressions`."""
    return [of_expression(text) for text in expressions(url)]


def _hosts(url: Url) -> list[str]:
    """The exact host, then from the longest suffix to the registered part."""
    registered = url.registrable
    if url.is_address or registered is None:
        return [url.host]
    labels = url.host.split(".")
    least = registered.count(".") + 1
    lengths = range(min(len(labels) - 1, least + HOSTS - 2), least - 1, -1)
    return [url.host, *(".".join(labels[-length:]) for length in lengths)]


def _parents(path: str) -> list[str]:
    """The root and up to three folders on the way down."""
    parts = path.split("/")[1:-1]
    return ["/" + "".join(part + "/" for part in parts[:depth]) for depth in range(PATHS - 2)][
        : len(parts) + 1
    ]


def _path(text: str) -> str:
    """Escapes undone and made again, `.` and `..` walked, doubled slashes one."""
    if text.startswith("/") and not any(sign in text for sign in ("%", "//", "/.")):
        return text  # as nearly all are: `Url.tail` has escaped what must be
    raw = _unescaped(text)
    walked: list[bytes] = []
    parts = raw.split(b"/")
    for part in parts:
        if part == b"..":
            if walked:
                walked.pop()
        elif part not in (b"", b"."):
            walked.append(part)
    folder = parts[-1] in (b"", b".", b"..")
    return "/" + "".join(
        _quoted(part) + ("/" if folder or place < len(walked) - 1 else "")
        for place, part in enumerate(walked)
    )


def _escaped(text: str) -> str:
    return _quoted(_unescaped(text)) if "%" in text else text


def _unescaped(text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    for _ in range(_UNESCAPED):
        once = unquote_to_bytes(raw)
        if once == raw:
            break
        raw = once
    return raw


def _quoted(raw: bytes) -> str:
    return quote_from_bytes(raw, safe=_PLAIN)
