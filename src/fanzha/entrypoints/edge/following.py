"""The lists that an edge follows, as its settings say: where, with which keys."""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from fanzha.adapters.lists.http import HttpListFeed, public_key_of
from fanzha.entrypoints.edge.follow import Follower
from fanzha.errors import Misconfigured
from fanzha.lists.form import Lists
from fanzha.settings import Settings

__all__ = ["CentreFeed", "address_of", "following"]

_log = logging.getLogger("fanzha.edge")
L = TypeVar("L", Lists, Lists | None)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def following(
    settings: Settings, name: str, on_change: Callable[[Lists], None] | None = None
) -> Follower:
    """The follower of an edge called `name`, not begun yet; what it keeps lies in a folder of its
    own. Raises Misconfigured where the settings cannot be meant so."""
    folder = settings.data.resolve() / "edge" / name
    secret = settings.lists_key
    if secret is None or not secret.get_secret_value():
        raise Misconfigured(
            "no_list_key",
            zh="没有名单密钥：在中心执行 fanzha senders add 名称 --streams lists，"
            "再设 FANZHA_LISTS_KEY",
            en="no key for lists: fanzha senders add NAME --streams lists at the centre, then"
            " set FANZHA_LISTS_KEY",
            field="lists_key",
        )
    area = settings.lists_area
    feed = CentreFeed(
        address_of(settings), secret.get_secret_value(), settings.lists_public_key, folder, area
    )
    # What was kept for another area is not what to go on from.
    return Follower(feed, folder / (f"lists-{area}" if area else "lists"), on_change)


class CentreFeed:
    """`ListFeed` over HTTP whose public key may be learnt: set by a person, or asked of the centre
    once, over TLS or on this machine, and pinned in `folder` from then on. There it also notes how
    new a list has come, so that no older one is brought up after a restart."""

    def __init__(self, url: str, key: str, public_key: str, folder: Path, area: str = "") -> None:
        self._url = url
        self._key = key
        self._area = area
        self._pin = folder / "centre.key"
        self._note = folder / "centre.newest"
        self._given = _key_in(public_key) if public_key else None
        self._feed: HttpListFeed | None = None
        if self._given is None and not self._pin.exists():
            place = urlsplit(url)
            if place.scheme != "https" and place.hostname not in _LOOPBACK:
                raise Misconfigured(
                    "no_list_public_key",
                    zh="经明文网络获取名单须先设 FANZHA_LISTS_PUBLIC_KEY（中心的 /v1/lists/key）",
                    en="over plain HTTP set FANZHA_LISTS_PUBLIC_KEY first (the centre's"
                    " /v1/lists/key)",
                    field="lists_public_key",
                )

    def whole(self) -> Lists:
        return self._noted(self._opened().whole())

    def changes(self, since: int, wait_s: float) -> Lists | None:
        return self._noted(self._opened().changes(since, wait_s))

    def _opened(self) -> HttpListFeed:
        if self._feed is None:
            key = self._given or self._learnt()
            self._feed = HttpListFeed(
                self._url, self._key, key, newest=self._newest(), area=self._area
            )
        return self._feed

    def _newest(self) -> tuple[int, int]:
        try:
            version, made_at = map(int, self._note.read_text(encoding="ascii").split())
        except (OSError, ValueError):
            return -1, -1
        return version, made_at

    def _noted(self, lists: L) -> L:
        if lists is not None and self._feed is not None:
            version, made_at = self._feed.newest
            _write(self._note, f"{version} {made_at}\n")
        return lists

    def _learnt(self) -> bytes:
        with contextlib.suppress(OSError):
            return _key_in(self._pin.read_text(encoding="ascii", errors="replace"))
        found = public_key_of(self._url, self._key)
        written = base64.b64encode(found).decode("ascii")
        _log.warning("the centre's key is %s: pinned, compare it with the centre's", written)
        _write(self._pin, written + "\n")
        return found


def _write(path: Path, text: str) -> None:
    """Aside and renamed; on a full disk it is asked again after the next start."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        aside.write_text(text, encoding="ascii")
        aside.replace(path)


def _key_in(text: str) -> bytes:
    try:
        found = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != 32:
        raise Misconfigured(
            "bad_list_public_key",
            zh="名单公钥须为 32 字节的 base64",
            en="the public key of lists is base64 of 32 bytes",
            field="lists_public_key",
        )
    return found


def address_of(settings: Settings) -> str:
    """The centre on this machine where none is named."""
    if settings.lists_url:
        return settings.lists_url
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
