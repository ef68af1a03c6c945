"""The lists of a centre over HTTP: asked, bounded, checked against its signature."""

from __future__ import annotations

import base64
import binascii
import threading
import time

import httpx

from fanzha.adapters.lists.packing import OPENED_MAX, Parcel, unpack, verify
from fanzha.errors import Misconfigured, Refused, Unavailable
from fanzha.lists.form import Lists
from fanzha.values import url as urls

__all__ = ["BODY_MAX", "HttpListFeed", "public_key_of"]

BODY_MAX = 1 << 30
"""Bytes of one answer, as it comes; ten million entries take about a fifth of it."""
_KEY_BODY_MAX = 4_096
_QUIET_S = 30.0
_WHOLE_S = 900.0
_KEY_BYTES = 32


class HttpListFeed:
    """`ports.list_feed.ListFeed` of the centre at `url`, asked with the key of an edge.

    Every body must carry the signature of the owner of `public_key`, so whoever stands between can
    withhold a list but not change it, nor bring up an old one again: a list that is older both by
    its version and by when it was made is refused. Proxies of the environment are not used.
    `newest` is what the feed of that name said at its end.
    """

    def __init__(
        self,
        url: str,
        key: str,
        public_key: bytes,
        *,
        body_max: int = BODY_MAX,
        opened_max: int = OPENED_MAX,
        quiet_s: float = _QUIET_S,
        whole_s: float = _WHOLE_S,
        newest: tuple[int, int] = (-1, -1),
        area: str = "",
    ) -> None:
        """`area`: the code of the unit in whose area the edge stands; empty: all that stands."""
        if len(public_key) != _KEY_BYTES:
            raise _misconfigured("公钥应为 32 字节", "a public key has 32 bytes", "public_key")
        self._client = _client(url, key, quiet_s)
        self._public_key = public_key
        self._body_max = body_max
        self._opened_max = opened_max
        self._quiet_s = quiet_s
        self._whole_s = whole_s
        self._newest = newest
        self._where = {"area": area} if area else {}
        self._lock = threading.Lock()

    def whole(self) -> Lists:
        """Everything that stands now."""
        body = self._get(self._where, self._whole_s, self._quiet_s)
        if body is None:
            raise _nonsense()
        return self._opened(body, None)

    def changes(self, since: int, wait_s: float) -> Lists | None:
        """What has changed after `since`, waiting up to `wait_s` for something to."""
        asked = {**self._where, "since": str(since), "wait": f"{max(0.0, wait_s):.3f}"}
        body = self._get(asked, self._whole_s + wait_s, self._quiet_s + wait_s)
        if body is None:
            return None
        lists = self._opened(body, since)
        return lists if lists.version > since else None

    @property
    def newest(self) -> tuple[int, int]:
        """Version and date (seconds) of the list that came last."""
        return self._newest

    def close(self) -> None:
        self._client.close()

    def _opened(self, answer: tuple[bytes, str], since: int | None) -> Lists:
        body, signature = answer
        verify(body, signature, self._public_key)
        parcel = unpack(body, opened_max=self._opened_max)
        if parcel.lists.since != since:
            raise _nonsense()
        self._not_older(parcel)
        return parcel.lists

    def _not_older(self, parcel: Parcel) -> None:
        with self._lock:
            version, made_at = self._newest
            if parcel.lists.version < version and parcel.made_at < made_at:
                raise Refused(
                    "list_old",
                    zh="收到的名单比已有的旧",
                    en="a list came that is older than one that came before",
                    field="lists",
                )
            self._newest = (parcel.lists.version, parcel.made_at)

    def _get(
        self, asked: dict[str, str], most_s: float, quiet_s: float
    ) -> tuple[bytes, str] | None:
        """Body and signature; None: nothing new."""
        try:
            with self._client.stream("GET", "v1/lists", params=asked, timeout=quiet_s) as answer:
                if answer.status_code in (204, 304):
                    return None
                _check(answer)
                body = _read(answer, self._body_max, most_s)
                return body, answer.headers.get("Fanzha-Signature", "")
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise _away() from error


def public_key_of(url: str, key: str, *, quiet_s: float = _QUIET_S) -> bytes:
    """The key that the centre at `url` says is its own: to be compared or pinned by a person, or
    taken where nobody can stand between."""
    with _client(url, key, quiet_s) as client:
        try:
            with client.stream("GET", "v1/lists/key") as answer:
                _check(answer)
                said = httpx.Response(200, content=_read(answer, _KEY_BODY_MAX, quiet_s)).json()
        except httpx.HTTPError as error:
            raise _away() from error
        except ValueError as error:
            raise _nonsense() from error
    try:
        found = base64.b64decode(said["public_key"], validate=True)
    except (binascii.Error, KeyError, TypeError, ValueError) as error:
        raise _nonsense() from error
    if len(found) != _KEY_BYTES:
        raise _nonsense()
    return found


def _client(url: str, key: str, quiet_s: float) -> httpx.Client:
    try:
        scheme = urls.parse(url).scheme
    except Refused as error:
        raise _bad_address() from error
    if scheme not in ("http", "https"):
        raise _bad_address()
    return httpx.Client(
        base_url=url.rstrip("/") + "/",
        # What is packed is compressed already; a second layer could only hide a bomb.
        headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"},
        timeout=quiet_s,
        follow_redirects=False,
        trust_env=False,
    )


def _check(answer: httpx.Response) -> None:
    status = answer.status_code
    if status == 410:
        raise Refused(
            "too_old",
            zh="该版本之后的变更已不再保留，请重新获取全部名单",
            en="changes so far back are no longer kept: take the whole list",
            field="since",
        )
    if status in (401, 403):
        raise Refused(
            "list_key",
            zh="反诈中心不接受这把密钥，请检查名单密钥设置",
            en="the centre does not accept this key for its lists",
            field="lists_key",
        )
    if status >= 500 or status in (408, 425, 429):
        raise _away()
    if status != 200 or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise _nonsense()


def _read(answer: httpx.Response, most: int, most_s: float) -> bytes:
    """The whole body, within so many bytes and seconds: nobody is waited for who drips bytes."""
    end = time.monotonic() + most_s
    body = bytearray()
    for piece in answer.iter_raw():
        body += piece
        if len(body) > most:
            raise Refused(
                "list_too_large", zh="名单过大", en="the list is larger than allowed", field="lists"
            )
        if time.monotonic() > end:
            raise _away()
    return bytes(body)


def _away() -> Unavailable:
    return Unavailable(
        "list_away", zh="联系不上反诈中心的名单", en="the centre's lists cannot be reached now"
    )


def _nonsense() -> Refused:
    return Refused(
        "list_nonsense",
        zh="对方的回答不是名单，请检查名单地址",
        en="what answers there does not serve lists as we know them: check the address",
        field="lists_url",
    )


def _bad_address() -> Misconfigured:
    return _misconfigured(
        "名单地址须为 http(s)://主机", "the address of lists is http(s)://host", "lists_url"
    )


def _misconfigured(zh: str, en: str, field: str) -> Misconfigured:
    return Misconfigured("list_setting", zh=zh, en=en, field=field)
