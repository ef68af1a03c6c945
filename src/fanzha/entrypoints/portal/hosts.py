"""Which name a request was meant for, of whatever its Host says."""

from __future__ import annotations

from fanzha.errors import Refused
from fanzha.lists.form import Effect
from fanzha.values import url as urls

__all__ = ["HELD", "host_of", "shown_of"]

HELD = (Effect.WARN, Effect.REFUSE)
"""What a page is shown for."""
_NAME_MOST = 300


def host_of(text: str) -> str | None:
    """The name of a Host header; None where it is none, or an address of a machine."""
    if len(text) > _NAME_MOST:
        return None
    try:
        found = urls.parse(f"http://{text}/")
    except Refused:
        return None
    return None if found.is_address or "." not in found.host else found.host


def shown_of(address: str) -> str:
    """What is said back of an address: its host, in normal form."""
    return urls.parse(address).host
